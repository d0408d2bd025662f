/* HMAC as OpenSSL's own one-shot function makes it, and what it leaves on the stack. */
#include "../remains.h"
#include "core/provider.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { LEN_MAX = 300, KEY_MAX = 200, BLOCK_LEN = 64, DIGEST_LEN = 32 };

static uint8_t text[LEN_MAX];
static uint8_t secret[KEY_MAX];

static void fill(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(7 * i + 1);
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(0x91 + 11 * i);
}

static void check_message(const struct core_hash *hash, const EVP_MD *md, const struct core_hmac_key *key,
                          size_t key_len, size_t len)
{
    const struct core_slice parts[] = {{text, len / 3}, {text, 0}, {text + len / 3, len - len / 3}};
    uint8_t want[CORE_HASH_MAX];
    uint8_t got[CORE_HASH_MAX];
    CU_ASSERT_PTR_NOT_NULL_FATAL(HMAC(md, secret, (int)key_len, text, len, want, NULL));
    CU_ASSERT(hash->hmac(key, parts, 3, got));
    unit_assert_bytes(hash->name, got, hash->len, want, hash->len);
    if (!hash->hmac_short || len > CORE_HMAC_SHORT_MAX)
        return;
    uint8_t room[CORE_HMAC_SHORT_ROOM + 1];
    memset(room, 0xa5, sizeof room);
    memcpy(room, text, len);
    CU_ASSERT(hash->hmac_short(key, room, len, got));
    unit_assert_bytes("a short one", got, hash->len, want, hash->len);
    CU_ASSERT_EQUAL(room[CORE_HMAC_SHORT_ROOM], 0xa5);
}

static void every_length(void)
{
    static const size_t key_lens[] = {0, 20, 64, 65, 128, 129, KEY_MAX};
    const struct core_hash *hashes[] = {&core_libcrypto_sha256, &core_libcrypto_sha384, &core_libcrypto_sha512};
    const EVP_MD *mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    fill();
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < sizeof key_lens / sizeof key_lens[0]; k++) {
            struct core_hmac_key key;
            CU_ASSERT_FATAL(hashes[i]->hmac_init(&key, secret, key_lens[k]));
            for (size_t len = 0; len <= LEN_MAX; len++)
                check_message(hashes[i], mds[i], &key, key_lens[k], len);
        }
}

static void a_long_one_is_not_short(void)
{
    const struct core_hash *hash = &core_libcrypto_sha256;
    struct core_hmac_key key;
    uint8_t room[CORE_HMAC_SHORT_ROOM + 64];
    uint8_t out[DIGEST_LEN] = {0};
    const uint8_t zeros[DIGEST_LEN] = {0};
    memset(room, 0xa5, sizeof room);
    CU_ASSERT(hash->hmac_init(&key, secret, 20));
    CU_ASSERT_FALSE(hash->hmac_short(&key, room, CORE_HMAC_SHORT_MAX + 1, out));
    unit_assert_bytes("output", out, sizeof out, zeros, sizeof zeros);
    CU_ASSERT_EQUAL(room[CORE_HMAC_SHORT_MAX + 1], 0xa5);
}

/* --- what stays --- */

static struct {
    struct core_hmac_key key;
    uint8_t room[CORE_HMAC_SHORT_ROOM];
    size_t len;
    uint8_t mac[DIGEST_LEN];
    bool ok;
} s;

static void in_parts(void *ctx)
{
    const struct core_slice parts[] = {{text, s.len / 2}, {text + s.len / 2, s.len - s.len / 2}};
    (void)ctx;
    s.ok = core_libcrypto_sha256.hmac(&s.key, parts, 2, s.mac);
}

static void short_one(void *ctx)
{
    (void)ctx;
    s.ok = core_libcrypto_sha256.hmac_short(&s.key, s.room, s.len, s.mac);
}

/* A digest as it is told, and as the hash has it: words of the machine. */
static void note(const char *name, const uint8_t *digest)
{
    uint8_t words[DIGEST_LEN];
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = digest[(i & ~(size_t)3) + 3 - (i & 3)];
    remains_note(name, digest);
    remains_note(name, words);
}

/* The inner hash, from which whoever knows the outer pad's state makes the MAC; the MAC, which may be the right tag of
 * a forged frame; the pads' states, which are as good as the key. */
static void nothing_stays(void)
{
    uint8_t padded[BLOCK_LEN + LEN_MAX] = {0};
    uint8_t inner[DIGEST_LEN];
    uint8_t mac[DIGEST_LEN];
    fill();
    if (!remains_present()) /* other builds look */
        return;
    for (s.len = 40; s.len <= 200; s.len += 80) {
        for (size_t i = 0; i < BLOCK_LEN; i++)
            padded[i] = (uint8_t)(0x36 ^ (i < DIGEST_LEN ? secret[i] : 0));
        memcpy(padded + BLOCK_LEN, text, s.len);
        memcpy(s.room, text, s.len);
        CU_ASSERT(EVP_Digest(padded, BLOCK_LEN + s.len, inner, NULL, EVP_sha256(), NULL) == 1);
        CU_ASSERT_PTR_NOT_NULL(HMAC(EVP_sha256(), secret, DIGEST_LEN, text, s.len, mac, NULL));
        CU_ASSERT(core_libcrypto_sha256.hmac_init(&s.key, secret, DIGEST_LEN));
        note("the inner hash", inner);
        note("the MAC", mac);
        remains_note("a pad's state", s.key.state);
        remains_run(in_parts, NULL);
        CU_ASSERT(s.ok && memcmp(s.mac, mac, sizeof mac) == 0);
        CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
        remains_run(short_one, NULL);
        CU_ASSERT(s.ok && memcmp(s.mac, mac, sizeof mac) == 0);
        CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
    }
    remains_end();
}

static const struct unit_test tests[] = {
    {"HMAC as OpenSSL's own: every length, keys, in parts and short", every_length},
    {"what is too long to be short is refused", a_long_one_is_not_short},
    {"nothing of an HMAC stays on the stack", nothing_stays},
};

UNIT_MAIN("core.provider_libcrypto_hash", tests)
