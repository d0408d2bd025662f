/* Users and devices that are the same in every run. */
#ifndef TESTS_IDENTITY_PEOPLE_H
#define TESTS_IDENTITY_PEOPLE_H

#include "core/bytes.h"
#include "sotto/identity.h"

enum { PEOPLE_NOW = 1750000000 }; /* seconds since 1970 */

/* The key pair of a seed that holds nothing but this byte. */
struct identity_key people_key(uint8_t seed);
/* What Anna's laptop's certificate says: root 1, device 2, from now for 14 days. */
struct identity_certificate people_anna(void);
/* The certificate of what `content` says, signed by root; out[0..IDENTITY_CERTIFICATE_MAX). Returns its length. */
size_t people_certify(const struct identity_key *root, const struct identity_certificate *content, uint8_t *out);

/* A certificate written field by field and signed, valid or not, for what the library would refuse to make. */
struct people_raw {
    uint16_t scheme;
    const uint8_t *root_key;
    size_t root_key_len;
    const uint8_t *device_key;
    size_t device_key_len;
    const char *name;
    size_t name_len;
    const char *device;
    size_t device_len;
    uint64_t created_s;
    uint64_t expires_s;
};

/* Anna's certificate's fields; the pointers are static. */
struct people_raw people_anna_raw(void);
size_t people_sign_raw(const struct identity_key *signer, const char *label, const struct people_raw *raw, uint8_t *out,
                       size_t cap);

#endif
