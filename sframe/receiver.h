/* A receiver's state, shared by the files that install keys and open frames. */
#ifndef SFRAME_RECEIVER_H
#define SFRAME_RECEIVER_H

#include "history.h"
#include "kid.h"
#include "quota.h"
#include "retired.h"
#include "streams.h"

enum {
    SFRAME_EPOCHS = 1 << SFRAME_EPOCH_BITS,
    SFRAME_RATCHETS_MAX = 32,
};

/* Where a receiver's keys come from; the first key installed decides. */
enum sframe_keying {
    SFRAME_KEYING_NONE = 0,
    SFRAME_KEYING_KEYS,
    SFRAME_KEYING_RATCHETS,
    SFRAME_KEYING_EPOCHS,
    SFRAME_KEYING_SHARED,
};

/* What was told of the clock of an epoch's leaf. */
struct sframe_clock {
    bool known;
    uint32_t ahead_ms; /* of the receiver's, modulo 2^32 */
};

struct sframe_epoch {
    uint64_t number;
    uint32_t leaf_slots;
    struct sframe_clock *clocks; /* by leaf; NULL: none is known */
    uint64_t failures;           /* frames under KIDs without a stream that did not authenticate */
    struct core_hmac_key secret;
    uint8_t leaves[]; /* bit set of members */
};

/* Wipes and frees; NULL is allowed. */
void sframe_epoch_free(struct sframe_epoch *epoch);

struct sframe_ratchet_state {
    bool used;
    uint64_t generation;
    unsigned bits;
    uint64_t step; /* of base_key, modulo 2^bits */
    uint8_t base_key[SFRAME_BASE_KEY_MAX];
    size_t base_key_len;
    bool has_previous; /* the stream of the step before is still there */
    uint64_t previous_kid;
    uint64_t failures;
};

struct sframe_receiver {
    size_t size; /* of this memory, to wipe */
    struct sframe_crypto crypto;
    uint8_t profile;
    bool expects; /* each stream's next header */
    uint32_t max_delay_ms;
    uint32_t jitter_ms;
    enum sframe_keying keying;
    uint64_t seed; /* of hashes, secret */
    struct sframe_streams streams;
    struct sframe_retired retired; /* of a shared secret's streams */
    struct sframe_key scratch;     /* the key of a frame whose KID has no stream yet */
    struct sframe_quota quota;
    struct sframe_history history;
    struct sframe_epoch *epochs[SFRAME_EPOCHS]; /* by the low bits of their number */
    struct sframe_ratchet_state ratchets[SFRAME_RATCHETS_MAX];
    struct core_hmac_key shared;
    uint64_t shared_failures;
    struct sframe_receiver_stats stats;
};

/* sframe_receiver_init over a given provider. */
SOTTO_MUST_CHECK int sframe_receiver_init_with(const struct core_provider *provider, void *memory, size_t len,
                                               const struct sframe_receiver_config *config,
                                               struct sframe_receiver **receiver);

/* A KID without a stream that may get one: who it would be, and what its key comes from. */
struct sframe_newcomer {
    struct sframe_stream_info info;
    uint64_t quota_group;
    const struct core_hmac_key *secret;   /* NULL for a ratchet */
    struct sframe_ratchet_state *ratchet; /* else NULL */
    uint64_t ratchet_step;
    uint64_t *failures;
    struct sframe_replay window;     /* that its stream starts with */
    uint8_t base_key[CORE_HASH_MAX]; /* of ratchet_step, once derived. Secret */
};

/* SFRAME_NO_KEY if no installed key covers this KID. No key is derived. */
SOTTO_MUST_CHECK int sframe_newcomer_find(struct sframe_receiver *receiver, uint64_t kid,
                                          struct sframe_newcomer *newcomer);
/* Derives its key into receiver->scratch. SFRAME_CRYPTO. */
SOTTO_MUST_CHECK int sframe_newcomer_derive(struct sframe_receiver *receiver, struct sframe_newcomer *newcomer);
/* Whether a newcomer may find room: there is some, or a stream of a shared secret may have to make it. */
bool sframe_newcomer_may_fit(const struct sframe_receiver *receiver);
/* A frame under scratch was authentic: gives it a stream, and the ratchet its step. In a full receiver the shared
 * secret's stream that was silent longest makes room; SFRAME_FULL if that was heard within the last minute. */
SOTTO_MUST_CHECK int sframe_newcomer_accept(struct sframe_receiver *receiver, const struct sframe_newcomer *newcomer,
                                            uint64_t now_ms, struct sframe_stream **stream);

#endif
