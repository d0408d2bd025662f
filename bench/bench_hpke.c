/* What HPKE costs over its raw operations, by suite: two Diffie-Hellman operations (a key pair and an agreement) and a
 * cipher call for a seal, one and a cipher call for an open with the public key known. EncryptWithLabel of a path
 * secret, as commits do it.
 *
 * --assert holds EncryptWithLabel of the suites over X25519 to SEAL_RATIO times its raw operations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/secret.h"
#include "mls/crypto.h"

#define SEAL_RATIO 1.15

enum { SECRET_MAX = MLS_HASH_MAX, CONTEXT_LEN = 200 };

struct work {
    const struct mls_suite *suite;
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t ephemeral[MLS_KEM_PRIVATE_MAX];
    uint8_t output[MLS_KEM_OUTPUT_MAX];
    uint8_t text[SECRET_MAX + CORE_TAG_MAX];
    uint8_t context[CONTEXT_LEN];
    struct core_signing_key key;
    uint8_t signature[CORE_SIGNATURE_MAX];
    size_t signature_len;
};

static void must(bool ok)
{
    if (!ok) {
        fprintf(stderr, "a measured operation failed\n");
        exit(EXIT_FAILURE);
    }
}

static void run_raw_seal(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    const struct core_dh *dh = w->suite->kem->dh;
    uint8_t shared[CORE_DH_SHARED_MAX];
    static const uint8_t key[MLS_AEAD_KEY_MAX];
    static const uint8_t nonce[CORE_NONCE_LEN];
    for (uint64_t i = 0; i < iterations; i++) {
        w->ephemeral[5]++;
        must(dh->public_from(dh, w->ephemeral, w->output) && dh->agree(dh, w->ephemeral, w->public_key, shared));
        must(mls_aead_seal(w->suite, key, nonce, (struct core_slice){0}, w->text, w->suite->hash->len) == MLS_OK);
    }
}

static void run_seal(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    uint8_t secret[SECRET_MAX] = {0};
    for (uint64_t i = 0; i < iterations; i++)
        must(mls_encrypt_with_label(w->suite, (struct core_slice){w->public_key, w->suite->kem->public_len},
                                    MLS_TEXT("UpdatePathNode"), (struct core_slice){w->context, CONTEXT_LEN},
                                    (struct core_slice){secret, w->suite->hash->len}, w->output, w->text) == MLS_OK);
}

static void run_open(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    uint8_t secret[SECRET_MAX];
    const struct mls_hpke_ciphertext ciphertext = {{w->output, w->suite->kem->output_len},
                                                   {w->text, w->suite->hash->len + w->suite->aead->tag_len}};
    run_seal(w, 1);
    for (uint64_t i = 0; i < iterations; i++)
        must(mls_decrypt_with_label(w->suite, w->private_key, w->public_key, MLS_TEXT("UpdatePathNode"),
                                    (struct core_slice){w->context, CONTEXT_LEN}, &ciphertext, secret) == MLS_OK);
}

static void run_sign(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    const struct core_slice content = {w->context, CONTEXT_LEN};
    for (uint64_t i = 0; i < iterations; i++)
        must(mls_sign_with_label(w->suite, &w->key, MLS_TEXT("LeafNodeTBS"), &content, 1, w->signature,
                                 &w->signature_len) == MLS_OK);
}

static void run_verify(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    const struct core_slice content = {w->context, CONTEXT_LEN};
    run_sign(w, 1);
    for (uint64_t i = 0; i < iterations; i++)
        must(mls_verify_with_label(w->suite, (struct core_slice){w->key.public_key, w->suite->signature->public_len},
                                   MLS_TEXT("LeafNodeTBS"), &content, 1,
                                   (struct core_slice){w->signature, w->signature_len}) == MLS_OK);
}

static void run_derive(void *ctx, uint64_t iterations)
{
    struct work *w = ctx;
    uint8_t secret[SECRET_MAX] = {0};
    for (uint64_t i = 0; i < iterations; i++)
        must(mls_derive_secret(w->suite, secret, MLS_TEXT("path"), secret) == MLS_OK);
}

/* Seals, and does the raw operations once for each five: 0.2 more, where a ratio may be 0.15 above 1. */
static void run_burdened(void *ctx, uint64_t iterations)
{
    run_seal(ctx, iterations);
    run_raw_seal(ctx, (iterations + 4) / 5);
}

/* The two alone, so that each round's ratio is one of neighbours in time. */
static void hold_seal(struct bench *bench, struct work *w)
{
    struct bench_result results[2];
    char what[BENCH_NAME_MAX];
    const struct bench_contestant list[2] = {
        {"raw operations of a seal", run_raw_seal, w},
        bench_is_control(bench) ? (struct bench_contestant){"EncryptWithLabel, burdened", run_burdened, w}
                                : (struct bench_contestant){"EncryptWithLabel", run_seal, w},
    };
    snprintf(what, sizeof what, "seal, suite %u", w->suite->id);
    bench_case(bench, what, 0, list, 2, results);
    bench_hold(bench, what, &results[1], SEAL_RATIO);
}

static void compare(struct bench *bench, struct work *w)
{
    const struct bench_contestant list[] = {
        {"raw operations of a seal", run_raw_seal, w},
        {"EncryptWithLabel", run_seal, w},
        {"DecryptWithLabel", run_open, w},
        {"SignWithLabel", run_sign, w},
        {"VerifyWithLabel", run_verify, w},
        {"DeriveSecret", run_derive, w},
    };
    bench_case(bench, w->suite->name, 0, list, sizeof list / sizeof list[0], NULL);
}

int main(int argc, char **argv)
{
    struct bench *bench = bench_open("hpke", argc, argv);
    for (uint16_t id = 1; id <= 7; id++) {
        const bool x25519 = id == 1 || id == 3;
        struct work w = {.suite = mls_suite_find(NULL, id)};
        if (bench_asserts(bench) && !x25519)
            continue;
        must(mls_hpke_generate(w.suite, w.private_key, w.public_key) == MLS_OK);
        must(mls_hpke_generate(w.suite, w.ephemeral, w.output) == MLS_OK);
        must(w.suite->signature->generate(w.suite->signature, &w.key));
        w.ephemeral[0] &= 1; /* stays below the order while it is counted up */
        if (bench_asserts(bench))
            hold_seal(bench, &w);
        else
            compare(bench, &w);
        core_wipe(&w, sizeof w);
    }
    return bench_close(bench);
}
