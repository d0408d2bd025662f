#include "sframe_providers.h"

#include <stdio.h>
#include <string.h>

#include "sframe_frames.h"
#include "sframe_goals.h"

#ifdef SOTTO_IPSECMB
#include <intel-ipsec-mb.h>

enum { NONCE_LEN = 12, TAG_LEN = 16 };

/* --- the bare calls: nonce, AAD and text as long as a frame's, in one buffer --- */

struct raw {
    IMB_MGR *manager;
    _Alignas(64) struct gcm_key_data key;
    uint8_t frame[SFRAME_HEADER_MAX + FRAMES_INNER_LEN + FRAMES_SIZE_MAX + TAG_LEN];
    size_t header_len;
    size_t text_len;
};

static void run_raw_seal(void *ctx, uint64_t iterations)
{
    struct raw *raw = ctx;
    struct gcm_context_data context;
    uint8_t *text = raw->frame + raw->header_len;
    uint8_t nonce[NONCE_LEN] = {0};
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(nonce, &i, sizeof i);
        IMB_AES128_GCM_ENC(raw->manager, &raw->key, &context, text, text, raw->text_len, nonce, raw->frame,
                           raw->header_len, text + raw->text_len, TAG_LEN);
    }
}

/* Without the comparison of the tag. What comes out means nothing; that takes as long. */
static void run_raw_open(void *ctx, uint64_t iterations)
{
    struct raw *raw = ctx;
    struct gcm_context_data context;
    uint8_t *text = raw->frame + raw->header_len;
    uint8_t nonce[NONCE_LEN] = {0};
    uint8_t tag[TAG_LEN];
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(nonce, &i, sizeof i);
        IMB_AES128_GCM_DEC(raw->manager, &raw->key, &context, text, text, raw->text_len, nonce, raw->frame,
                           raw->header_len, tag, TAG_LEN);
    }
}

static void run_raw_pair(void *ctx, uint64_t iterations)
{
    for (uint64_t i = 0; i < iterations; i++) {
        run_raw_seal(ctx, 1);
        run_raw_open(ctx, 1);
    }
}

/* What the default suite may cost over the bare calls. */
static double goal_of(size_t len)
{
    return len <= 160 ? 1.8 : len <= 1200 ? 1.25 : 1.05;
}

static void raw_open(struct raw *raw, size_t len)
{
    static const uint8_t key[IMB_GCM_128_KEY_LEN] = {1};
    memset(raw, 0, sizeof *raw);
    raw->manager = alloc_mb_mgr(0);
    if (!raw->manager)
        frames_fail("alloc_mb_mgr");
    init_mb_mgr_auto(raw->manager, NULL);
    IMB_AES128_GCM_PRE(raw->manager, key, &raw->key);
    /* the counters that a case reaches take four bytes or fewer */
    raw->header_len = sframe_header_len(frames_kid(), UINT16_MAX);
    raw->text_len = FRAMES_INNER_LEN + len;
}

enum { RAW_SEAL, RAW_PAIR, SEAL, PAIR, OTHER_SEAL, OTHER_PAIR, CONTESTANTS };

void sframe_providers_run(struct bench *bench, size_t len)
{
    static struct raw raw;
    static struct frames frames[CONTESTANTS];
    struct bench_result results[CONTESTANTS];
    char title[BENCH_NAME_MAX];
    const char *refusal = NULL;
    const struct core_provider *fast = core_provider_ipsecmb(&refusal);
    if (!fast) {
        printf("\nno ipsec-mb here (%s): providers are not compared\n", refusal);
        return;
    }
    raw_open(&raw, len);
    for (int i = SEAL; i < CONTESTANTS; i++)
        frames_open(&frames[i], i < OTHER_SEAL ? fast : &core_provider_libcrypto, SFRAME_SUITE_DEFAULT, len, false);
    const struct bench_contestant list[CONTESTANTS] = {
        [RAW_SEAL] = {"ipsec-mb call: seal", run_raw_seal, &raw},
        [RAW_PAIR] = {"ipsec-mb calls: seal, open", run_raw_pair, &raw},
        [SEAL] = {"frames, ipsec-mb: seal", frames_run_seal, &frames[SEAL]},
        [PAIR] = {"frames, ipsec-mb: seal, open", frames_run_seal_and_open, &frames[PAIR]},
        [OTHER_SEAL] = {"frames, libcrypto: seal", frames_run_seal, &frames[OTHER_SEAL]},
        [OTHER_PAIR] = {"frames, libcrypto: seal, open", frames_run_seal_and_open, &frames[OTHER_PAIR]},
    };
    snprintf(title, sizeof title, "providers, %s, %zu B", sframe_suite_find(SFRAME_SUITE_DEFAULT)->name, len);
    bench_case(bench, title, len, list, CONTESTANTS, results);
    snprintf(title, sizeof title, "seal over the ipsec-mb call, %zu B", len);
    sframe_goal(bench, title, results[SEAL].ratio, goal_of(len));
    /* a frame opens once, so opening is what a pair takes beyond sealing */
    snprintf(title, sizeof title, "open over the ipsec-mb call, %zu B", len);
    sframe_goal(bench, title,
                (results[PAIR].median_ns - results[SEAL].median_ns) /
                    (results[RAW_PAIR].median_ns - results[RAW_SEAL].median_ns),
                goal_of(len));
    for (int i = SEAL; i < CONTESTANTS; i++)
        frames_close(&frames[i]);
    free_mb_mgr(raw.manager);
}
#else
void sframe_providers_run(struct bench *bench, size_t len)
{
    (void)bench;
    printf("\nipsec-mb is not built in: providers are not compared at %zu B\n", len);
}
#endif
