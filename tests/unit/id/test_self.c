/* Who the user is on this device, as a call asks for it. */
#include "id/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "unit.h"

enum { NOW = 1750000000, DAY = 24 * 3600 };

static const struct id_passphrase_source NONE = {.none = true};
static const struct id_passphrase PLAIN = {0};

struct home {
    char folder[64];
    struct id_store store;
    struct identity_secret root;
    struct identity_secret device;
};

static void save(struct home *home, struct identity_secret *secret, uint8_t kind, const char *name)
{
    memset(secret, 0, sizeof *secret);
    secret->kind = kind;
    snprintf(secret->name, sizeof secret->name, "%s", name);
    CU_ASSERT_EQUAL_FATAL(identity_key_new(&secret->key), IDENTITY_OK);
    CU_ASSERT_FATAL(id_secret_save(&home->store, secret, &PLAIN));
}

/* Anna's laptop, with or without the root, certified at NOW. */
static void make_home(struct home *home, bool with_root)
{
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    char path[128];
    size_t len = 0;
    strcpy(home->folder, "/tmp/sotto-id-self-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(home->folder));
    CU_ASSERT_FATAL(id_store_open(&home->store, home->folder));
    save(home, &home->root, IDENTITY_SECRET_ROOT, "Anna");
    save(home, &home->device, IDENTITY_SECRET_DEVICE, "laptop");
    CU_ASSERT_FATAL(
        id_certify(&home->store, &home->root, home->device.key.public_key, "laptop", NOW, certificate, &len));
    CU_ASSERT_FATAL(id_store_write(&home->store, "certificate", certificate, len));
    snprintf(path, sizeof path, "%s/root.key", home->folder);
    if (!with_root)
        CU_ASSERT_EQUAL(remove(path), 0);
}

static void remove_home(struct home *home)
{
    char command[128];
    id_store_close(&home->store);
    snprintf(command, sizeof command, "rm -rf '%s'", home->folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* Whether a call gets this device's key at that time; self says with which certificate. */
static bool unlocks(struct home *home, uint64_t now_s, struct id_self *self)
{
    struct identity_secret *secret = id_self_unlock(&home->store, &NONE, now_s, self);
    if (secret)
        CU_ASSERT_EQUAL(memcmp(secret->key.seed, home->device.key.seed, IDENTITY_KEY_LEN), 0);
    bool ok = secret != NULL;
    core_secret_free(secret);
    return ok;
}

static void the_root_renews(void)
{
    struct home home;
    struct id_self self;
    make_home(&home, true);
    CU_ASSERT(unlocks(&home, NOW + 7 * DAY, &self));
    CU_ASSERT_EQUAL(self.certificate.created_s, NOW); /* a week is left */
    CU_ASSERT(unlocks(&home, NOW + 7 * DAY + 1, &self));
    CU_ASSERT_EQUAL(self.certificate.created_s, NOW + 7 * DAY + 1);
    CU_ASSERT(unlocks(&home, NOW + 100 * DAY, &self)); /* long over */
    CU_ASSERT_EQUAL(self.certificate.created_s, NOW + 100 * DAY);
    CU_ASSERT_STRING_EQUAL(self.certificate.name, "Anna");
    CU_ASSERT_STRING_EQUAL(self.certificate.device, "laptop");
    remove_home(&home);
}

static void without_the_root_it_ends(void)
{
    struct home home;
    struct id_self self;
    make_home(&home, false);
    CU_ASSERT(unlocks(&home, NOW + 14 * DAY - 1, &self));
    CU_ASSERT_FALSE(self.has_root);
    CU_ASSERT_EQUAL(self.certificate.created_s, NOW);
    CU_ASSERT_FALSE(unlocks(&home, NOW + 14 * DAY, &self));
    CU_ASSERT_FALSE(unlocks(&home, NOW - IDENTITY_CLOCK_SKEW_S - 1, &self)); /* a clock that is wrong */
    remove_home(&home);
}

static void another_devices_key_is_refused(void)
{
    struct home home;
    struct id_self self;
    struct identity_secret other;
    make_home(&home, true);
    save(&home, &other, IDENTITY_SECRET_DEVICE, "laptop");
    CU_ASSERT_FALSE(unlocks(&home, NOW, &self));
    remove_home(&home);
}

static void nobody_is_there(void)
{
    struct home home;
    struct id_self self;
    char path[128];
    make_home(&home, true);
    snprintf(path, sizeof path, "%s/certificate", home.folder);
    CU_ASSERT_EQUAL(remove(path), 0);
    CU_ASSERT_EQUAL(id_self_load(&home.store, &self), ID_READ_ABSENT);
    CU_ASSERT_FALSE(unlocks(&home, NOW, &self));
    remove_home(&home);
}

/* A list of another root beside the certificate. */
static void another_users_list_is_refused(void)
{
    struct home home;
    struct id_self self;
    struct identity_key other;
    struct identity_revocations list = {.number = 1};
    uint8_t data[IDENTITY_REVOCATIONS_MAX];
    size_t len = 0;
    make_home(&home, true);
    CU_ASSERT_EQUAL(identity_revocations_make(&home.root.key, &list, data, sizeof data, &len), IDENTITY_OK);
    CU_ASSERT(id_store_write(&home.store, "revocations", data, len));
    CU_ASSERT_EQUAL(id_self_load(&home.store, &self), ID_READ_OK);
    CU_ASSERT_EQUAL(self.revocations.number, 1);
    CU_ASSERT_EQUAL(identity_key_new(&other), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_make(&other, &list, data, sizeof data, &len), IDENTITY_OK);
    CU_ASSERT(id_store_write(&home.store, "revocations", data, len));
    CU_ASSERT_EQUAL(id_self_load(&home.store, &self), ID_READ_FAILED);
    remove_home(&home);
}

static const struct unit_test tests[] = {
    {"where the root is, a certificate that soon ends is renewed for a call", the_root_renews},
    {"where it is not, an expired certificate joins no call", without_the_root_it_ends},
    {"a key that is not the certificate's is refused", another_devices_key_is_refused},
    {"without a certificate there is no identity", nobody_is_there},
    {"a revocation list of another user is refused", another_users_list_is_refused},
};

UNIT_MAIN("id.self", tests)
