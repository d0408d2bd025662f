/* ristretto255 (RFC 9496), a group of prime order, by libsodium. Elements and scalars are 32 bytes, in the RFC's
 * encoding. Functions keep no state and are thread-safe; on false they have written nothing that may be used. */
#ifndef CORE_RISTRETTO255_H
#define CORE_RISTRETTO255_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum { CORE_RISTRETTO255_LEN = 32, CORE_RISTRETTO255_HASH_LEN = 64 };

/* The element that 64 bytes of hash stand for (RFC 9496 section 4.3.4); nobody knows its logarithm. */
SOTTO_MUST_CHECK bool core_ristretto255_from_hash(const uint8_t hash[CORE_RISTRETTO255_HASH_LEN],
                                                  uint8_t element[CORE_RISTRETTO255_LEN]);
/* A random scalar, from 1 to the order less 1. Secret: wipe it. */
SOTTO_MUST_CHECK bool core_ristretto255_scalar(uint8_t scalar[CORE_RISTRETTO255_LEN]);
/* scalar * element, in constant time. False if the element is no encoding of one, or the result is the neutral one. */
SOTTO_MUST_CHECK bool core_ristretto255_mult(const uint8_t scalar[CORE_RISTRETTO255_LEN],
                                             const uint8_t element[CORE_RISTRETTO255_LEN],
                                             uint8_t result[CORE_RISTRETTO255_LEN]);

#endif
