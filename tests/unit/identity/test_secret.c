/* Key files. */
#include <string.h>

#include "people.h"
#include "unit.h"

static const struct identity_cost CHEAP = {2, 64};
static const char PASSPHRASE[] = "correct horse";
enum { PASSPHRASE_LEN = sizeof PASSPHRASE - 1 };

/* By a script of its own: Anna's root with her revocation list 7, under the passphrase; and her laptop's key, plain. */
static const char ROOT_FILE[] =
    "534f54544f4b4559000101010000000200000040000102030405060708090a0b0c0d0e0f40ef73d689915bf7511de72257ea"
    "5385a7dd65627b8dcc6ba2cea20294f9efddec42a622b76c073503b86dc3f315360fcc363e895aeb6eac852893f9caf68f3f"
    "818ce3c4196a67c28366a009854a1e2e6c69451ee72788d219c6d6c51aaaf0ee0670c3ab9296d6dbf0e5d23898c7b715dbaa"
    "4b254aa96d085e19cf4241f3e54db94574e1cf8dc2973cddaa75ce53d3b889e2c9ea6142e32f8eaebdb318e873775746c3ab"
    "58c6561e0e8dca9b636e1a7aa593e6c90eb08fa9d4a2980310e6c34b5bcdfdab8bb8fa3b82057370fedb254c844853c66ec7"
    "ea835ba72ee954c029923c7218c586dda4e4c3323e596d64d169c7";
static const char DEVICE_FILE[] =
    "534f54544f4b45590001020029200202020202020202020202020202020202020202020202020202020202020202066c6170"
    "746f7000";

static struct identity_secret annas_root(void)
{
    struct identity_secret secret = {.kind = IDENTITY_SECRET_ROOT, .key = people_key(1), .name = "Anna"};
    secret.revocations.number = 7;
    secret.revocations.created_s = PEOPLE_NOW;
    memcpy(secret.revocations.root_key, secret.key.public_key, IDENTITY_KEY_LEN);
    CU_ASSERT_EQUAL(identity_revocations_add(&secret.revocations, people_key(2).public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_add(&secret.revocations, people_key(3).public_key), IDENTITY_OK);
    return secret;
}

static void assert_same(const struct identity_secret *a, const struct identity_secret *b)
{
    CU_ASSERT_EQUAL(a->kind, b->kind);
    CU_ASSERT_EQUAL(memcmp(&a->key, &b->key, sizeof a->key), 0);
    CU_ASSERT_STRING_EQUAL(a->name, b->name);
    CU_ASSERT_EQUAL(identity_revocations_compare(&a->revocations, &b->revocations), 0);
}

static void opens_independent_files(void)
{
    uint8_t file[IDENTITY_SECRET_MAX];
    uint8_t made[IDENTITY_SECRET_MAX];
    struct identity_secret secret;
    struct identity_secret want = annas_root();
    uint8_t kind = 0;
    bool encrypted = false;
    size_t made_len = 0;
    size_t len = unit_hex(ROOT_FILE, file, sizeof file);
    CU_ASSERT_EQUAL(identity_secret_peek(file, len, &kind, &encrypted), IDENTITY_OK);
    CU_ASSERT(kind == IDENTITY_SECRET_ROOT && encrypted);
    CU_ASSERT_EQUAL_FATAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &secret),
                          IDENTITY_OK);
    assert_same(&secret, &want);
    len = unit_hex(DEVICE_FILE, file, sizeof file);
    CU_ASSERT_EQUAL(identity_secret_peek(file, len, &kind, &encrypted), IDENTITY_OK);
    CU_ASSERT(kind == IDENTITY_SECRET_DEVICE && !encrypted);
    CU_ASSERT_EQUAL_FATAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, NULL, 0, &secret), IDENTITY_OK);
    want = (struct identity_secret){.kind = IDENTITY_SECRET_DEVICE, .key = people_key(2), .name = "laptop"};
    assert_same(&secret, &want);
    CU_ASSERT_EQUAL(identity_secret_seal(&want, NULL, 0, NULL, made, sizeof made, &made_len), IDENTITY_OK);
    unit_assert_bytes("plain file", made, made_len, file, len);
}

static void sealed_then_opened(void)
{
    const struct identity_secret root = annas_root();
    struct identity_secret opened;
    uint8_t first[IDENTITY_SECRET_MAX];
    uint8_t second[IDENTITY_SECRET_MAX];
    size_t first_len = 0;
    size_t second_len = 0;
    CU_ASSERT_EQUAL_FATAL(
        identity_secret_seal(&root, PASSPHRASE, PASSPHRASE_LEN, &CHEAP, first, sizeof first, &first_len), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(
        identity_secret_seal(&root, PASSPHRASE, PASSPHRASE_LEN, &CHEAP, second, sizeof second, &second_len),
        IDENTITY_OK);
    CU_ASSERT_EQUAL(first_len, second_len);
    CU_ASSERT_NOT_EQUAL(memcmp(first + 36, second + 36, first_len - 36), 0); /* another salt, another key */
    CU_ASSERT_EQUAL(identity_secret_open(second, second_len, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                    IDENTITY_OK);
    assert_same(&opened, &root);
    /* the seed is not in it */
    for (size_t i = 0; i + IDENTITY_KEY_LEN <= second_len; i++)
        CU_ASSERT_NOT_EQUAL(memcmp(second + i, root.key.seed, IDENTITY_KEY_LEN), 0);
    for (size_t cap = 0; cap < first_len; cap += 5)
        CU_ASSERT_EQUAL(identity_secret_seal(&root, PASSPHRASE, PASSPHRASE_LEN, &CHEAP, first, cap, &first_len),
                        IDENTITY_SPACE);
}

static void the_largest_fits(void)
{
    struct identity_secret root = annas_root();
    struct identity_secret opened;
    uint8_t device[IDENTITY_KEY_LEN] = {0};
    uint8_t file[IDENTITY_SECRET_MAX];
    size_t len = 0;
    memset(root.name, 'n', IDENTITY_NAME_MAX);
    for (; root.revocations.count < IDENTITY_REVOKED_MAX; device[0]++)
        CU_ASSERT_EQUAL_FATAL(identity_revocations_add(&root.revocations, device), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_secret_seal(&root, PASSPHRASE, PASSPHRASE_LEN, &CHEAP, file, sizeof file, &len),
                          IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                          IDENTITY_OK);
    assert_same(&opened, &root);
}

static void only_its_passphrase_opens(void)
{
    static const char *const wrong[] = {"correct hors", "correct horse ", "Correct horse", "x"};
    uint8_t file[IDENTITY_SECRET_MAX];
    struct identity_secret opened = {.name = "untouched"};
    size_t len = unit_hex(ROOT_FILE, file, sizeof file);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, wrong[i], strlen(wrong[i]), &opened),
                        IDENTITY_PASSPHRASE);
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, NULL, 0, &opened), IDENTITY_INVALID);
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, "", 0, &opened), IDENTITY_INVALID);
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, PASSPHRASE, PASSPHRASE_LEN, &opened),
                    IDENTITY_INVALID);
    CU_ASSERT_STRING_EQUAL(opened.name, "untouched");
}

static void every_bit_counts(void)
{
    uint8_t file[IDENTITY_SECRET_MAX];
    struct identity_secret opened;
    size_t len = unit_hex(ROOT_FILE, file, sizeof file);
    for (size_t bit = 0; bit < len * 8; bit++) {
        if (bit / 8 >= 12 && bit / 8 < 20)
            continue; /* costs: some of these take long; they have a test of their own */
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                            IDENTITY_OK);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(identity_secret_open(file, cut, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                        IDENTITY_MALFORMED);
    file[len] = 0;
    CU_ASSERT_EQUAL(identity_secret_open(file, len + 1, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                    IDENTITY_MALFORMED);
}

static void costs_are_bounded(void)
{
    static const struct row {
        struct identity_cost cost;
        bool ok;
    } rows[] = {
        {{1, 8}, true},
        {{0, 8}, false},
        {{1, 7}, false},
        {{IDENTITY_PASSES_MAX, 8}, true},
        {{IDENTITY_PASSES_MAX + 1, 8}, false},
        {{1, IDENTITY_MEMORY_MAX_KIB + 1}, false},
        {{UINT32_MAX, UINT32_MAX}, false},
    };
    const struct identity_secret root = annas_root();
    uint8_t out[IDENTITY_SECRET_MAX];
    uint8_t file[IDENTITY_SECRET_MAX];
    uint8_t kind = 0;
    bool encrypted = false;
    size_t out_len = 0;
    size_t len = unit_hex(ROOT_FILE, file, sizeof file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes_writer w;
        bytes_writer_init(&w, file + 12, 8);
        bytes_write_u32(&w, rows[i].cost.passes);
        bytes_write_u32(&w, rows[i].cost.memory_kib);
        CU_ASSERT_EQUAL(identity_secret_peek(file, len, &kind, &encrypted), rows[i].ok ? IDENTITY_OK : IDENTITY_LIMIT);
        CU_ASSERT_EQUAL(
            identity_secret_seal(&root, PASSPHRASE, PASSPHRASE_LEN, &rows[i].cost, out, sizeof out, &out_len),
            rows[i].ok ? IDENTITY_OK : IDENTITY_INVALID);
        struct identity_secret opened;
        CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_ROOT, PASSPHRASE, PASSPHRASE_LEN, &opened),
                        rows[i].ok ? IDENTITY_PASSPHRASE : IDENTITY_LIMIT); /* another cost, another key */
    }
}

static void nonsense_is_not_sealed(void)
{
    static const char long_passphrase[IDENTITY_PASSPHRASE_MAX + 1] = {'x'};
    struct identity_secret bad = annas_root();
    uint8_t out[IDENTITY_SECRET_MAX];
    size_t len = 0;
    bad.kind = 0;
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, NULL, 0, NULL, out, sizeof out, &len), IDENTITY_INVALID);
    bad.kind = 4;
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, NULL, 0, NULL, out, sizeof out, &len), IDENTITY_INVALID);
    bad.kind = IDENTITY_SECRET_DEVICE; /* has no revocation list */
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, NULL, 0, NULL, out, sizeof out, &len), IDENTITY_INVALID);
    bad = annas_root();
    bad.revocations.root_key[0] ^= 1;
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, NULL, 0, NULL, out, sizeof out, &len), IDENTITY_INVALID);
    bad = annas_root();
    bad.name[0] = '\0';
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, NULL, 0, NULL, out, sizeof out, &len), IDENTITY_NAME);
    bad = annas_root();
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, "", 0, &CHEAP, out, sizeof out, &len), IDENTITY_INVALID);
    CU_ASSERT_EQUAL(identity_secret_seal(&bad, long_passphrase, sizeof long_passphrase, &CHEAP, out, sizeof out, &len),
                    IDENTITY_INVALID);
}

/* A file without encryption that another has written, or a disk. */
static void plain_nonsense_is_refused(void)
{
    uint8_t file[IDENTITY_SECRET_MAX];
    struct identity_secret opened;
    size_t len = unit_hex(DEVICE_FILE, file, sizeof file);
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, NULL, 0, &opened), IDENTITY_OK);
    file[len - 2] = '\n'; /* in the label */
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, NULL, 0, &opened), IDENTITY_MALFORMED);
    file[11] = 2; /* a protection that is not known */
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, NULL, 0, &opened), IDENTITY_SCHEME);
    unit_hex(DEVICE_FILE, file, sizeof file);
    file[10] = 4;
    CU_ASSERT_EQUAL(identity_secret_open(file, len, 4, NULL, 0, &opened), IDENTITY_SCHEME);
    unit_hex(DEVICE_FILE, file, sizeof file);
    file[9] = 2;
    CU_ASSERT_EQUAL(identity_secret_open(file, len, IDENTITY_SECRET_DEVICE, NULL, 0, &opened), IDENTITY_SCHEME);
}

static const struct unit_test tests[] = {
    {"files of an independent script open, and a plain one is made alike", opens_independent_files},
    {"what is sealed opens again; no two files are sealed alike", sealed_then_opened},
    {"the longest name and the fullest revocation list fit", the_largest_fits},
    {"no other passphrase opens a file, nor opens it as another kind", only_its_passphrase_opens},
    {"any bit flipped, any truncation and anything appended is refused", every_bit_counts},
    {"a file cannot ask for more work than the bounds", costs_are_bounded},
    {"kinds, names, lists and passphrases that are wrong are not sealed", nonsense_is_not_sealed},
    {"a plain file with wrong contents is refused", plain_nonsense_is_refused},
};

UNIT_MAIN("identity.secret", tests)
