#include "mls/secret_tree.h"

#include <string.h>

#include "mls/crypto.h"
#include "unit.h"
#include "wire/buffer.h"

static const uint8_t root_secret[MLS_HASH_MAX] = "the epoch's encryption secret, 64 bytes of which are counted in";

static struct mls_secret_tree tree_of(uint16_t suite, uint32_t leaves)
{
    struct mls_secret_tree tree;
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&tree, mls_suite_find(NULL, suite), leaves, root_secret), MLS_OK);
    return tree;
}

static struct bytes_writer state_of(const struct mls_secret_tree *tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 24);
    mls_secret_tree_write(&w, tree);
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    return w;
}

static bool contains(const struct bytes_writer *state, const uint8_t *secret, size_t len)
{
    return memmem(state->data, state->len, secret, len) != NULL;
}

static void every_leaf_agrees_with_its_sender(void)
{
    for (uint16_t suite = 1; suite <= 7; suite += 3)
        for (uint32_t leaves = 1; leaves <= 8; leaves *= 2) {
            struct mls_secret_tree sender = tree_of(suite, leaves);
            struct mls_secret_tree receiver = tree_of(suite, leaves);
            uint8_t seen[64][MLS_AEAD_KEY_MAX] = {{0}};
            size_t count = 0;
            for (uint32_t leaf = leaves; leaf-- > 0;)
                for (unsigned kind = 0; kind < MLS_RATCHETS; kind++)
                    for (uint32_t generation = 0; generation < 3; generation++) {
                        struct mls_message_key sent;
                        struct mls_message_key got;
                        CU_ASSERT_EQUAL(mls_secret_tree_next(&sender, leaf, kind, &sent), MLS_OK);
                        CU_ASSERT_EQUAL(sent.generation, generation);
                        CU_ASSERT_EQUAL(mls_secret_tree_peek(&receiver, leaf, kind, generation, &got), MLS_OK);
                        CU_ASSERT_EQUAL(mls_secret_tree_consume(&receiver, leaf, kind, generation), MLS_OK);
                        const size_t key_len = receiver.suite->aead->key_len;
                        unit_assert_bytes("key", got.key, key_len, sent.key, key_len);
                        unit_assert_bytes("nonce", got.nonce, sizeof got.nonce, sent.nonce, sizeof sent.nonce);
                        for (size_t i = 0; i < count; i++) /* no key is given twice */
                            CU_ASSERT_NOT_EQUAL(memcmp(seen[i], got.key, key_len), 0);
                        memcpy(seen[count++ % 64], got.key, key_len);
                    }
            mls_secret_tree_wipe(&sender);
            mls_secret_tree_wipe(&receiver);
        }
}

static void looking_changes_nothing(void)
{
    struct mls_secret_tree tree = tree_of(1, 8);
    struct mls_message_key key;
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 2, MLS_RATCHET_APPLICATION, 5), MLS_OK);
    struct bytes_writer before = state_of(&tree);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 2, MLS_RATCHET_APPLICATION, 1000, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 2, MLS_RATCHET_APPLICATION, 3, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 7, MLS_RATCHET_HANDSHAKE, 0, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 2, MLS_RATCHET_APPLICATION, 5, &key), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 2, MLS_RATCHET_APPLICATION, UINT32_MAX, &key), MLS_GENERATION_FAR);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 7, MLS_RATCHET_APPLICATION, UINT32_C(1) << 31), MLS_GENERATION_FAR);
    struct bytes_writer after = state_of(&tree);
    unit_assert_bytes("state", after.data, after.len, before.data, before.len);
    wire_buffer_free(&before);
    wire_buffer_free(&after);
    mls_secret_tree_wipe(&tree);
}

static void skipped_keys_are_given_once(void)
{
    struct mls_secret_tree sender = tree_of(3, 2);
    struct mls_secret_tree receiver = tree_of(3, 2);
    struct mls_message_key sent[10];
    struct mls_message_key got;
    for (size_t i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(mls_secret_tree_next(&sender, 1, MLS_RATCHET_APPLICATION, &sent[i]), MLS_OK);
    static const uint32_t order[] = {9, 0, 4, 3, 8, 1, 7, 2, 6, 5};
    for (size_t i = 0; i < 10; i++) {
        const uint32_t g = order[i];
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&receiver, 1, MLS_RATCHET_APPLICATION, g, &got), MLS_OK);
        CU_ASSERT_EQUAL(got.generation, g);
        unit_assert_bytes("key", got.key, 32, sent[g].key, 32);
        CU_ASSERT_EQUAL(mls_secret_tree_consume(&receiver, 1, MLS_RATCHET_APPLICATION, g), MLS_OK);
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&receiver, 1, MLS_RATCHET_APPLICATION, g, &got), MLS_GENERATION_USED);
        CU_ASSERT_EQUAL(mls_secret_tree_consume(&receiver, 1, MLS_RATCHET_APPLICATION, g), MLS_GENERATION_USED);
    }
    /* the other ratchet was not moved */
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&receiver, 1, MLS_RATCHET_HANDSHAKE, 0, &got), MLS_OK);
    mls_secret_tree_wipe(&sender);
    mls_secret_tree_wipe(&receiver);
}

static void the_last_skipped_ones_are_kept(void)
{
    enum { JUMP = 200 };
    struct mls_secret_tree tree = tree_of(1, 2);
    struct mls_message_key key;
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, MLS_RATCHET_HANDSHAKE, JUMP), MLS_OK);
    for (uint32_t g = 0; g < JUMP; g++)
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, MLS_RATCHET_HANDSHAKE, g, &key),
                        g < JUMP - MLS_GENERATIONS_KEPT ? MLS_GENERATION_USED : MLS_OK);
    /* skipping more drops the oldest */
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, MLS_RATCHET_HANDSHAKE, JUMP + 3), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, MLS_RATCHET_HANDSHAKE, JUMP - MLS_GENERATIONS_KEPT + 1, &key),
                    MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, MLS_RATCHET_HANDSHAKE, JUMP - MLS_GENERATIONS_KEPT + 2, &key),
                    MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, MLS_RATCHET_HANDSHAKE, JUMP + 2, &key), MLS_OK);
    mls_secret_tree_wipe(&tree);
}

static void look_ahead_is_bounded(void)
{
    struct mls_secret_tree tree = tree_of(1, 2);
    struct mls_message_key key;
    for (int opened = 0; opened <= 1; opened++) {
        const uint32_t next = opened ? 1 : 0;
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 1, 0, next + MLS_GENERATIONS_AHEAD, &key), MLS_OK);
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 1, 0, next + MLS_GENERATIONS_AHEAD + 1, &key), MLS_GENERATION_FAR);
        CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 1, 0, next + MLS_GENERATIONS_AHEAD + 1), MLS_GENERATION_FAR);
        CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 1, 0, UINT32_C(1) << 31, &key), MLS_GENERATION_FAR);
        if (!opened)
            CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 1, 0, 0), MLS_OK);
    }
    mls_secret_tree_wipe(&tree);
}

static void leaves_outside_are_refused(void)
{
    struct mls_secret_tree tree = tree_of(1, 4);
    struct mls_message_key key;
    CU_ASSERT_EQUAL(mls_secret_tree_next(&tree, 4, 0, &key), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 4, 0, 0, &key), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, UINT32_MAX, 0, 0), MLS_LEAF);
    mls_secret_tree_wipe(&tree);
}

static void sizes_are_powers_of_two_within_the_limit(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    struct mls_secret_tree tree = {0};
    CU_ASSERT_EQUAL(mls_secret_tree_init(&tree, suite, 0, root_secret), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_secret_tree_init(&tree, suite, 3, root_secret), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_secret_tree_init(&tree, suite, UINT32_C(2) << MLS_TREE_DEPTH_MAX, root_secret), MLS_LIMIT);
    CU_ASSERT_EQUAL(mls_secret_tree_init(&tree, suite, UINT32_C(1) << 31, root_secret), MLS_LIMIT);
    CU_ASSERT_EQUAL(mls_secret_tree_init(&tree, suite, UINT32_C(1) << MLS_TREE_DEPTH_MAX, root_secret), MLS_OK);
    struct mls_message_key key;
    CU_ASSERT_EQUAL(mls_secret_tree_next(&tree, (UINT32_C(1) << MLS_TREE_DEPTH_MAX) - 1, 0, &key), MLS_OK);
    mls_secret_tree_wipe(&tree);
    mls_secret_tree_wipe(&tree); /* of zeros */
}

/* "all node secrets in the secret tree on the path from the root to the leaf" and the key itself are gone */
static void what_was_used_is_gone(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    const size_t len = suite->hash->len;
    struct mls_secret_tree tree = tree_of(1, 4);
    struct mls_message_key key;
    uint8_t left[MLS_HASH_MAX], right[MLS_HASH_MAX], leaf0[MLS_HASH_MAX], leaf1[MLS_HASH_MAX], first[MLS_HASH_MAX],
        second[MLS_HASH_MAX];
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, root_secret, MLS_TEXT("tree"), MLS_TEXT("left"), left, len), MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, root_secret, MLS_TEXT("tree"), MLS_TEXT("right"), right, len), MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, left, MLS_TEXT("tree"), MLS_TEXT("left"), leaf0, len), MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, left, MLS_TEXT("tree"), MLS_TEXT("right"), leaf1, len), MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, leaf0, MLS_TEXT("application"), (struct core_slice){0}, first, len),
                    MLS_OK);
    CU_ASSERT_EQUAL(mls_derive_tree_secret(suite, first, MLS_TEXT("secret"), 0, second, len), MLS_OK);

    struct bytes_writer state = state_of(&tree);
    CU_ASSERT(contains(&state, root_secret, len)); /* the search finds what is there */
    wire_buffer_free(&state);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, MLS_RATCHET_APPLICATION, 0, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, MLS_RATCHET_APPLICATION, 0), MLS_OK);
    state = state_of(&tree);
    CU_ASSERT_FALSE(contains(&state, root_secret, len));
    CU_ASSERT_FALSE(contains(&state, left, len));
    CU_ASSERT_FALSE(contains(&state, leaf0, len));
    CU_ASSERT_FALSE(contains(&state, first, len));
    CU_ASSERT_FALSE(contains(&state, key.key, suite->aead->key_len));
    CU_ASSERT(contains(&state, right, len)); /* and the rest stays */
    CU_ASSERT(contains(&state, leaf1, len));
    CU_ASSERT(contains(&state, second, len));
    wire_buffer_free(&state);
    /* in memory too, where the state was */
    for (size_t node = 0; node < 7; node++)
        if (!tree.present[node]) {
            const uint8_t zeros[MLS_HASH_MAX] = {0};
            unit_assert_bytes("a node that is gone", tree.secrets + node * len, len, zeros, len);
        }
    mls_secret_tree_wipe(&tree);
}

static void kept_keys_are_gone_after_use(void)
{
    struct mls_secret_tree tree = tree_of(1, 2);
    struct mls_message_key key;
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, 0, 2, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, 0, 5), MLS_OK);
    struct bytes_writer state = state_of(&tree);
    CU_ASSERT(contains(&state, key.key, 16));
    wire_buffer_free(&state);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, 0, 2), MLS_OK);
    state = state_of(&tree);
    CU_ASSERT_FALSE(contains(&state, key.key, 16));
    wire_buffer_free(&state);
    mls_secret_tree_wipe(&tree);
}

static void state_comes_back(void)
{
    struct mls_secret_tree tree = tree_of(4, 8);
    struct mls_secret_tree read;
    struct mls_message_key a;
    struct mls_message_key b;
    CU_ASSERT_EQUAL(mls_secret_tree_next(&tree, 3, MLS_RATCHET_APPLICATION, &a), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 6, MLS_RATCHET_HANDSHAKE, 9), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 6, MLS_RATCHET_HANDSHAKE, 4), MLS_OK);
    struct bytes_writer state = state_of(&tree);
    struct bytes_reader r;
    bytes_reader_init(&r, state.data, state.len);
    CU_ASSERT_EQUAL_FATAL(mls_secret_tree_read(&r, &read, tree.suite), MLS_OK);
    CU_ASSERT(bytes_reader_done(&r));
    struct bytes_writer again = state_of(&read);
    unit_assert_bytes("state", again.data, again.len, state.data, state.len);
    for (uint32_t leaf = 0; leaf < 8; leaf++)
        for (unsigned kind = 0; kind < MLS_RATCHETS; kind++)
            for (uint32_t g = 0; g < 12; g++) {
                int rc = mls_secret_tree_peek(&tree, leaf, kind, g, &a);
                CU_ASSERT_EQUAL(mls_secret_tree_peek(&read, leaf, kind, g, &b), rc);
                if (rc == MLS_OK)
                    unit_assert_bytes("key", b.key, 32, a.key, 32);
            }
    mls_secret_tree_wipe(&read);
    for (size_t len = 0; len < state.len; len++) {
        bytes_reader_init(&r, state.data, len);
        CU_ASSERT_EQUAL(mls_secret_tree_read(&r, &read, tree.suite), MLS_MALFORMED);
        CU_ASSERT_PTR_NULL(read.secrets);
    }
    wire_buffer_free(&state);
    wire_buffer_free(&again);
    mls_secret_tree_wipe(&tree);
}

/* A state of one leaf, its handshake ratchet at next and with the kept generations given. */
static int read_ratchet(struct mls_secret_tree *tree, uint64_t next, const uint32_t *kept, uint16_t count)
{
    struct bytes_writer w;
    struct bytes_reader r;
    wire_buffer_init(&w, 1 << 16);
    bytes_write_u32(&w, 1);
    bytes_write_u32(&w, UINT32_MAX);
    bytes_write_u32(&w, 0);
    for (int kind = 0; kind < 2; kind++) {
        bytes_write_u64(&w, kind == 0 ? next : 0);
        bytes_reserve(&w, 32);
        bytes_write_u16(&w, kind == 0 ? count : 0);
        for (uint16_t i = 0; kind == 0 && i < count; i++) {
            bytes_write_u32(&w, kept ? kept[i] : i);
            bytes_reserve(&w, 16 + 12);
        }
    }
    bytes_write_u32(&w, UINT32_MAX);
    bytes_reader_init(&r, w.data, w.len);
    int rc = mls_secret_tree_read(&r, tree, mls_suite_find(NULL, 1));
    CU_ASSERT(rc != MLS_OK || bytes_reader_done(&r));
    wire_buffer_free(&w);
    return rc;
}

static void states_that_cannot_be_are_malformed(void)
{
    struct mls_secret_tree tree;
    CU_ASSERT_EQUAL(read_ratchet(&tree, 9, (const uint32_t[]){3, 4, 8}, 3), MLS_OK);
    mls_secret_tree_wipe(&tree);
    CU_ASSERT_EQUAL(read_ratchet(&tree, 9, (const uint32_t[]){3, 4, 9}, 3), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_ratchet(&tree, 9, (const uint32_t[]){4, 3}, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_ratchet(&tree, 9, (const uint32_t[]){4, 4}, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_ratchet(&tree, (UINT64_C(1) << 32) + 1, NULL, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_ratchet(&tree, 1000, NULL, MLS_GENERATIONS_KEPT), MLS_OK);
    mls_secret_tree_wipe(&tree);
    CU_ASSERT_EQUAL(read_ratchet(&tree, 1000, NULL, MLS_GENERATIONS_KEPT + 1), MLS_MALFORMED);
}

static void generations_end(void)
{
    struct mls_secret_tree tree;
    struct mls_message_key key;
    CU_ASSERT_EQUAL_FATAL(read_ratchet(&tree, UINT32_MAX, NULL, 0), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, 0, UINT32_MAX, &key), MLS_OK);
    CU_ASSERT_EQUAL(mls_secret_tree_next(&tree, 0, 0, &key), MLS_OK);
    CU_ASSERT_EQUAL(key.generation, UINT32_MAX);
    CU_ASSERT_EQUAL(mls_secret_tree_next(&tree, 0, 0, &key), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, 0, UINT32_MAX, &key), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 0, 0, 0, &key), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 0, 0, UINT32_MAX), MLS_GENERATION_USED);
    mls_secret_tree_wipe(&tree);
}

/* Untouched, with ratchets, with a skipped key: nothing that leads to the leaf's keys is left, and all that leads to
 * others. */
static void a_leaf_is_forgotten(void)
{
    for (int touched = 0; touched < 3; touched++) {
        struct mls_secret_tree tree = tree_of(1, 4);
        struct mls_message_key key;
        CU_ASSERT_EQUAL(mls_secret_tree_forget(&tree, 4), MLS_LEAF);
        if (touched)
            CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 2, MLS_RATCHET_APPLICATION, (uint32_t)touched - 1), MLS_OK);
        for (int again = 0; again < 2; again++) {
            CU_ASSERT_EQUAL(mls_secret_tree_forget(&tree, 2), MLS_OK);
            for (unsigned kind = 0; kind < MLS_RATCHETS; kind++)
                for (uint32_t generation = 0; generation < 4; generation++) {
                    CU_ASSERT_EQUAL(mls_secret_tree_peek(&tree, 2, kind, generation, &key), MLS_GENERATION_USED);
                    CU_ASSERT_EQUAL(mls_secret_tree_consume(&tree, 2, kind, generation), MLS_GENERATION_USED);
                }
        }
        struct bytes_writer state = state_of(&tree);
        CU_ASSERT_FALSE(contains(&state, root_secret, 32));
        wire_buffer_free(&state);
        for (uint32_t leaf = 0; leaf < 4; leaf++)
            CU_ASSERT_TRUE(leaf == 2 || mls_secret_tree_peek(&tree, leaf, 0, 5, &key) == MLS_OK);
        mls_secret_tree_wipe(&tree);
    }
}

static const struct unit_test tests[] = {
    {"every leaf agrees with its sender, and no key is given twice", every_leaf_agrees_with_its_sender},
    {"looking at a key changes nothing", looking_changes_nothing},
    {"skipped keys are given once, in any order", skipped_keys_are_given_once},
    {"of skipped keys the last are kept", the_last_skipped_ones_are_kept},
    {"look-ahead is bounded", look_ahead_is_bounded},
    {"leaves outside the tree are refused", leaves_outside_are_refused},
    {"sizes are powers of two within the limit", sizes_are_powers_of_two_within_the_limit},
    {"what was used, and all it came from, is gone", what_was_used_is_gone},
    {"kept keys are gone after use", kept_keys_are_gone_after_use},
    {"state comes back from bytes, and from no part of them", state_comes_back},
    {"states that cannot be are malformed", states_that_cannot_be_are_malformed},
    {"a leaf's keys can be forgotten without the others'", a_leaf_is_forgotten},
    {"generations end, and do not begin again", generations_end},
};

UNIT_MAIN("mls.secret_tree", tests)
