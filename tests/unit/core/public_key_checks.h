/* What holds for every Diffie-Hellman group and every signature scheme. */
#ifndef TESTS_PUBLIC_KEY_CHECKS_H
#define TESTS_PUBLIC_KEY_CHECKS_H

#include "core/public_key.h"

/* A published agreement: two private keys, their public keys, the shared secret; all hex. */
struct dh_figure {
    const char *private_a, *public_a, *private_b, *public_b, *shared;
};

void check_dh_figure(const struct core_dh *dh, const struct dh_figure *figure);
/* Random pairs agree; a changed private key does not. */
void check_dh_agrees(const struct core_dh *dh);

/* A published signature; the private key may be NULL. reproducible: signing gives the same one. */
struct signature_figure {
    const char *private_key, *public_key, *message, *signature;
    int reproducible;
};

void check_signature_figure(const struct core_signature *scheme, const struct signature_figure *figure);
/* Own signatures verify; no other message, key, length or flipped bit does. */
void check_signature_binds(const struct core_signature *scheme);

#endif
