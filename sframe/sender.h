/* A sender's state, for its own file and the tests that start from a spent counter. */
#ifndef SFRAME_SENDER_H
#define SFRAME_SENDER_H

#include <stddef.h>

#include "header.h"
#include "history.h"
#include "key.h"

/* What a steady frame (steady.h) needs of it is one cache line: of many senders in turn none is in a near cache. */
struct sframe_sender_key {
    _Alignas(SFRAME_CACHE_LINE) struct sframe_key key;
    uint64_t kid;
    uint64_t ctr;          /* of the next frame */
    uint64_t credit;       /* for steady frames, in blocks */
    uint64_t header_start; /* of those: what stands before their CTR, the first byte lowest; */
    uint8_t header_len;    /* 8 at most; */
    uint8_t ctr_shift;     /* bits from where their CTR ends to the end of eight bytes */
    /* the second line */
    _Alignas(SFRAME_CACHE_LINE) sframe_head_words head; /* sframe_head_of_kid */
    uint64_t blocks; /* sealed so far: frames plus blocks of text and metadata; and the credit, which may yet be */
    bool used;
    uint8_t kid_len; /* in a header */
};

_Static_assert(offsetof(struct sframe_sender_key, head) == SFRAME_CACHE_LINE, "what a steady frame needs is one line");

struct sframe_sender {
    struct sframe_sender_key *current; /* NULL: nothing is sealed */
    uint8_t profile;
    uint16_t key_count;
    struct sframe_sender_key *keys;
    struct sframe_crypto crypto;
    struct sframe_history history;
    size_t size; /* of this memory, to wipe */
};

/* sframe_sender_init over a given provider. */
SOTTO_MUST_CHECK int sframe_sender_init_with(const struct core_provider *provider, void *memory, size_t len,
                                             const struct sframe_sender_config *config, struct sframe_sender **sender);

#endif
