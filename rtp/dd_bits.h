/* Bits of a Dependency Descriptor: a bounded reader and writer with a sticky error, and where its fields lie. */
#ifndef RTP_DD_BITS_H
#define RTP_DD_BITS_H

#include "rtp/dd.h"

struct dd_bit_reader {
    const uint8_t *data;
    size_t bit_len;
    size_t pos;
    bool failed;
};

/* len is at most DD_LEN_MAX. */
void dd_bit_reader_init(struct dd_bit_reader *r, const uint8_t *data, size_t len);
/* f(n) of A.8.2, n up to 32; 0 after a failure. */
uint32_t dd_read_bits(struct dd_bit_reader *r, unsigned n);
bool dd_read_flag(struct dd_bit_reader *r);
/* ns(n) of A.8.2 for n from 1 to 33: 0 to n - 1. */
uint8_t dd_read_ns(struct dd_bit_reader *r, unsigned n);

struct dd_bit_writer {
    uint8_t *data;
    size_t bit_cap;
    size_t pos;
    bool failed;
};

/* Bytes are zeroed as the writer reaches them, so the last one is padded. */
void dd_bit_writer_init(struct dd_bit_writer *w, uint8_t *data, size_t cap);
void dd_write_bits(struct dd_bit_writer *w, uint32_t value, unsigned n);
void dd_write_ns(struct dd_bit_writer *w, unsigned n, uint8_t value);
/* Overwrites n bits at a position written before. */
void dd_patch_bits(uint8_t *data, size_t pos, uint32_t value, unsigned n);

enum {
    DD_TEMPLATE_ID_BIT = 2,
    DD_FRAME_NUMBER_BIT = 8,
    DD_ACTIVE_TARGETS_FLAG_BIT = 25,
    DD_STRUCTURE_BIT = 29, /* the structure begins with its template id offset */
    DD_FLAGS_LEN = 5,
    DD_NEXT_LAYER_SAME = 0,
    DD_NEXT_LAYER_TEMPORAL = 1,
    DD_NEXT_LAYER_SPATIAL = 2,
    DD_NEXT_LAYER_END = 3,
    DD_TEMPLATE_IDS = 64
};

/* What a rewriter needs to know of a descriptor besides its values. */
struct dd_layout {
    uint8_t target_count;
    size_t active_targets_bit; /* where the bitmask is, or would have to be inserted */
    size_t end_bit;            /* after the last field; the rest is padding */
};

/* dd_read with the structure it attached in *fresh (valid if out->has_structure) and the layout. */
SOTTO_MUST_CHECK enum rtp_error dd_scan(const uint8_t *data, size_t len, const struct dd_structure *known,
                                        struct dd_structure *fresh, struct dd_descriptor *out,
                                        struct dd_layout *layout);

#endif
