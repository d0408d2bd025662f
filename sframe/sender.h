/* A sender's state, for its own file and the tests that start from a spent counter. */
#ifndef SFRAME_SENDER_H
#define SFRAME_SENDER_H

#include "header.h"
#include "history.h"
#include "key.h"

struct sframe_sender_key {
    sframe_head_words head; /* sframe_head_of_kid */
    bool used;
    uint8_t kid_len; /* in a header */
    uint64_t kid;
    uint64_t ctr;    /* of the next frame */
    uint64_t blocks; /* sealed so far: frames plus blocks of text and metadata */
    struct sframe_key key;
};

struct sframe_sender {
    size_t size; /* of this memory, to wipe */
    struct sframe_crypto crypto;
    uint8_t profile;
    uint16_t key_count;
    struct sframe_sender_key *keys;
    struct sframe_sender_key *current; /* NULL: nothing is sealed */
    struct sframe_history history;
};

/* sframe_sender_init over a given provider. */
SOTTO_MUST_CHECK int sframe_sender_init_with(const struct core_provider *provider, void *memory, size_t len,
                                             const struct sframe_sender_config *config, struct sframe_sender **sender);

#endif
