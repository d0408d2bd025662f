/* `sotto id` new, show, renew, export, import, revoke: the identity itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/secret.h"
#include "devices.h"
#include "request.h"

static const struct identity_cost EXPORT_COST = {3, 256 << 10};

static int failed(const char *what, int error)
{
    fprintf(stderr, "sotto: %s: %s\n", what, identity_strerror(error));
    return 1;
}

/* Nobody's identity is written over. */
static bool is_free(const struct id_store *store)
{
    struct id_self self;
    enum id_read result = id_self_load(store, &self);
    if (result == ID_READ_OK)
        fprintf(stderr, "sotto: %s has the identity of %s; use another folder (--home), or move it away\n",
                store->folder, self.certificate.name);
    return result == ID_READ_ABSENT;
}

static bool write_list(const struct id_store *store, const struct identity_secret *root)
{
    uint8_t data[IDENTITY_REVOCATIONS_MAX];
    size_t len = 0;
    if (root->revocations.number == 0)
        return true;
    int error = identity_revocations_make(&root->key, &root->revocations, data, sizeof data, &len);
    if (error != IDENTITY_OK) {
        failed("the revocation list", error);
        return false;
    }
    return id_store_write(store, "revocations", data, len);
}

static void print_user(const struct identity_certificate *certificate)
{
    printf("user     %s, ", certificate->name);
    id_print_hex(certificate->user_id, IDENTITY_USER_ID_LEN);
    printf("\n");
}

/* A device key beside the root, and its certificate: the last file, for without it there is no identity. */
static int settle(struct id_request *request, const struct identity_secret *root, const char *label,
                  const struct id_passphrase *passphrase)
{
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    struct id_self self;
    size_t len = 0;
    struct identity_secret *device = core_secret_new(sizeof *device);
    bool ok = device != NULL;
    if (ok) {
        memset(device, 0, sizeof *device);
        device->kind = IDENTITY_SECRET_DEVICE;
        snprintf(device->name, sizeof device->name, "%s", label);
        ok = identity_key_new(&device->key) == IDENTITY_OK && id_secret_save(&request->store, root, passphrase) &&
             id_secret_save(&request->store, device, passphrase) && write_list(&request->store, root) &&
             id_certify(&request->store, root, device->key.public_key, label, request->now_s, certificate, &len) &&
             id_store_write(&request->store, "certificate", certificate, len) &&
             id_self_load(&request->store, &self) == ID_READ_OK;
    }
    core_secret_free(device);
    if (!ok)
        return 1;
    id_warn_if_plain(passphrase);
    print_user(&self.certificate);
    printf("device   %s\nkept in  %s\n", self.certificate.device, request->store.folder);
    return 0;
}

int id_new(struct id_request *request)
{
    char label[IDENTITY_DEVICE_MAX + 1];
    struct id_passphrase passphrase;
    if (!request->name || !identity_name_ok(request->name, strlen(request->name), IDENTITY_NAME_MAX)) {
        fprintf(stderr, "sotto: --name: how others see you, 1 to %d bytes that show\n", IDENTITY_NAME_MAX);
        return 2;
    }
    if (!id_device_label(request, label))
        return 2;
    if (!is_free(&request->store) || !id_passphrase_get(&request->passphrase, "New passphrase: ", true, &passphrase))
        return 1;
    struct identity_secret *root = core_secret_new(sizeof *root);
    int exit_code = 1;
    if (root && id_store_lock(&request->store) && is_free(&request->store)) {
        memset(root, 0, sizeof *root);
        root->kind = IDENTITY_SECRET_ROOT;
        snprintf(root->name, sizeof root->name, "%s", request->name);
        if (identity_key_new(&root->key) == IDENTITY_OK)
            exit_code = settle(request, root, label, &passphrase);
    }
    if (exit_code == 0)
        printf("\nsotto id export FILE keeps a copy of the root for the day this device is lost.\n");
    core_secret_free(root);
    id_passphrase_wipe(&passphrase);
    return exit_code;
}

/* --- show --- */

static int print_devices(const struct id_request *request, const struct id_self *self)
{
    char date[ID_DATE_LEN];
    struct id_devices *devices = id_devices_load(&request->store);
    if (!devices)
        return 1;
    for (size_t i = 0; i < devices->count; i++) {
        const struct identity_certificate *device = &devices->list[i];
        printf("         %-*s  ", IDENTITY_DEVICE_MAX, device->device);
        id_print_hex(device->device_key, 8);
        printf("  %s %s%s\n", device->expires_s > request->now_s ? "until" : "expired",
               id_date(device->expires_s, date),
               identity_revocations_has(&self->revocations, device->device_key) ? ", revoked" : "");
    }
    free(devices);
    return 0;
}

int id_show(struct id_request *request)
{
    char date[ID_DATE_LEN];
    struct id_self self;
    if (!id_store_lock(&request->store) || !id_self_need(&request->store, &self))
        return 1;
    if (request->certificate && !id_file_write(request->certificate, self.certificate_data, self.certificate_len))
        return 1;
    print_user(&self.certificate);
    printf("device   %s, key ", self.certificate.device);
    id_print_hex(self.certificate.device_key, IDENTITY_KEY_LEN);
    printf("\nvalid    %s %s; %s\n", self.certificate.expires_s > request->now_s ? "until" : "expired",
           id_date(self.certificate.expires_s, date),
           self.has_root ? "sotto id renew renews it, and so does a call"
                         : "sotto id add-device, on both devices, renews it");
    printf("root     %s\n", self.has_root ? "on this device" : "on another device of yours");
    if (self.revocations.number != 0)
        printf("revoked  %zu device%s, by list %llu\n", self.revocations.count, self.revocations.count == 1 ? "" : "s",
               (unsigned long long)self.revocations.number);
    if (!self.has_root)
        return 0;
    printf("devices\n");
    return print_devices(request, &self);
}

/* --- With the root --- */

struct rooted {
    struct id_self self;
    struct id_passphrase passphrase;
    struct identity_secret *root;
};

/* Asks for its passphrase, as long as nobody waits. */
static bool ask_for_root(const struct id_request *request, struct rooted *out)
{
    *out = (struct rooted){0};
    return id_self_need(&request->store, &out->self) &&
           id_passphrase_of(&request->store, IDENTITY_SECRET_ROOT, &request->passphrase, &out->passphrase);
}

static bool open_root(struct id_request *request, struct rooted *out)
{
    if (!id_store_lock(&request->store) || !id_self_need(&request->store, &out->self))
        return false;
    out->root = id_secret_open(&request->store, IDENTITY_SECRET_ROOT, &out->passphrase);
    return out->root != NULL;
}

static void close_root(struct rooted *rooted)
{
    core_secret_free(rooted->root);
    id_passphrase_wipe(&rooted->passphrase);
}

int id_renew(struct id_request *request)
{
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    char date[ID_DATE_LEN];
    struct rooted rooted;
    size_t len = 0;
    bool ok = ask_for_root(request, &rooted) && open_root(request, &rooted) &&
              id_certify(&request->store, rooted.root, rooted.self.certificate.device_key,
                         rooted.self.certificate.device, request->now_s, certificate, &len) &&
              id_store_write(&request->store, "certificate", certificate, len);
    if (ok)
        printf("valid    until %s\n", id_date(request->now_s + IDENTITY_CERTIFICATE_LIFE_S, date));
    close_root(&rooted);
    return ok ? 0 : 1;
}

/* The key of the one device that is meant, and how to call it. A whole key needs no certificate that is known here: the
 * list of devices is lost with the device that had it. Tells if it is none or several. */
static bool find_device(const struct id_devices *devices, const char *word, uint8_t key[IDENTITY_KEY_LEN],
                        const char **name)
{
    size_t found = 0;
    for (size_t i = 0; i < devices->count; i++) {
        const struct identity_certificate *device = &devices->list[i];
        if (strcmp(device->device, word) != 0 && !id_hex_matches(word, device->device_key))
            continue;
        memcpy(key, device->device_key, IDENTITY_KEY_LEN);
        *name = device->device;
        found++;
    }
    if (found == 0 && id_hex_read(word, key)) {
        *name = word;
        found = 1;
    }
    if (found == 0)
        fprintf(stderr, "sotto: no device of yours is called %s; sotto id show lists them\n", word);
    else if (found > 1)
        fprintf(stderr, "sotto: several devices are called %s; name one by its key, see sotto id show\n", word);
    return found == 1;
}

/* The next list: without devices whose certificates have ended by themselves, and with this one. */
static int next_list(const struct id_devices *devices, const uint8_t *device_key, uint64_t now_s,
                     const struct identity_secret *root, struct identity_revocations *next)
{
    const struct identity_revocations *last = &root->revocations;
    *next = (struct identity_revocations){.number = last->number + 1, .created_s = now_s};
    memcpy(next->root_key, root->key.public_key, IDENTITY_KEY_LEN);
    for (size_t i = 0; i < last->count; i++) {
        bool ended = false;
        for (size_t j = 0; j < devices->count; j++)
            if (memcmp(devices->list[j].device_key, last->devices[i], IDENTITY_KEY_LEN) == 0)
                ended = devices->list[j].expires_s + IDENTITY_CLOCK_SKEW_S < now_s;
        if (ended)
            continue;
        int error = identity_revocations_add(next, last->devices[i]);
        if (error != IDENTITY_OK)
            return error;
    }
    return identity_revocations_add(next, device_key);
}

static bool revoke_device(struct id_request *request, struct rooted *rooted, const struct id_devices *devices)
{
    struct identity_revocations next;
    uint8_t key[IDENTITY_KEY_LEN];
    const char *name = NULL;
    if (!find_device(devices, request->word, key, &name))
        return false;
    if (memcmp(key, rooted->self.certificate.device_key, IDENTITY_KEY_LEN) == 0) {
        fprintf(stderr, "sotto: %s is this device, which has the root: move the root first (export, import)\n", name);
        return false;
    }
    if (identity_revocations_has(&rooted->root->revocations, key)) {
        fprintf(stderr, "sotto: %s is revoked already\n", name);
        return false;
    }
    int error = next_list(devices, key, request->now_s, rooted->root, &next);
    if (error != IDENTITY_OK) {
        failed("the revocation list", error);
        return false;
    }
    rooted->root->revocations = next;
    /* first where the number is never given twice */
    if (!id_secret_save(&request->store, rooted->root, &rooted->passphrase) ||
        !write_list(&request->store, rooted->root))
        return false;
    printf("revoked  %s, by list %llu; exports made before know nothing of it: make a new one\n", name,
           (unsigned long long)next.number);
    return true;
}

int id_revoke(struct id_request *request)
{
    struct rooted rooted;
    struct id_devices *devices = NULL;
    bool ok = ask_for_root(request, &rooted) && open_root(request, &rooted) &&
              (devices = id_devices_load(&request->store)) && revoke_device(request, &rooted, devices);
    free(devices);
    close_root(&rooted);
    return ok ? 0 : 1;
}

int id_export(struct id_request *request)
{
    uint8_t data[IDENTITY_SECRET_MAX];
    struct rooted rooted;
    struct id_passphrase passphrase = {0};
    size_t len = 0;
    int exit_code = 1;
    if (access(request->word, F_OK) == 0) {
        fprintf(stderr, "sotto: %s is there already; an export is never written over\n", request->word);
        return 1;
    }
    if (ask_for_root(request, &rooted) &&
        id_passphrase_get(&request->export_passphrase, "New passphrase for the export: ", true, &passphrase) &&
        open_root(request, &rooted)) {
        rooted.root->kind = IDENTITY_SECRET_EXPORT;
        int error =
            identity_secret_seal(rooted.root, passphrase.text, passphrase.len, &EXPORT_COST, data, sizeof data, &len);
        if (error != IDENTITY_OK)
            exit_code = failed("the export", error);
        else if (id_file_write(request->word, data, len))
            exit_code = 0;
    }
    if (exit_code == 0)
        printf("%s is %s, for whoever has it and its passphrase; keep both, apart from each other\n", request->word,
               rooted.self.certificate.name);
    id_passphrase_wipe(&passphrase);
    close_root(&rooted);
    return exit_code;
}

static void tell_not_opened(const char *path, int error)
{
    if (error == IDENTITY_INVALID)
        fprintf(stderr,
                "sotto: %s is a key of one device, and no export: sotto id export FILE, where it is used, makes one\n",
                path);
    else if (error == IDENTITY_MALFORMED)
        fprintf(stderr, "sotto: %s is no export, or was damaged\n", path);
    else
        failed(path, error);
}

/* The root of an export, as this device's. */
static struct identity_secret *open_export(struct id_request *request)
{
    uint8_t data[IDENTITY_SECRET_MAX];
    struct id_passphrase passphrase = {0};
    size_t len = 0;
    struct identity_secret *root = core_secret_new(sizeof *root);
    enum id_read result = id_file_read(request->word, data, sizeof data, &len);
    int error = IDENTITY_MEMORY;
    if (result == ID_READ_ABSENT)
        fprintf(stderr, "sotto: there is no %s\n", request->word);
    bool ok = root && result == ID_READ_OK &&
              id_passphrase_get(&request->export_passphrase, "Passphrase of the export: ", false, &passphrase);
    if (ok) {
        error = identity_secret_open(data, len, IDENTITY_SECRET_EXPORT, passphrase.text, passphrase.len, root);
        if (error != IDENTITY_OK)
            tell_not_opened(request->word, error);
    }
    id_passphrase_wipe(&passphrase);
    if (ok && error == IDENTITY_OK) {
        root->kind = IDENTITY_SECRET_ROOT;
        return root;
    }
    core_secret_free(root);
    return NULL;
}

int id_import(struct id_request *request)
{
    char label[IDENTITY_DEVICE_MAX + 1];
    struct id_passphrase passphrase = {0};
    struct identity_secret *root = NULL;
    int exit_code = 1;
    if (!id_device_label(request, label))
        return 2;
    if (is_free(&request->store) && (root = open_export(request)) &&
        id_passphrase_get(&request->passphrase, "New passphrase for this device: ", true, &passphrase) &&
        id_store_lock(&request->store) && is_free(&request->store))
        exit_code = settle(request, root, label, &passphrase);
    core_secret_free(root);
    id_passphrase_wipe(&passphrase);
    return exit_code;
}
