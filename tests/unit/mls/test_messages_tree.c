/* Extensions, credentials, leaf and parent nodes, key packages, trees. */
#include "mls/messages.h"

#include <string.h>

#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"
#include "wire/vector.h"

/* What a test writes and then parses. */
struct work {
    struct bytes_writer in;
    struct bytes_writer out;
};

static void work_init(struct work *w)
{
    wire_buffer_init(&w->in, 1 << 20);
    wire_buffer_init(&w->out, 1 << 20);
}

static void work_free(struct work *w)
{
    wire_buffer_free(&w->in);
    wire_buffer_free(&w->out);
}

static struct bytes_reader work_reader(const struct work *w)
{
    return mls_walk(wire_buffer_slice(&w->in));
}

static void same(const struct work *w)
{
    unit_assert_bytes("written", w->out.data, w->out.len, w->in.data, w->in.len);
}

static void lists_of_code_points(void)
{
    const uint8_t data[] = {0x00, 0x01, 0x0a, 0x0b, 0xff, 0xfe};
    const struct core_slice list = {data, sizeof data};
    CU_ASSERT_EQUAL(mls_u16_count(list), 3);
    CU_ASSERT_EQUAL(mls_u16_at(list, 1), 0x0a0b);
    CU_ASSERT(mls_u16_contains(list, 0xfffe));
    CU_ASSERT_FALSE(mls_u16_contains(list, 0x010a)); /* across two */
    CU_ASSERT_FALSE(mls_u16_contains((struct core_slice){0}, 0));
    const uint8_t leaves[] = {0, 0, 0, 1, 0x80, 0, 0, 2};
    CU_ASSERT_EQUAL(mls_u32_count((struct core_slice){leaves, 8}), 2);
    CU_ASSERT_EQUAL(mls_u32_at((struct core_slice){leaves, 8}, 1), 0x80000002);
}

static void extensions_are_found_by_type(void)
{
    struct work w;
    struct core_slice data;
    work_init(&w);
    sample_extensions(&w.in);
    struct bytes_reader r = work_reader(&w);
    const struct core_slice list = mls_extensions_parse(&r);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT(mls_extension_find(list, 1, &data));
    unit_assert_bytes("data", data.data, data.len, (const uint8_t *)"\x03one", 4);
    struct core_slice id;
    CU_ASSERT(mls_opaque_extension_parse(data, &id));
    unit_assert_bytes("id", id.data, id.len, (const uint8_t *)"one", 3);
    CU_ASSERT(mls_extension_find(list, 0x0a0a, &data));
    CU_ASSERT_EQUAL(data.len, 0);
    CU_ASSERT_FALSE(mls_extension_find(list, 2, &data));
    CU_ASSERT_FALSE(mls_opaque_extension_parse((struct core_slice){(const uint8_t *)"\x03one!", 5}, &id));
    CU_ASSERT_FALSE(mls_opaque_extension_parse((struct core_slice){(const uint8_t *)"\x04one", 4}, &id));
    work_free(&w);
}

/* count extensions, the last one of the type given. */
static bool extensions_ok(size_t count, uint16_t last)
{
    struct work w;
    work_init(&w);
    size_t begin = wire_begin_vector(&w.in);
    for (size_t i = 0; i < count; i++) {
        const struct mls_extension e = {.type = i + 1 < count ? (uint16_t)(100 + i) : last};
        mls_extension_write(&w.in, &e);
    }
    wire_end_vector(&w.in, begin);
    struct bytes_reader r = work_reader(&w);
    mls_extensions_parse(&r);
    bool ok = bytes_reader_done(&r);
    work_free(&w);
    return ok;
}

static void a_type_stands_once(void)
{
    CU_ASSERT(extensions_ok(2, 5));
    CU_ASSERT_FALSE(extensions_ok(2, 100));
    CU_ASSERT_FALSE(extensions_ok(10, 104));
    CU_ASSERT(extensions_ok(MLS_EXTENSIONS_MAX, 5));
    CU_ASSERT_FALSE(extensions_ok(MLS_EXTENSIONS_MAX + 1, 5));
}

static void the_last_extension_ends_with_its_list(void)
{
    /* a list of four bytes: a type, a length of two, one byte */
    const uint8_t cut[] = {4, 0x0a, 0x0a, 2, 0};
    struct bytes_reader r = mls_walk((struct core_slice){cut, sizeof cut});
    mls_extensions_parse(&r);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void credentials_of_every_type(void)
{
    for (uint16_t type = 1; type <= 3; type++) {
        struct work w;
        struct mls_credential credential;
        work_init(&w);
        sample_credential(&w.in, type);
        struct bytes_reader r = work_reader(&w);
        mls_credential_parse(&r, &credential);
        CU_ASSERT_FATAL(bytes_reader_done(&r));
        CU_ASSERT_EQUAL(credential.type, type);
        mls_credential_write(&w.out, &credential);
        same(&w);
        if (type == MLS_CREDENTIAL_X509) {
            struct core_slice certificate;
            struct bytes_reader walk = mls_walk(credential.content);
            CU_ASSERT(mls_certificate_next(&walk, &certificate));
            CU_ASSERT_EQUAL(certificate.len, 22);
            CU_ASSERT(mls_certificate_next(&walk, &certificate));
            CU_ASSERT_FALSE(mls_certificate_next(&walk, &certificate));
        }
        work_free(&w);
    }
    /* an x509 credential whose content is no list of vectors */
    const uint8_t broken[] = {0, 2, 3, 5, 'a', 'b'};
    struct mls_credential credential;
    struct bytes_reader r = mls_walk((struct core_slice){broken, sizeof broken});
    mls_credential_parse(&r, &credential);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void leaf_nodes_of_every_source(void)
{
    for (uint8_t source = 0; source <= 4; source++) {
        struct work w;
        struct mls_leaf_node leaf;
        work_init(&w);
        sample_leaf_node(&w.in, source);
        struct bytes_reader r = work_reader(&w);
        mls_leaf_node_parse(&r, &leaf);
        CU_ASSERT_EQUAL(bytes_reader_done(&r), source >= 1 && source <= 3);
        if (bytes_reader_done(&r)) {
            CU_ASSERT_EQUAL(leaf.encryption_key.data[0], 0x10);
            CU_ASSERT_EQUAL(leaf.signature_key.data[0], 0x40);
            CU_ASSERT_EQUAL(leaf.source, source);
            CU_ASSERT_EQUAL(leaf.not_before, source == 1 ? 1000 : 0);
            CU_ASSERT_EQUAL(leaf.not_after, source == 1 ? 2000 : 0);
            CU_ASSERT_EQUAL(leaf.parent_hash.len, source == 3 ? 32 : 0);
            CU_ASSERT(mls_u16_contains(leaf.capabilities.cipher_suites, 3));
            CU_ASSERT(mls_u16_contains(leaf.capabilities.credentials, 2));
            CU_ASSERT(mls_u16_contains(leaf.capabilities.extensions, 0x0a0a));
            CU_ASSERT_EQUAL(leaf.capabilities.proposals.len, 0);
            CU_ASSERT_EQUAL(leaf.encoded.len, w.in.len);
            CU_ASSERT_EQUAL(leaf.tbs.len, w.in.len - 2 - 64);
            mls_leaf_node_write_tbs(&w.out, &leaf);
            unit_assert_bytes("tbs", leaf.tbs.data, leaf.tbs.len, w.out.data, w.out.len);
            w.out.len = 0;
            mls_leaf_node_write(&w.out, &leaf);
            same(&w);
        }
        work_free(&w);
    }
}

static void groups_part_of_a_leafs_signature(void)
{
    const struct core_slice group_id = {(const uint8_t *)"gid", 3};
    const uint8_t want[] = {3, 'g', 'i', 'd', 0, 0, 1, 2};
    for (uint8_t source = 1; source <= 3; source++) {
        struct work w;
        work_init(&w);
        mls_leaf_node_write_tbs_tail(&w.out, source, group_id, 0x102);
        unit_assert_bytes("tail", wire_buffer_slice(&w.out).data, w.out.len, want, source == 1 ? 0 : sizeof want);
        work_free(&w);
    }
}

static void key_packages(void)
{
    struct work w;
    struct mls_key_package package;
    work_init(&w);
    sample_key_package(&w.in);
    struct bytes_reader r = work_reader(&w);
    mls_key_package_parse(&r, &package);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT_EQUAL(package.init_key.data[0], 0x20);
    CU_ASSERT_EQUAL(package.signature.data[0], 0xb0);
    mls_key_package_write_tbs(&w.out, &package);
    unit_assert_bytes("tbs", package.tbs.data, package.tbs.len, w.out.data, w.out.len);
    CU_ASSERT_EQUAL(package.tbs.len + 66, package.encoded.len);
    w.out.len = 0;
    mls_key_package_write(&w.out, &package);
    same(&w);
    work_free(&w);
}

static bool parent_ok(const uint32_t *unmerged, size_t count, size_t extra)
{
    struct work w;
    struct mls_parent_node parent;
    work_init(&w);
    bytes_write_u16(&w.in, 0); /* two empty vectors */
    wire_write_length(&w.in, 4 * count + extra);
    for (size_t i = 0; i < count; i++)
        bytes_write_u32(&w.in, unmerged[i]);
    bytes_reserve(&w.in, extra);
    struct bytes_reader r = work_reader(&w);
    mls_parent_node_parse(&r, &parent);
    bool ok = bytes_reader_done(&r);
    work_free(&w);
    return ok;
}

static void unmerged_leaves_increase(void)
{
    CU_ASSERT(parent_ok(NULL, 0, 0));
    CU_ASSERT(parent_ok((const uint32_t[]){1, 2, 9}, 3, 0));
    CU_ASSERT_FALSE(parent_ok((const uint32_t[]){2, 1}, 2, 0));
    CU_ASSERT_FALSE(parent_ok((const uint32_t[]){1, 1}, 2, 0));
    CU_ASSERT_FALSE(parent_ok((const uint32_t[]){1, 2}, 2, 3));
}

static bool tree_ok(const char *nodes, size_t *count)
{
    struct work w;
    struct core_slice list;
    work_init(&w);
    size_t begin = wire_begin_vector(&w.in);
    for (; *nodes; nodes++) {
        bytes_write_u8(&w.in, *nodes != '_');
        if (*nodes == 'L')
            bytes_write_u8(&w.in, 1), sample_leaf_node(&w.in, 1);
        else if (*nodes == 'P')
            bytes_write_u8(&w.in, 2), sample_parent_node(&w.in);
        else if (*nodes == '?')
            bytes_write_u8(&w.in, 3);
    }
    wire_end_vector(&w.in, begin);
    bool ok = mls_ratchet_tree_parse(wire_buffer_slice(&w.in), &list, count);
    work_free(&w);
    return ok;
}

static void trees_have_leaves_and_parents_in_turn(void)
{
    size_t count = 0;
    CU_ASSERT(tree_ok("L", &count));
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT(tree_ok("LPL_L", &count));
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT(tree_ok("__L", &count));
    CU_ASSERT_FALSE(tree_ok("", &count));
    CU_ASSERT_FALSE(tree_ok("_", &count));
    CU_ASSERT_FALSE(tree_ok("L_", &count));
    CU_ASSERT_FALSE(tree_ok("LPL_", &count));
    CU_ASSERT_FALSE(tree_ok("LL", &count));
    CU_ASSERT_FALSE(tree_ok("P", &count));
    CU_ASSERT_FALSE(tree_ok("LPP", &count));
    CU_ASSERT_FALSE(tree_ok("?", &count));
}

static void a_tree_claimed_in_few_bytes(void)
{
    /* 2^30 - 1 bytes of blanks, in five */
    const uint8_t claim[] = {0xbf, 0xff, 0xff, 0xff, 0};
    struct core_slice list;
    size_t count = 0;
    CU_ASSERT_FALSE(mls_ratchet_tree_parse((struct core_slice){claim, sizeof claim}, &list, &count));
    /* a leaf, and a byte behind the tree */
    struct work behind;
    work_init(&behind);
    size_t first = wire_begin_vector(&behind.in);
    bytes_write_u16(&behind.in, 0x0101);
    sample_leaf_node(&behind.in, 1);
    wire_end_vector(&behind.in, first);
    CU_ASSERT(mls_ratchet_tree_parse(wire_buffer_slice(&behind.in), &list, &count));
    bytes_write_u8(&behind.in, 0);
    CU_ASSERT_FALSE(mls_ratchet_tree_parse(wire_buffer_slice(&behind.in), &list, &count));
    work_free(&behind);
    /* as many blanks as the limit allows nodes, then a leaf, which stands one too far */
    struct work w;
    work_init(&w);
    size_t begin = wire_begin_vector(&w.in);
    bytes_reserve(&w.in, (2 << MLS_TREE_DEPTH_MAX));
    bytes_write_u8(&w.in, 1);
    bytes_write_u8(&w.in, 1);
    sample_leaf_node(&w.in, 1);
    wire_end_vector(&w.in, begin);
    CU_ASSERT_FATAL(bytes_writer_ok(&w.in));
    CU_ASSERT_FALSE(mls_ratchet_tree_parse(wire_buffer_slice(&w.in), &list, &count));
    work_free(&w);
}

static void required_capabilities_and_external_senders(void)
{
    struct work w;
    struct mls_required_capabilities required;
    work_init(&w);
    bytes_write(&w.in, (const uint8_t *)"\x02\x00\x0a\x04\x00\x08\x00\x09\x00", 9);
    struct bytes_reader r = work_reader(&w);
    mls_required_capabilities_parse(&r, &required);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT(mls_u16_contains(required.extensions, 10));
    CU_ASSERT_EQUAL(mls_u16_count(required.proposals), 2);
    CU_ASSERT_EQUAL(required.credentials.len, 0);
    mls_required_capabilities_write(&w.out, &required);
    same(&w);
    work_free(&w);

    struct mls_external_sender sender;
    struct core_slice list;
    size_t count = 0;
    work_init(&w);
    size_t begin = wire_begin_vector(&w.in);
    for (int i = 0; i < 2; i++) {
        wire_write_vector(&w.in, (struct core_slice){(const uint8_t *)"key", 3});
        sample_credential(&w.in, 1);
    }
    wire_end_vector(&w.in, begin);
    CU_ASSERT_FATAL(mls_external_senders_parse(wire_buffer_slice(&w.in), &list, &count));
    CU_ASSERT_EQUAL(count, 2);
    r = mls_walk(list);
    begin = wire_begin_vector(&w.out);
    while (mls_external_sender_next(&r, &sender))
        mls_external_sender_write(&w.out, &sender);
    wire_end_vector(&w.out, begin);
    same(&w);
    w.in.data[w.in.len - 1] ^= 1;
    bytes_write_u8(&w.in, 0);
    CU_ASSERT_FALSE(mls_external_senders_parse(wire_buffer_slice(&w.in), &list, &count));
    work_free(&w);
}

static const struct unit_test tests[] = {
    {"lists of code points are read in place", lists_of_code_points},
    {"extensions are found by their type", extensions_are_found_by_type},
    {"a type stands once in a list of bounded length", a_type_stands_once},
    {"the last extension ends with its list", the_last_extension_ends_with_its_list},
    {"credentials of every type", credentials_of_every_type},
    {"leaf nodes of every source, no other", leaf_nodes_of_every_source},
    {"the group's part of a leaf's signature", groups_part_of_a_leafs_signature},
    {"key packages", key_packages},
    {"unmerged leaves increase", unmerged_leaves_increase},
    {"trees have leaves and parents in turn, the last not blank", trees_have_leaves_and_parents_in_turn},
    {"a tree that is larger than allowed, or claims to be", a_tree_claimed_in_few_bytes},
    {"required capabilities and external senders", required_capabilities_and_external_senders},
};

UNIT_MAIN("mls.messages_tree", tests)
