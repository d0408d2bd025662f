/* Device certificates. */
#include <string.h>

#include "key.h"
#include "people.h"
#include "unit.h"

/* Anna's certificate, by a script of its own with Python's cryptography. */
static const char ANNA[] =
    "0001208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c208139770ea87d175f56a35466c34c"
    "7ecccb8d8a91b4ee37a25df60f5b8fc9b39404416e6e61066c6170746f7000000000684ee180000000006861568040408a33"
    "f27df55321c6f354e447ec885858969e9c97a6f475194c56dc8d51a7fcb4acc3945514fef0f9419ecc075a293722ebf7d7fd"
    "1038621356e3c60e1fdbb109";

static void equals_independent_bytes(void)
{
    uint8_t want[IDENTITY_CERTIFICATE_MAX];
    uint8_t got[IDENTITY_CERTIFICATE_MAX];
    uint8_t user_id[IDENTITY_USER_ID_LEN];
    const struct identity_certificate content = people_anna();
    const struct identity_key root = people_key(1);
    struct identity_certificate read;
    size_t want_len = unit_hex(ANNA, want, sizeof want);
    size_t got_len = people_certify(&root, &content, got);
    unit_assert_bytes("certificate", got, got_len, want, want_len);
    CU_ASSERT_EQUAL_FATAL(identity_certificate_verify(want, want_len, &read), IDENTITY_OK);
    unit_hex("3441293438e06a5ce2617337bc52fb8d7095f828aba3c7158cdd2a317f19d185", user_id, sizeof user_id);
    unit_assert_bytes("user id", read.user_id, sizeof read.user_id, user_id, sizeof user_id);
    CU_ASSERT_EQUAL(memcmp(read.root_key, root.public_key, IDENTITY_KEY_LEN), 0);
    CU_ASSERT_EQUAL(memcmp(read.device_key, content.device_key, IDENTITY_KEY_LEN), 0);
    CU_ASSERT_STRING_EQUAL(read.name, "Anna");
    CU_ASSERT_STRING_EQUAL(read.device, "laptop");
    CU_ASSERT_EQUAL(read.created_s, PEOPLE_NOW);
    CU_ASSERT_EQUAL(read.expires_s, PEOPLE_NOW + 14 * 86400);
}

static void longest_fits(void)
{
    struct identity_certificate content = people_anna();
    struct identity_certificate read;
    const struct identity_key root = people_key(1);
    uint8_t out[IDENTITY_CERTIFICATE_MAX];
    size_t len = 0;
    memset(content.name, 'n', IDENTITY_NAME_MAX);
    memset(content.device, 'd', IDENTITY_DEVICE_MAX);
    len = people_certify(&root, &content, out);
    CU_ASSERT_EQUAL_FATAL(identity_certificate_verify(out, len, &read), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(read.name, content.name);
    CU_ASSERT_STRING_EQUAL(read.device, content.device);
    for (size_t cap = 0; cap < len; cap++)
        CU_ASSERT_EQUAL(identity_certificate_make(&root, &content, out, cap, &len), IDENTITY_SPACE);
}

static void wrong_contents_are_not_signed(void)
{
    struct identity_key root = people_key(1);
    const struct identity_certificate good = people_anna();
    uint8_t out[IDENTITY_CERTIFICATE_MAX];
    size_t len = 99;
    struct identity_certificate bad = good;
    bad.name[0] = '\0';
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_NAME);
    memset(bad.name, 'n', sizeof bad.name); /* no end */
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_NAME);
    bad = good;
    bad.device[0] = '\n';
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_NAME);
    bad = good;
    bad.expires_s = bad.created_s;
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_LIFETIME);
    bad.expires_s = bad.created_s + IDENTITY_CERTIFICATE_LIFE_S + 1;
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_LIFETIME);
    bad = good;
    memcpy(bad.device_key, root.public_key, IDENTITY_KEY_LEN);
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &bad, out, sizeof out, &len), IDENTITY_KEY);
    root.public_key[0] ^= 1; /* a pair that is none */
    CU_ASSERT_EQUAL(identity_certificate_make(&root, &good, out, sizeof out, &len), IDENTITY_CRYPTO);
    CU_ASSERT_EQUAL(len, 99);
}

/* What a certificate signed by its own root may still not say. */
static void signed_nonsense_is_refused(void)
{
    static const uint8_t zeros[IDENTITY_KEY_LEN + 1];
    const struct identity_key root = people_key(1);
    struct identity_certificate read;
    uint8_t out[512];
    for (unsigned i = 0;; i++) {
        struct people_raw raw = people_anna_raw();
        int want = IDENTITY_OK;
        switch (i) {
        case 0: /* the control: as it should be */
            break;
        case 1:
            raw.scheme = 2;
            want = IDENTITY_SCHEME;
            break;
        case 2:
            raw.device_key = raw.root_key;
            want = IDENTITY_KEY;
            break;
        case 3:
            raw.device_key = zeros;
            raw.device_key_len = IDENTITY_KEY_LEN + 1;
            want = IDENTITY_MALFORMED;
            break;
        case 4:
            raw.root_key_len = IDENTITY_KEY_LEN - 1;
            want = IDENTITY_MALFORMED;
            break;
        case 5:
            raw.name = "An\0na";
            raw.name_len = 5;
            want = IDENTITY_NAME;
            break;
        case 6:
            raw.name = "An\xffna";
            raw.name_len = 5;
            want = IDENTITY_NAME;
            break;
        case 7:
            raw.name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
            raw.name_len = IDENTITY_NAME_MAX + 1;
            want = IDENTITY_NAME;
            break;
        case 8:
            raw.device = "ddddddddddddddddddddddddddddddddd";
            raw.device_len = IDENTITY_DEVICE_MAX + 1;
            want = IDENTITY_NAME;
            break;
        case 9:
            raw.device_len = 0;
            want = IDENTITY_NAME;
            break;
        case 10:
            raw.expires_s++;
            want = IDENTITY_LIFETIME;
            break;
        case 11:
            raw.expires_s = raw.created_s;
            want = IDENTITY_LIFETIME;
            break;
        case 12:
            raw.created_s = UINT64_MAX;
            raw.expires_s = 1;
            want = IDENTITY_LIFETIME;
            break;
        default:
            CU_ASSERT_EQUAL(i, 13);
            return;
        }
        size_t len = people_sign_raw(&root, "DeviceCertificate", &raw, out, sizeof out);
        CU_ASSERT_EQUAL(identity_certificate_verify(out, len, &read), want);
        CU_ASSERT_EQUAL(identity_certificate_parse(out, len, &read), want);
    }
}

static void no_other_signature_will_do(void)
{
    const struct identity_key root = people_key(1);
    const struct identity_key other = people_key(9);
    const struct people_raw raw = people_anna_raw();
    struct identity_certificate read;
    uint8_t out[512];
    size_t len = people_sign_raw(&other, "DeviceCertificate", &raw, out, sizeof out);
    CU_ASSERT_EQUAL(identity_certificate_verify(out, len, &read), IDENTITY_SIGNATURE);
    CU_ASSERT_EQUAL(identity_certificate_parse(out, len, &read), IDENTITY_OK);
    len = people_sign_raw(&root, "RevocationList", &raw, out, sizeof out);
    CU_ASSERT_EQUAL(identity_certificate_verify(out, len, &read), IDENTITY_SIGNATURE);
}

static void cut_or_lengthened(void)
{
    const struct identity_key root = people_key(1);
    const struct identity_certificate anna = people_anna();
    struct identity_certificate read;
    uint8_t out[IDENTITY_CERTIFICATE_MAX + 1] = {0};
    size_t len = people_certify(&root, &anna, out);
    CU_ASSERT_EQUAL(identity_certificate_verify(out, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_certificate_verify(out, len + 1, &read), IDENTITY_MALFORMED);
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(identity_certificate_verify(out, cut, &read), IDENTITY_MALFORMED);
}

static void lifetimes_end(void)
{
    struct identity_certificate anna = people_anna();
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, anna.created_s), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, anna.expires_s - 1), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, anna.expires_s), IDENTITY_EXPIRED);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, UINT64_MAX), IDENTITY_EXPIRED);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, anna.created_s - IDENTITY_CLOCK_SKEW_S), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, anna.created_s - IDENTITY_CLOCK_SKEW_S - 1), IDENTITY_NOT_YET);
    CU_ASSERT_EQUAL(identity_certificate_current(&anna, 0), IDENTITY_NOT_YET);
}

static void credentials_belong_to_their_leaf(void)
{
    const struct identity_key root = people_key(1);
    const struct identity_certificate anna = people_anna();
    struct identity_certificate read;
    uint8_t out[IDENTITY_CERTIFICATE_MAX];
    size_t len = people_certify(&root, &anna, out);
    const uint8_t *key = anna.device_key;
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN, 0, &read), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(read.device, "laptop");
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN, anna.expires_s - 1, NULL), IDENTITY_OK);
    /* the group's time lags behind the clocks of newcomers: created later is no fault */
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN, 1, NULL), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN, anna.expires_s, NULL), IDENTITY_EXPIRED);
    CU_ASSERT_EQUAL(identity_credential_check(out, len, root.public_key, IDENTITY_KEY_LEN, 0, NULL), IDENTITY_DEVICE);
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN - 1, 0, NULL), IDENTITY_DEVICE);
    out[len - 1] ^= 1;
    CU_ASSERT_EQUAL(identity_credential_check(out, len, key, IDENTITY_KEY_LEN, 0, NULL), IDENTITY_SIGNATURE);
}

static void successors(void)
{
    static const struct row {
        uint8_t root;
        uint8_t device;
        int later_s;
        const char *name;
        bool same_device;
        bool same_user;
        bool successor;
    } rows[] = {
        {1, 2, 0, "Anna", true, true, true},    /* the same bytes: a resync */
        {1, 2, 1, "Anna", true, true, true},    /* renewed */
        {1, 2, 1, "Anja", true, true, true},    /* and renamed */
        {1, 2, -1, "Anna", true, true, false},  /* an older one, replayed */
        {1, 2, 0, "Anja", true, true, false},   /* another of the same second */
        {1, 3, 1, "Anna", false, true, false},  /* another device */
        {4, 2, 1, "Anna", false, false, false}, /* another root for the same device key */
        {4, 3, 1, "Anna", false, false, false},
    };
    uint8_t was[IDENTITY_CERTIFICATE_MAX];
    uint8_t is[IDENTITY_CERTIFICATE_MAX];
    const struct identity_key anna_root = people_key(1);
    const struct identity_certificate anna = people_anna();
    size_t was_len = people_certify(&anna_root, &anna, was);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct identity_key root = people_key(rows[i].root);
        struct identity_certificate content = people_anna();
        memcpy(content.device_key, people_key(rows[i].device).public_key, IDENTITY_KEY_LEN);
        memcpy(content.name, rows[i].name, 4);
        content.created_s += (uint64_t)(int64_t)rows[i].later_s;
        content.expires_s = content.created_s + 86400 * 14;
        size_t is_len = people_certify(&root, &content, is);
        CU_ASSERT_EQUAL(identity_same_device(was, was_len, is, is_len), rows[i].same_device);
        CU_ASSERT_EQUAL(identity_same_user(was, was_len, is, is_len), rows[i].same_user);
        CU_ASSERT_EQUAL(identity_successor(was, was_len, is, is_len), rows[i].successor);
    }
    /* what is not a certificate is nobody's, not even its own */
    CU_ASSERT_FALSE(identity_same_device(was, was_len - 1, was, was_len - 1));
    CU_ASSERT_FALSE(identity_same_user(was, was_len - 1, was, was_len - 1));
    CU_ASSERT_FALSE(identity_successor(was, was_len - 1, was, was_len - 1));
    CU_ASSERT_FALSE(identity_same_device(NULL, 0, NULL, 0));
}

static const struct unit_test tests[] = {
    {"a certificate equals the bytes of an independent script, and reads back", equals_independent_bytes},
    {"the longest certificate fits its bound, and nothing is written beyond a buffer", longest_fits},
    {"names, lifetimes and keys that are wrong are not signed", wrong_contents_are_not_signed},
    {"what no honest root signs is refused although it is signed", signed_nonsense_is_refused},
    {"a signature of another root, or of another kind, is refused", no_other_signature_will_do},
    {"a certificate cut anywhere, or lengthened, is malformed", cut_or_lengthened},
    {"a certificate is valid from its creation, with skew, until it expires", lifetimes_end},
    {"a credential is its leaf's own and not expired in the group's time", credentials_belong_to_their_leaf},
    {"only a later certificate of the same device, or the same, is a successor", successors},
};

UNIT_MAIN("identity.certificate", tests)
