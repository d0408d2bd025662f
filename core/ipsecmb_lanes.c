#include "ipsecmb_lanes.h"

/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "core/secret.h"

enum {
    ALIGN = 64,
    STAGE_LEN = 2 << 20, /* sixteen messages of 128 kB; of more the longest are made alone */
};

/* It counts a message's blocks, of 64 bytes at least, in 16 bits, which AVX2's lanes take as signed: from 2 MB on they
 * read past its end. Two of the blocks here are not of the message. The checked calls allow no more than 16 bits of
 * bytes: that the library is right beyond is asked with the known answers. */
_Static_assert(STAGE_LEN / 64 - 2 < INT16_MAX, "the longest message is one that the library can count");

/* What a hash costs in lanes, in the time that one block takes alone (with the CPU's SHA instructions where it has
 * any), as measured with AVX-512: a block in each lane; what a message costs besides. Elsewhere it may be a little off.
 */
struct shape {
    IMB_KEY_SIZE_BYTES key_size; /* of the cipher beside it */
    IMB_HASH_ALG hash;
    size_t hash_len;
    unsigned block_bits; /* a block has 2^block_bits bytes */
    size_t lanes;
    size_t block_cost;
    size_t message_cost;
};

static const struct shape sha256 = {IMB_KEY_128_BYTES, IMB_AUTH_HMAC_SHA_256, 32, 6, 16, 5, 2};
static const struct shape sha512 = {IMB_KEY_256_BYTES, IMB_AUTH_HMAC_SHA_512, 64, 7, 8, 2, 1};

struct mac {
    _Alignas(ALIGN) uint8_t out[CORE_HASH_MAX]; /* the whole MAC, in one cache line. Secret: wipe it. */
    struct core_aead_job *job;
    uint64_t aad_len;
    uint64_t text_len;
    size_t len;    /* of the message */
    size_t blocks; /* that are hashed: the inner hash's, its padding's included, and the outer one's */
};

struct macs {
    size_t count;
    size_t blocks;                     /* of all */
    struct mac *order[CORE_BATCH_MAX]; /* the longest first: lanes work as long as the longest of their messages */
    struct mac list[CORE_BATCH_MAX];
};

/* A manager is for one thread, and so is the memory that messages, which the library takes only in one piece, are put
 * together in. What all jobs have in common is written once. */
struct lanes {
    IMB_MGR *manager;
    uint8_t *stage;
    const struct shape *shape; /* of the jobs */
    IMB_JOB ciphers[CORE_BATCH_MAX];
    union core_aes_counter counters[CORE_BATCH_MAX]; /* of ciphers */
    IMB_JOB hashes[CORE_BATCH_MAX];
    struct macs macs;
};

/* The memory is aligned as by malloc, and may be larger than it needs to be by that. */
static struct lanes *lanes_in(void *workspace)
{
    const size_t skip = -(uintptr_t)workspace & (ALIGN - 1);
    return (struct lanes *)(void *)((uint8_t *)workspace + skip);
}

static size_t rounded(size_t len)
{
    return (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t core_lanes_size(void)
{
    return ALIGN + rounded(sizeof(struct lanes)) + rounded(imb_get_mb_mgr_size()) + STAGE_LEN;
}

bool core_lanes_init(void *workspace)
{
    struct lanes *lanes = lanes_in(workspace);
    memset(lanes, 0, sizeof *lanes);
    uint8_t *after = (uint8_t *)lanes + rounded(sizeof *lanes);
    lanes->manager = imb_set_pointers_mb_mgr(after, 0, 1);
    lanes->stage = after + rounded(imb_get_mb_mgr_size());
    if (!lanes->manager)
        return false;
    init_mb_mgr_auto(lanes->manager, NULL);
    for (size_t i = 0; i < CORE_BATCH_MAX; i++) {
        lanes->ciphers[i].cipher_mode = IMB_CIPHER_CNTR;
        lanes->ciphers[i].cipher_direction = IMB_DIR_ENCRYPT;
        lanes->ciphers[i].hash_alg = IMB_AUTH_NULL;
        lanes->ciphers[i].iv = lanes->counters[i].bytes;
        lanes->ciphers[i].iv_len_in_bytes = sizeof lanes->counters[i];
        lanes->hashes[i].cipher_mode = IMB_CIPHER_NULL;
        lanes->hashes[i].cipher_direction = IMB_DIR_ENCRYPT;
        lanes->hashes[i].chain_order = IMB_ORDER_HASH_CIPHER;
    }
    return imb_get_errno(lanes->manager) == 0;
}

/* What all jobs of one AEAD have in common. */
static inline void set_shape(struct lanes *lanes, const struct shape *shape)
{
    if (lanes->shape == shape)
        return;
    lanes->shape = shape;
    for (size_t i = 0; i < CORE_BATCH_MAX; i++) {
        lanes->ciphers[i].key_len_in_bytes = shape->key_size;
        lanes->hashes[i].hash_alg = shape->hash;
        lanes->hashes[i].auth_tag_output_len_in_bytes = shape->hash_len;
    }
}

/* --- texts --- */

/* A job's text is encrypted or decrypted in place: with others by run_texts, or at once where that cannot be. If that
 * fails the result becomes CORE_OPEN_FAILED. */
static inline void add_text(struct lanes *lanes, struct core_aead_job *job, uint32_t *together)
{
    const struct core_lanes_state *state = job->state;
    const struct core_span *text = job->text;
    if (job->text_count != 1 || text->len == 0 || text->len > STAGE_LEN) {
        if (!state->mac.crypt(state, job->nonce, text, job->text_count))
            job->result = CORE_OPEN_FAILED;
        return;
    }
    IMB_JOB *cipher = &lanes->ciphers[*together];
    lanes->counters[*together] = core_aes_counter(job->nonce, 0);
    cipher->enc_keys = state->round_keys;
    cipher->src = text->data;
    cipher->dst = text->data;
    cipher->msg_len_to_cipher_in_bytes = text->len;
    ++*together;
}

/* If it fails nobody knows which: CORE_OPEN_FAILED for all jobs whose result is CORE_OPEN_OK. False then. */
static bool run_texts(struct lanes *lanes, uint32_t together, struct core_aead_job *jobs, size_t count)
{
    if (together == 0 ||
        lanes->manager->submit_cipher_burst_nocheck(lanes->manager, lanes->ciphers, together, IMB_CIPHER_CNTR,
                                                    IMB_DIR_ENCRYPT, lanes->shape->key_size) == together)
        return true;
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        if (job->result == CORE_OPEN_OK)
            job->result = CORE_OPEN_FAILED;
    return false;
}

/* --- MACs: which are made together --- */

static inline void start_macs(struct macs *macs)
{
    macs->count = 0;
    macs->blocks = 0;
}

static inline void add_mac(const struct shape *shape, struct macs *macs, struct core_aead_job *job)
{
    size_t at = macs->count++;
    struct mac *mac = &macs->list[at];
    const uint64_t aad_len = core_slices_len(job->aad, job->aad_count);
    const uint64_t text_len = core_spans_len(job->text, job->text_count);
    const size_t len = CORE_CTR_HMAC_PREFIX + aad_len + text_len;
    const size_t blocks = (len >> shape->block_bits) + 2;
    mac->job = job;
    mac->aad_len = aad_len;
    mac->text_len = text_len;
    mac->len = len;
    mac->blocks = blocks;
    macs->blocks += blocks;
    for (; at > 0 && macs->order[at - 1]->blocks < blocks; at--)
        macs->order[at] = macs->order[at - 1];
    macs->order[at] = mac;
}

/* How many of the longest are made alone, so that all are made the soonest. */
static size_t count_alone(const struct shape *shape, const struct macs *macs)
{
    const size_t count = macs->count;
    struct mac *const *order = macs->order;
    size_t alone = 0; /* of the first k, one by one */
    size_t best = count;
    size_t least = macs->blocks;
    for (size_t k = 0; k < count; k++) {
        size_t cost = alone + shape->message_cost * (count - k);
        for (size_t i = k; i < count; i += shape->lanes)
            cost += shape->block_cost * order[i]->blocks;
        if (cost < least && macs->blocks - alone <= (size_t)STAGE_LEN >> shape->block_bits) {
            least = cost;
            best = k;
            if (count - k <= shape->lanes && order[k]->blocks == order[count - 1]->blocks)
                break; /* the rest are alike: fewer of them in the lanes take as long */
        }
        alone += order[k]->blocks;
    }
    return best;
}

/* --- MACs: making them --- */

static inline uint8_t *put(uint8_t *out, const uint8_t *data, size_t len)
{
    if (len > 0)
        memcpy(out, data, len);
    return out + len;
}

/* The message in one piece, as the library takes it. */
static inline void put_message(const struct mac *mac, uint8_t *out)
{
    const struct core_aead_job *job = mac->job;
    core_ctr_hmac_put_prefix(out, mac->aad_len, mac->text_len, job->tag_len, job->nonce);
    out += CORE_CTR_HMAC_PREFIX;
    if (job->aad_count == 1 && job->text_count == 1 && job->aad->data + job->aad->len == job->text->data) {
        memcpy(out, job->aad->data, mac->aad_len + mac->text_len); /* most frames: the header stands before the text */
        return;
    }
    for (size_t i = 0; i < job->aad_count; i++)
        out = put(out, job->aad[i].data, job->aad[i].len);
    for (size_t i = 0; i < job->text_count; i++)
        out = put(out, job->text[i].data, job->text[i].len);
}

static bool make_together(struct lanes *lanes, struct mac *const *order, size_t count)
{
    uint8_t *at = lanes->stage;
    for (size_t i = 0; i < count; i++) {
        struct mac *mac = order[i];
        const struct core_lanes_state *state = mac->job->state;
        IMB_JOB *hash = &lanes->hashes[i];
        hash->src = at;
        hash->msg_len_to_hash_in_bytes = mac->len;
        hash->u.HMAC._hashed_auth_key_xor_ipad = state->inner;
        hash->u.HMAC._hashed_auth_key_xor_opad = state->outer;
        hash->auth_tag_output = mac->out;
        put_message(mac, at);
        at += mac->blocks << lanes->shape->block_bits; /* more than it takes, and aligned */
    }
    return lanes->manager->submit_hash_burst_nocheck(lanes->manager, lanes->hashes, (uint32_t)count,
                                                     lanes->shape->hash) == count;
}

/* If one cannot be made its job's result becomes CORE_OPEN_FAILED. */
static void make_macs(struct lanes *lanes)
{
    struct macs *const macs = &lanes->macs;
    size_t alone = count_alone(lanes->shape, macs);
    if (alone >= macs->count || !make_together(lanes, macs->order + alone, macs->count - alone))
        alone = macs->count;
    for (size_t i = 0; i < alone; i++)
        if (!core_ctr_hmac_of(macs->order[i]->job, macs->order[i]->out))
            macs->order[i]->job->result = CORE_OPEN_FAILED;
}

/* Copies and comparisons are by the words that the library has just written a MAC in: a wider load waits for all of
 * them to reach the cache. */
static inline void put_tag(uint8_t *tag, const uint8_t *mac, size_t len)
{
    uint32_t word;
    for (; len >= sizeof word; tag += sizeof word, mac += sizeof word, len -= sizeof word) {
        memcpy(&word, mac, sizeof word);
        memcpy(tag, &word, sizeof word);
    }
    for (; len > 0; len--)
        *tag++ = *mac++;
}

/* In constant time, as core_equal. */
static inline bool is_tag(const uint8_t *mac, const uint8_t *tag, size_t len)
{
    uint32_t difference = 0;
    uint32_t x;
    uint32_t y;
    for (; len >= sizeof x; tag += sizeof x, mac += sizeof x, len -= sizeof x) {
        memcpy(&x, mac, sizeof x);
        memcpy(&y, tag, sizeof y);
        difference |= x ^ y;
        __asm__ volatile("" : "+r"(difference)); /* not to be taken apart into comparisons that end early */
    }
    for (; len > 0; len--) {
        difference |= (uint32_t)(*mac++ ^ *tag++);
        __asm__ volatile("" : "+r"(difference));
    }
    return difference == 0;
}

/* --- jobs --- */

/* CORE_OPEN_FAILED for one that cannot be done. */
static inline bool check_job(struct core_aead_job *job)
{
    const struct core_hash *hash = ((const struct core_lanes_state *)job->state)->mac.hash;
    const bool ok = core_ctr_hmac_can_tag(hash, job->tag_len);
    job->result = ok ? CORE_OPEN_OK : CORE_OPEN_FAILED;
    return ok;
}

static void seal_jobs(void *workspace, const struct shape *shape, struct core_aead_job *jobs, size_t count)
{
    struct lanes *lanes = lanes_in(workspace);
    struct macs *const macs = &lanes->macs;
    uint32_t together = 0;
    set_shape(lanes, shape);
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        if (check_job(job))
            add_text(lanes, job, &together);
    (void)run_texts(lanes, together, jobs, count); /* the jobs' results tell */
    start_macs(macs);
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        if (job->result == CORE_OPEN_OK)
            add_mac(shape, macs, job);
    make_macs(lanes);
    for (struct mac *mac = macs->list; mac < macs->list + macs->count; mac++) {
        if (mac->job->result == CORE_OPEN_OK)
            put_tag(mac->job->tag, mac->out, mac->job->tag_len);
        core_wipe_inline(mac->out, sizeof mac->out);
    }
}

static void open_jobs(void *workspace, const struct shape *shape, struct core_aead_job *jobs, size_t count)
{
    struct lanes *lanes = lanes_in(workspace);
    struct macs *const macs = &lanes->macs;
    uint32_t together = 0;
    set_shape(lanes, shape);
    start_macs(macs);
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        if (check_job(job))
            add_mac(shape, macs, job);
    make_macs(lanes);
    for (struct mac *mac = macs->list; mac < macs->list + macs->count; mac++) {
        struct core_aead_job *job = mac->job;
        if (job->result == CORE_OPEN_OK && !is_tag(mac->out, job->expected, job->tag_len))
            job->result = CORE_OPEN_FORGED;
        core_wipe_inline(mac->out, sizeof mac->out); /* the right tag of a forged frame is a secret */
        if (job->result == CORE_OPEN_OK)
            add_text(lanes, job, &together);
    }
    if (run_texts(lanes, together, jobs, count) && together == count)
        return; /* mostly: all were genuine */
    for (struct core_aead_job *job = jobs; job < jobs + count; job++)
        if (job->result == CORE_OPEN_FAILED)
            core_wipe(job->text->data, job->text->len); /* some of it may be decrypted */
}

void core_lanes_seal_256(void *workspace, struct core_aead_job *jobs, size_t count)
{
    seal_jobs(workspace, &sha256, jobs, count);
}

void core_lanes_open_256(void *workspace, struct core_aead_job *jobs, size_t count)
{
    open_jobs(workspace, &sha256, jobs, count);
}

void core_lanes_seal_512(void *workspace, struct core_aead_job *jobs, size_t count)
{
    seal_jobs(workspace, &sha512, jobs, count);
}

void core_lanes_open_512(void *workspace, struct core_aead_job *jobs, size_t count)
{
    open_jobs(workspace, &sha512, jobs, count);
}
