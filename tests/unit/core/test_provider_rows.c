/* Known answers of the rows that sframe does not use: plain hashes, SHA-384, ChaCha20-Poly1305. */
#include "core/provider.h"

#include <string.h>

#include "unit.h"

static const struct {
    const struct core_hash *hash;
    const char *abc;
} hashes[] = {
    {&core_libcrypto_sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {&core_libcrypto_sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
                             "4c825a7"},
    {&core_libcrypto_sha512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
                             "a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void hashes_of_abc(void)
{
    /* FIPS 180-4's example, in one part and in three */
    const struct core_slice whole = {(const uint8_t *)"abc", 3};
    const struct core_slice parts[] = {{(const uint8_t *)"a", 1}, {NULL, 0}, {(const uint8_t *)"bc", 2}};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        uint8_t want[CORE_HASH_MAX];
        uint8_t got[CORE_HASH_MAX];
        CU_ASSERT_EQUAL(unit_hex(hashes[i].abc, want, sizeof want), hashes[i].hash->len);
        CU_ASSERT(hashes[i].hash->digest(&whole, 1, got));
        unit_assert_bytes(hashes[i].hash->name, got, hashes[i].hash->len, want, hashes[i].hash->len);
        CU_ASSERT(hashes[i].hash->digest(parts, 3, got));
        unit_assert_bytes("in parts", got, hashes[i].hash->len, want, hashes[i].hash->len);
    }
}

static void hmac_sha384(void)
{
    /* RFC 4231, cases 1 and 6: a short key, and one longer than a block */
    static const struct {
        uint8_t key_byte;
        size_t key_len;
        const char *text, *mac;
    } rows[] = {
        {0x0b, 20, "Hi There",
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
        {0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t secret[131];
        uint8_t want[48];
        uint8_t got[CORE_HASH_MAX];
        struct core_hmac_key key;
        const struct core_slice part = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        memset(secret, rows[i].key_byte, sizeof secret);
        unit_hex(rows[i].mac, want, sizeof want);
        CU_ASSERT(core_libcrypto_sha384.hmac_init(&key, secret, rows[i].key_len));
        CU_ASSERT(core_libcrypto_sha384.hmac(&key, &part, 1, got));
        unit_assert_bytes("mac", got, 48, want, 48);
    }
}

static void chacha20_poly1305(void)
{
    /* RFC 8439 section 2.8.2 */
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
                               "future, sunscreen would be it.";
    static const char want_hex[] =
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b"
        "2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586ce"
        "c64b61161ae10b594f09e26a7e902ecbd0600691";
    enum { LEN = sizeof text - 1, TAG = 16 };
    const struct core_aead *aead = &core_libcrypto_chacha20_poly1305;
    _Alignas(max_align_t) uint8_t state[CORE_AEAD_STATE_MAX] = {0};
    uint8_t key[32], nonce[12], aad[12], want[LEN + TAG], got[LEN + TAG];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(0x80 + i);
    unit_hex("070000004041424344454647", nonce, sizeof nonce);
    unit_hex("50515253c0c1c2c3c4c5c6c7", aad, sizeof aad);
    CU_ASSERT_EQUAL(unit_hex(want_hex, want, sizeof want), sizeof want);
    memcpy(got, text, LEN);
    const struct core_slice data = {aad, sizeof aad};
    const struct core_span spans[] = {{got, 40}, {got + 40, LEN - 40}};
    CU_ASSERT(aead->init(state, CORE_SEAL) && aead->set_key(state, key));
    CU_ASSERT(aead->seal(state, nonce, &data, 1, spans, 2, got + LEN, TAG));
    aead->wipe(state);
    unit_assert_bytes("sealed", got, sizeof got, want, sizeof want);
    CU_ASSERT(aead->init(state, CORE_OPEN) && aead->set_key(state, key));
    CU_ASSERT_EQUAL(aead->open(state, nonce, &data, 1, (struct core_span){got, LEN}, got + LEN, TAG), CORE_OPEN_OK);
    unit_assert_bytes("opened", got, LEN, (const uint8_t *)text, LEN);
    want[LEN + TAG - 1] ^= 0x80;
    CU_ASSERT_EQUAL(aead->open(state, nonce, &data, 1, (struct core_span){want, LEN}, want + LEN, TAG),
                    CORE_OPEN_FORGED);
    CU_ASSERT_NOT_EQUAL(memcmp(want, text, LEN), 0);
    aead->wipe(state);
}

static const struct unit_test tests[] = {
    {"hashes of \"abc\"", hashes_of_abc},
    {"HMAC-SHA384 as in RFC 4231", hmac_sha384},
    {"ChaCha20-Poly1305 as in RFC 8439", chacha20_poly1305},
};

UNIT_MAIN("core.provider_rows", tests)
