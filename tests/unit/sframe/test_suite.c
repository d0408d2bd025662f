#include "suite.h"
#include "unit.h"

#include <string.h>

/* RFC 9605 section 4.5 and draft-barnes-sframe-iana-256 */
static const struct {
    uint16_t id;
    const char *name;
    uint8_t nh, nka, nk, nn, nt;
} registered[] = {
    {1, "AES_128_CTR_HMAC_SHA256_80", 32, 16, 48, 12, 10}, {2, "AES_128_CTR_HMAC_SHA256_64", 32, 16, 48, 12, 8},
    {3, "AES_128_CTR_HMAC_SHA256_32", 32, 16, 48, 12, 4},  {4, "AES_128_GCM_SHA256_128", 32, 0, 16, 12, 16},
    {5, "AES_256_GCM_SHA512_128", 64, 0, 32, 12, 16},      {6, "AES_256_CTR_HMAC_SHA512_80", 64, 32, 96, 12, 10},
    {7, "AES_256_CTR_HMAC_SHA512_64", 64, 32, 96, 12, 8},  {8, "AES_256_CTR_HMAC_SHA512_32", 64, 32, 96, 12, 4},
};

static void the_registry(void)
{
    for (size_t i = 0; i < sizeof registered / sizeof registered[0]; i++) {
        const struct sframe_suite *suite = sframe_suite_find(registered[i].id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(suite);
        CU_ASSERT_STRING_EQUAL(suite->name, registered[i].name);
        CU_ASSERT(suite->nh == registered[i].nh && suite->nka == registered[i].nka && suite->nk == registered[i].nk);
        CU_ASSERT(suite->nn == registered[i].nn && suite->nt == registered[i].nt);
        CU_ASSERT(suite->seal_limit > 0 && suite->forgery_limit > 0 && suite->block_limit > suite->seal_limit);
    }
    for (uint16_t id = 9; id != 1; id++)
        if (sframe_suite_find(id))
            CU_FAIL("a suite that is not registered");
}

static void primitives_fit(void)
{
    struct sframe_crypto crypto;
    for (uint16_t id = 1; id <= 8; id++) {
        CU_ASSERT_EQUAL_FATAL(sframe_crypto_init(&crypto, &core_provider_libcrypto, id), SFRAME_OK);
        CU_ASSERT_EQUAL(crypto.suite->id, id);
        CU_ASSERT_EQUAL(crypto.aead->key_len, crypto.suite->nk);
        CU_ASSERT_EQUAL(crypto.hash->len, crypto.suite->nh);
        CU_ASSERT(crypto.aead->min_tag_len <= crypto.suite->nt && crypto.suite->nt <= crypto.aead->tag_len);
    }
    CU_ASSERT_EQUAL(sframe_crypto_init(&crypto, &core_provider_libcrypto, 0), SFRAME_OK);
    CU_ASSERT_EQUAL(crypto.suite->id, 4);
    CU_ASSERT_EQUAL(sframe_crypto_init(&crypto, &core_provider_libcrypto, 9), SFRAME_SUITE);
}

static void the_provider_is_the_best(void)
{
    CU_ASSERT_STRING_EQUAL(sframe_provider_name(), core_provider_best()->name);
}

static const struct unit_test tests[] = {
    {"the eight registered suites, and no other", the_registry},
    {"each suite's primitives have its sizes", primitives_fit},
    {"the provider is named that new contexts take", the_provider_is_the_best},
};

UNIT_MAIN("sframe.suite", tests)
