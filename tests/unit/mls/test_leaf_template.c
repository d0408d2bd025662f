/* leaf_template.c: what a member says of itself, in its leaf and in its key package. */
#include <string.h>

#include "party.h"
#include "unit.h"

enum { OURS = 0xf100, OTHERS = 0xf200 };

static bool is_grease(uint16_t type)
{
    return (type & 0x0f0f) == 0x0a0a && type >> 12 == (type >> 4 & 0xf) && type != 0xfafa;
}

static size_t grease_in(struct core_slice list)
{
    size_t found = 0;
    for (size_t i = 0; i < mls_u16_count(list); i++)
        found += is_grease(mls_u16_at(list, i));
    return found;
}

/* How many GREASE extensions there are; each extension has to be among the capabilities, or a default one. */
static size_t check_extensions(struct core_slice extensions, const struct mls_capabilities *capabilities)
{
    struct bytes_reader r = mls_walk(extensions);
    struct mls_extension extension;
    size_t grease = 0;
    while (mls_extension_next(&r, &extension)) {
        grease += is_grease(extension.type);
        CU_ASSERT_TRUE(extension.type <= MLS_EXTENSION_EXTERNAL_SENDERS ||
                       mls_u16_contains(capabilities->extensions, extension.type));
    }
    return grease;
}

static void make(const struct mls_key_package_config *config, struct mls_output *package, struct mls_key_package *view)
{
    struct mls_key_package_keys *keys = NULL;
    struct mls_message message;
    CU_ASSERT_EQUAL_FATAL(mls_key_package_new(NULL, 1, config, &keys, package), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(package->data, package->len, &message), MLS_OK);
    *view = message.key_package;
    mls_key_package_keys_free(keys);
}

static void test_extensions_are_listed(void)
{
    struct party a;
    struct mls_output package = {0};
    struct mls_key_package view;
    party_init(&a, "alice", 1);
    const struct mls_extension_item in_leaf[] = {{MLS_EXTENSION_APPLICATION_ID, {(const uint8_t *)"\1a", 2}},
                                                 {OURS, {0}}};
    const struct mls_extension_item in_package[] = {{OTHERS, party_text("data")}};
    struct mls_key_package_config config = {.leaf = a.leaf,
                                            .not_after_s = PARTY_NOW_S,
                                            .last_resort = true,
                                            .extensions = in_package,
                                            .extension_count = 1};
    config.leaf.extensions = in_leaf;
    config.leaf.extension_count = 2;
    make(&config, &package, &view);
    const struct mls_capabilities *capabilities = &view.leaf_node.capabilities;
    CU_ASSERT_TRUE(mls_u16_contains(capabilities->extensions, OURS));
    CU_ASSERT_TRUE(mls_u16_contains(capabilities->extensions, OTHERS));
    CU_ASSERT_TRUE(mls_u16_contains(capabilities->extensions, MLS_EXTENSION_LAST_RESORT));
    CU_ASSERT_FALSE(mls_u16_contains(capabilities->extensions, MLS_EXTENSION_APPLICATION_ID));
    check_extensions(view.extensions, capabilities);
    check_extensions(view.leaf_node.extensions, capabilities);
    mls_output_free(&package);
    party_wipe(&a);
}

static void test_defaults_are_not_listed(void)
{
    struct party a;
    struct mls_output package = {0};
    struct mls_key_package view;
    static const uint16_t types[] = {1, 3, 5, OURS};
    static const uint16_t proposals[] = {1, 7, OTHERS};
    party_init(&a, "alice", 1);
    struct mls_key_package_config config = {.leaf = a.leaf, .not_after_s = PARTY_NOW_S};
    config.leaf.extension_types = types;
    config.leaf.extension_type_count = 4;
    config.leaf.proposal_types = proposals;
    config.leaf.proposal_type_count = 3;
    make(&config, &package, &view);
    const struct mls_capabilities *capabilities = &view.leaf_node.capabilities;
    CU_ASSERT_EQUAL(mls_u16_count(capabilities->extensions), 2); /* and one of GREASE */
    CU_ASSERT_TRUE(mls_u16_contains(capabilities->extensions, OURS));
    CU_ASSERT_EQUAL(mls_u16_count(capabilities->proposals), 2);
    CU_ASSERT_TRUE(mls_u16_contains(capabilities->proposals, OTHERS));
    mls_output_free(&package);
    party_wipe(&a);
}

static void test_grease(void)
{
    struct party a;
    struct mls_output package = {0};
    struct mls_output info = {0};
    struct mls_key_package view;
    struct mls_message message;
    party_init(&a, "alice", 1);
    const struct mls_key_package_config config = {.leaf = a.leaf, .not_after_s = PARTY_NOW_S};
    make(&config, &package, &view);
    const struct mls_capabilities *capabilities = &view.leaf_node.capabilities;
    CU_ASSERT_EQUAL(grease_in(capabilities->versions), 0);
    CU_ASSERT_EQUAL(grease_in(capabilities->cipher_suites), 1);
    CU_ASSERT_EQUAL(grease_in(capabilities->extensions), 1);
    CU_ASSERT_EQUAL(grease_in(capabilities->proposals), 1);
    CU_ASSERT_EQUAL(grease_in(capabilities->credentials), 1);
    CU_ASSERT_EQUAL(check_extensions(view.leaf_node.extensions, capabilities), 1);
    CU_ASSERT_EQUAL(check_extensions(view.extensions, capabilities), 1);
    party_found(&a);
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(info.data, info.len, &message), MLS_OK);
    struct bytes_reader r = mls_walk(message.group_info.extensions);
    struct mls_extension extension;
    size_t found = 0;
    while (mls_extension_next(&r, &extension))
        found += is_grease(extension.type);
    CU_ASSERT_EQUAL(found, 1);
    CU_ASSERT_EQUAL(message.group_info.group_context.extensions.len, 0);
    mls_output_free(&info);
    mls_output_free(&package);
    party_wipe(&a);
}

/* GREASE gives way: to the application's extension of its type, and to as many as there may be. */
static void test_grease_gives_way(void)
{
    struct party a;
    struct mls_output package = {0};
    struct mls_key_package view;
    struct mls_extension_item all_grease[15];
    struct mls_extension_item many[MLS_EXTENSIONS_MAX];
    for (uint16_t i = 0; i < 15; i++)
        all_grease[i] = (struct mls_extension_item){.type = (uint16_t)(0x0a0a + 0x1010 * i)};
    for (uint16_t i = 0; i < MLS_EXTENSIONS_MAX; i++)
        many[i] = (struct mls_extension_item){.type = (uint16_t)(OURS + i)};
    party_init(&a, "alice", 1);
    struct mls_key_package_config config = {
        .leaf = a.leaf, .not_after_s = PARTY_NOW_S, .extensions = all_grease, .extension_count = 15};
    config.leaf.extensions = all_grease;
    config.leaf.extension_count = 15;
    make(&config, &package, &view);
    CU_ASSERT_EQUAL(check_extensions(view.extensions, &view.leaf_node.capabilities), 15);
    CU_ASSERT_EQUAL(check_extensions(view.leaf_node.extensions, &view.leaf_node.capabilities), 15);
    mls_output_free(&package);
    config.extensions = config.leaf.extensions = many;
    config.extension_count = config.leaf.extension_count = MLS_EXTENSIONS_MAX;
    make(&config, &package, &view);
    CU_ASSERT_EQUAL(check_extensions(view.extensions, &view.leaf_node.capabilities), 0);
    CU_ASSERT_EQUAL(check_extensions(view.leaf_node.extensions, &view.leaf_node.capabilities), 0);
    mls_output_free(&package);
    /* one that says it is of last resort is one too many */
    struct mls_key_package_keys *keys = NULL;
    config.last_resort = true;
    CU_ASSERT_EQUAL(mls_key_package_new(NULL, 1, &config, &keys, &package), MLS_EXTENSION);
    many[1].type = many[0].type;
    config.last_resort = false;
    CU_ASSERT_EQUAL(mls_key_package_new(NULL, 1, &config, &keys, &package), MLS_EXTENSION);
    party_wipe(&a);
}

static const struct unit_test tests[] = {
    {"a leaf lists its extensions and its key package's", test_extensions_are_listed},
    {"what is supported by all is not listed", test_defaults_are_not_listed},
    {"GREASE is in every list that may have it", test_grease},
    {"GREASE gives way to what the application says", test_grease_gives_way},
};

UNIT_MAIN("mls.leaf_template", tests)
