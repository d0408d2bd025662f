#include "id/self.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/secret.h"
#include "devices.h"

static const struct identity_cost COST = {3, 64 << 10};

static const char *file_of(uint8_t kind)
{
    return kind == IDENTITY_SECRET_ROOT ? "root.key" : "device.key";
}

static bool failed(const struct id_store *store, const char *name, int error)
{
    fprintf(stderr, "sotto: %s/%s: %s\n", store->folder, name, identity_strerror(error));
    return false;
}

/* --- What stands in the clear --- */

enum id_read id_self_load(const struct id_store *store, struct id_self *self)
{
    uint8_t key_file[IDENTITY_SECRET_MAX];
    size_t len = 0;
    memset(self, 0, sizeof *self);
    enum id_read result = id_store_read(store, "certificate", self->certificate_data, sizeof self->certificate_data,
                                        &self->certificate_len);
    if (result != ID_READ_OK)
        return result;
    int error = identity_certificate_verify(self->certificate_data, self->certificate_len, &self->certificate);
    if (error != IDENTITY_OK) {
        failed(store, "certificate", error);
        return ID_READ_FAILED;
    }
    result = id_store_read(store, "revocations", self->revocations_data, sizeof self->revocations_data,
                           &self->revocations_len);
    if (result == ID_READ_FAILED)
        return result;
    if (result == ID_READ_OK) {
        error = identity_revocations_verify(self->revocations_data, self->revocations_len, &self->revocations);
        if (error == IDENTITY_OK &&
            memcmp(self->revocations.root_key, self->certificate.root_key, IDENTITY_KEY_LEN) != 0)
            error = IDENTITY_ROOT;
        if (error != IDENTITY_OK) {
            failed(store, "revocations", error);
            return ID_READ_FAILED;
        }
    }
    result = id_store_read(store, "root.key", key_file, sizeof key_file, &len);
    core_wipe(key_file, sizeof key_file);
    self->has_root = result == ID_READ_OK;
    return result == ID_READ_FAILED ? ID_READ_FAILED : ID_READ_OK;
}

bool id_self_need(const struct id_store *store, struct id_self *self)
{
    enum id_read result = id_self_load(store, self);
    if (result == ID_READ_ABSENT)
        fprintf(stderr,
                "sotto: there is no identity in %s; sotto id new makes one, sotto id add-device --connect joins "
                "one\n",
                store->folder);
    return result == ID_READ_OK;
}

/* --- Keys --- */

/* data[0..IDENTITY_SECRET_MAX) */
static bool read_key_file(const struct id_store *store, uint8_t kind, uint8_t *data, size_t *len)
{
    enum id_read result = id_store_read(store, file_of(kind), data, IDENTITY_SECRET_MAX, len);
    if (result == ID_READ_ABSENT)
        fprintf(stderr, "sotto: %s is not in %s%s\n", file_of(kind), store->folder,
                kind == IDENTITY_SECRET_ROOT ? ": the root is on another device of yours" : "");
    return result == ID_READ_OK;
}

bool id_passphrase_of(const struct id_store *store, uint8_t kind, const struct id_passphrase_source *source,
                      struct id_passphrase *out)
{
    uint8_t data[IDENTITY_SECRET_MAX];
    struct id_passphrase_source asked = *source;
    uint8_t found = 0;
    bool encrypted = false;
    size_t len = 0;
    if (!read_key_file(store, kind, data, &len))
        return false;
    int error = identity_secret_peek(data, len, &found, &encrypted);
    core_wipe(data, sizeof data);
    if (error != IDENTITY_OK)
        return failed(store, file_of(kind), error);
    asked.none = !encrypted;
    return id_passphrase_get(&asked, "Passphrase: ", false, out);
}

struct identity_secret *id_secret_open(const struct id_store *store, uint8_t kind,
                                       const struct id_passphrase *passphrase)
{
    uint8_t data[IDENTITY_SECRET_MAX];
    size_t len = 0;
    struct identity_secret *secret = core_secret_new(sizeof *secret);
    int error = IDENTITY_MEMORY;
    if (!read_key_file(store, kind, data, &len)) {
        core_secret_free(secret);
        return NULL;
    }
    if (secret)
        error = identity_secret_open(data, len, kind, passphrase->text, passphrase->len, secret);
    core_wipe(data, sizeof data);
    if (error == IDENTITY_OK)
        return secret;
    failed(store, file_of(kind), error);
    core_secret_free(secret);
    return NULL;
}

bool id_secret_save(const struct id_store *store, const struct identity_secret *secret,
                    const struct id_passphrase *passphrase)
{
    uint8_t data[IDENTITY_SECRET_MAX];
    size_t len = 0;
    int error = identity_secret_seal(secret, passphrase->text, passphrase->len, &COST, data, sizeof data, &len);
    bool ok = error == IDENTITY_OK ? id_store_write(store, file_of(secret->kind), data, len)
                                   : failed(store, file_of(secret->kind), error);
    core_wipe(data, sizeof data);
    return ok;
}

/* --- Certificates --- */

bool id_certify(const struct id_store *store, const struct identity_secret *root, const uint8_t *device_key,
                const char *device, uint64_t now_s, uint8_t *out, size_t *len)
{
    struct identity_certificate content = {.created_s = now_s, .expires_s = now_s + IDENTITY_CERTIFICATE_LIFE_S};
    memcpy(content.device_key, device_key, IDENTITY_KEY_LEN);
    memcpy(content.name, root->name, sizeof content.name);
    snprintf(content.device, sizeof content.device, "%s", device);
    int error = identity_certificate_make(&root->key, &content, out, IDENTITY_CERTIFICATE_MAX, len);
    if (error != IDENTITY_OK) {
        fprintf(stderr, "sotto: no certificate for %s: %s\n", content.device, identity_strerror(error));
        return false;
    }
    return id_devices_put(store, out, *len);
}

static bool renew(const struct id_store *store, const struct id_passphrase *passphrase, uint64_t now_s,
                  struct id_self *self)
{
    uint8_t data[IDENTITY_CERTIFICATE_MAX];
    size_t len = 0;
    struct identity_secret *root = id_secret_open(store, IDENTITY_SECRET_ROOT, passphrase);
    bool ok = root &&
              id_certify(store, root, self->certificate.device_key, self->certificate.device, now_s, data, &len) &&
              id_store_write(store, "certificate", data, len) && id_self_load(store, self) == ID_READ_OK;
    core_secret_free(root);
    return ok;
}

struct identity_secret *id_self_unlock(struct id_store *store, const struct id_passphrase_source *source,
                                       uint64_t now_s, struct id_self *self)
{
    struct id_passphrase passphrase;
    struct identity_secret *secret = NULL;
    if (!id_self_need(store, self) || !id_passphrase_of(store, IDENTITY_SECRET_DEVICE, source, &passphrase))
        return NULL;
    bool ok = id_store_lock(store) && id_self_need(store, self) &&
              (secret = id_secret_open(store, IDENTITY_SECRET_DEVICE, &passphrase));
    if (ok && memcmp(secret->key.public_key, self->certificate.device_key, IDENTITY_KEY_LEN) != 0)
        ok = failed(store, "device.key", IDENTITY_DEVICE);
    if (ok && self->has_root && self->certificate.expires_s < now_s + ID_RENEW_BEFORE_S)
        ok = renew(store, &passphrase, now_s, self);
    if (ok) {
        int error = identity_certificate_current(&self->certificate, now_s);
        if (error != IDENTITY_OK) {
            fprintf(stderr, "sotto: this device's certificate is %s; %s\n", identity_strerror(error),
                    error == IDENTITY_EXPIRED ? "sotto id add-device renews it from the device with the root"
                                              : "is the clock right?");
            ok = false;
        }
    }
    id_passphrase_wipe(&passphrase);
    if (ok)
        return secret;
    core_secret_free(secret);
    return NULL;
}
