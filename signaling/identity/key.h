/* What roots and devices sign, and the hash of the room. */
#ifndef IDENTITY_KEY_H
#define IDENTITY_KEY_H

#include "core/provider.h"
#include "sotto/identity.h"

enum { IDENTITY_SIGNATURE_LEN = 64 };

/* Ed25519 over { opaque label<V>; opaque content<V>; }, the label being "Sotto 1.0 " and what is signed, so that no
 * signature of one kind passes as another's, nor as one of MLS ("MLS 1.0 ..."). */
SOTTO_MUST_CHECK int identity_sign(const struct identity_key *key, const char *label, struct core_slice content,
                                   uint8_t signature[IDENTITY_SIGNATURE_LEN]);
/* IDENTITY_SIGNATURE unless it is genuine. */
SOTTO_MUST_CHECK int identity_signature_check(const uint8_t public_key[IDENTITY_KEY_LEN], const char *label,
                                              struct core_slice content, struct core_slice signature);

#endif
