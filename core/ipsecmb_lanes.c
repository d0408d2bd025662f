#include "ipsecmb_lanes.h"

/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <string.h>

enum {
    ALIGN = 64,
    MESSAGE_MAX = 24 << 10, /* longer ones are made alone: they would push everything else out of the cache */
    STAGE_LEN = CORE_BATCH_MAX * (MESSAGE_MAX + ALIGN),
};

/* A manager is for one thread, and so is the memory that messages, which the library takes only in one piece, are put
 * together in. */
struct lanes {
    IMB_MGR *manager;
    uint8_t *stage;
    IMB_JOB jobs[CORE_BATCH_MAX];
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
    return imb_get_errno(lanes->manager) == 0;
}

/* --- which are made together --- */

/* What a hash costs in lanes, in the time that one block takes alone (with the CPU's SHA instructions where it has
 * any), as measured with AVX-512: a block in each lane; what a message costs besides. Elsewhere it may be a little off.
 */
struct shape {
    IMB_HASH_ALG hash;
    size_t lanes;
    size_t block_len;
    size_t block_cost;
    size_t message_cost;
};

static const struct shape sha256 = {IMB_AUTH_HMAC_SHA_256, 16, 64, 5, 2};
static const struct shape sha512 = {IMB_AUTH_HMAC_SHA_512, 8, 128, 2, 1};

/* The inner hash's blocks, the padding's included, and the outer one's. */
static size_t blocks_of(const struct shape *shape, const struct core_lanes_mac *mac)
{
    return (size_t)(mac->message->len / shape->block_len) + 2;
}

static bool stageable(const struct core_lanes_mac *mac)
{
    return mac->message->len <= MESSAGE_MAX;
}

/* The longest first: lanes work as long as the longest of their messages. */
static void sort(const struct core_lanes_mac *macs, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && macs[order[at - 1]].message->len < macs[i].message->len; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* How many of the longest are made alone, so that all are made the soonest. */
static size_t count_alone(const struct shape *shape, const struct core_lanes_mac *macs, const size_t *order,
                          size_t count)
{
    size_t alone = 0; /* of the first k, one by one */
    size_t best = count;
    size_t least = 0;
    for (size_t i = 0; i < count; i++)
        least += blocks_of(shape, &macs[i]);
    for (size_t k = 0; k < count; alone += blocks_of(shape, &macs[order[k++]])) {
        size_t cost = alone + shape->message_cost * (count - k);
        for (size_t i = k; i < count; i += shape->lanes)
            cost += shape->block_cost * blocks_of(shape, &macs[order[i]]);
        if (cost < least && stageable(&macs[order[k]])) {
            least = cost;
            best = k;
        }
    }
    return best;
}

/* --- making them --- */

static uint8_t *put_together(const struct core_ctr_hmac_message *message, uint8_t *out)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->parts[i].len > 0)
            memcpy(out, message->parts[i].data, message->parts[i].len);
        out += message->parts[i].len;
    }
    return out;
}

void core_lanes_run(void *workspace, size_t hash_len, struct core_lanes_mac *macs, size_t count)
{
    struct lanes *lanes = lanes_in(workspace);
    const struct shape *shape = hash_len == 32 ? &sha256 : &sha512;
    size_t order[CORE_BATCH_MAX];
    uint8_t *at = lanes->stage;
    for (size_t i = 0; i < count; i++)
        macs[i].done = false;
    sort(macs, order, count);
    const size_t first = count_alone(shape, macs, order, count);
    for (size_t i = first; i < count; i++) {
        struct core_lanes_mac *mac = &macs[order[i]];
        IMB_JOB *job = &lanes->jobs[i - first];
        job->cipher_mode = IMB_CIPHER_NULL;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->chain_order = IMB_ORDER_HASH_CIPHER;
        job->hash_alg = shape->hash;
        job->src = at;
        job->msg_len_to_hash_in_bytes = mac->message->len;
        job->u.HMAC._hashed_auth_key_xor_ipad = mac->key->inner;
        job->u.HMAC._hashed_auth_key_xor_opad = mac->key->outer;
        job->auth_tag_output = mac->out;
        job->auth_tag_output_len_in_bytes = hash_len;
        at = put_together(mac->message, at);
        at += -(uintptr_t)at & (ALIGN - 1);
    }
    const uint32_t jobs = (uint32_t)(count - first);
    if (jobs == 0 || lanes->manager->submit_hash_burst_nocheck(lanes->manager, lanes->jobs, jobs, shape->hash) != jobs)
        return;
    for (size_t i = first; i < count; i++)
        macs[order[i]].done = lanes->jobs[i - first].status == IMB_STATUS_COMPLETED;
}
