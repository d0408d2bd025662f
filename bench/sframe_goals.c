#include "sframe_goals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "sframe_frames.h"

void sframe_goal(struct bench *bench, const char *title, double ratio, double goal)
{
    bench_figure(bench, title, ratio, "times");
    printf("    goal: at most %.2f, %s\n", goal, ratio <= goal ? "met" : "MISSED");
}

/* --- allocations --- */

static void run_allocations(struct bench *bench)
{
    static struct frames frames;
    const uint64_t count = bench_is_quick(bench) ? 1000 : 1000000;
    char title[BENCH_NAME_MAX];
    frames_open(&frames, core_provider_best(), SFRAME_SUITE_DEFAULT, 160, false);
    frames_run_seal_and_open(&frames, 1); /* the stream is made by the first */
    const uint64_t before = allocations_count();
    frames_run_seal_and_open(&frames, count);
    const uint64_t allocations = allocations_count() - before;
    snprintf(title, sizeof title, "allocations in %llu frames sealed and opened", (unsigned long long)count);
    bench_figure(bench, title, (double)allocations, "");
    printf("    goal: none, %s\n", allocations == 0 && allocations_counted() ? "met" : "MISSED");
    frames_close(&frames);
}

#ifdef SOTTO_IPSECMB
/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#define OPENSSL_SUPPRESS_DEPRECATED
#include <intel-ipsec-mb.h>
#include <openssl/sha.h>

#include "core/hkdf.h"
#include "sender.h"

enum {
    BATCH = 16,
    PREFIX = 36, /* of what HMAC is over: three lengths and the nonce */
    HEADER = 11, /* of every frame here */
    COLD = 1000,
    KEY_LEN = 16,
    HASH_LEN = 32,
    NONCE_LEN = 12,
    TAG_LEN = 16,
};

#define GOAL_SINGLE 1.15
#define GOAL_BATCH 1.25
#define GOAL_COLD 1.3
#define GOAL_KEY 1.3

static IMB_MGR *manager;

/* --- AES-CTR with HMAC by bare calls: what is hashed lies in one piece --- */

struct hybrid {
    _Alignas(16) uint8_t round_keys[15 * 16];
    _Alignas(16) uint8_t inner_pad[64]; /* hash states */
    _Alignas(16) uint8_t outer_pad[64];
    SHA256_CTX inner;
    SHA256_CTX outer;
    size_t len; /* of the text */
    uint8_t *messages[BATCH];
    uint8_t macs[BATCH][HASH_LEN];
};

static void hybrid_crypt(struct hybrid *hybrid, uint8_t *text, uint64_t ctr)
{
    uint8_t counter[16] = {0};
    IMB_JOB job = {0};
    memcpy(counter, &ctr, sizeof ctr);
    job.enc_keys = hybrid->round_keys;
    job.key_len_in_bytes = KEY_LEN;
    job.src = text;
    job.dst = text;
    job.iv = counter;
    job.iv_len_in_bytes = sizeof counter;
    job.msg_len_to_cipher_in_bytes = hybrid->len;
    job.cipher_mode = IMB_CIPHER_CNTR;
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.hash_alg = IMB_AUTH_NULL;
    if (IMB_SUBMIT_CIPHER_BURST_NOCHECK(manager, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES) != 1)
        frames_fail("ipsec-mb's CTR");
}

static void run_hybrid(void *ctx, uint64_t iterations)
{
    struct hybrid *hybrid = ctx;
    for (uint64_t i = 0; i < iterations; i++) {
        uint8_t digest[HASH_LEN];
        SHA256_CTX hash = hybrid->inner;
        hybrid_crypt(hybrid, hybrid->messages[0] + PREFIX + HEADER, i);
        SHA256_Update(&hash, hybrid->messages[0], PREFIX + HEADER + hybrid->len);
        SHA256_Final(digest, &hash);
        hash = hybrid->outer;
        SHA256_Update(&hash, digest, sizeof digest);
        SHA256_Final(hybrid->macs[0], &hash);
    }
}

static void run_lanes(void *ctx, uint64_t iterations)
{
    struct hybrid *hybrid = ctx;
    IMB_JOB jobs[BATCH];
    memset(jobs, 0, sizeof jobs);
    for (uint64_t i = 0; i < iterations; i++) {
        for (size_t lane = 0; lane < BATCH; lane++) {
            IMB_JOB *job = &jobs[lane];
            hybrid_crypt(hybrid, hybrid->messages[lane] + PREFIX + HEADER, i);
            job->cipher_mode = IMB_CIPHER_NULL;
            job->chain_order = IMB_ORDER_HASH_CIPHER;
            job->hash_alg = IMB_AUTH_HMAC_SHA_256;
            job->src = hybrid->messages[lane];
            job->msg_len_to_hash_in_bytes = PREFIX + HEADER + hybrid->len;
            job->auth_tag_output = hybrid->macs[lane];
            job->auth_tag_output_len_in_bytes = HASH_LEN;
            job->u.HMAC._hashed_auth_key_xor_ipad = hybrid->inner_pad;
            job->u.HMAC._hashed_auth_key_xor_opad = hybrid->outer_pad;
        }
        if (IMB_SUBMIT_HASH_BURST_NOCHECK(manager, jobs, BATCH, IMB_AUTH_HMAC_SHA_256) != BATCH)
            frames_fail("ipsec-mb's HMAC");
    }
}

static void hybrid_open(struct hybrid *hybrid, size_t len)
{
    _Alignas(16) uint8_t inverse[15 * 16];
    uint8_t block[64];
    static const uint8_t key[KEY_LEN] = {1};
    hybrid->len = FRAMES_INNER_LEN + len;
    IMB_AES_KEYEXP_128(manager, key, hybrid->round_keys, inverse);
    memset(block, 0x36, sizeof block);
    IMB_SHA256_ONE_BLOCK(manager, block, hybrid->inner_pad);
    SHA256_Init(&hybrid->inner);
    SHA256_Update(&hybrid->inner, block, sizeof block);
    memset(block, 0x5c, sizeof block);
    IMB_SHA256_ONE_BLOCK(manager, block, hybrid->outer_pad);
    SHA256_Init(&hybrid->outer);
    SHA256_Update(&hybrid->outer, block, sizeof block);
    for (size_t lane = 0; lane < BATCH; lane++) {
        hybrid->messages[lane] = calloc(1, PREFIX + HEADER + hybrid->len);
        if (!hybrid->messages[lane])
            frames_fail("memory");
    }
}

/* --- ours, sixteen at a time --- */

struct batch {
    struct sframe_batch *batch;
    struct frames *frames; /* its sender */
    struct sframe_inner inner;
    uint8_t *buffers[BATCH];
    struct sframe_seal_item items[BATCH];
};

static void run_batch(void *ctx, uint64_t iterations)
{
    struct batch *batch = ctx;
    for (uint64_t i = 0; i < iterations; i++)
        if (sframe_seal_batch(batch->batch, batch->items, BATCH) != SFRAME_OK)
            frames_fail("sframe_seal_batch");
}

static void batch_open(struct batch *batch, struct frames *frames, size_t len)
{
    const size_t size = sframe_batch_size();
    batch->frames = frames;
    batch->inner = (struct sframe_inner){.codec = SFRAME_CODEC_VP8};
    if (sframe_batch_init(malloc(size), size, &batch->batch) != SFRAME_OK)
        frames_fail("sframe_batch_init");
    for (size_t i = 0; i < BATCH; i++) {
        uint8_t *buffer = calloc(1, SFRAME_HEAD_MAX + len + SFRAME_TAG_MAX);
        if (!buffer)
            frames_fail("memory");
        batch->buffers[i] = buffer;
        batch->items[i] = (struct sframe_seal_item){.sender = frames->sender,
                                                    .inner = &batch->inner,
                                                    .head = buffer,
                                                    .head_cap = SFRAME_HEAD_MAX,
                                                    .payload = buffer + SFRAME_HEAD_MAX,
                                                    .payload_len = len,
                                                    .tail = buffer + SFRAME_HEAD_MAX + len,
                                                    .tail_cap = SFRAME_TAG_MAX};
    }
}

static void run_hmac(struct bench *bench, size_t len)
{
    static struct hybrid hybrid;
    static struct frames frames;
    static struct batch batch;
    struct bench_result results[2];
    char title[BENCH_NAME_MAX];
    hybrid_open(&hybrid, len);
    frames_open(&frames, core_provider_best(), SFRAME_AES_128_CTR_HMAC_SHA256_80, len, false);
    batch_open(&batch, &frames, len);
    const struct bench_contestant single[] = {{"bare calls", run_hybrid, &hybrid}, {"seal", frames_run_seal, &frames}};
    snprintf(title, sizeof title, "AES_128_CTR_HMAC_SHA256_80 alone, %zu B", len);
    bench_case(bench, title, len, single, 2, results);
    snprintf(title, sizeof title, "CTR+HMAC over its bare calls, %zu B", len);
    sframe_goal(bench, title, results[1].ratio, GOAL_SINGLE);
    const struct bench_contestant many[] = {{"bare calls, 16 lanes", run_lanes, &hybrid},
                                            {"seal_batch of 16", run_batch, &batch}};
    snprintf(title, sizeof title, "AES_128_CTR_HMAC_SHA256_80 by 16, %zu B", len);
    bench_case(bench, title, BATCH * len, many, 2, results);
    snprintf(title, sizeof title, "16 CTR+HMAC over their bare calls, %zu B", len);
    sframe_goal(bench, title, results[1].ratio, GOAL_BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        free(hybrid.messages[i]);
        free(batch.buffers[i]);
    }
    sframe_batch_wipe(batch.batch);
    free(batch.batch);
    frames_close(&frames);
}

/* --- a thousand senders in turn, whose keys are in no cache --- */

struct cold {
    struct gcm_key_data *keys; /* COLD */
    struct sframe_sender *senders[COLD];
    uint8_t buffer[SFRAME_HEAD_MAX + FRAMES_SIZE_MAX + SFRAME_TAG_MAX];
    size_t len;
    size_t next;
};

static void run_cold_raw(void *ctx, uint64_t iterations)
{
    struct cold *cold = ctx;
    uint8_t nonce[NONCE_LEN] = {0};
    struct gcm_context_data context;
    uint8_t *text = cold->buffer + SFRAME_HEAD_MAX;
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(nonce, &i, sizeof i);
        cold->next = (cold->next + 1) % COLD;
        IMB_AES128_GCM_ENC(manager, &cold->keys[cold->next], &context, text, text, cold->len + FRAMES_INNER_LEN, nonce,
                           cold->buffer, HEADER, text + cold->len + FRAMES_INNER_LEN, TAG_LEN);
    }
}

static void run_cold(void *ctx, uint64_t iterations)
{
    struct cold *cold = ctx;
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8};
    struct sframe_sealed sealed;
    uint8_t *payload = cold->buffer + SFRAME_HEAD_MAX;
    for (uint64_t i = 0; i < iterations; i++) {
        cold->next = (cold->next + 1) % COLD;
        if (sframe_seal(cold->senders[cold->next], &inner, NULL, 0, cold->buffer, SFRAME_HEAD_MAX, payload, cold->len,
                        payload + cold->len, SFRAME_TAG_MAX, &sealed) != SFRAME_OK)
            frames_fail("sframe_seal");
    }
}

static struct sframe_sender *new_sender(uint32_t history)
{
    const struct sframe_sender_config config = {.keys = 1, .key_history = history};
    struct sframe_sender *sender = NULL;
    const size_t size = sframe_sender_size(&config);
    if (sframe_sender_init(malloc(size), size, &config, &sender) != SFRAME_OK)
        frames_fail("sframe_sender_init");
    return sender;
}

static void run_thousand(struct bench *bench, size_t len)
{
    static struct cold raw;
    static struct cold ours;
    struct bench_result results[2];
    char title[BENCH_NAME_MAX];
    raw.len = ours.len = len;
    raw.keys = aligned_alloc(64, COLD * sizeof *raw.keys);
    if (!raw.keys)
        frames_fail("memory");
    for (uint32_t i = 0; i < COLD; i++) {
        uint8_t key[KEY_LEN] = {0};
        memcpy(key, &i, sizeof i);
        IMB_AES128_GCM_PRE(manager, key, &raw.keys[i]);
        ours.senders[i] = new_sender(1);
        if (sframe_sender_add_key(ours.senders[i], frames_kid(), key, sizeof key) != SFRAME_OK)
            frames_fail("sframe_sender_add_key");
    }
    const struct bench_contestant list[] = {{"bare calls", run_cold_raw, &raw}, {"seal", run_cold, &ours}};
    snprintf(title, sizeof title, "%d senders in turn, %zu B", COLD, len);
    bench_case(bench, title, len, list, 2, results);
    snprintf(title, sizeof title, "%d senders in turn over bare calls, %zu B", COLD, len);
    sframe_goal(bench, title, results[1].ratio, GOAL_COLD);
    for (size_t i = 0; i < COLD; i++) {
        sframe_sender_wipe(ours.senders[i]);
        free(ours.senders[i]);
    }
    free(raw.keys);
}

/* --- adding a key: HKDF and the key's schedule; removing it is another schedule, of zeros --- */

enum { ADDS = 64 /* before the sender begins anew: so many keys does it remember */ };

static void run_key_raw(void *ctx, uint64_t iterations)
{
    struct gcm_key_data *schedule = ctx;
    static const struct core_slice info = {(const uint8_t *)"SFrame 1.0 Secret key ..........", 32};
    static const uint8_t zeros[KEY_LEN];
    for (uint64_t i = 0; i < iterations; i++) {
        struct core_hmac_key secret;
        uint8_t base_key[HASH_LEN] = {0};
        uint8_t key[KEY_LEN];
        uint8_t salt[NONCE_LEN];
        memcpy(base_key, &i, sizeof i);
        if (!core_hkdf_extract(&core_libcrypto_sha256, NULL, 0, base_key, sizeof base_key, &secret) ||
            !core_hkdf_expand(&core_libcrypto_sha256, &secret, &info, 1, key, sizeof key) ||
            !core_hkdf_expand(&core_libcrypto_sha256, &secret, &info, 1, salt, sizeof salt))
            frames_fail("HKDF");
        IMB_AES128_GCM_PRE(manager, key, schedule);
        IMB_AES128_GCM_PRE(manager, zeros, schedule);
    }
}

struct adder {
    struct sframe_sender *sender;
    uint64_t added;
};

static void run_key(void *ctx, uint64_t iterations)
{
    struct adder *adder = ctx;
    uint8_t base_key[HASH_LEN] = {0};
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(base_key, &adder->added, sizeof adder->added);
        if (adder->added++ % ADDS == 0)
            adder->sender->history.count = 0;
        if (sframe_sender_add_key(adder->sender, frames_kid(), base_key, sizeof base_key) != SFRAME_OK ||
            sframe_sender_remove_key(adder->sender, frames_kid()) != SFRAME_OK)
            frames_fail("adding a key");
    }
}

static void run_keys(struct bench *bench)
{
    _Alignas(64) static struct gcm_key_data schedule;
    struct adder adder = {.sender = new_sender(ADDS)};
    struct bench_result results[2];
    const struct bench_contestant list[] = {{"HKDF, two key schedules", run_key_raw, &schedule},
                                            {"add_key, remove_key", run_key, &adder}};
    bench_case(bench, "a key, AES_128_GCM_SHA256_128", 0, list, 2, results);
    sframe_goal(bench, "a key over its HKDF and schedules", results[1].ratio, GOAL_KEY);
    sframe_sender_wipe(adder.sender);
    free(adder.sender);
}

void sframe_goals_run(struct bench *bench)
{
    static const size_t sizes[] = {160, 1200, FRAMES_SIZE_MAX};
    run_allocations(bench);
    if (!core_provider_ipsecmb(NULL))
        return;
    manager = alloc_mb_mgr(0);
    if (!manager)
        frames_fail("alloc_mb_mgr");
    init_mb_mgr_auto(manager, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        run_hmac(bench, sizes[i]);
    run_thousand(bench, sizes[0]);
    run_thousand(bench, sizes[1]);
    run_keys(bench);
    free_mb_mgr(manager);
}
#else
void sframe_goals_run(struct bench *bench)
{
    run_allocations(bench);
}
#endif
