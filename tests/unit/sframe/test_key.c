#include "kdf.h"
#include "key.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t base_key[16] = {4};

static void make(uint16_t suite, enum core_direction direction, uint64_t kid, struct sframe_crypto *crypto,
                 struct sframe_key *key)
{
    struct core_hmac_key secret;
    CU_ASSERT_EQUAL_FATAL(sframe_crypto_init(crypto, &core_provider_libcrypto, suite), SFRAME_OK);
    key->state = calloc(1, crypto->aead->state_size);
    CU_ASSERT_FATAL(key->state && crypto->aead->init(key->state, direction));
    CU_ASSERT_EQUAL_FATAL(sframe_secret_init(crypto, base_key, sizeof base_key, &secret), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_key_derive(crypto, key, &secret, kid), SFRAME_OK);
}

static void drop(const struct sframe_crypto *crypto, struct sframe_key *key)
{
    crypto->aead->wipe(key->state);
    free(key->state);
}

/* All 64 bits of the counter are in the nonce. */
static void every_bit_of_the_counter_counts(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++) {
        struct sframe_crypto crypto;
        struct sframe_key key;
        uint8_t seen[65][16 + CORE_TAG_MAX];
        const uint8_t header[1] = {0};
        make(suite, CORE_SEAL, 9, &crypto, &key);
        for (unsigned bit = 0; bit <= 64; bit++) {
            const struct sframe_frame frame = {bit < 64 ? UINT64_C(1) << bit : 0, {{header, 1}, {NULL, 0}}};
            const struct core_span text = {seen[bit], 16};
            memset(seen[bit], 0, sizeof seen[bit]);
            CU_ASSERT_EQUAL(sframe_key_seal(&crypto, &key, &frame, &text, 1, seen[bit] + 16), SFRAME_OK);
            for (unsigned other = 0; other < bit; other++)
                CU_ASSERT(memcmp(seen[bit], seen[other], 16) != 0);
        }
        drop(&crypto, &key);
    }
}

static void a_forgotten_key_is_gone(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++) {
        struct sframe_crypto crypto;
        struct sframe_key key;
        struct sframe_key open;
        uint8_t text[16] = {0};
        uint8_t tag[CORE_TAG_MAX];
        const uint8_t zeros[sizeof open.salt] = {0};
        const struct sframe_frame frame = {5, {{text, 0}, {NULL, 0}}};
        const struct core_span span = {text, sizeof text};
        make(suite, CORE_SEAL, 9, &crypto, &key);
        make(suite, CORE_OPEN, 9, &crypto, &open);
        CU_ASSERT_EQUAL(sframe_key_seal(&crypto, &key, &frame, &span, 1, tag), SFRAME_OK);
        CU_ASSERT(sframe_key_forget(crypto.aead, &open));
        unit_assert_bytes("salt", open.salt, sizeof open.salt, zeros, sizeof zeros);
        CU_ASSERT_EQUAL(sframe_key_open(&crypto, &open, &frame, span, tag), SFRAME_AUTH);
        drop(&crypto, &key);
        drop(&crypto, &open);
    }
}

static const struct unit_test tests[] = {
    {"every bit of the counter is in the nonce", every_bit_of_the_counter_counts},
    {"a forgotten key opens nothing", a_forgotten_key_is_gone},
};

UNIT_MAIN("sframe.key", tests)
