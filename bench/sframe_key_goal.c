#include "sframe_key_goal.h"

/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "core/hkdf.h"
#include "sframe_goals.h"
#include "sframe_ring.h"

#include "sender.h"

#define GOAL 1.3

enum {
    KEY_LEN = 16,
    ADDS = 64, /* before the sender begins anew: so many keys does it remember */
};

struct bare {
    IMB_MGR *manager;
    _Alignas(64) struct gcm_key_data schedule;
};

/* Removing a key is another schedule, of zeros. */
static void run_bare(void *ctx, uint64_t iterations)
{
    struct bare *bare = ctx;
    static const struct core_slice info = {(const uint8_t *)"SFrame 1.0 Secret key ..........", 32};
    static const uint8_t zeros[KEY_LEN];
    for (uint64_t i = 0; i < iterations; i++) {
        struct core_hmac_key secret;
        uint8_t base_key[RING_BASE_KEY_LEN] = {0};
        uint8_t key[KEY_LEN];
        uint8_t salt[CORE_NONCE_LEN];
        memcpy(base_key, &i, sizeof i);
        if (!core_hkdf_extract(&core_libcrypto_sha256, NULL, 0, base_key, sizeof base_key, &secret) ||
            !core_hkdf_expand(&core_libcrypto_sha256, &secret, &info, 1, key, sizeof key) ||
            !core_hkdf_expand(&core_libcrypto_sha256, &secret, &info, 1, salt, sizeof salt))
            ring_fail("HKDF");
        IMB_AES128_GCM_PRE(bare->manager, key, &bare->schedule);
        IMB_AES128_GCM_PRE(bare->manager, zeros, &bare->schedule);
    }
}

struct adder {
    struct sframe_sender *sender;
    uint64_t added;
};

static void run_add(void *ctx, uint64_t iterations)
{
    struct adder *adder = ctx;
    uint8_t base_key[RING_BASE_KEY_LEN] = {0};
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(base_key, &adder->added, sizeof adder->added);
        if (adder->added++ % ADDS == 0)
            adder->sender->history.count = 0;
        if (sframe_sender_add_key(adder->sender, ring_kid(0), base_key, sizeof base_key) != SFRAME_OK ||
            sframe_sender_remove_key(adder->sender, ring_kid(0)) != SFRAME_OK)
            ring_fail("adding a key");
    }
}

void sframe_key_goal_run(struct bench *bench)
{
    static const struct bench_slices one_by_one = {.len = 1};
    static struct bare bare;
    const struct sframe_sender_config config = {.keys = 1, .key_history = ADDS};
    const size_t size = sframe_sender_size(&config);
    struct adder adder = {0};
    if (!core_provider_ipsecmb(NULL))
        return;
    bare.manager = alloc_mb_mgr(0);
    if (!bare.manager || sframe_sender_init(malloc(size), size, &config, &adder.sender) != SFRAME_OK)
        ring_fail("making a sender");
    init_mb_mgr_auto(bare.manager, NULL);
    const struct bench_contestant list[] = {{"HKDF, two key schedules", run_bare, &bare},
                                            {"add_key, remove_key", run_add, &adder}};
    sframe_goal(bench, SFRAME_KEY_GOAL, &one_by_one, list, GOAL);
    sframe_sender_wipe(adder.sender);
    free(adder.sender);
    free_mb_mgr(bare.manager);
}
