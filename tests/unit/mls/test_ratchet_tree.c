#include "mls/ratchet_tree.h"

#include <string.h>

#include "mls/tree_math.h"
#include "tree.h"
#include "tree_fixture.h"
#include "unit.h"
#include "wire/vector.h"

static void same_trees(struct mls_ratchet_tree *a, struct mls_ratchet_tree *b)
{
    struct bytes_writer wa = tree_written(a);
    struct bytes_writer wb = tree_written(b);
    uint8_t ha[MLS_HASH_MAX];
    uint8_t hb[MLS_HASH_MAX];
    unit_assert_bytes("tree", wa.data, wa.len, wb.data, wb.len);
    CU_ASSERT_EQUAL(mls_ratchet_tree_hash(a, ha), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_hash(b, hb), MLS_OK);
    unit_assert_bytes("tree hash", ha, mls_ratchet_tree_suite(a)->hash->len, hb, mls_ratchet_tree_suite(a)->hash->len);
    CU_ASSERT_EQUAL(mls_ratchet_tree_members(a), mls_ratchet_tree_members(b));
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(a), mls_ratchet_tree_leaves(b));
    wire_buffer_free(&wa);
    wire_buffer_free(&wb);
}

static uint32_t some_member(const struct tree_group *group, uint64_t *random, uint32_t but)
{
    for (;;) {
        const uint32_t leaf = (uint32_t)unit_random(random) % group->cap;
        if (leaf != but && group->members[leaf].present)
            return leaf;
    }
}

/* Cached hashes, the key index and the shape all against a tree read afresh, after each of many commits. */
static void walk(uint16_t suite, uint64_t seed, unsigned steps)
{
    uint64_t random = seed;
    struct tree_group group;
    tree_group_init(&group, suite, 3);
    for (unsigned i = 0; i < steps; i++) {
        const uint32_t members = mls_ratchet_tree_members(group.tree);
        const uint32_t sender = some_member(&group, &random, UINT32_MAX);
        const uint64_t kind = unit_random(&random) % 8;
        const bool remove = members > 2 && (kind < 3 || members > 30);
        const uint32_t adds = kind > 5 ? 1 + (uint32_t)unit_random(&random) % 6 : kind == 5;
        tree_group_commit(&group, sender, remove ? some_member(&group, &random, sender) : UINT32_MAX, adds);
        struct mls_ratchet_tree *fresh = tree_again(group.tree);
        same_trees(group.tree, fresh);
        CU_ASSERT_EQUAL(group.tree->keys.count, fresh->keys.count); /* keys that are gone do not pile up */
        CU_ASSERT_EQUAL(mls_ratchet_tree_verify(fresh), MLS_OK);
        CU_ASSERT_EQUAL(mls_ratchet_tree_verify(group.tree), MLS_OK);
        mls_ratchet_tree_free(fresh);
        for (uint32_t leaf = 0; leaf < mls_ratchet_tree_leaves(group.tree); leaf++) {
            const struct mls_leaf_node *node = mls_ratchet_tree_leaf(group.tree, leaf);
            uint32_t found = UINT32_MAX;
            CU_ASSERT_EQUAL(node != NULL, leaf < group.cap && group.members[leaf].present);
            CU_ASSERT(!node || (mls_ratchet_tree_find(group.tree, node, &found) && found == leaf));
            CU_ASSERT(!node ||
                      (mls_ratchet_tree_find_signer(group.tree, node->signature_key, &found) && found == leaf));
        }
    }
    tree_group_free(&group);
}

static void a_random_walk_ends_in_the_tree_that_one_reads_afresh(void)
{
    walk(1, 1, 150);
    walk(1, 2, 150);
    walk(2, 3, 10);
    walk(4, 4, 5);
}

static void an_add_takes_the_leftmost_blank_leaf_and_extends_a_full_tree(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    uint32_t at = 0;
    tree_group_init(&group, 1, 8);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 5), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 2), MLS_OK);
    static const uint32_t want[] = {2, 5, 8};
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 8);
        CU_ASSERT(mls_ratchet_tree_vacant(stage, &at) == MLS_OK && at == want[i]);
        tree_leaf_init(&leaf, group.suite);
        CU_ASSERT(mls_ratchet_tree_add(stage, &leaf.view, &at) == MLS_OK && at == want[i]);
        CU_ASSERT(mls_ratchet_tree_is_new(stage, at));
        tree_leaf_free(&leaf);
    }
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 16);
    CU_ASSERT_EQUAL(mls_ratchet_tree_members(stage), 9);
    CU_ASSERT(!mls_ratchet_tree_is_new(stage, 0) && !mls_ratchet_tree_is_new(stage, 12));
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static void a_remove_cuts_the_tree_off_as_far_as_it_is_blank(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 9);
    tree_group_fill(&group);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    for (uint32_t leaf = 8; leaf > 3; leaf--) { /* the tree is cut off where its right half has become blank */
        CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), leaf == 8 ? 16 : 8);
        CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, leaf), MLS_OK);
    }
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 4);
    CU_ASSERT_PTR_NULL(mls_ratchet_tree_leaf(stage, 4));
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 4), MLS_LEAF);
    /* extended again, what was cut off stays gone */
    struct tree_leaf leaf;
    uint32_t at = 0;
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT(mls_ratchet_tree_add(stage, &leaf.view, &at) == MLS_OK && at == 4);
    tree_leaf_free(&leaf);
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 8);
    CU_ASSERT_PTR_NULL(mls_ratchet_tree_leaf(stage, 5));
    CU_ASSERT_PTR_NULL(mls_ratchet_tree_parent(stage, 11));
    struct mls_ratchet_tree *fresh = tree_again(stage);
    same_trees(stage, fresh);
    CU_ASSERT_EQUAL(mls_ratchet_tree_merge(stage), MLS_OK);
    same_trees(group.tree, fresh);
    mls_ratchet_tree_free(fresh);
    tree_group_free(&group);
}

static void the_last_member_is_replaced(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    uint8_t hash[MLS_HASH_MAX];
    uint32_t at = 9;
    tree_group_init(&group, 1, 2);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 2), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 0), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 0), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 2);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 1), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_leaves(stage), 1);
    CU_ASSERT_EQUAL(mls_ratchet_tree_members(stage), 0);
    CU_ASSERT_EQUAL(mls_ratchet_tree_hash(stage, hash), MLS_OK);
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT(mls_ratchet_tree_add(stage, &leaf.view, &at) == MLS_OK && at == 0);
    tree_leaf_free(&leaf);
    struct mls_ratchet_tree *fresh = tree_again(stage);
    same_trees(stage, fresh);
    CU_ASSERT_EQUAL(mls_ratchet_tree_merge(stage), MLS_OK);
    same_trees(group.tree, fresh);
    mls_ratchet_tree_free(fresh);
    tree_group_free(&group);
}

static void a_discarded_stage_leaves_no_trace(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 9);
    tree_group_fill(&group);
    struct mls_ratchet_tree *before = tree_again(group.tree);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    struct tree_leaf leaf;
    uint8_t hash[MLS_HASH_MAX];
    uint32_t at = 0;
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 8), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 0), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_hash(stage, hash), MLS_OK);
    mls_ratchet_tree_free(stage);
    CU_ASSERT(!mls_ratchet_tree_find(group.tree, &leaf.view, &at));
    tree_leaf_free(&leaf);
    same_trees(group.tree, before);
    CU_ASSERT_EQUAL(mls_ratchet_tree_verify(group.tree), MLS_OK);
    mls_ratchet_tree_free(before);
    tree_group_free(&group);
}

static void a_stages_hash_follows_every_change(void)
{
    struct tree_group group;
    uint32_t at = 0;
    tree_group_init(&group, 1, 9);
    tree_group_fill(&group);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    for (unsigned i = 0; i < 6; i++) {
        struct tree_leaf leaf;
        tree_leaf_init(&leaf, group.suite);
        int rc = i % 3 == 0   ? mls_ratchet_tree_remove(stage, 8 - i)
                 : i % 3 == 1 ? mls_ratchet_tree_add(stage, &leaf.view, &at)
                              : mls_ratchet_tree_update(stage, i, &leaf.view);
        CU_ASSERT_EQUAL(rc, MLS_OK);
        tree_leaf_free(&leaf);
        struct mls_ratchet_tree *fresh = tree_again(stage);
        same_trees(stage, fresh); /* hashes both: the next change finds the stage's cached */
        mls_ratchet_tree_free(fresh);
    }
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static void a_whole_tree_is_not_changed_but_by_merging(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    struct mls_ratchet_tree *stage = tree_group_stage((tree_group_init(&group, 1, 2), &group));
    struct mls_ratchet_tree *other = NULL;
    uint32_t at = 0;
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(group.tree, &leaf.view, &at), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(group.tree, 0, &leaf.view), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(group.tree, 0), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_ratchet_tree_vacant(group.tree, &at), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_ratchet_tree_merge(group.tree), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_ratchet_tree_stage(stage, &other), MLS_INVALID);
    tree_leaf_free(&leaf);
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static void no_key_comes_into_the_tree_twice(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    struct tree_leaf other;
    uint32_t at = 0;
    tree_group_init(&group, 1, 4);
    tree_group_fill(&group);
    tree_leaf_init(&leaf, group.suite);
    tree_leaf_init(&other, group.suite);
    const struct mls_leaf_node good = leaf.view;
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    leaf.view.encoded.len = 0; /* the fields count */
    leaf.view.encryption_key = mls_ratchet_tree_leaf(group.tree, 3)->encryption_key;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 3, &leaf.view), MLS_DUPLICATE); /* its own, kept */
    leaf.view.encryption_key = mls_ratchet_tree_parent(group.tree, 3)->encryption_key;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_DUPLICATE);
    leaf.view.encryption_key = good.encryption_key;
    leaf.view.signature_key = mls_ratchet_tree_leaf(group.tree, 3)->signature_key;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 2, &leaf.view), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 3, &leaf.view), MLS_OK); /* its own */
    /* a key that was removed is free, one that was added in this stage is not */
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 3), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_DUPLICATE);
    other.view.encoded.len = 0;
    other.view.encryption_key.len--;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &other.view, &at), MLS_KEY);
    other.view.encryption_key.len++;
    other.view.signature_key.len--;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &other.view, &at), MLS_KEY);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 1, &other.view), MLS_KEY);
    mls_ratchet_tree_free(stage);
    tree_leaf_free(&leaf);
    tree_leaf_free(&other);
    tree_group_free(&group);
}

static void an_update_blanks_its_path_and_keeps_the_rest(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    tree_leaf_init(&leaf, group.suite);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 8, &leaf.view), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_ratchet_tree_update(stage, 2, &leaf.view), MLS_OK);
    for (uint32_t node = 1; node < 15; node += 2)
        CU_ASSERT_EQUAL(mls_ratchet_tree_parent(stage, node) == NULL, mls_tree_is_below(mls_tree_node(2), node));
    unit_assert_bytes("leaf", mls_ratchet_tree_leaf(stage, 2)->encoded.data, leaf.view.encoded.len,
                      leaf.view.encoded.data, leaf.view.encoded.len);
    CU_ASSERT(!mls_ratchet_tree_is_new(stage, 2));
    mls_ratchet_tree_free(stage);
    tree_leaf_free(&leaf);
    tree_group_free(&group);
}

static int read_bytes(const uint8_t *data, size_t len)
{
    struct mls_ratchet_tree *tree = NULL;
    int rc = mls_ratchet_tree_read(mls_suite_find(NULL, 1), (struct core_slice){data, len}, &tree);
    CU_ASSERT_EQUAL(rc == MLS_OK, tree != NULL);
    mls_ratchet_tree_free(tree);
    return rc;
}

static void a_tree_that_claims_more_than_it_has_is_refused(void)
{
    uint8_t claimed[40] = {0xbf, 0xff, 0xff, 0xff};
    CU_ASSERT_EQUAL(read_bytes(claimed, sizeof claimed), MLS_MALFORMED);
    const uint8_t blank[] = {1, 0};
    CU_ASSERT_EQUAL(read_bytes(blank, sizeof blank), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_bytes(blank, 0), MLS_MALFORMED);
    const uint8_t none[] = {0};
    CU_ASSERT_EQUAL(read_bytes(none, sizeof none), MLS_MALFORMED);
}

/* A written tree with bytes put after its nodes, or a leaf after many blanks. */
static int read_after(size_t blanks, const struct mls_leaf_node *leaf)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    const size_t begin = wire_begin_vector(&w);
    for (size_t i = 0; i < blanks; i++)
        bytes_write_u8(&w, 0);
    if (leaf) {
        const struct mls_node node = {.type = MLS_NODE_LEAF, .leaf = *leaf};
        mls_node_write(&w, &node);
    }
    wire_end_vector(&w, begin);
    int rc = read_bytes(w.data, w.len);
    wire_buffer_free(&w);
    return rc;
}

static void trees_are_bounded_and_end_in_a_node(void)
{
    struct tree_leaf leaf;
    tree_leaf_init(&leaf, mls_suite_find(NULL, 1));
    CU_ASSERT_EQUAL(read_after(0, &leaf.view), MLS_OK);
    CU_ASSERT_EQUAL(read_after(2, &leaf.view), MLS_OK);
    CU_ASSERT_EQUAL(read_after(1, &leaf.view), MLS_MALFORMED); /* a leaf in a parent's place */
    CU_ASSERT_EQUAL(read_after((2u << MLS_TREE_DEPTH_MAX) - 2, &leaf.view), MLS_OK);
    CU_ASSERT_EQUAL(read_after(2u << MLS_TREE_DEPTH_MAX, &leaf.view), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_after(4, NULL), MLS_MALFORMED);
    tree_leaf_free(&leaf);
}

static void a_tree_with_wrong_keys_is_refused(void)
{
    struct tree_group group;
    struct mls_ratchet_tree *tree = NULL;
    tree_group_init(&group, 1, 4);
    tree_group_fill(&group);
    struct bytes_writer w = tree_written(group.tree);
    /* of another suite: other lengths */
    CU_ASSERT_EQUAL(mls_ratchet_tree_read(mls_suite_find(NULL, 2), wire_buffer_slice(&w), &tree), MLS_KEY);
    /* one leaf's or parent's key put into another's place */
    static const uint32_t pairs[][2] = {{0, 2}, {1, 5}, {0, 3}, {3, 6}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct core_slice from = mls_ratchet_tree_key(group.tree, pairs[i][0]);
        const struct core_slice to = mls_ratchet_tree_key(group.tree, pairs[i][1]);
        uint8_t *at = memmem(w.data, w.len, to.data, to.len);
        CU_ASSERT_FATAL(at != NULL);
        memcpy(at, from.data, from.len);
        CU_ASSERT_EQUAL(mls_ratchet_tree_read(group.suite, wire_buffer_slice(&w), &tree), MLS_DUPLICATE);
        memcpy(at, to.data, to.len);
    }
    const struct core_slice a = mls_ratchet_tree_leaf(group.tree, 0)->signature_key;
    uint8_t *at = memmem(w.data, w.len, mls_ratchet_tree_leaf(group.tree, 2)->signature_key.data, a.len);
    memcpy(at, a.data, a.len);
    CU_ASSERT_EQUAL(mls_ratchet_tree_read(group.suite, wire_buffer_slice(&w), &tree), MLS_DUPLICATE);
    wire_buffer_free(&w);
    tree_group_free(&group);
}

/* A tree of two leaves and their parent. */
static int read_three(const struct mls_leaf_node *left, struct core_slice key, struct core_slice parent_hash,
                      const struct mls_leaf_node *right)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    const size_t begin = wire_begin_vector(&w);
    mls_node_write(&w, &(struct mls_node){.type = MLS_NODE_LEAF, .leaf = *left});
    mls_node_write(
        &w, &(struct mls_node){.type = MLS_NODE_PARENT, .parent = {.encryption_key = key, .parent_hash = parent_hash}});
    mls_node_write(&w, &(struct mls_node){.type = MLS_NODE_LEAF, .leaf = *right});
    wire_end_vector(&w, begin);
    int rc = read_bytes(w.data, w.len);
    wire_buffer_free(&w);
    return rc;
}

static void keys_and_hashes_in_a_tree_have_their_lengths(void)
{
    const uint8_t bytes[33] = {7};
    const struct core_slice none = {0};
    const struct core_slice whole = {bytes, 32};
    const struct core_slice shorter = {bytes, 31};
    const struct core_slice longer = {bytes, 33};
    struct tree_leaf a;
    struct tree_leaf b;
    tree_leaf_init(&a, mls_suite_find(NULL, 1));
    tree_leaf_init(&b, mls_suite_find(NULL, 1));
    CU_ASSERT_EQUAL(read_three(&a.view, whole, none, &b.view), MLS_OK);
    CU_ASSERT_EQUAL(read_three(&a.view, whole, whole, &b.view), MLS_OK);
    CU_ASSERT_EQUAL(read_three(&a.view, shorter, none, &b.view), MLS_KEY);
    CU_ASSERT_EQUAL(read_three(&a.view, longer, none, &b.view), MLS_KEY);
    CU_ASSERT_EQUAL(read_three(&a.view, whole, shorter, &b.view), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_three(&a.view, whole, longer, &b.view), MLS_MALFORMED);
    b.view.encryption_key.len--;
    CU_ASSERT_EQUAL(read_three(&a.view, whole, none, &b.view), MLS_KEY);
    b.view.encryption_key.len++;
    b.view.signature_key.len--;
    CU_ASSERT_EQUAL(read_three(&a.view, whole, none, &b.view), MLS_KEY);
    tree_leaf_free(&a);
    tree_leaf_free(&b);
}

static void a_full_tree_of_the_largest_size_takes_no_more(void)
{
    struct mls_ratchet_tree *tree = NULL;
    struct mls_ratchet_tree *stage = NULL;
    struct tree_leaf leaf;
    uint32_t at = 0;
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    tree_leaf_init(&leaf, suite);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_new(suite, &tree), MLS_OK);
    CU_ASSERT_FATAL(tree_grow(tree, UINT32_C(1) << MLS_TREE_DEPTH_MAX));
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_stage(tree, &stage), MLS_OK);
    stage->vacant = stage->leaves; /* as if each leaf were taken */
    CU_ASSERT_EQUAL(mls_ratchet_tree_vacant(stage, &at), MLS_LIMIT);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_LIMIT);
    stage->vacant--;
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    CU_ASSERT_EQUAL(at, stage->leaves - 1);
    mls_ratchet_tree_free(stage);
    mls_ratchet_tree_free(tree);
    tree_leaf_free(&leaf);
}

static void a_kept_stage_reads_back_or_is_refused(void)
{
    struct tree_group group;
    struct mls_ratchet_tree *again = NULL;
    struct bytes_writer w;
    tree_group_init(&group, 1, 5);
    tree_group_fill(&group);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    struct tree_leaf leaf;
    uint32_t at = 0;
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 4), MLS_OK);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    tree_leaf_free(&leaf);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write_stage(&w, stage);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read_stage(&r, group.tree, &again), MLS_OK);
    CU_ASSERT(bytes_reader_done(&r) && mls_ratchet_tree_is_new(again, at));
    same_trees(stage, again);
    mls_ratchet_tree_free(again);
    for (size_t len = 0; len < w.len; len++) {
        struct bytes_reader cut = mls_walk((struct core_slice){w.data, len});
        CU_ASSERT_EQUAL(mls_ratchet_tree_read_stage(&cut, group.tree, &again), MLS_MALFORMED);
    }
    for (size_t i = 0; i < 8; i++) { /* other numbers of slots */
        w.data[i] ^= 3;
        struct bytes_reader changed = mls_walk(wire_buffer_slice(&w));
        CU_ASSERT_EQUAL(mls_ratchet_tree_read_stage(&changed, group.tree, &again), MLS_MALFORMED);
        w.data[i] ^= 3;
    }
    wire_buffer_free(&w);
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

/* A stage's cells as bytes: leaves (NULL: blank) at nodes. */
static int read_cells(struct mls_ratchet_tree *base, uint32_t leaves, const uint32_t *nodes,
                      const struct mls_leaf_node *const *contents, size_t count)
{
    struct bytes_writer w;
    struct mls_ratchet_tree *stage = NULL;
    wire_buffer_init(&w, 1 << 20);
    bytes_write_u32(&w, leaves);
    bytes_write_u32(&w, leaves);
    const size_t begin = wire_begin_vector(&w);
    for (size_t i = 0; i < count; i++) {
        struct mls_node node = {.type = contents[i] ? MLS_NODE_LEAF : MLS_NODE_BLANK};
        if (contents[i])
            node.leaf = *contents[i];
        bytes_write_u32(&w, nodes[i]);
        bytes_write_u8(&w, 0);
        mls_node_write(&w, &node);
    }
    wire_end_vector(&w, begin);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    int rc = mls_ratchet_tree_read_stage(&r, base, &stage);
    mls_ratchet_tree_free(stage);
    wire_buffer_free(&w);
    return rc;
}

static void a_stage_is_read_as_one_is_made(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    tree_group_init(&group, 1, 2);
    tree_leaf_init(&leaf, group.suite);
    const struct mls_leaf_node *fresh = &leaf.view;
    const struct mls_leaf_node *second = mls_ratchet_tree_leaf(group.tree, 1);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){0}, &fresh, 1), MLS_OK);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){2}, &second, 1), MLS_OK);
    /* keys twice: within the stage, and with the base's */
    const struct mls_leaf_node *twice[] = {fresh, fresh};
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){0, 2}, twice, 2), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){0}, &second, 1), MLS_DUPLICATE);
    /* out of order, one node twice, a leaf where a parent is, outside; a right half that is blank */
    const struct mls_leaf_node *pair[] = {fresh, NULL};
    const struct mls_leaf_node *blank = NULL;
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){2, 1}, pair, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){0, 0}, pair, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){1}, &fresh, 1), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){4}, &fresh, 1), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_cells(group.tree, 2, (uint32_t[]){2}, &blank, 1), MLS_MALFORMED);
    tree_leaf_free(&leaf);
    tree_group_free(&group);
}

static const struct unit_test tests[] = {
    {"a random walk ends in the tree that one reads afresh", a_random_walk_ends_in_the_tree_that_one_reads_afresh},
    {"an add takes the leftmost blank leaf, and extends a full tree",
     an_add_takes_the_leftmost_blank_leaf_and_extends_a_full_tree},
    {"a remove cuts the tree off as far as it is blank", a_remove_cuts_the_tree_off_as_far_as_it_is_blank},
    {"the last member can be removed for another to come", the_last_member_is_replaced},
    {"a discarded stage leaves no trace", a_discarded_stage_leaves_no_trace},
    {"a stage's hash follows every change", a_stages_hash_follows_every_change},
    {"a whole tree is not changed but by merging", a_whole_tree_is_not_changed_but_by_merging},
    {"no key comes into the tree twice", no_key_comes_into_the_tree_twice},
    {"an update blanks its path and keeps the rest", an_update_blanks_its_path_and_keeps_the_rest},
    {"a tree that claims more than it has is refused", a_tree_that_claims_more_than_it_has_is_refused},
    {"trees are bounded and end in a node", trees_are_bounded_and_end_in_a_node},
    {"a tree with wrong keys is refused", a_tree_with_wrong_keys_is_refused},
    {"keys and hashes in a tree have their lengths", keys_and_hashes_in_a_tree_have_their_lengths},
    {"a full tree of the largest size takes no more", a_full_tree_of_the_largest_size_takes_no_more},
    {"a kept stage reads back, or is refused", a_kept_stage_reads_back_or_is_refused},
    {"a stage that is read has each node once, each key once, and no blank half", a_stage_is_read_as_one_is_made},
};

UNIT_MAIN("mls.ratchet_tree", tests)
