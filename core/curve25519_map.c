#include "core/curve25519_map.h"

#include <openssl/bn.h>

enum { SIGN_OF_X = 0x80 };

static const uint8_t prime[CURVE25519_LEN] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

/* What one point needs until all are inverted. */
struct fraction {
    BIGNUM *above; /* 1 + y */
    BIGNUM *below; /* 1 - y */
    BIGNUM *all;   /* the product of below up to and with this point's */
};

static bool fraction_init(struct fraction *f, const struct fraction *before, const uint8_t *point, const BIGNUM *p,
                          BN_CTX *bn)
{
    uint8_t y[CURVE25519_LEN];
    for (size_t i = 0; i < sizeof y; i++)
        y[i] = point[i];
    y[sizeof y - 1] &= (uint8_t)~SIGN_OF_X;
    f->above = BN_CTX_get(bn);
    f->below = BN_CTX_get(bn);
    f->all = BN_CTX_get(bn);
    return f->all && BN_lebin2bn(y, sizeof y, f->above) && BN_mod_sub(f->below, BN_value_one(), f->above, p, bn) &&
           BN_mod_add(f->above, f->above, BN_value_one(), p, bn) &&
           (before ? BN_mod_mul(f->all, before->all, f->below, p, bn) != 0 : BN_copy(f->all, f->below) != NULL);
}

/* inverse: 1 / (*f)->all; afterwards that of the point before. */
static bool fraction_value(const struct fraction *f, const struct fraction *before, BIGNUM *inverse, const BIGNUM *p,
                           BN_CTX *bn, uint8_t *u)
{
    return BN_mod_mul(f->above, f->above, inverse, p, bn) &&
           (!before || BN_mod_mul(f->above, f->above, before->all, p, bn)) &&
           BN_mod_mul(inverse, inverse, f->below, p, bn) && BN_bn2lebinpad(f->above, u, CURVE25519_LEN) > 0;
}

static bool map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u, BN_CTX *bn)
{
    struct fraction fractions[CURVE25519_MAP_MAX];
    BIGNUM *p = BN_CTX_get(bn);
    BIGNUM *inverse = BN_CTX_get(bn);
    bool ok = inverse && BN_lebin2bn(prime, sizeof prime, p);
    for (size_t i = 0; ok && i < count; i++)
        ok = fraction_init(&fractions[i], i > 0 ? &fractions[i - 1] : NULL, points[i], p, bn);
    ok = ok && BN_mod_inverse(inverse, fractions[count - 1].all, p, bn);
    for (size_t i = count; ok && i-- > 0;)
        ok = fraction_value(&fractions[i], i > 0 ? &fractions[i - 1] : NULL, inverse, p, bn, u[i]);
    return ok;
}

bool curve25519_map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u)
{
    if (count == 0 || count > CURVE25519_MAP_MAX)
        return count == 0;
    BN_CTX *bn = BN_CTX_new();
    if (!bn)
        return false;
    BN_CTX_start(bn);
    bool ok = map(points, count, u, bn);
    BN_CTX_end(bn);
    BN_CTX_free(bn);
    return ok;
}
