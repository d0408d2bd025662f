/* Sealing and opening a frame against the cipher alone: one reused EVP context doing exactly the AEAD's work (nonce,
 * AAD of the same length, text, tag). Cases at the sizes of an audio frame, a packet and a video frame.
 *
 * --assert holds sealing with the default suite to SEAL_RATIO_AUDIO (160 B) and SEAL_RATIO_PACKET (1200 B) times the
 * cipher alone. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "sframe_frames.h"
#include "sframe_goals.h"
#include "sframe_providers.h"

#define SEAL_RATIO_PACKET 1.35
#define SEAL_RATIO_AUDIO 1.5
#define GOAL_LIBCRYPTO 1.1

enum { NONCE_LEN = 12, KEY_LEN = 32, GOAL_SIZE = 1200 };

/* --- the cipher alone --- */

struct raw {
    EVP_CIPHER_CTX *cipher;
    uint8_t nonce[NONCE_LEN];
    uint8_t aad[SFRAME_HEADER_MAX];
    int aad_len;
    uint8_t text[FRAMES_SIZE_MAX + FRAMES_INNER_LEN];
    int len;
    uint8_t tag[SFRAME_TAG_MAX];
};

static void run_raw(void *ctx, uint64_t iterations)
{
    struct raw *raw = ctx;
    int done = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        memcpy(raw->nonce, &i, sizeof i);
        if (!EVP_EncryptInit_ex(raw->cipher, NULL, NULL, NULL, raw->nonce) ||
            !EVP_EncryptUpdate(raw->cipher, NULL, &done, raw->aad, raw->aad_len) ||
            !EVP_EncryptUpdate(raw->cipher, raw->text, &done, raw->text, raw->len) ||
            !EVP_EncryptFinal_ex(raw->cipher, raw->tag, &done) ||
            !EVP_CIPHER_CTX_ctrl(raw->cipher, EVP_CTRL_AEAD_GET_TAG, SFRAME_TAG_MAX, raw->tag))
            frames_fail("EVP");
    }
}

/* What a caller without a kept context pays. */
static void run_raw_fresh(void *ctx, uint64_t iterations)
{
    const struct raw *shape = ctx;
    struct raw raw = *shape;
    static const uint8_t key[KEY_LEN] = {1};
    for (uint64_t i = 0; i < iterations; i++) {
        raw.cipher = EVP_CIPHER_CTX_new();
        if (!raw.cipher || !EVP_EncryptInit_ex(raw.cipher, EVP_CIPHER_CTX_get0_cipher(shape->cipher), NULL, key, NULL))
            frames_fail("EVP");
        run_raw(&raw, 1);
        EVP_CIPHER_CTX_free(raw.cipher);
    }
}

static void open_raw(struct raw *raw, const EVP_CIPHER *cipher, size_t len)
{
    static const uint8_t key[KEY_LEN] = {1};
    memset(raw, 0, sizeof *raw);
    raw->cipher = EVP_CIPHER_CTX_new();
    raw->len = (int)(len + FRAMES_INNER_LEN);
    /* the counters that a case reaches take four bytes or fewer */
    raw->aad_len = (int)sframe_header_len(frames_kid(), UINT16_MAX);
    if (!raw->cipher || !EVP_EncryptInit_ex(raw->cipher, cipher, NULL, key, NULL))
        frames_fail("EVP");
}

enum { RAW, FRESH, SEAL, APART, SEAL_OPEN, CONTESTANTS };

static void run_gcm(struct bench *bench, uint16_t suite, const EVP_CIPHER *cipher, size_t len)
{
    static struct raw raw;
    static struct frames whole;
    static struct frames apart;
    static struct frames pair;
    struct bench_result results[CONTESTANTS];
    char title[BENCH_NAME_MAX];
    open_raw(&raw, cipher, len);
    frames_open(&whole, &core_provider_libcrypto, suite, len, false);
    frames_open(&apart, &core_provider_libcrypto, suite, len, true);
    frames_open(&pair, &core_provider_libcrypto, suite, len, false);
    const struct bench_contestant list[CONTESTANTS] = {
        [RAW] = {"EVP, context reused", run_raw, &raw},
        [FRESH] = {"EVP, new context", run_raw_fresh, &raw},
        [SEAL] = {"seal, one buffer", frames_run_seal, &whole},
        [APART] = {"seal, three buffers", frames_run_seal, &apart},
        [SEAL_OPEN] = {"seal and open", frames_run_seal_and_open, &pair},
    };
    snprintf(title, sizeof title, "%s, %zu B", sframe_suite_find(suite)->name, len);
    bench_case(bench, title, len, list, CONTESTANTS, results);
    if (suite == SFRAME_SUITE_DEFAULT && len == GOAL_SIZE)
        sframe_goal(bench, "seal by libcrypto over EVP, 1200 B", results[SEAL].ratio, GOAL_LIBCRYPTO);
    EVP_CIPHER_CTX_free(raw.cipher);
    frames_close(&whole);
    frames_close(&apart);
    frames_close(&pair);
}

/* --- bounds --- */

/* Seals, and runs the cipher for three of each five frames: 0.6 more, where a ratio may be 0.35 or 0.5 above 1. */
struct burdened {
    struct frames *frames;
    struct raw *raw;
};

static void run_burdened(void *ctx, uint64_t iterations)
{
    struct burdened *burdened = ctx;
    frames_run_seal(burdened->frames, iterations);
    run_raw(burdened->raw, (3 * iterations + 4) / 5);
}

/* The two alone, so that each round's ratio is one of neighbours in time. */
static void hold_seal(struct bench *bench, size_t len, double bound)
{
    static struct raw raw;
    static struct frames frames;
    struct bench_result results[2];
    char what[BENCH_NAME_MAX];
    struct burdened burdened = {&frames, &raw};
    open_raw(&raw, EVP_aes_128_gcm(), len);
    frames_open(&frames, &core_provider_libcrypto, SFRAME_AES_128_GCM_SHA256_128, len, false);
    const struct bench_contestant list[2] = {
        {"EVP, context reused", run_raw, &raw},
        bench_is_control(bench) ? (struct bench_contestant){"seal, burdened", run_burdened, &burdened}
                                : (struct bench_contestant){"seal, one buffer", frames_run_seal, &frames},
    };
    snprintf(what, sizeof what, "seal at %zu B against the cipher alone", len);
    bench_case(bench, what, len, list, 2, results);
    bench_hold(bench, what, &results[1], bound);
    EVP_CIPHER_CTX_free(raw.cipher);
    frames_close(&frames);
}

/* All suites side by side; the default one is the baseline. */
static void run_suites(struct bench *bench, size_t len)
{
    static const uint16_t ids[] = {SFRAME_SUITE_DEFAULT, SFRAME_AES_256_GCM_SHA512_128,
                                   SFRAME_AES_128_CTR_HMAC_SHA256_80, SFRAME_AES_256_CTR_HMAC_SHA512_80};
    enum { COUNT = sizeof ids / sizeof ids[0] };
    static struct frames frames[COUNT];
    struct bench_contestant list[COUNT];
    char title[BENCH_NAME_MAX];
    for (size_t i = 0; i < COUNT; i++) {
        frames_open(&frames[i], core_provider_best(), ids[i], len, false);
        list[i] = (struct bench_contestant){sframe_suite_find(ids[i])->name, frames_run_seal, &frames[i]};
    }
    snprintf(title, sizeof title, "seal by suite, %zu B", len);
    bench_case(bench, title, len, list, COUNT, NULL);
    for (size_t i = 0; i < COUNT; i++)
        frames_close(&frames[i]);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {160, 1200, FRAMES_SIZE_MAX};
    struct bench *bench = bench_open("sframe", argc, argv);
    bench_note(bench, "openssl", OpenSSL_version(OPENSSL_VERSION));
    bench_note(bench, "provider", sframe_provider_name());
    if (bench_asserts(bench)) {
        hold_seal(bench, sizes[0], SEAL_RATIO_AUDIO);
        hold_seal(bench, sizes[1], SEAL_RATIO_PACKET);
        return bench_close(bench);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        run_gcm(bench, SFRAME_AES_128_GCM_SHA256_128, EVP_aes_128_gcm(), sizes[i]);
        run_gcm(bench, SFRAME_AES_256_GCM_SHA512_128, EVP_aes_256_gcm(), sizes[i]);
        run_suites(bench, sizes[i]);
        sframe_providers_run(bench, sizes[i]);
    }
    sframe_goals_run(bench);
    return bench_close(bench);
}
