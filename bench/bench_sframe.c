/* Sealing and opening a frame against the cipher alone: one reused EVP context doing exactly the AEAD's work (nonce,
 * AAD of the same length, text, tag). Cases at the sizes of an audio frame, a packet and a video frame.
 *
 * --assert: exits with 1 if sealing with the default suite takes more than SEAL_RATIO_AUDIO (160 B) or
 * SEAL_RATIO_PACKET (1200 B) times the cipher alone. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/provider.h"
#include "receiver.h"
#include "sender.h"
#include "sotto/sframe.h"

#define SEAL_RATIO_PACKET 1.35
#define SEAL_RATIO_AUDIO 1.5

enum { SIZE_MAX_BYTES = 20000, INNER_LEN = 6, NONCE_LEN = 12, KEY_LEN = 32, RECEIVE_KEYS = 4 };

static const uint8_t base_key[32] = {7};
static uint64_t kid;

/* --- the cipher alone --- */

struct raw {
    EVP_CIPHER_CTX *cipher;
    uint8_t nonce[NONCE_LEN];
    uint8_t aad[SFRAME_HEADER_MAX];
    int aad_len;
    uint8_t text[SIZE_MAX_BYTES + INNER_LEN];
    int len;
    uint8_t tag[SFRAME_TAG_MAX];
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_sframe: %s failed\n", what);
    exit(EXIT_FAILURE);
}

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
            fail("EVP");
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
            fail("EVP");
        run_raw(&raw, 1);
        EVP_CIPHER_CTX_free(raw.cipher);
    }
}

/* --- frames --- */

struct frames {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    bool apart; /* head, payload and tail in three buffers */
    uint8_t head[SFRAME_HEAD_MAX];
    uint8_t tail[SFRAME_TAG_MAX];
    uint8_t whole[SFRAME_HEAD_MAX + SIZE_MAX_BYTES + SFRAME_TAG_MAX];
    size_t len;
    uint32_t capture_ms;
};

static void seal_one(struct frames *frames, struct sframe_sealed *sealed)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = frames->capture_ms};
    uint8_t *payload = frames->whole + SFRAME_HEAD_MAX;
    uint8_t *head = frames->apart ? frames->head : frames->whole;
    uint8_t *tail = frames->apart ? frames->tail : payload + frames->len;
    if (sframe_seal(frames->sender, &inner, NULL, 0, head, SFRAME_HEAD_MAX, payload, frames->len, tail, SFRAME_TAG_MAX,
                    sealed) != SFRAME_OK)
        fail("sframe_seal");
}

static void run_seal(void *ctx, uint64_t iterations)
{
    struct frames *frames = ctx;
    struct sframe_sealed sealed;
    for (uint64_t i = 0; i < iterations; i++)
        seal_one(frames, &sealed);
}

/* Opening needs a frame to open, so this is the pair. */
static void run_seal_and_open(void *ctx, uint64_t iterations)
{
    struct frames *frames = ctx;
    struct sframe_sealed sealed;
    struct sframe_opened opened;
    for (uint64_t i = 0; i < iterations; i++) {
        seal_one(frames, &sealed);
        if (sframe_open(frames->receiver, NULL, NULL, 0, frames->whole + SFRAME_HEAD_MAX - sealed.head_len,
                        sealed.head_len + frames->len + sealed.tail_len, frames->capture_ms, &opened) != SFRAME_OK)
            fail("sframe_open");
    }
}

static void open_frames(struct frames *frames, const struct core_provider *provider, uint16_t suite, size_t len,
                        bool apart)
{
    const struct sframe_sender_config sender = {.suite = suite, .key_history = 4};
    const struct sframe_receiver_config receiver = {.suite = suite, .keys = RECEIVE_KEYS};
    memset(frames, 0, sizeof *frames);
    frames->len = len;
    frames->apart = apart;
    size_t sender_size = sframe_sender_size(&sender);
    size_t receiver_size = sframe_receiver_size(&receiver);
    if (sframe_sender_init_with(provider, malloc(sender_size), sender_size, &sender, &frames->sender) != SFRAME_OK ||
        sframe_receiver_init_with(provider, malloc(receiver_size), receiver_size, &receiver, &frames->receiver) !=
            SFRAME_OK ||
        sframe_sender_add_key(frames->sender, kid, base_key, sizeof base_key) != SFRAME_OK ||
        sframe_receiver_add_shared(frames->receiver, base_key, sizeof base_key) != SFRAME_OK)
        fail("set-up");
}

static void close_frames(struct frames *frames)
{
    sframe_sender_wipe(frames->sender);
    sframe_receiver_wipe(frames->receiver);
    free(frames->sender);
    free(frames->receiver);
}

static void open_raw(struct raw *raw, const EVP_CIPHER *cipher, size_t len)
{
    static const uint8_t key[KEY_LEN] = {1};
    memset(raw, 0, sizeof *raw);
    raw->cipher = EVP_CIPHER_CTX_new();
    raw->len = (int)(len + INNER_LEN);
    /* the counters that a case reaches take four bytes or fewer */
    raw->aad_len = (int)sframe_header_len(kid, UINT16_MAX);
    if (!raw->cipher || !EVP_EncryptInit_ex(raw->cipher, cipher, NULL, key, NULL))
        fail("EVP");
}

enum { RAW, FRESH, SEAL, APART, SEAL_OPEN, CONTESTANTS };

/* Returns the ratio of sealing (in one buffer) to the cipher alone by each one's fastest round: what a bound is
 * asserted on, since other processes only ever add time. The table shows medians. */
static double run_gcm(struct bench *bench, uint16_t suite, const EVP_CIPHER *cipher, size_t len)
{
    static struct raw raw;
    static struct frames whole;
    static struct frames apart;
    static struct frames pair;
    struct bench_result results[CONTESTANTS];
    char title[BENCH_NAME_MAX];
    open_raw(&raw, cipher, len);
    open_frames(&whole, &core_provider_libcrypto, suite, len, false);
    open_frames(&apart, &core_provider_libcrypto, suite, len, true);
    open_frames(&pair, &core_provider_libcrypto, suite, len, false);
    const struct bench_contestant list[CONTESTANTS] = {
        [RAW] = {"EVP, context reused", run_raw, &raw},
        [FRESH] = {"EVP, new context", run_raw_fresh, &raw},
        [SEAL] = {"seal, one buffer", run_seal, &whole},
        [APART] = {"seal, three buffers", run_seal, &apart},
        [SEAL_OPEN] = {"seal and open", run_seal_and_open, &pair},
    };
    snprintf(title, sizeof title, "%s, %zu B", sframe_suite_find(suite)->name, len);
    bench_case(bench, title, len, list, CONTESTANTS, results);
    EVP_CIPHER_CTX_free(raw.cipher);
    close_frames(&whole);
    close_frames(&apart);
    close_frames(&pair);
    return results[SEAL].min_ns / results[RAW].min_ns;
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
        open_frames(&frames[i], core_provider_best(), ids[i], len, false);
        list[i] = (struct bench_contestant){sframe_suite_find(ids[i])->name, run_seal, &frames[i]};
    }
    snprintf(title, sizeof title, "seal by suite, %zu B", len);
    bench_case(bench, title, len, list, COUNT, NULL);
    for (size_t i = 0; i < COUNT; i++)
        close_frames(&frames[i]);
}

static bool within(const char *what, double ratio, double bound)
{
    printf("%s: %.2f times the cipher alone, at most %.2f, fastest rounds: %s\n", what, ratio, bound,
           ratio <= bound ? "ok" : "FAILED");
    return ratio <= bound;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {160, 1200, SIZE_MAX_BYTES};
    enum { AUDIO, PACKET, VIDEO, SIZES };
    double ratios[SIZES];
    bool assert_ratios = false;
    if (argc > 1 && strcmp(argv[1], "--assert") == 0) {
        assert_ratios = true;
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    struct bench *bench = bench_open("sframe", argc, argv);
    bench_note(bench, "openssl", OpenSSL_version(OPENSSL_VERSION));
    if (sframe_kid_from_start(SFRAME_CAMERA * SFRAME_LAYERS, 0x0123456789ab, &kid) != SFRAME_OK)
        fail("KID");
    for (size_t i = 0; i < SIZES; i++) {
        if (assert_ratios && i == VIDEO)
            break;
        ratios[i] = run_gcm(bench, SFRAME_AES_128_GCM_SHA256_128, EVP_aes_128_gcm(), sizes[i]);
        if (!assert_ratios) {
            (void)run_gcm(bench, SFRAME_AES_256_GCM_SHA512_128, EVP_aes_256_gcm(), sizes[i]);
            run_suites(bench, sizes[i]);
        }
    }
    bool ok = true;
    if (assert_ratios) {
        bool audio = within("seal at 160 B", ratios[AUDIO], SEAL_RATIO_AUDIO);
        bool packet = within("seal at 1200 B", ratios[PACKET], SEAL_RATIO_PACKET);
        ok = audio && packet;
    }
    return bench_close(bench) || !ok;
}
