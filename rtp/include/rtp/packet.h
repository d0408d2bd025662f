/* RTP packets (RFC 3550 section 5.1) and their header extensions (RFC 8285).
 *
 * Parsing borrows: every pointer in a struct rtp_packet points into the bytes that were parsed. Nothing here
 * allocates, keeps state or reads payload bytes (the last one of a padded packet, its padding count, excepted). */
#ifndef RTP_PACKET_H
#define RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "rtp/error.h"

enum {
    RTP_HEADER_MIN = 12,
    RTP_CSRCS_MAX = 15,
    RTP_PROFILE_ONE_BYTE = 0xBEDE, /* RFC 8285 section 4.2 */
    RTP_PROFILE_TWO_BYTE = 0x1000, /* RFC 8285 section 4.3; the low 4 bits are appbits */
    RTP_ONE_BYTE_ID_MAX = 14,
    RTP_ONE_BYTE_LEN_MAX = 16,
    RTP_TWO_BYTE_LEN_MAX = 255
};

/* What a datagram on a multiplexed port is, by its first byte (RFC 7983) and, for RTP and RTCP, its second
 * (RFC 5761 section 4). */
enum rtp_class { RTP_CLASS_UNKNOWN, RTP_CLASS_STUN, RTP_CLASS_DTLS, RTP_CLASS_RTP, RTP_CLASS_RTCP };

/* Looks at two bytes at most and validates nothing further. Empty data, ZRTP, TURN channels and everything not
 * assigned are RTP_CLASS_UNKNOWN. */
enum rtp_class rtp_classify(const uint8_t *data, size_t len);

/* One header extension element. data is borrowed. */
struct rtp_extension {
    uint8_t id; /* 1 to 14 in the one-byte form, 1 to 255 in the two-byte form */
    const uint8_t *data;
    size_t len; /* 1 to 16 in the one-byte form, 0 to 255 in the two-byte form */
};

/* A parsed packet; all pointers borrow. data[0..len) is header_len, payload_len and padding_len bytes long together. */
struct rtp_packet {
    const uint8_t *data;
    size_t len;
    size_t header_len; /* fixed header, CSRCs and extension */
    bool marker;
    uint8_t pt; /* payload type, 7 bits */
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    uint8_t csrc_count; /* 0 to 15; rtp_packet_csrc reads them */
    bool has_extension;
    uint16_t extension_profile;
    const uint8_t *extension; /* after the extension's own 4-byte header; NULL without extension */
    size_t extension_len;     /* a multiple of 4 */
    const uint8_t *payload;
    size_t payload_len;  /* without padding */
    uint8_t padding_len; /* includes the count byte; 0 if the padding bit is clear */
};

/* Parses data[0..len) into *out, which borrows it (RFC 3550 section 5.1). Extension elements of the RFC 8285 forms are
 * checked here, so that iterating them later cannot fail; other profiles are left alone.
 * data is plain RTP: under SRTP the padding count is ciphertext, so parse after the protection was removed.
 * Errors: RTP_ERR_TRUNCATED; RTP_ERR_VERSION; RTP_ERR_PADDING (the padding bit is set and the count is 0 or more than
 * what follows the header); RTP_ERR_EXTENSION. */
SOTTO_MUST_CHECK enum rtp_error rtp_packet_parse(const uint8_t *data, size_t len, struct rtp_packet *out);

/* The index-th contributing source; 0 if index >= csrc_count. */
uint32_t rtp_packet_csrc(const struct rtp_packet *packet, size_t index);

/* Walks the elements of an RFC 8285 extension. */
struct rtp_extension_iter {
    struct bytes_reader reader;
    bool two_byte;
    enum rtp_error error; /* RTP_ERR_EXTENSION once an element ran past the end; what came before it stands */
};

/* Starts at the packet's first element; a packet without extension, or with one of another profile, has none. The
 * packet may be one that rtp_packet_parse filled or hold only extension_profile, extension and extension_len. */
void rtp_extension_iter_init(struct rtp_extension_iter *iter, const struct rtp_packet *packet);
/* The next element, skipping padding. False at the end: of the data, at id 15 or a padding byte with a length in the
 * one-byte form (RFC 8285 section 4.2: what follows is ignored), or at a truncated element (iter->error is set). */
bool rtp_extension_next(struct rtp_extension_iter *iter, struct rtp_extension *out);
/* The first element with this id; false if there is none. */
bool rtp_extension_find(const struct rtp_packet *packet, uint8_t id, struct rtp_extension *out);

/* What a packet's header is built from; all pointers borrow. */
struct rtp_header {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    const uint32_t *csrcs;
    size_t csrc_count;
    const struct rtp_extension *extensions; /* in the order they are written; none: no extension at all */
    size_t extension_count;
};

/* True if every element fits the one-byte form: ids 1 to 14 and lengths 1 to 16. */
bool rtp_extensions_fit_one_byte(const struct rtp_extension *extensions, size_t count);
/* Bytes that rtp_header_write will write; 0 if the header cannot be expressed. */
size_t rtp_header_size(const struct rtp_header *header);
/* Writes the header to out[0..cap) and its length to *len; the payload is to follow there. The one-byte form is used
 * when all elements fit it, else the two-byte form (RFC 8285 section 4).
 * Errors: RTP_ERR_ARGUMENT (pt over 127, over 15 CSRCs, an id of 0, an element over 255 bytes, too many elements);
 * RTP_ERR_SPACE. */
SOTTO_MUST_CHECK enum rtp_error rtp_header_write(const struct rtp_header *header, uint8_t *out, size_t cap,
                                                 size_t *len);
/* Writes a whole packet: header, payload and padding_len bytes of padding (0 for none; RFC 3550 section 5.1).
 * The payload may already stand where it belongs in out, or anywhere in it: it is moved; extension data may not.
 * Errors: as rtp_header_write. */
SOTTO_MUST_CHECK enum rtp_error rtp_packet_write(const struct rtp_header *header, const uint8_t *payload,
                                                 size_t payload_len, uint8_t padding_len, uint8_t *out, size_t cap,
                                                 size_t *len);

/* Fields changed in place. data is a packet that rtp_packet_parse accepted (a struct rtp_packet parsed before keeps the
 * old values). Only the low 7 bits of pt are used. */
void rtp_set_marker(uint8_t *data, bool marker);
void rtp_set_pt(uint8_t *data, uint8_t pt);
void rtp_set_seq(uint8_t *data, uint16_t seq);
void rtp_set_ts(uint8_t *data, uint32_t ts);
void rtp_set_ssrc(uint8_t *data, uint32_t ssrc);

#endif
