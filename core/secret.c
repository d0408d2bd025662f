#include "core/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

void core_wipe(void *data, size_t len)
{
    if (len)
        sodium_memzero(data, len);
}

bool core_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t difference = 0;
    size_t done = 0;
    for (; len - done >= sizeof difference; done += sizeof difference) {
        uint64_t x;
        uint64_t y;
        memcpy(&x, a + done, sizeof x);
        memcpy(&y, b + done, sizeof y);
        difference |= x ^ y;
        __asm__ volatile("" : "+r"(difference)); /* not to be taken apart into comparisons that end early */
    }
    for (; done < len; done++) {
        difference |= (uint64_t)(a[done] ^ b[done]);
        __asm__ volatile("" : "+r"(difference));
    }
    return difference == 0;
}

bool core_random(uint8_t *out, size_t len)
{
    while (len > 0) {
        /* getrandom(2) may return less than asked for above 256 bytes */
        ssize_t got = getrandom(out, len, 0);
        if (got < 0 && errno == EINTR) /* a signal before the pool was ready */
            continue;
        if (got < 0)
            return false;
        out += got;
        len -= (size_t)got;
    }
    return true;
}

void *core_secret_new(size_t len)
{
    /* idempotent and thread-safe; sodium_malloc needs the page size it finds out */
    if (sodium_init() < 0)
        return NULL;
    return sodium_malloc(len);
}

void core_secret_free(void *secret)
{
    sodium_free(secret);
}

bool core_argon2id_at(uint32_t passes, uint32_t memory_kib, const char *password, size_t password_len,
                      const uint8_t salt[CORE_ARGON2ID_SALT_LEN], uint8_t *out, size_t out_len)
{
    _Static_assert((int)CORE_ARGON2ID_SALT_LEN == (int)crypto_pwhash_argon2id_SALTBYTES, "the library's salt length");

    return sodium_init() >= 0 &&
           crypto_pwhash_argon2id(out, out_len, password, password_len, salt, passes, (size_t)memory_kib << 10,
                                  crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

bool core_argon2id(const char *password, size_t password_len, const uint8_t salt[CORE_ARGON2ID_SALT_LEN], uint8_t *out,
                   size_t out_len)
{
    enum { PASSES = 3, MEMORY_KIB = 64 << 10 };
    return core_argon2id_at(PASSES, MEMORY_KIB, password, password_len, salt, out, out_len);
}
