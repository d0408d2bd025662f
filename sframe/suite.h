/* A suite bound to a provider's primitives. */
#ifndef SFRAME_SUITE_H
#define SFRAME_SUITE_H

#include "core/provider.h"
#include "sotto/sframe.h"

struct sframe_crypto {
    const struct core_provider *provider;
    const struct sframe_suite *suite;
    const struct core_aead *aead;
    const struct core_hash *hash;
    struct core_hmac_key no_salt; /* that HKDF-Extract is given here: no secret, and expanded once */
};

/* id 0 is the default suite. SFRAME_SUITE for an unknown one, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK int sframe_crypto_init(struct sframe_crypto *crypto, const struct core_provider *provider,
                                        uint16_t id);

#endif
