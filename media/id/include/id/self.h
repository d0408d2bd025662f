/* Who the user is on this device: certificate and keys, from the store. What goes wrong is told on standard error. */
#ifndef ID_SELF_H
#define ID_SELF_H

#include "id/passphrase.h"
#include "id/store.h"
#include "sotto/identity.h"

enum { ID_RENEW_BEFORE_S = 7 * 24 * 3600 }; /* seconds before its end at which a certificate is renewed */

/* What stands in the clear. */
struct id_self {
    struct identity_certificate certificate;
    uint8_t certificate_data[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct identity_revocations revocations; /* number 0: none */
    uint8_t revocations_data[IDENTITY_REVOCATIONS_MAX];
    size_t revocations_len;
    bool has_root; /* whether the root is on this device */
};

/* ID_READ_ABSENT, without a word: there is no identity here. */
enum id_read id_self_load(const struct id_store *store, struct id_self *self);
/* The same, and an identity has to be there. */
bool id_self_need(const struct id_store *store, struct id_self *self);

/* A key file of the store, opened; in guarded memory, end it with core_secret_free(). NULL: it cannot be. */
struct identity_secret *id_secret_open(const struct id_store *store, uint8_t kind,
                                       const struct id_passphrase *passphrase);
/* The passphrase for the key files here: none is asked for where they are not encrypted. */
bool id_passphrase_of(const struct id_store *store, uint8_t kind, const struct id_passphrase_source *source,
                      struct id_passphrase *out);
bool id_secret_save(const struct id_store *store, const struct identity_secret *secret,
                    const struct id_passphrase *passphrase);

/* A certificate of 14 days for a device, kept among the root's devices. */
bool id_certify(const struct id_store *store, const struct identity_secret *root, const uint8_t *device_key,
                const char *device, uint64_t now_s, uint8_t *out, size_t *len);

/* For a call: the device's key (as id_secret_open) and its certificate in *self, renewed first where it soon ends and
 * the root is here. The store is locked after the passphrase was asked for. */
struct identity_secret *id_self_unlock(struct id_store *store, const struct id_passphrase_source *source,
                                       uint64_t now_s, struct id_self *self);

#endif
