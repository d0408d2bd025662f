#include "mls/leaf_node.h"

#include <string.h>

#include "tree_fixture.h"
#include "unit.h"
#include "wire/vector.h"

static unsigned asked; /* times that the credential callback was called */

static bool is_alice(void *ctx, const struct mls_credential *credential, struct core_slice signature_key)
{
    (void)ctx;
    asked++;
    return signature_key.len > 0 && mls_same(credential->content, MLS_TEXT("alice"));
}

static struct mls_leaf_rules rules_of(uint16_t suite)
{
    return (struct mls_leaf_rules){.suite = mls_suite_find(NULL, suite),
                                   .group_id = tree_group_id,
                                   .now = 1500,
                                   .lifetime_max = 1000,
                                   .check_lifetime = true,
                                   .credential = is_alice};
}

/* A signed leaf with the changes that `change` makes to its fields. */
static int validate_changed(struct mls_leaf_rules rules, void (*change)(struct mls_leaf_node *leaf), uint8_t source,
                            uint32_t signed_at, uint32_t at)
{
    struct tree_leaf leaf;
    tree_leaf_init(&leaf, rules.suite);
    if (change)
        change(&leaf.view);
    tree_leaf_sign(&leaf, rules.suite, signed_at);
    int rc = mls_leaf_node_validate(&rules, &leaf.view, source, at);
    tree_leaf_free(&leaf);
    return rc;
}

static void to_update(struct mls_leaf_node *leaf)
{
    leaf->source = MLS_LEAF_UPDATE;
}

static void to_commit(struct mls_leaf_node *leaf)
{
    leaf->source = MLS_LEAF_COMMIT;
    leaf->parent_hash = MLS_TEXT("a hash of some parent, 32 bytes.");
}

static void a_genuine_leaf_is_valid_in_every_suite(void)
{
    for (uint16_t suite = 1; suite <= 7; suite++) {
        CU_ASSERT_EQUAL(validate_changed(rules_of(suite), NULL, MLS_LEAF_KEY_PACKAGE, 0, 7), MLS_OK);
        CU_ASSERT_EQUAL(validate_changed(rules_of(suite), to_update, MLS_LEAF_UPDATE, 7, 7), MLS_OK);
        CU_ASSERT_EQUAL(validate_changed(rules_of(suite), to_commit, 0, 7, 7), MLS_OK);
    }
}

static void a_leaf_is_signed_for_its_group_and_its_place(void)
{
    struct mls_leaf_rules rules = rules_of(1);
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_UPDATE, 7, 8), MLS_SIGNATURE);
    CU_ASSERT_EQUAL(validate_changed(rules, to_commit, MLS_LEAF_COMMIT, 7, 8), MLS_SIGNATURE);
    rules.group_id = MLS_TEXT("the grouq");
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_UPDATE, 7, 7), MLS_SIGNATURE);
    CU_ASSERT_EQUAL(validate_changed(rules, NULL, MLS_LEAF_KEY_PACKAGE, 0, 0), MLS_OK);
    rules.signed_here = true; /* only the signature is taken on trust then */
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_UPDATE, 7, 7), MLS_OK);
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_COMMIT, 7, 7), MLS_LEAF_NODE);
    rules.credential = NULL;
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_UPDATE, 7, 7), MLS_CREDENTIAL);
}

static void any_changed_byte_is_found_and_no_callback_asked(void)
{
    const struct mls_leaf_rules rules = rules_of(1);
    struct tree_leaf leaf;
    tree_leaf_init(&leaf, rules.suite);
    to_commit(&leaf.view);
    tree_leaf_sign(&leaf, rules.suite, 3);
    asked = 0;
    for (size_t i = 0; i < leaf.w.len; i++) {
        struct mls_leaf_node changed;
        leaf.w.data[i] ^= 1;
        struct bytes_reader r = mls_walk(wire_buffer_slice(&leaf.w));
        mls_leaf_node_parse(&r, &changed);
        if (bytes_reader_done(&r))
            CU_ASSERT_NOT_EQUAL(mls_leaf_node_validate(&rules, &changed, 0, 3), MLS_OK);
        leaf.w.data[i] ^= 1;
    }
    CU_ASSERT_EQUAL(asked, 0);
    tree_leaf_free(&leaf);
}

static void the_source_must_be_the_one_expected(void)
{
    const struct mls_leaf_rules rules = rules_of(1);
    CU_ASSERT_EQUAL(validate_changed(rules, NULL, MLS_LEAF_UPDATE, 0, 0), MLS_LEAF_NODE);
    CU_ASSERT_EQUAL(validate_changed(rules, NULL, MLS_LEAF_COMMIT, 0, 0), MLS_LEAF_NODE);
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_KEY_PACKAGE, 0, 0), MLS_LEAF_NODE);
    CU_ASSERT_EQUAL(validate_changed(rules, to_update, MLS_LEAF_COMMIT, 0, 0), MLS_LEAF_NODE);
}

static void longer_life(struct mls_leaf_node *leaf)
{
    leaf->not_after++;
}

static void backward_life(struct mls_leaf_node *leaf)
{
    leaf->not_after = leaf->not_before - 1;
}

static void a_leaf_is_valid_within_its_lifetime_only(void)
{
    static const struct {
        uint64_t now;
        int want;
    } cases[] = {{999, MLS_LIFETIME}, {1000, MLS_OK}, {2000, MLS_OK}, {2001, MLS_LIFETIME}};
    struct mls_leaf_rules rules = rules_of(1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rules.now = cases[i].now;
        CU_ASSERT_EQUAL(validate_changed(rules, NULL, 0, 0, 0), cases[i].want);
        CU_ASSERT_EQUAL(validate_changed(rules, to_update, 0, 0, 0), MLS_OK); /* these have none */
    }
    rules.check_lifetime = false;
    CU_ASSERT_EQUAL(validate_changed(rules, NULL, 0, 0, 0), MLS_OK);
    CU_ASSERT_EQUAL(validate_changed(rules, longer_life, 0, 0, 0), MLS_LIFETIME);
    CU_ASSERT_EQUAL(validate_changed(rules, backward_life, 0, 0, 0), MLS_LIFETIME);
    rules.lifetime_max = 0;
    CU_ASSERT_EQUAL(validate_changed(rules, longer_life, 0, 0, 0), MLS_OK);
    CU_ASSERT_EQUAL(validate_changed(rules, backward_life, 0, 0, 0), MLS_LIFETIME);
}

static void other_credential(struct mls_leaf_node *leaf)
{
    leaf->credential.content = MLS_TEXT("mallory");
}

static void the_application_decides_about_credentials_and_none_accepts_none(void)
{
    struct mls_leaf_rules rules = rules_of(1);
    CU_ASSERT_EQUAL(validate_changed(rules, other_credential, 0, 0, 0), MLS_CREDENTIAL);
    rules.credential = NULL;
    CU_ASSERT_EQUAL(validate_changed(rules, NULL, 0, 0, 0), MLS_CREDENTIAL);
}

static void unlisted_credential(struct mls_leaf_node *leaf)
{
    leaf->credential.type = 3;
}

static void without_version(struct mls_leaf_node *leaf)
{
    leaf->capabilities.versions.len = 0;
}

static void without_suite(struct mls_leaf_node *leaf)
{
    leaf->capabilities.cipher_suites.len = 0;
}

static const uint8_t extension[] = {0xf0, 0x01, 0};
static const uint8_t default_extension[] = {0, 1, 1, 0};
static const uint8_t extension_type[] = {0xf0, 0x01};

static void unlisted_extension(struct mls_leaf_node *leaf)
{
    leaf->extensions = (struct core_slice){extension, sizeof extension};
}

static void listed_extension(struct mls_leaf_node *leaf)
{
    unlisted_extension(leaf);
    leaf->capabilities.extensions = (struct core_slice){extension_type, sizeof extension_type};
}

static void with_default_extension(struct mls_leaf_node *leaf)
{
    leaf->extensions = (struct core_slice){default_extension, sizeof default_extension};
}

static void a_leaf_lists_all_that_it_uses(void)
{
    const struct mls_leaf_rules rules = rules_of(1);
    CU_ASSERT_EQUAL(validate_changed(rules, unlisted_credential, 0, 0, 0), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(validate_changed(rules, without_version, 0, 0, 0), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(validate_changed(rules, without_suite, 0, 0, 0), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(validate_changed(rules, unlisted_extension, 0, 0, 0), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(validate_changed(rules, listed_extension, 0, 0, 0), MLS_OK);
    CU_ASSERT_EQUAL(validate_changed(rules, with_default_extension, 0, 0, 0), MLS_OK);
}

/* A group's extensions: required_capabilities with `count` extension types from `first` on, and one proposal and one
 * credential type. */
static struct core_slice required(struct bytes_writer *w, uint16_t first, unsigned count, uint16_t proposal,
                                  uint16_t credential)
{
    wire_buffer_init(w, 4096);
    bytes_write_u16(w, MLS_EXTENSION_REQUIRED_CAPABILITIES);
    const size_t data = wire_begin_vector(w);
    wire_write_length(w, 2 * count);
    for (unsigned i = 0; i < count; i++)
        bytes_write_u16(w, (uint16_t)(first + i));
    wire_write_length(w, 2);
    bytes_write_u16(w, proposal);
    wire_write_length(w, 2);
    bytes_write_u16(w, credential);
    wire_end_vector(w, data);
    return wire_buffer_slice(w);
}

static void what_the_group_requires_must_be_listed_or_default(void)
{
    static const struct {
        uint16_t first;
        unsigned count;
        uint16_t proposal;
        uint16_t credential;
        int want;
    } cases[] = {
        {1, 5, 1, 1, MLS_OK},          {0xf001, 1, 7, 1, MLS_OK},          {0xf002, 1, 7, 1, MLS_UNSUPPORTED},
        {6, 1, 7, 1, MLS_UNSUPPORTED}, {1, 5, 8, 1, MLS_UNSUPPORTED},      {1, 5, 1, 2, MLS_UNSUPPORTED},
        {0, 1, 1, 1, MLS_UNSUPPORTED}, {1, 5, 0, 1, MLS_UNSUPPORTED},      {0xf001, 20, 1, 1, MLS_UNSUPPORTED},
        {1, 9, 1, 1, MLS_UNSUPPORTED}, {0xeff8, 9, 1, 1, MLS_UNSUPPORTED},
    };
    struct tree_leaf leaf;
    struct bytes_writer w;
    tree_leaf_init(&leaf, mls_suite_find(NULL, 1));
    listed_extension(&leaf.view);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct core_slice group =
            required(&w, cases[i].first, cases[i].count, cases[i].proposal, cases[i].credential);
        CU_ASSERT_EQUAL(mls_leaf_node_supports(&leaf.view, group), cases[i].want);
        wire_buffer_free(&w);
    }
    /* many, all listed */
    uint8_t many[40];
    for (unsigned i = 0; i < 20; i++) {
        many[2 * i] = 0xf0;
        many[2 * i + 1] = (uint8_t)(i + 1);
    }
    leaf.view.capabilities.extensions = (struct core_slice){many, sizeof many};
    CU_ASSERT_EQUAL(mls_leaf_node_supports(&leaf.view, required(&w, 0xf001, 20, 1, 1)), MLS_OK);
    w.data[w.len - 1] ^= 1;
    w.len--;
    w.data[2]--; /* one byte short */
    CU_ASSERT_EQUAL(mls_leaf_node_supports(&leaf.view, wire_buffer_slice(&w)), MLS_MALFORMED);
    wire_buffer_free(&w);
    /* an extension in the group that the leaf does not list */
    leaf.view.capabilities.extensions.len = 0;
    CU_ASSERT_EQUAL(mls_leaf_node_supports(&leaf.view, (struct core_slice){extension, sizeof extension}),
                    MLS_UNSUPPORTED);
    tree_leaf_free(&leaf);
}

static void keys_have_the_suites_form(void)
{
    static const uint8_t not_a_point[65] = {4, 1};
    struct mls_leaf_rules rules = rules_of(2);
    struct tree_leaf leaf;
    tree_leaf_init(&leaf, rules.suite);
    leaf.view.encryption_key = (struct core_slice){not_a_point, sizeof not_a_point};
    tree_leaf_sign(&leaf, rules.suite, 0);
    CU_ASSERT_EQUAL(mls_leaf_node_validate(&rules, &leaf.view, 0, 0), MLS_KEY);
    tree_leaf_free(&leaf);
    /* one byte short, or over: with the suite's own bytes, so that only the length is wrong */
    rules = rules_of(1);
    for (size_t len = 31; len <= 33; len++) {
        uint8_t key[33] = {9};
        tree_leaf_init(&leaf, rules.suite);
        memcpy(key, leaf.view.encryption_key.data, 32);
        leaf.view.encryption_key = (struct core_slice){key, len};
        tree_leaf_sign(&leaf, rules.suite, 0);
        CU_ASSERT_EQUAL(mls_leaf_node_validate(&rules, &leaf.view, 0, 0), len == 32 ? MLS_OK : MLS_KEY);
        tree_leaf_free(&leaf);
    }
}

static void nothing_is_signed_with_another_key_than_the_leafs(void)
{
    struct tree_leaf leaf;
    struct tree_leaf other;
    struct bytes_writer w;
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    tree_leaf_init(&leaf, suite);
    tree_leaf_init(&other, suite);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    CU_ASSERT_EQUAL(mls_leaf_node_sign(&w, suite, &leaf.view, &other.signer, tree_group_id, 0), MLS_INVALID);
    CU_ASSERT_EQUAL(w.len, 0);
    wire_buffer_free(&w);
    tree_leaf_free(&leaf);
    tree_leaf_free(&other);
}

static const struct unit_test tests[] = {
    {"a genuine leaf is valid, in every suite", a_genuine_leaf_is_valid_in_every_suite},
    {"a leaf is signed for its group and its place", a_leaf_is_signed_for_its_group_and_its_place},
    {"any changed byte is found, and no callback asked", any_changed_byte_is_found_and_no_callback_asked},
    {"the source must be the one expected", the_source_must_be_the_one_expected},
    {"a leaf is valid within its lifetime only", a_leaf_is_valid_within_its_lifetime_only},
    {"the application decides about credentials, and none accepts none",
     the_application_decides_about_credentials_and_none_accepts_none},
    {"a leaf lists all that it uses", a_leaf_lists_all_that_it_uses},
    {"what the group requires must be listed or default", what_the_group_requires_must_be_listed_or_default},
    {"keys have the suite's form", keys_have_the_suites_form},
    {"nothing is signed with another key than the leaf's", nothing_is_signed_with_another_key_than_the_leafs},
};

UNIT_MAIN("mls.leaf_node", tests)
