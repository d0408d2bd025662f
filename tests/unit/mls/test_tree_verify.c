#include <string.h>

#include "mls/ratchet_tree.h"
#include "mls/tree_math.h"
#include "tree.h"
#include "tree_fixture.h"
#include "unit.h"
#include "wire/vector.h"

/* What a joiner finds of a tree with so many bytes of it changed. */
static int verify_bytes(const struct mls_suite *suite, const struct bytes_writer *w)
{
    struct mls_ratchet_tree *tree = NULL;
    int rc = mls_ratchet_tree_read(suite, wire_buffer_slice(w), &tree);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_verify(tree);
    mls_ratchet_tree_free(tree);
    return rc;
}

/* Flips a bit of a part of the tree, verifies, and puts it back. */
static int flipped(const struct tree_group *group, struct bytes_writer *w, struct core_slice part)
{
    uint8_t *at = memmem(w->data, w->len, part.data, part.len);
    CU_ASSERT_FATAL(at != NULL && part.len > 0);
    at[part.len / 2] ^= 1;
    int rc = verify_bytes(group->suite, w);
    at[part.len / 2] ^= 1;
    return rc;
}

static void a_broken_parent_hash_is_found_wherever_it_is(void)
{
    static const uint32_t sizes[] = {2, 3, 4, 6, 8, 9};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct tree_group group;
        tree_group_init(&group, 1, sizes[i]);
        tree_group_fill(&group);
        struct bytes_writer w = tree_written(group.tree);
        CU_ASSERT_EQUAL(verify_bytes(group.suite, &w), MLS_OK);
        unsigned parents = 0;
        for (uint32_t node = 1; node < mls_tree_width(mls_ratchet_tree_leaves(group.tree)); node += 2) {
            const struct mls_parent_node *parent = mls_ratchet_tree_parent(group.tree, node);
            if (!parent)
                continue;
            parents++;
            CU_ASSERT_EQUAL(flipped(&group, &w, parent->encryption_key), MLS_PARENT_HASH);
            if (parent->parent_hash.len)
                CU_ASSERT_EQUAL(flipped(&group, &w, parent->parent_hash), MLS_PARENT_HASH);
        }
        CU_ASSERT(parents > 0);
        /* the last committer's leaf is linked to the node above it, and what it did not set is in its hash */
        CU_ASSERT_EQUAL(flipped(&group, &w, mls_ratchet_tree_leaf(group.tree, sizes[i] - 1)->parent_hash),
                        MLS_PARENT_HASH);
        CU_ASSERT_EQUAL(flipped(&group, &w, mls_ratchet_tree_leaf(group.tree, 0)->signature), MLS_PARENT_HASH);
        wire_buffer_free(&w);
        tree_group_free(&group);
    }
}

static void unmerged_leaves_do_not_break_what_was_hashed_before_them(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    struct tree_leaf leaf;
    uint32_t at = 0;
    /* members 2 and 5 replaced, and their neighbours' paths refilled before */
    tree_group_commit(&group, 0, 5, 0);
    tree_group_commit(&group, 7, UINT32_MAX, 0);
    tree_group_commit(&group, 4, UINT32_MAX, 0);
    mls_ratchet_tree_free(stage);
    stage = tree_group_stage(&group);
    for (unsigned i = 0; i < 4; i++) {
        tree_leaf_init(&leaf, group.suite);
        CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
        tree_leaf_free(&leaf);
    }
    CU_ASSERT(mls_u32_count(mls_ratchet_tree_parent(stage, 7)->unmerged_leaves) > 0);
    CU_ASSERT_EQUAL(mls_ratchet_tree_verify(stage), MLS_OK);
    struct mls_ratchet_tree *fresh = tree_again(stage);
    CU_ASSERT_EQUAL(mls_ratchet_tree_verify(fresh), MLS_OK);
    mls_ratchet_tree_free(fresh);
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

/* The tree's nodes written with one parent's unmerged leaves replaced. */
static int with_unmerged(const struct tree_group *group, uint32_t changed, const uint32_t *leaves, size_t count)
{
    struct bytes_writer w;
    struct bytes_writer list;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    wire_buffer_init(&list, MLS_MESSAGE_MAX);
    for (size_t i = 0; i < count; i++)
        bytes_write_u32(&list, leaves[i]);
    const size_t begin = wire_begin_vector(&w);
    const uint32_t width = mls_tree_width(mls_ratchet_tree_leaves(group->tree));
    for (uint32_t i = 0; i < width; i++) {
        struct mls_node node = {.type = MLS_NODE_BLANK};
        if (mls_tree_is_leaf(i) && mls_ratchet_tree_leaf(group->tree, i / 2))
            node = (struct mls_node){.type = MLS_NODE_LEAF, .leaf = *mls_ratchet_tree_leaf(group->tree, i / 2)};
        if (mls_ratchet_tree_parent(group->tree, i))
            node = (struct mls_node){.type = MLS_NODE_PARENT, .parent = *mls_ratchet_tree_parent(group->tree, i)};
        if (i == changed)
            node.parent.unmerged_leaves = wire_buffer_slice(&list);
        mls_node_write(&w, &node);
    }
    wire_end_vector(&w, begin);
    int rc = verify_bytes(group->suite, &w);
    wire_buffer_free(&w);
    wire_buffer_free(&list);
    return rc;
}

static void unmerged_leaves_must_be_members_below_and_unmerged_all_the_way(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, NULL, 0), MLS_OK);
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, (const uint32_t[]){4}, 1), MLS_TREE);          /* not below */
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, (const uint32_t[]){8}, 1), MLS_TREE);          /* outside */
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, (const uint32_t[]){UINT32_MAX}, 1), MLS_TREE); /* outside */
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, (const uint32_t[]){2}, 1), MLS_TREE);          /* node 5 has it merged */
    CU_ASSERT_EQUAL(with_unmerged(&group, 5, (const uint32_t[]){2}, 1), MLS_PARENT_HASH);   /* was merged */
    CU_ASSERT_EQUAL(with_unmerged(&group, 5, (const uint32_t[]){3}, 1), MLS_PARENT_HASH);
    CU_ASSERT_EQUAL(with_unmerged(&group, 5, (const uint32_t[]){2, 2}, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_unmerged(&group, 5, (const uint32_t[]){3, 2}, 2), MLS_MALFORMED);
    tree_group_commit(&group, 0, 3, 0); /* blank now; nodes 3 and 7 set anew, node 5 blank */
    CU_ASSERT_EQUAL(with_unmerged(&group, 3, (const uint32_t[]){3}, 1), MLS_TREE);
    tree_group_free(&group);
}

static void a_parent_that_nobody_below_set_is_refused(void)
{
    /* a flat tree with one parent of another group put into it: the leaves are all from key packages */
    struct tree_group flat;
    struct tree_group other;
    tree_group_init(&flat, 1, 4);
    tree_group_init(&other, 1, 4);
    tree_group_fill(&other);
    for (uint32_t chosen = 1; chosen < 7; chosen += 2) {
        struct bytes_writer w;
        wire_buffer_init(&w, MLS_MESSAGE_MAX);
        const size_t begin = wire_begin_vector(&w);
        for (uint32_t i = 0; i < 7; i++) {
            struct mls_node node = {.type = MLS_NODE_BLANK};
            if (mls_tree_is_leaf(i))
                node = (struct mls_node){.type = MLS_NODE_LEAF, .leaf = *mls_ratchet_tree_leaf(flat.tree, i / 2)};
            if (i == chosen)
                node = (struct mls_node){.type = MLS_NODE_PARENT, .parent = *mls_ratchet_tree_parent(other.tree, i)};
            mls_node_write(&w, &node);
        }
        wire_end_vector(&w, begin);
        CU_ASSERT_EQUAL(verify_bytes(flat.suite, &w), MLS_PARENT_HASH);
        wire_buffer_free(&w);
    }
    tree_group_free(&flat);
    tree_group_free(&other);
}

/* A committer that leaves its neighbour out: the root's parent hash is right, but not all under it know the root. */
static void a_path_past_a_member_is_refused(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t hash[MLS_HASH_MAX];
    size_t hash_len = 0;
    tree_group_init(&group, 1, 4);
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t sender = i % 2;
        const bool honest = i / 2;
        struct mls_ratchet_tree *stage = tree_group_stage(&group);
        const struct tree_path path = {.count = 1, .nodes = {3}, .copath = {5}};
        if (honest) /* then nobody was left out */
            CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 1 - sender), MLS_OK);
        CU_ASSERT_EQUAL(mls_hpke_generate(group.suite, private_key, public_key), MLS_OK);
        const struct core_slice key = {public_key, group.suite->kem->public_len};
        CU_ASSERT_EQUAL(tree_place_path(stage, sender, &path, &key, hash, &hash_len), MLS_OK);
        tree_leaf_init(&leaf, group.suite);
        leaf.view.source = MLS_LEAF_COMMIT;
        leaf.view.parent_hash = (struct core_slice){hash, hash_len};
        tree_leaf_sign(&leaf, group.suite, sender);
        CU_ASSERT_EQUAL(tree_put(stage, 2 * sender, tree_node_leaf(&leaf.view)), MLS_OK);
        tree_leaf_free(&leaf);
        CU_ASSERT_EQUAL(mls_ratchet_tree_verify(stage), honest ? MLS_OK : MLS_PARENT_HASH);
        mls_ratchet_tree_free(stage);
    }
    tree_group_free(&group);
}

/* --- What members must share --- */

static void add_leaf(struct mls_ratchet_tree *stage, const struct mls_suite *suite, uint16_t type,
                     struct core_slice credentials, struct core_slice extensions)
{
    struct tree_leaf leaf;
    uint32_t at = 0;
    tree_leaf_init(&leaf, suite);
    leaf.view.encoded.len = 0;
    leaf.view.credential.type = type;
    leaf.view.capabilities.credentials = credentials;
    leaf.view.capabilities.extensions = extensions;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    tree_leaf_free(&leaf);
}

static const uint8_t basic_only[] = {0, 1};
static const uint8_t both[] = {0, 1, 0x12, 0x34};
static const uint8_t other_only[] = {0x12, 0x34};
static const uint8_t extension_type[] = {0xf0, 0x01};
static const uint8_t group_extension[] = {0xf0, 0x01, 0}; /* the type, with no data */
#define SLICE(array) ((struct core_slice){(array), sizeof(array)})
static const struct core_slice none;

static void members_must_support_each_others_credentials(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 2); /* these list basic only */
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    add_leaf(stage, group.suite, 1, SLICE(basic_only), none);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, none, false), MLS_OK);
    add_leaf(stage, group.suite, 1, SLICE(both), none);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, none, false), MLS_OK);
    mls_ratchet_tree_free(stage);
    stage = tree_group_stage(&group);
    add_leaf(stage, group.suite, 0x1234, SLICE(both), none); /* the others do not know this one's */
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, none, false), MLS_UNSUPPORTED);
    struct mls_ratchet_tree *fresh = tree_again(stage);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(fresh, none, false), MLS_UNSUPPORTED);
    mls_ratchet_tree_free(fresh);
    mls_ratchet_tree_free(stage);
    stage = tree_group_stage(&group);
    add_leaf(stage, group.suite, 1, SLICE(other_only), none); /* this one does not know the others' */
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, none, false), MLS_UNSUPPORTED);
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static void members_must_support_the_groups_extensions(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 2);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    add_leaf(stage, group.suite, 1, SLICE(basic_only), SLICE(extension_type));
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, SLICE(group_extension), false), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, SLICE(group_extension), true), MLS_UNSUPPORTED);
    add_leaf(stage, group.suite, 1, SLICE(basic_only), none);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, SLICE(group_extension), false), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(stage, none, true), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_check_members(group.tree, SLICE(group_extension), false), MLS_UNSUPPORTED);
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static const struct unit_test tests[] = {
    {"a broken parent hash is found wherever it is", a_broken_parent_hash_is_found_wherever_it_is},
    {"unmerged leaves do not break what was hashed before them",
     unmerged_leaves_do_not_break_what_was_hashed_before_them},
    {"unmerged leaves must be members below, and unmerged all the way",
     unmerged_leaves_must_be_members_below_and_unmerged_all_the_way},
    {"a parent that nobody below set is refused", a_parent_that_nobody_below_set_is_refused},
    {"a path past a member is refused", a_path_past_a_member_is_refused},
    {"members must support each other's credentials", members_must_support_each_others_credentials},
    {"members must support the group's extensions", members_must_support_the_groups_extensions},
};

UNIT_MAIN("mls.tree_verify", tests)
