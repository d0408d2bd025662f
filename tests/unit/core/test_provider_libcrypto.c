/* Known answers: RFC 4231 for HMAC, the GCM specification's cases, RFC 9605's for CTR with HMAC. */
#include "core/provider.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct core_provider *const provider = &core_provider_libcrypto;

static void check_hmac(const struct core_hash *hash, const uint8_t *key, size_t key_len, const char *text,
                       const char *want_hex)
{
    struct core_hmac_key expanded;
    uint8_t want[CORE_HASH_MAX];
    uint8_t got[CORE_HASH_MAX];
    size_t len = unit_hex(want_hex, want, sizeof want);
    CU_ASSERT_EQUAL(hash->len, len);
    CU_ASSERT(hash->hmac_init(&expanded, key, key_len));
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        /* the key is used again and again, the text comes in parts */
        const struct core_slice parts[] = {
            {(const uint8_t *)text, cut}, {NULL, 0}, {(const uint8_t *)text + cut, strlen(text) - cut}};
        CU_ASSERT(hash->hmac(&expanded, parts, 3, got));
        unit_assert_bytes(hash->name, got, len, want, len);
    }
}

static void hmac(void)
{
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    const uint8_t *jefe = (const uint8_t *)"Jefe";
    const char *larger = "Test Using Larger Than Block-Size Key - Hash Key First";
    check_hmac(provider->sha256, jefe, 4, "what do ya want for nothing?",
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_hmac(provider->sha512, jefe, 4, "what do ya want for nothing?",
               "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
               "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    check_hmac(provider->sha256, long_key, sizeof long_key, larger,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac(provider->sha512, long_key, sizeof long_key, larger,
               "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
               "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

struct aead_case {
    const struct core_aead *const *aead;
    const char *key;
    const char *nonce;
    const char *aad;
    const char *text;
    const char *sealed; /* ciphertext and tag */
    size_t tag_len;
};

static const struct aead_case cases[] = {
    {&core_provider_libcrypto.aes_128_gcm, "00000000000000000000000000000000", "000000000000000000000000", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a", 16},
    {&core_provider_libcrypto.aes_128_gcm, "00000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf", 16},
    {&core_provider_libcrypto.aes_128_gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
     "ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
     "3d58e0915bc94fbc3221a5db94fae95ae7121a47",
     16},
    {&core_provider_libcrypto.aes_256_gcm, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b", 16},
    {&core_provider_libcrypto.aes_128_ctr_hmac_sha256,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f",
     "101112131415161718191a1b", "4945544620534672616d65205747", "64726166742d696574662d736672616d652d656e63",
     "6339af04ada1d064688a442b8dc69d5b6bfa40f4bef0583e8081069cc60705", 10},
    {&core_provider_libcrypto.aes_256_ctr_hmac_sha512,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
     "101112131415161718191a1b", "4945544620534672616d65205747", "64726166742d696574662d736672616d652d656e63",
     "f861831490fa37f8e284a1994021589564a23bf3050eb0e0ace45930d53a7f", 10},
};

enum { CASES = sizeof cases / sizeof cases[0], BYTES = 128 };

struct decoded {
    const struct core_aead *aead;
    uint8_t key[CORE_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t aad[BYTES];
    uint8_t text[BYTES];
    uint8_t sealed[BYTES];
    size_t aad_len;
    size_t text_len;
    size_t tag_len;
    void *state;
};

static void open_case(const struct aead_case *source, enum core_direction direction, struct decoded *decoded)
{
    decoded->aead = *source->aead;
    CU_ASSERT_EQUAL_FATAL(unit_hex(source->key, decoded->key, sizeof decoded->key), decoded->aead->key_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(source->nonce, decoded->nonce, sizeof decoded->nonce), CORE_NONCE_LEN);
    decoded->aad_len = unit_hex(source->aad, decoded->aad, sizeof decoded->aad);
    decoded->text_len = unit_hex(source->text, decoded->text, sizeof decoded->text);
    decoded->tag_len = source->tag_len;
    CU_ASSERT_EQUAL_FATAL(unit_hex(source->sealed, decoded->sealed, sizeof decoded->sealed),
                          decoded->text_len + decoded->tag_len);
    decoded->state = calloc(1, decoded->aead->state_size);
    CU_ASSERT_FATAL(decoded->state && decoded->aead->init(decoded->state, direction));
    CU_ASSERT_FATAL(decoded->aead->set_key(decoded->state, decoded->key));
}

static void close_case(struct decoded *decoded)
{
    decoded->aead->wipe(decoded->state);
    free(decoded->state);
}

static void sealing(void)
{
    for (size_t c = 0; c < CASES; c++) {
        struct decoded d;
        uint8_t buffer[BYTES];
        open_case(&cases[c], CORE_SEAL, &d);
        /* text and AAD cut in two at every place; the state is used again each time */
        for (size_t cut = 0; cut <= d.text_len; cut++) {
            size_t aad_cut = cut < d.aad_len ? cut : d.aad_len;
            const struct core_slice aad[] = {{d.aad, aad_cut}, {d.aad + aad_cut, d.aad_len - aad_cut}};
            const struct core_span text[] = {{buffer, cut}, {buffer + cut, d.text_len - cut}};
            memcpy(buffer, d.text, d.text_len);
            CU_ASSERT(d.aead->seal(d.state, d.nonce, aad, 2, text, 2, buffer + d.text_len, d.tag_len));
            unit_assert_bytes(d.aead->name, buffer, d.text_len + d.tag_len, d.sealed, d.text_len + d.tag_len);
        }
        close_case(&d);
    }
}

static void opening(void)
{
    for (size_t c = 0; c < CASES; c++) {
        struct decoded d;
        uint8_t buffer[BYTES];
        open_case(&cases[c], CORE_OPEN, &d);
        const size_t sealed_len = d.text_len + d.tag_len;
        const struct core_slice aad = {d.aad, d.aad_len};
        /* the last round is the genuine one: forgeries before it did no harm */
        for (size_t bit = 0; bit <= 8 * sealed_len; bit++) {
            memcpy(buffer, d.sealed, sealed_len);
            if (bit < 8 * sealed_len)
                buffer[bit / 8] ^= (uint8_t)(1u << bit % 8);
            const struct core_span text = {buffer, d.text_len};
            enum core_opened rc = d.aead->open(d.state, d.nonce, &aad, 1, text, buffer + d.text_len, d.tag_len);
            CU_ASSERT_EQUAL(rc, bit < 8 * sealed_len ? CORE_OPEN_FORGED : CORE_OPEN_OK);
            if (rc == CORE_OPEN_OK)
                unit_assert_bytes("opened", buffer, d.text_len, d.text, d.text_len);
            else
                CU_ASSERT(d.text_len == 0 || d.text[0] == 0 || memcmp(buffer, d.text, d.text_len) != 0);
        }
        close_case(&d);
    }
}

static void a_new_key_replaces_the_old(void)
{
    for (size_t c = 0; c < CASES; c++) {
        struct decoded d;
        uint8_t buffer[BYTES];
        const uint8_t zeros[CORE_AEAD_KEY_MAX] = {1};
        open_case(&cases[c], CORE_OPEN, &d);
        const struct core_slice aad = {d.aad, d.aad_len};
        const struct core_span text = {buffer, d.text_len};
        CU_ASSERT(d.aead->set_key(d.state, zeros));
        memcpy(buffer, d.sealed, sizeof buffer);
        CU_ASSERT_EQUAL(d.aead->open(d.state, d.nonce, &aad, 1, text, d.sealed + d.text_len, d.tag_len),
                        CORE_OPEN_FORGED);
        CU_ASSERT(d.aead->set_key(d.state, d.key));
        memcpy(buffer, d.sealed, sizeof buffer);
        CU_ASSERT_EQUAL(d.aead->open(d.state, d.nonce, &aad, 1, text, d.sealed + d.text_len, d.tag_len), CORE_OPEN_OK);
        d.aead->wipe(d.state);
        CU_ASSERT_FALSE(d.aead->set_key(d.state, d.key)); /* wiped: an error, not a crash */
        close_case(&d);
    }
}

/* A tag shorter than GCM's is a weaker suite that nobody registered. */
static void gcm_tags_are_whole(void)
{
    struct decoded d;
    uint8_t buffer[BYTES] = {0};
    const struct core_span text = {buffer, 4};
    open_case(&cases[1], CORE_SEAL, &d);
    CU_ASSERT_FALSE(d.aead->seal(d.state, d.nonce, NULL, 0, &text, 1, buffer + 4, 12));
    CU_ASSERT(d.aead->seal(d.state, d.nonce, NULL, 0, &text, 1, buffer + 4, 16));
    close_case(&d);
    open_case(&cases[1], CORE_OPEN, &d);
    CU_ASSERT_EQUAL(d.aead->open(d.state, d.nonce, NULL, 0, text, buffer + 4, 12), CORE_OPEN_FAILED);
    CU_ASSERT_EQUAL(d.aead->open(d.state, d.nonce, NULL, 0, text, buffer + 4, 16), CORE_OPEN_OK);
    close_case(&d);
}

static const struct unit_test tests[] = {
    {"HMAC: RFC 4231's cases, in parts", hmac},
    {"sealing: published cases, cut at every place", sealing},
    {"opening: published cases, and no flipped bit", opening},
    {"a key is replaced; a wiped state is an error", a_new_key_replaces_the_old},
    {"GCM takes no truncated tag", gcm_tags_are_whole},
};

UNIT_MAIN("core.provider_libcrypto", tests)
