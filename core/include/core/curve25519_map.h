/* From edwards25519 to curve25519: RFC 7748 section 4.1. */
#ifndef CORE_CURVE25519_MAP_H
#define CORE_CURVE25519_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum { CURVE25519_LEN = 32, CURVE25519_MAP_MAX = 32 };

/* u = (1 + y) / (1 - y) of each of count points, at most CURVE25519_MAP_MAX, in RFC 8032's encoding, into 32 bytes at
 * each of u. Points are public keys and nothing else: how long it takes depends on them. The one inversion there is
 * they share. False, with nothing written that may be used, where a point is the neutral element, which has no u, and
 * without memory. */
SOTTO_MUST_CHECK bool curve25519_map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u);

#endif
