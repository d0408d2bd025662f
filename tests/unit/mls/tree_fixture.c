#include "tree_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "mls/tree_math.h"
#include "unit.h"

const struct core_slice tree_group_id = {(const uint8_t *)"the group", 9};

static const uint8_t versions[] = {0, 1};
static const uint8_t suites[] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7};
static const uint8_t credentials[] = {0, 1};

void tree_leaf_sign(struct tree_leaf *leaf, const struct mls_suite *suite, uint32_t at)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    CU_ASSERT_EQUAL_FATAL(mls_leaf_node_sign(&w, suite, &leaf->view, &leaf->signer, tree_group_id, at), MLS_OK);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    mls_leaf_node_parse(&r, &leaf->view);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    wire_buffer_free(&leaf->w);
    leaf->w = w;
}

void tree_leaf_init(struct tree_leaf *leaf, const struct mls_suite *suite)
{
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    wire_buffer_init(&leaf->w, MLS_MESSAGE_MAX);
    CU_ASSERT_FATAL(suite->signature->generate(suite->signature, &leaf->signer));
    CU_ASSERT_EQUAL_FATAL(mls_hpke_generate(suite, leaf->private_key, public_key), MLS_OK);
    leaf->view = (struct mls_leaf_node){
        .encryption_key = {public_key, suite->kem->public_len},
        .signature_key = {leaf->signer.public_key, suite->signature->public_len},
        .credential = {MLS_CREDENTIAL_BASIC, {(const uint8_t *)"alice", 5}},
        .capabilities = {.versions = {versions, sizeof versions},
                         .cipher_suites = {suites, sizeof suites},
                         .credentials = {credentials, sizeof credentials}},
        .source = MLS_LEAF_KEY_PACKAGE,
        .not_before = 1000,
        .not_after = 2000,
    };
    tree_leaf_sign(leaf, suite, 0);
}

void tree_leaf_free(struct tree_leaf *leaf)
{
    wire_buffer_free(&leaf->w);
}

struct mls_ratchet_tree *tree_group_stage(struct tree_group *group)
{
    struct mls_ratchet_tree *stage = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_stage(group->tree, &stage), MLS_OK);
    return stage;
}

/* Adds one member to a stage; gives its leaf. */
static uint32_t add(struct tree_group *group, struct mls_ratchet_tree *stage)
{
    struct tree_leaf leaf;
    uint32_t at = 0;
    tree_leaf_init(&leaf, group->suite);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    if (at >= group->cap) {
        const uint32_t cap = 2 * (at + 1);
        group->members = realloc(group->members, cap * sizeof *group->members);
        CU_ASSERT_FATAL(group->members != NULL);
        memset(group->members + group->cap, 0, (cap - group->cap) * sizeof *group->members);
        group->cap = cap;
    }
    group->members[at].present = true;
    group->members[at].signer = leaf.signer;
    mls_tree_keys_init(&group->members[at].keys, group->suite, at, leaf.private_key);
    tree_leaf_free(&leaf);
    return at;
}

void tree_group_init(struct tree_group *group, uint16_t suite, uint32_t count)
{
    *group = (struct tree_group){.suite = mls_suite_find(NULL, suite)};
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_new(group->suite, &group->tree), MLS_OK);
    struct mls_ratchet_tree *stage = tree_group_stage(group);
    for (uint32_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL(add(group, stage), i);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_merge(stage), MLS_OK);
}

void tree_group_free(struct tree_group *group)
{
    mls_ratchet_tree_free(group->tree);
    free(group->members);
}

static void receive(struct tree_group *group, struct mls_ratchet_tree *sent, const struct mls_path *made,
                    struct core_slice encoded, struct core_slice context, struct mls_ratchet_tree *stage)
{
    struct mls_update_path path;
    struct bytes_reader r = mls_walk(encoded);
    uint8_t hash[MLS_HASH_MAX];
    uint8_t commit_secret[MLS_HASH_MAX];
    mls_update_path_parse(&r, &path);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    CU_ASSERT_EQUAL_FATAL(mls_path_apply(stage, made->sender, &path), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_hash(stage, hash), MLS_OK);
    unit_assert_bytes("tree hash", hash, context.len, context.data, context.len);
    for (uint32_t leaf = 0; leaf < group->cap; leaf++) {
        struct tree_member *member = &group->members[leaf];
        if (!member->present || leaf == made->sender)
            continue;
        if (mls_ratchet_tree_is_new(sent, leaf)) {
            const uint8_t *secret = mls_path_secret(made, leaf);
            CU_ASSERT_FATAL(secret != NULL);
            CU_ASSERT_EQUAL(mls_tree_keys_join(&member->keys, stage, made->sender, secret), MLS_OK);
        } else {
            CU_ASSERT_EQUAL_FATAL(
                mls_path_decrypt(stage, made->sender, &path, context, &member->keys, &member->keys, commit_secret),
                MLS_OK);
            unit_assert_bytes("commit secret", commit_secret, context.len, made->commit_secret, context.len);
        }
        CU_ASSERT_EQUAL(mls_tree_keys_check(&member->keys, stage), MLS_OK);
    }
}

void tree_group_commit(struct tree_group *group, uint32_t sender, uint32_t remove, uint32_t adds)
{
    struct mls_path made;
    struct bytes_writer w;
    uint8_t hash[MLS_HASH_MAX];
    struct mls_ratchet_tree *sent = tree_group_stage(group);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    if (remove != UINT32_MAX) {
        CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_remove(sent, remove), MLS_OK);
        group->members[remove].present = false;
    }
    for (uint32_t i = 0; i < adds; i++)
        add(group, sent);
    /* the receivers' stage has the same proposals: here by way of the bytes that a stage is kept as */
    struct mls_ratchet_tree *received = NULL;
    mls_ratchet_tree_write_stage(&w, sent);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read_stage(&r, group->tree, &received), MLS_OK);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    wire_buffer_free(&w);

    CU_ASSERT_EQUAL_FATAL(mls_path_create(sent, sender, mls_ratchet_tree_leaf(sent, sender),
                                          &group->members[sender].signer, tree_group_id, &made),
                          MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_hash(sent, hash), MLS_OK);
    const struct core_slice context = {hash, group->suite->hash->len};
    CU_ASSERT_EQUAL_FATAL(mls_path_encrypt(&made, context, &w), MLS_OK);
    receive(group, sent, &made, wire_buffer_slice(&w), context, received);
    group->members[sender].keys = made.keys;
    CU_ASSERT_EQUAL(mls_tree_keys_check(&made.keys, sent), MLS_OK);
    mls_path_wipe(&made);
    wire_buffer_free(&w);
    mls_ratchet_tree_free(sent);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_merge(received), MLS_OK);
}

void tree_group_fill(struct tree_group *group)
{
    for (uint32_t leaf = 0; leaf < mls_ratchet_tree_leaves(group->tree); leaf++)
        if (mls_ratchet_tree_leaf(group->tree, leaf))
            tree_group_commit(group, leaf, UINT32_MAX, 0);
}

struct bytes_writer tree_written(const struct mls_ratchet_tree *tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write(&w, tree);
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    return w;
}

struct mls_ratchet_tree *tree_again(const struct mls_ratchet_tree *tree)
{
    struct mls_ratchet_tree *read = NULL;
    struct bytes_writer w = tree_written(tree);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read(mls_ratchet_tree_suite(tree), wire_buffer_slice(&w), &read), MLS_OK);
    wire_buffer_free(&w);
    return read;
}
