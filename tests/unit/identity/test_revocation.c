/* Revocation lists. */
#include <string.h>

#include "key.h"
#include "people.h"
#include "unit.h"
#include "wire/vector.h"

/* Number 7 of root 1 with devices 2 and 3, by a script of its own with Python's cryptography. */
static const char SEVEN[] =
    "0001208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c000000000000000700000000684ee1"
    "8040408139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394ed4928c628d1c2c6eae90338905995"
    "612959273a5c63f93636c14614ac8737d14040fd8bfadd29137204eb258bbd8062a168ffdde486010629a420388d617276c7"
    "a1e9949bb9eb3a593e0583af2577d7171889573bf2f0e9f36fbe32a7761b099f0a";

static struct identity_revocations seven(void)
{
    struct identity_revocations list = {.number = 7, .created_s = PEOPLE_NOW};
    CU_ASSERT_EQUAL(identity_revocations_add(&list, people_key(2).public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_add(&list, people_key(3).public_key), IDENTITY_OK);
    return list;
}

static void equals_independent_bytes(void)
{
    uint8_t want[IDENTITY_REVOCATIONS_MAX];
    uint8_t got[IDENTITY_REVOCATIONS_MAX];
    const struct identity_key root = people_key(1);
    const struct identity_revocations list = seven();
    struct identity_revocations read;
    size_t got_len = 0;
    size_t want_len = unit_hex(SEVEN, want, sizeof want);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_make(&root, &list, got, sizeof got, &got_len), IDENTITY_OK);
    unit_assert_bytes("list", got, got_len, want, want_len);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_verify(want, want_len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(read.number, 7);
    CU_ASSERT_EQUAL(read.created_s, PEOPLE_NOW);
    CU_ASSERT_EQUAL(read.count, 2);
    CU_ASSERT_EQUAL(memcmp(read.root_key, root.public_key, IDENTITY_KEY_LEN), 0);
    CU_ASSERT(identity_revocations_has(&read, people_key(2).public_key));
    CU_ASSERT(identity_revocations_has(&read, people_key(3).public_key));
    CU_ASSERT_FALSE(identity_revocations_has(&read, people_key(4).public_key));
}

static void a_full_list(void)
{
    struct identity_revocations list = {.number = 1};
    struct identity_revocations read;
    const struct identity_key root = people_key(1);
    uint8_t device[IDENTITY_KEY_LEN] = {0};
    uint8_t out[IDENTITY_REVOCATIONS_MAX];
    uint64_t state = 1;
    size_t len = 0;
    while (list.count < IDENTITY_REVOKED_MAX) {
        const uint64_t random = unit_random(&state);
        memcpy(device, &random, sizeof random);
        size_t count = list.count;
        CU_ASSERT_EQUAL(identity_revocations_add(&list, device), IDENTITY_OK);
        CU_ASSERT_EQUAL(list.count, count + 1);
        CU_ASSERT_EQUAL(identity_revocations_add(&list, device), IDENTITY_OK);
        CU_ASSERT_EQUAL_FATAL(list.count, count + 1);
    }
    device[31] = 1;
    CU_ASSERT_EQUAL(identity_revocations_add(&list, device), IDENTITY_LIMIT);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_make(&root, &list, out, sizeof out, &len), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_verify(out, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(memcmp(read.devices, list.devices, sizeof list.devices), 0);
    for (size_t cap = 0; cap < len; cap += 7)
        CU_ASSERT_EQUAL(identity_revocations_make(&root, &list, out, cap, &len), IDENTITY_SPACE);
}

static size_t write_raw(uint64_t number, const uint8_t *devices, size_t devices_len, const struct identity_key *signer,
                        const char *label, uint8_t *out, size_t cap)
{
    const struct identity_key root = people_key(1);
    uint8_t signature[IDENTITY_SIGNATURE_LEN];
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    bytes_write_u16(&w, 1);
    wire_write_vector(&w, (struct core_slice){root.public_key, sizeof root.public_key});
    bytes_write_u64(&w, number);
    bytes_write_u64(&w, PEOPLE_NOW);
    wire_write_vector(&w, (struct core_slice){devices, devices_len});
    if (identity_sign(signer, label, (struct core_slice){out, w.len}, signature) != IDENTITY_OK)
        memset(signature, 0, sizeof signature); /* larger than what is ever signed */
    wire_write_vector(&w, (struct core_slice){signature, sizeof signature});
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    return w.len;
}

static void signed_nonsense_is_refused(void)
{
    static uint8_t devices[(IDENTITY_REVOKED_MAX + 1) * IDENTITY_KEY_LEN];
    static uint8_t out[4096];
    const struct identity_key root = people_key(1);
    const struct identity_key other = people_key(9);
    struct identity_revocations read;
    struct identity_revocations list = seven();
    size_t len = 0;
    for (size_t i = 0; i < sizeof devices; i += IDENTITY_KEY_LEN)
        devices[i] = (uint8_t)(i / IDENTITY_KEY_LEN);
    len = write_raw(1, devices, 64, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_OK); /* the control */
    len = write_raw(1, NULL, 0, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(read.count, 0);
    len = write_raw(0, devices, 64, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_MALFORMED);
    len = write_raw(1, devices, 63, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_MALFORMED);
    len = write_raw(1, devices, sizeof devices, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_LIMIT);
    len = write_raw(1, devices, 64, &other, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_SIGNATURE);
    len = write_raw(1, devices, 64, &root, "DeviceCertificate", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_SIGNATURE);
    out[1] = 2;
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_SCHEME);
    devices[IDENTITY_KEY_LEN] = 0; /* twice the same */
    len = write_raw(1, devices, 64, &root, "RevocationList", out, sizeof out);
    CU_ASSERT_EQUAL(identity_revocations_verify(out, len, &read), IDENTITY_MALFORMED);
    list.number = 0;
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &list, out, sizeof out, &len), IDENTITY_INVALID);
    list.number = 1;
    list.count = IDENTITY_REVOKED_MAX + 1;
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &list, out, sizeof out, &len), IDENTITY_INVALID);
    list = seven();
    memcpy(list.devices[1], list.devices[0], IDENTITY_KEY_LEN);
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &list, out, sizeof out, &len), IDENTITY_INVALID);
}

static void every_bit_counts(void)
{
    uint8_t good[IDENTITY_REVOCATIONS_MAX];
    struct identity_revocations read;
    size_t len = unit_hex(SEVEN, good, sizeof good);
    for (size_t bit = 0; bit < len * 8; bit++) {
        good[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(identity_revocations_verify(good, len, &read), IDENTITY_OK);
        good[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(identity_revocations_verify(good, cut, &read), IDENTITY_MALFORMED);
    CU_ASSERT_EQUAL(identity_revocations_verify(good, len, &read), IDENTITY_OK);
    good[len] = 0;
    CU_ASSERT_EQUAL(identity_revocations_verify(good, len + 1, &read), IDENTITY_MALFORMED);
}

static void the_higher_number_wins(void)
{
    struct identity_revocations a = seven();
    struct identity_revocations b = seven();
    struct identity_revocations held = {0};
    bool changed = false;
    CU_ASSERT_EQUAL(identity_revocations_compare(&a, &b), 0);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &a, &changed), IDENTITY_OK);
    CU_ASSERT(changed && held.number == 7);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &b, &changed), IDENTITY_OK);
    CU_ASSERT_FALSE(changed);
    b.number = 6; /* an old list that says more */
    CU_ASSERT_EQUAL(identity_revocations_add(&b, people_key(4).public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &b, &changed), IDENTITY_OK);
    CU_ASSERT(!changed && held.number == 7 && held.count == 2);
    b.number = 8;
    b.count = 0;
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &b, NULL), IDENTITY_OK);
    CU_ASSERT(held.number == 8 && held.count == 0);
    b.number = 9;
    b.root_key[0] ^= 1;
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &b, &changed), IDENTITY_ROOT);
    CU_ASSERT_EQUAL(held.number, 8);
}

static void rival_lists_are_ordered_alike(void)
{
    struct identity_revocations rivals[4];
    for (size_t i = 0; i < 4; i++)
        rivals[i] = seven();
    CU_ASSERT_EQUAL(identity_revocations_add(&rivals[1], people_key(4).public_key), IDENTITY_OK);
    rivals[2].devices[1][31] ^= 1;
    rivals[3].created_s++;
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            struct identity_revocations first = rivals[i];
            struct identity_revocations second = rivals[j];
            int order = identity_revocations_compare(&rivals[i], &rivals[j]);
            int back = identity_revocations_compare(&rivals[j], &rivals[i]);
            CU_ASSERT_EQUAL(order == 0, i == j);
            CU_ASSERT((order > 0) == (back < 0));
            CU_ASSERT_EQUAL(identity_revocations_merge(&first, &rivals[j], NULL), IDENTITY_OK);
            CU_ASSERT_EQUAL(identity_revocations_merge(&second, &rivals[i], NULL), IDENTITY_OK);
            CU_ASSERT_EQUAL(identity_revocations_compare(&first, &second), 0);
        }
}

static const struct unit_test tests[] = {
    {"a list equals the bytes of an independent script, and reads back", equals_independent_bytes},
    {"a list of the most devices fits its bound, sorted and each once", a_full_list},
    {"lists without order, number or a signature of the root are refused", signed_nonsense_is_refused},
    {"any bit flipped, any truncation and anything appended is refused", every_bit_counts},
    {"the higher number replaces, the lower never, another root's neither", the_higher_number_wins},
    {"of two lists of one number all keep the same, whichever came first", rival_lists_are_ordered_alike},
};

UNIT_MAIN("identity.revocation", tests)
