/* How a receiver's keys come and go. */
#include "receiver.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

enum {
    RATCHET_BITS_MAX = 8, /* so a forged KID costs at most 255 steps */
    /* a stream silent for so long may make room: its sender's timeline would have been forgotten by now, too */
    RETIRE_AFTER_MS = 60000,
};

/* One receiver takes its keys from one kind of source: KIDs of two would mean different things. */
static bool keying_fits(const struct sframe_receiver *receiver, enum sframe_keying keying)
{
    return receiver && (receiver->keying == SFRAME_KEYING_NONE || receiver->keying == keying);
}

/* Expands a base key, unless it was here before: its replay windows are forgotten, so its old frames would open again.
 * *fingerprint is for sframe_history_add. */
static int admit_key(const struct sframe_receiver *receiver, uint64_t id, const uint8_t *base_key, size_t base_key_len,
                     struct core_hmac_key *secret, uint8_t fingerprint[SFRAME_FINGERPRINT_LEN])
{
    int rc = sframe_secret_init(&receiver->crypto, base_key, base_key_len, secret);
    if (rc == SFRAME_OK)
        rc = sframe_secret_fingerprint(&receiver->crypto, secret, id, fingerprint);
    if (rc == SFRAME_OK && sframe_history_has(&receiver->history, fingerprint))
        rc = SFRAME_KEY_REUSED;
    return rc;
}

int sframe_receiver_add_key(struct sframe_receiver *receiver, uint64_t kid, const uint8_t *base_key,
                            size_t base_key_len)
{
    struct core_hmac_key secret = {0};
    uint8_t fingerprint[SFRAME_FINGERPRINT_LEN];
    if (!keying_fits(receiver, SFRAME_KEYING_KEYS))
        return SFRAME_INVALID;
    if (sframe_streams_find(&receiver->streams, kid))
        return SFRAME_KEY_EXISTS;
    int rc = admit_key(receiver, kid, base_key, base_key_len, &secret, fingerprint);
    if (rc == SFRAME_OK && sframe_streams_full(&receiver->streams))
        rc = SFRAME_FULL;
    if (rc == SFRAME_OK)
        rc = sframe_key_derive(&receiver->crypto, &receiver->scratch, &secret, kid);
    if (rc == SFRAME_OK) {
        const struct sframe_stream_info info = {kid, kid, kid, kid, SFRAME_CONTEXT_UNKNOWN};
        (void)sframe_streams_add(&receiver->streams, &info, receiver->profile == SFRAME_PROFILE_SOTTO,
                                 &receiver->scratch);
        sframe_history_add(&receiver->history, fingerprint);
        receiver->keying = SFRAME_KEYING_KEYS;
    }
    core_wipe(&secret, sizeof secret);
    return rc;
}

static struct sframe_ratchet_state *find_ratchet(struct sframe_receiver *receiver, uint64_t kid)
{
    for (size_t i = 0; i < SFRAME_RATCHETS_MAX; i++)
        if (receiver->ratchets[i].used && kid >> receiver->ratchets[i].bits == receiver->ratchets[i].generation)
            return &receiver->ratchets[i];
    return NULL;
}

static struct sframe_ratchet_state *free_ratchet(struct sframe_receiver *receiver)
{
    for (size_t i = 0; i < SFRAME_RATCHETS_MAX; i++)
        if (!receiver->ratchets[i].used)
            return &receiver->ratchets[i];
    return NULL;
}

int sframe_receiver_add_ratchet(struct sframe_receiver *receiver, uint64_t kid, unsigned ratchet_bits,
                                const uint8_t *base_key, size_t base_key_len)
{
    struct core_hmac_key secret = {0};
    uint8_t fingerprint[SFRAME_FINGERPRINT_LEN];
    if (!keying_fits(receiver, SFRAME_KEYING_RATCHETS) || ratchet_bits == 0 || ratchet_bits > RATCHET_BITS_MAX)
        return SFRAME_INVALID;
    const uint64_t generation = kid >> ratchet_bits;
    /* generations of different widths must not claim the same KIDs */
    for (size_t i = 0; i < SFRAME_RATCHETS_MAX; i++) {
        const struct sframe_ratchet_state *other = &receiver->ratchets[i];
        unsigned wider = other->bits > ratchet_bits ? other->bits : ratchet_bits;
        if (other->used && kid >> wider == other->generation << other->bits >> wider)
            return SFRAME_KEY_EXISTS;
    }
    struct sframe_ratchet_state *ratchet = free_ratchet(receiver);
    int rc = admit_key(receiver, kid, base_key, base_key_len, &secret, fingerprint);
    if (rc == SFRAME_OK && (!ratchet || sframe_streams_full(&receiver->streams)))
        rc = SFRAME_FULL;
    if (rc == SFRAME_OK)
        rc = sframe_key_derive(&receiver->crypto, &receiver->scratch, &secret, kid);
    if (rc == SFRAME_OK) {
        const struct sframe_stream_info info = {kid, generation, generation, generation, SFRAME_CONTEXT_UNKNOWN};
        (void)sframe_streams_add(&receiver->streams, &info, receiver->profile == SFRAME_PROFILE_SOTTO,
                                 &receiver->scratch);
        *ratchet = (struct sframe_ratchet_state){.used = true,
                                                 .generation = generation,
                                                 .bits = ratchet_bits,
                                                 .step = kid & ((UINT64_C(1) << ratchet_bits) - 1),
                                                 .base_key_len = base_key_len};
        memcpy(ratchet->base_key, base_key, base_key_len);
        sframe_history_add(&receiver->history, fingerprint);
        receiver->keying = SFRAME_KEYING_RATCHETS;
    }
    core_wipe(&secret, sizeof secret);
    return rc;
}

static void remove_owned(struct sframe_receiver *receiver, uint64_t owner)
{
    for (uint32_t i = 0; i < receiver->streams.cap; i++) {
        struct sframe_stream *stream = &receiver->streams.slots[i];
        if (stream->used && stream->info.owner == owner)
            sframe_streams_remove(&receiver->streams, receiver->crypto.aead, stream);
    }
}

static void remove_stream(struct sframe_receiver *receiver, uint64_t kid)
{
    struct sframe_stream *stream = sframe_streams_find(&receiver->streams, kid);
    if (stream)
        sframe_streams_remove(&receiver->streams, receiver->crypto.aead, stream);
}

static struct sframe_epoch **epoch_place(struct sframe_receiver *receiver, uint64_t epoch)
{
    return &receiver->epochs[epoch % SFRAME_EPOCHS];
}

static void drop_epoch(struct sframe_receiver *receiver, struct sframe_epoch **place)
{
    remove_owned(receiver, (*place)->number);
    sframe_epoch_free(*place);
    *place = NULL;
}

int sframe_receiver_add_epoch(struct sframe_receiver *receiver, uint64_t epoch, uint32_t leaf_slots,
                              const uint8_t *leaves, const uint8_t *base_key, size_t base_key_len)
{
    struct core_hmac_key secret = {0};
    uint8_t fingerprint[SFRAME_FINGERPRINT_LEN];
    if (!keying_fits(receiver, SFRAME_KEYING_EPOCHS) || leaf_slots == 0 || leaf_slots > SFRAME_LEAF_SLOTS_MAX ||
        !leaves)
        return SFRAME_INVALID;
    /* by the bits that KIDs carry: an epoch of the same ones with the same base key has the same keys */
    int rc = admit_key(receiver, epoch % SFRAME_EPOCHS, base_key, base_key_len, &secret, fingerprint);
    if (rc != SFRAME_OK)
        goto out;
    const size_t leaves_len = ((size_t)leaf_slots + 7) / 8;
    struct sframe_epoch *made = calloc(1, sizeof *made + leaves_len);
    if (!made) {
        rc = SFRAME_MEMORY;
        goto out;
    }
    made->number = epoch;
    made->leaf_slots = leaf_slots;
    made->secret = secret;
    memcpy(made->leaves, leaves, leaves_len);
    /* "receivers MUST remove an old epoch when a new epoch with the same low-order E bits is introduced" */
    struct sframe_epoch **place = epoch_place(receiver, epoch);
    if (*place)
        drop_epoch(receiver, place);
    *place = made;
    sframe_history_add(&receiver->history, fingerprint);
    receiver->keying = SFRAME_KEYING_EPOCHS;
out:
    core_wipe(&secret, sizeof secret);
    return rc;
}

int sframe_receiver_add_shared(struct sframe_receiver *receiver, const uint8_t *base_key, size_t base_key_len)
{
    struct core_hmac_key secret = {0};
    if (receiver && receiver->keying == SFRAME_KEYING_SHARED)
        return SFRAME_KEY_EXISTS;
    if (!keying_fits(receiver, SFRAME_KEYING_SHARED))
        return SFRAME_INVALID;
    int rc = sframe_secret_init(&receiver->crypto, base_key, base_key_len, &secret);
    if (rc == SFRAME_OK) {
        receiver->shared = secret;
        receiver->keying = SFRAME_KEYING_SHARED;
    }
    core_wipe(&secret, sizeof secret);
    return rc;
}

int sframe_receiver_remove_key(struct sframe_receiver *receiver, uint64_t kid)
{
    if (!receiver)
        return SFRAME_INVALID;
    if (receiver->keying == SFRAME_KEYING_RATCHETS) {
        struct sframe_ratchet_state *ratchet = find_ratchet(receiver, kid);
        if (!ratchet)
            return SFRAME_NO_KEY;
        remove_owned(receiver, ratchet->generation);
        core_wipe(ratchet, sizeof *ratchet);
        return SFRAME_OK;
    }
    if (receiver->keying != SFRAME_KEYING_KEYS)
        /* the next frame would bring the key back, with an empty replay window */
        return SFRAME_NO_KEY;
    if (!sframe_streams_find(&receiver->streams, kid))
        return SFRAME_NO_KEY;
    remove_stream(receiver, kid);
    return SFRAME_OK;
}

int sframe_receiver_remove_epoch(struct sframe_receiver *receiver, uint64_t epoch)
{
    if (!receiver)
        return SFRAME_INVALID;
    struct sframe_epoch **place = epoch_place(receiver, epoch);
    if (!*place || (*place)->number != epoch)
        return SFRAME_NO_KEY;
    drop_epoch(receiver, place);
    return SFRAME_OK;
}

static bool has_leaf(const struct sframe_epoch *epoch, uint32_t leaf)
{
    return epoch->leaves[leaf / 8] >> leaf % 8 & 1;
}

int sframe_receiver_remove_leaf(struct sframe_receiver *receiver, uint64_t epoch, uint32_t leaf)
{
    if (!receiver)
        return SFRAME_INVALID;
    struct sframe_epoch *at = *epoch_place(receiver, epoch);
    if (!at || at->number != epoch || leaf >= at->leaf_slots || !has_leaf(at, leaf))
        return SFRAME_NO_KEY;
    at->leaves[leaf / 8] &= (uint8_t) ~(1u << leaf % 8);
    for (unsigned context = 0; context < SFRAME_CONTEXTS; context++) {
        uint64_t kid = 0;
        if (sframe_kid_from_leaf(context, leaf, at->leaf_slots, epoch, &kid) == SFRAME_OK)
            remove_stream(receiver, kid);
    }
    return SFRAME_OK;
}

int sframe_receiver_set_clock(struct sframe_receiver *receiver, uint64_t epoch, uint32_t leaf, int64_t ahead_ms)
{
    if (!receiver)
        return SFRAME_INVALID;
    struct sframe_epoch *at = *epoch_place(receiver, epoch);
    if (!at || at->number != epoch || leaf >= at->leaf_slots || !has_leaf(at, leaf))
        return SFRAME_NO_KEY;
    if (!at->clocks)
        at->clocks = calloc(at->leaf_slots, sizeof *at->clocks);
    if (!at->clocks)
        return SFRAME_MEMORY;
    at->clocks[leaf] = (struct sframe_clock){true, (uint32_t)ahead_ms};
    return SFRAME_OK;
}

/* --- KIDs without a stream --- */

static void start_window(const struct sframe_receiver *receiver, struct sframe_newcomer *newcomer)
{
    sframe_stream_window(&newcomer->info, receiver->profile == SFRAME_PROFILE_SOTTO, &newcomer->window);
}

static int find_in_epoch(struct sframe_receiver *receiver, uint64_t kid, struct sframe_newcomer *newcomer)
{
    /* the epoch first: its low bits stand at the same place whatever its tree's size */
    struct sframe_epoch *epoch = *epoch_place(receiver, kid);
    unsigned context = 0;
    uint32_t leaf = 0;
    if (!epoch || !sframe_kid_split_leaf(kid, epoch->leaf_slots, &context, &leaf) || !has_leaf(epoch, leaf))
        return SFRAME_NO_KEY;
    newcomer->info = (struct sframe_stream_info){kid, leaf, (uint64_t)leaf << SFRAME_EPOCH_BITS | kid % SFRAME_EPOCHS,
                                                 epoch->number, (uint8_t)context};
    start_window(receiver, newcomer);
    newcomer->quota_group = leaf;
    newcomer->secret = &epoch->secret;
    newcomer->failures = &epoch->failures;
    return SFRAME_OK;
}

static int find_shared(struct sframe_receiver *receiver, uint64_t kid, struct sframe_newcomer *newcomer)
{
    unsigned context = 0;
    uint64_t start = 0;
    if (!sframe_kid_split_start(kid, &context, &start))
        return SFRAME_NO_KEY;
    newcomer->info = (struct sframe_stream_info){kid, start, start, kid, (uint8_t)context};
    start_window(receiver, newcomer);
    /* starts are anybody's choice, so which of them share a bucket must not be */
    newcomer->quota_group = sframe_index_hash(receiver->seed, start) >> 32;
    newcomer->secret = &receiver->shared;
    newcomer->failures = &receiver->shared_failures;
    const struct sframe_retired_entry *before = sframe_retired_find(&receiver->retired, kid);
    if (before)
        sframe_replay_resume(&newcomer->window, before->top, before->top_ms);
    return SFRAME_OK;
}

static int find_in_ratchet(struct sframe_receiver *receiver, uint64_t kid, struct sframe_newcomer *newcomer)
{
    struct sframe_ratchet_state *ratchet = find_ratchet(receiver, kid);
    if (!ratchet)
        return SFRAME_NO_KEY;
    newcomer->info = (struct sframe_stream_info){kid, ratchet->generation, ratchet->generation, ratchet->generation,
                                                 SFRAME_CONTEXT_UNKNOWN};
    start_window(receiver, newcomer);
    newcomer->quota_group = ratchet->generation;
    newcomer->ratchet = ratchet;
    newcomer->ratchet_step = kid & ((UINT64_C(1) << ratchet->bits) - 1);
    newcomer->failures = &ratchet->failures;
    return SFRAME_OK;
}

int sframe_newcomer_find(struct sframe_receiver *receiver, uint64_t kid, struct sframe_newcomer *newcomer)
{
    memset(newcomer, 0, sizeof *newcomer);
    switch (receiver->keying) {
    case SFRAME_KEYING_EPOCHS:
        return find_in_epoch(receiver, kid, newcomer);
    case SFRAME_KEYING_SHARED:
        return find_shared(receiver, kid, newcomer);
    case SFRAME_KEYING_RATCHETS:
        return find_in_ratchet(receiver, kid, newcomer);
    default:
        return SFRAME_NO_KEY;
    }
}

/* Walks the ratchet ahead on a copy. */
static int derive_ratchet(struct sframe_receiver *receiver, struct sframe_newcomer *newcomer)
{
    const struct sframe_ratchet_state *ratchet = newcomer->ratchet;
    const uint64_t mask = (UINT64_C(1) << ratchet->bits) - 1;
    const size_t nh = receiver->crypto.suite->nh;
    struct core_hmac_key secret = {0};
    int rc = sframe_ratchet_step(&receiver->crypto, ratchet->base_key, ratchet->base_key_len, newcomer->base_key);
    for (uint64_t step = (ratchet->step + 1) & mask; rc == SFRAME_OK && step != newcomer->ratchet_step;
         step = (step + 1) & mask)
        rc = sframe_ratchet_step(&receiver->crypto, newcomer->base_key, nh, newcomer->base_key);
    if (rc == SFRAME_OK)
        rc = sframe_secret_init(&receiver->crypto, newcomer->base_key, nh, &secret);
    if (rc == SFRAME_OK)
        rc = sframe_key_derive(&receiver->crypto, &receiver->scratch, &secret, newcomer->info.kid);
    core_wipe(&secret, sizeof secret);
    return rc;
}

int sframe_newcomer_derive(struct sframe_receiver *receiver, struct sframe_newcomer *newcomer)
{
    if (newcomer->ratchet)
        return derive_ratchet(receiver, newcomer);
    return sframe_key_derive(&receiver->crypto, &receiver->scratch, newcomer->secret, newcomer->info.kid);
}

/* The step before stays for frames that come out of order; the one before that is forgotten, and with one bit, where
 * the next step will have its KID, so is the step before. */
static void advance_ratchet(struct sframe_receiver *receiver, const struct sframe_newcomer *newcomer)
{
    struct sframe_ratchet_state *ratchet = newcomer->ratchet;
    const uint64_t current_kid = ratchet->generation << ratchet->bits | ratchet->step;
    if (ratchet->has_previous)
        remove_stream(receiver, ratchet->previous_kid);
    ratchet->has_previous = ratchet->bits > 1;
    ratchet->previous_kid = current_kid;
    if (!ratchet->has_previous)
        remove_stream(receiver, current_kid);
    core_wipe(ratchet->base_key, sizeof ratchet->base_key);
    memcpy(ratchet->base_key, newcomer->base_key, receiver->crypto.suite->nh);
    ratchet->base_key_len = receiver->crypto.suite->nh;
    ratchet->step = newcomer->ratchet_step;
}

bool sframe_newcomer_may_fit(const struct sframe_receiver *receiver)
{
    return !sframe_streams_full(&receiver->streams) || receiver->keying == SFRAME_KEYING_SHARED;
}

/* Nobody removes a shared secret's streams: senders that left, or started again, would fill the table for good. */
static int make_room(struct sframe_receiver *receiver, uint64_t now_ms)
{
    if (!sframe_streams_full(&receiver->streams))
        return SFRAME_OK;
    struct sframe_stream *stalest = sframe_streams_stalest(&receiver->streams);
    const uint64_t heard_ms = stalest ? sframe_stream_heard_ms(stalest) : now_ms;
    if (now_ms < heard_ms || now_ms - heard_ms < RETIRE_AFTER_MS)
        return SFRAME_FULL;
    const struct sframe_window *window = &stalest->replay.high;
    if (!sframe_retired_put(&receiver->retired, stalest->info.kid,
                            (struct sframe_retired_entry){window->top, window->top_ms}))
        return SFRAME_FULL;
    sframe_streams_remove(&receiver->streams, receiver->crypto.aead, stalest);
    /* unless its cipher state was lost */
    return sframe_streams_full(&receiver->streams) ? SFRAME_FULL : SFRAME_OK;
}

int sframe_newcomer_accept(struct sframe_receiver *receiver, const struct sframe_newcomer *newcomer, uint64_t now_ms,
                           struct sframe_stream **stream)
{
    int rc = make_room(receiver, now_ms);
    if (rc != SFRAME_OK)
        return rc;
    /* the sender's timeline lives as long as a stream refers to it, so a ratchet's old step goes after this */
    *stream = sframe_streams_add(&receiver->streams, &newcomer->info, false, &receiver->scratch);
    (*stream)->replay = newcomer->window;
    if (newcomer->ratchet)
        advance_ratchet(receiver, newcomer);
    sframe_quota_give_back(&receiver->quota, newcomer->quota_group);
    return SFRAME_OK;
}
