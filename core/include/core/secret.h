/* Secrets: wiping the optimiser cannot drop, constant-time comparison, random bytes, guarded memory. */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

/* Overwrites data[0..len) with zeros; never optimised away. data may be NULL when len is 0. */
void core_wipe(void *data, size_t len);
/* The same for a short secret whose length is a constant, a multiple of 8: stores that stay, in line. A call, or the
 * string instruction that compilers make of memset, would take a quarter of a short frame's time. */
__attribute__((always_inline)) static inline void core_wipe_inline(void *data, size_t len)
{
    typedef uint64_t __attribute__((may_alias, aligned(1))) word;
    typedef uint64_t __attribute__((may_alias, vector_size(16), aligned(1))) pair;
    volatile pair *pairs = (volatile pair *)data;
#pragma GCC unroll 16
    for (size_t i = 0; i < len / sizeof *pairs; i++)
        pairs[i] = (pair){0, 0};
    if (len % sizeof *pairs)
        *(volatile word *)(pairs + len / sizeof *pairs) = 0;
}
/* True if a and b are equal; the time depends on len alone. */
bool core_equal(const uint8_t *a, const uint8_t *b, size_t len);
/* Fills out with random bytes from the system. False only if the system has none: nothing may be sealed then. */
SOTTO_MUST_CHECK bool core_random(uint8_t *out, size_t len);
/* Memory for secrets: guard pages, locked where the limits allow it, left out of core dumps. NULL if there is none. */
void *core_secret_new(size_t len);
/* Wipes and frees what core_secret_new returned; NULL is allowed. */
void core_secret_free(void *secret);

enum { CORE_ARGON2ID_SALT_LEN = 16 };
/* Argon2id (RFC 9106), 3 passes over 64 MiB, one lane: out[0..out_len), 16 bytes or more, from a password that people
 * choose. False if there is no memory. */
SOTTO_MUST_CHECK bool core_argon2id(const char *password, size_t password_len,
                                    const uint8_t salt[CORE_ARGON2ID_SALT_LEN], uint8_t *out, size_t out_len);
/* The same at another cost: 1 pass and 8 KiB at least. False if the cost is too small, too. */
SOTTO_MUST_CHECK bool core_argon2id_at(uint32_t passes, uint32_t memory_kib, const char *password, size_t password_len,
                                       const uint8_t salt[CORE_ARGON2ID_SALT_LEN], uint8_t *out, size_t out_len);

#endif
