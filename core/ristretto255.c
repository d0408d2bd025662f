#include "core/ristretto255.h"

#include <sodium.h>

_Static_assert((int)CORE_RISTRETTO255_LEN == (int)crypto_core_ristretto255_BYTES, "the library's elements");
_Static_assert((int)CORE_RISTRETTO255_LEN == (int)crypto_core_ristretto255_SCALARBYTES, "the library's scalars");
_Static_assert((int)CORE_RISTRETTO255_HASH_LEN == (int)crypto_core_ristretto255_HASHBYTES, "the library's hashes");

bool core_ristretto255_from_hash(const uint8_t hash[CORE_RISTRETTO255_HASH_LEN], uint8_t element[CORE_RISTRETTO255_LEN])
{
    return sodium_init() >= 0 && crypto_core_ristretto255_from_hash(element, hash) == 0;
}

bool core_ristretto255_scalar(uint8_t scalar[CORE_RISTRETTO255_LEN])
{
    if (sodium_init() < 0)
        return false;
    crypto_core_ristretto255_scalar_random(scalar);
    return true;
}

bool core_ristretto255_mult(const uint8_t scalar[CORE_RISTRETTO255_LEN], const uint8_t element[CORE_RISTRETTO255_LEN],
                            uint8_t result[CORE_RISTRETTO255_LEN])
{
    return sodium_init() >= 0 && crypto_scalarmult_ristretto255(result, scalar, element) == 0;
}
