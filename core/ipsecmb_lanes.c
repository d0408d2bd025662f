#include "ipsecmb_lanes.h"

/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "core/secret.h"

enum {
    ALIGN = 64,
    MESSAGE_MAX = 24 << 10, /* longer ones are made alone: they would push everything else out of the cache */
    STAGE_LEN = CORE_BATCH_MAX * (MESSAGE_MAX + ALIGN),
};

/* A manager is for one thread, and so is the memory that messages, which the library takes only in one piece, are put
 * together in. What all jobs have in common is written once. */
struct lanes {
    IMB_MGR *manager;
    uint8_t *stage;
    IMB_JOB ciphers[CORE_BATCH_MAX];
    union core_aes_counter counters[CORE_BATCH_MAX]; /* of ciphers */
    IMB_JOB hashes[CORE_BATCH_MAX];
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

/* --- texts --- */

/* Encrypts or decrypts, each in place, those of jobs whose result is CORE_OPEN_OK. Where that fails it becomes
 * CORE_OPEN_FAILED. */
static void crypt_texts(struct lanes *lanes, struct core_aead_job *jobs, size_t count)
{
    struct core_aead_job *of[CORE_BATCH_MAX];
    uint32_t together = 0;
    uint64_t key_len = 0; /* one AEAD's */
    for (struct core_aead_job *job = jobs; job < jobs + count; job++) {
        const struct core_lanes_state *state = job->state;
        if (job->result != CORE_OPEN_OK)
            continue;
        if (job->text_count != 1 || job->text->len == 0 || job->text->len > MESSAGE_MAX) {
            if (!state->mac.crypt(state, job->nonce, job->text, job->text_count))
                job->result = CORE_OPEN_FAILED;
            continue;
        }
        IMB_JOB *cipher = &lanes->ciphers[together];
        lanes->counters[together] = core_aes_counter(job->nonce, 0);
        key_len = state->cipher_key_len;
        cipher->enc_keys = state->round_keys;
        cipher->key_len_in_bytes = key_len;
        cipher->src = job->text->data;
        cipher->dst = job->text->data;
        cipher->msg_len_to_cipher_in_bytes = job->text->len;
        of[together++] = job;
    }
    const uint32_t done =
        together == 0
            ? 0
            : lanes->manager->submit_cipher_burst_nocheck(lanes->manager, lanes->ciphers, together, IMB_CIPHER_CNTR,
                                                          IMB_DIR_ENCRYPT, (IMB_KEY_SIZE_BYTES)key_len);
    for (uint32_t i = 0; i < together; i++)
        if (done != together || lanes->ciphers[i].status != IMB_STATUS_COMPLETED)
            of[i]->result = CORE_OPEN_FAILED;
}

/* --- MACs: which are made together --- */

struct mac {
    struct core_aead_job *job;
    size_t len;                 /* of what it is made of */
    size_t blocks;              /* that are hashed: the inner hash's, its padding's included, and the outer one's */
    uint8_t out[CORE_HASH_MAX]; /* the whole MAC. Secret: wipe it */
};

/* What a hash costs in lanes, in the time that one block takes alone (with the CPU's SHA instructions where it has
 * any), as measured with AVX-512: a block in each lane; what a message costs besides. Elsewhere it may be a little off.
 */
struct shape {
    IMB_HASH_ALG hash;
    size_t lanes;
    unsigned block_bits; /* a block has 2^block_bits bytes */
    size_t block_cost;
    size_t message_cost;
    size_t hash_len;
};

static const struct shape sha256 = {IMB_AUTH_HMAC_SHA_256, 16, 6, 5, 2, 32};
static const struct shape sha512 = {IMB_AUTH_HMAC_SHA_512, 8, 7, 2, 1, 64};

/* The longest first: lanes work as long as the longest of their messages. */
static void sort(struct mac *macs, struct mac **order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && order[at - 1]->blocks < macs[i].blocks; at--)
            order[at] = order[at - 1];
        order[at] = &macs[i];
    }
}

/* How many of the longest are made alone, so that all are made the soonest. */
static size_t count_alone(const struct shape *shape, struct mac *const *order, size_t count)
{
    size_t alone = 0; /* of the first k, one by one */
    size_t best = count;
    size_t least = 0;
    for (size_t i = 0; i < count; i++)
        least += order[i]->blocks;
    for (size_t k = 0; k < count; alone += order[k++]->blocks) {
        size_t cost = alone + shape->message_cost * (count - k);
        for (size_t i = k; i < count; i += shape->lanes)
            cost += shape->block_cost * order[i]->blocks;
        if (cost < least && order[k]->len <= MESSAGE_MAX) {
            least = cost;
            best = k;
        }
    }
    return best;
}

/* --- MACs: making them --- */

static bool make_together(struct lanes *lanes, const struct shape *shape, struct mac *const *order, size_t count)
{
    uint8_t *at = lanes->stage;
    for (size_t i = 0; i < count; i++) {
        struct mac *mac = order[i];
        const struct core_lanes_state *state = mac->job->state;
        IMB_JOB *hash = &lanes->hashes[i];
        hash->hash_alg = shape->hash;
        hash->src = at;
        hash->msg_len_to_hash_in_bytes = mac->len;
        hash->u.HMAC._hashed_auth_key_xor_ipad = state->inner;
        hash->u.HMAC._hashed_auth_key_xor_opad = state->outer;
        hash->auth_tag_output = mac->out;
        hash->auth_tag_output_len_in_bytes = shape->hash_len;
        at = core_ctr_hmac_put(mac->job, at);
        at += -(uintptr_t)at & (ALIGN - 1);
    }
    bool ok =
        lanes->manager->submit_hash_burst_nocheck(lanes->manager, lanes->hashes, (uint32_t)count, shape->hash) == count;
    for (size_t i = 0; ok && i < count; i++)
        ok = lanes->hashes[i].status == IMB_STATUS_COMPLETED;
    return ok;
}

/* The MACs of those jobs whose result is CORE_OPEN_OK; if one cannot be made it becomes CORE_OPEN_FAILED. Returns their
 * number. */
static size_t make_macs(struct lanes *lanes, const struct shape *shape, struct core_aead_job *jobs, size_t count,
                        struct mac *macs)
{
    struct mac *order[CORE_BATCH_MAX];
    size_t mac_count = 0;
    for (struct core_aead_job *job = jobs; job < jobs + count; job++) {
        if (job->result != CORE_OPEN_OK)
            continue;
        struct mac *mac = &macs[mac_count++];
        mac->job = job;
        mac->len = core_ctr_hmac_len(job);
        mac->blocks = (mac->len >> shape->block_bits) + 2;
    }
    sort(macs, order, mac_count);
    size_t alone = count_alone(shape, order, mac_count);
    if (alone < mac_count && !make_together(lanes, shape, order + alone, mac_count - alone))
        alone = mac_count;
    for (size_t i = 0; i < alone; i++)
        if (!core_ctr_hmac_of(order[i]->job, order[i]->out))
            order[i]->job->result = CORE_OPEN_FAILED;
    return mac_count;
}

/* --- jobs --- */

/* CORE_OPEN_FAILED for those that cannot be done. */
static void check_jobs(struct core_aead_job *jobs, size_t count)
{
    for (struct core_aead_job *job = jobs; job < jobs + count; job++) {
        const struct core_hash *hash = ((const struct core_lanes_state *)job->state)->mac.hash;
        job->result = hash && job->tag_len <= hash->len ? CORE_OPEN_OK : CORE_OPEN_FAILED;
    }
}

static void seal_jobs(void *workspace, const struct shape *shape, struct core_aead_job *jobs, size_t count)
{
    struct lanes *lanes = lanes_in(workspace);
    struct mac macs[CORE_BATCH_MAX];
    check_jobs(jobs, count);
    crypt_texts(lanes, jobs, count);
    const size_t mac_count = make_macs(lanes, shape, jobs, count, macs);
    for (struct mac *mac = macs; mac < macs + mac_count; mac++) {
        if (mac->job->result == CORE_OPEN_OK)
            memcpy(mac->job->tag, mac->out, mac->job->tag_len);
        core_wipe_inline(mac->out, sizeof mac->out);
    }
}

static void open_jobs(void *workspace, const struct shape *shape, struct core_aead_job *jobs, size_t count)
{
    struct lanes *lanes = lanes_in(workspace);
    struct mac macs[CORE_BATCH_MAX];
    check_jobs(jobs, count);
    const size_t mac_count = make_macs(lanes, shape, jobs, count, macs);
    for (struct mac *mac = macs; mac < macs + mac_count; mac++) {
        struct core_aead_job *job = mac->job;
        if (job->result == CORE_OPEN_OK && !core_equal(mac->out, job->expected, job->tag_len))
            job->result = CORE_OPEN_FORGED;
        core_wipe_inline(mac->out, sizeof mac->out); /* the right tag of a forged frame is a secret */
    }
    crypt_texts(lanes, jobs, count);
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
