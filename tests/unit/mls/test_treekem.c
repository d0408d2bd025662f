#include "mls/treekem.h"

#include <string.h>

#include "mls/tree_math.h"
#include "tree_fixture.h"
#include "unit.h"
#include "wire/vector.h"

/* One path of a sender, made and encrypted, for receivers to be tried on. */
struct sent {
    struct mls_ratchet_tree *stage;
    struct mls_path made;
    uint8_t context[MLS_HASH_MAX];
    size_t context_len;
    struct bytes_writer w;
    struct mls_update_path path;
};

static void parse(struct sent *sent)
{
    struct bytes_reader r = mls_walk(wire_buffer_slice(&sent->w));
    mls_update_path_parse(&r, &sent->path);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
}

static void encrypt(struct sent *sent)
{
    wire_buffer_init(&sent->w, MLS_MESSAGE_MAX);
    CU_ASSERT_EQUAL_FATAL(
        mls_path_encrypt(&sent->made, (struct core_slice){sent->context, sent->context_len}, &sent->w), MLS_OK);
    parse(sent);
}

static void send_over(struct sent *sent, struct tree_group *group, uint32_t sender, struct mls_ratchet_tree *stage)
{
    sent->stage = stage;
    CU_ASSERT_EQUAL_FATAL(mls_path_create(stage, sender, mls_ratchet_tree_leaf(group->tree, sender),
                                          &group->members[sender].signer, tree_group_id, &sent->made),
                          MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_hash(stage, sent->context), MLS_OK);
    sent->context_len = group->suite->hash->len;
    encrypt(sent);
}

static void send(struct sent *sent, struct tree_group *group, uint32_t sender)
{
    send_over(sent, group, sender, tree_group_stage(group));
}

static void sent_free(struct sent *sent)
{
    wire_buffer_free(&sent->w);
    mls_path_wipe(&sent->made);
    mls_ratchet_tree_free(sent->stage);
}

static int apply(const struct sent *sent, struct tree_group *group)
{
    struct mls_ratchet_tree *stage = tree_group_stage(group);
    int rc = mls_path_apply(stage, sent->made.sender, &sent->path);
    mls_ratchet_tree_free(stage);
    return rc;
}

/* Applies and decrypts as one member, whose keys stay. */
static int receive(const struct sent *sent, struct tree_group *group, uint32_t leaf)
{
    struct mls_ratchet_tree *stage = tree_group_stage(group);
    struct mls_tree_keys keys = {.leaf = UINT32_MAX};
    uint8_t secret[MLS_HASH_MAX] = {0};
    const uint8_t untouched[MLS_HASH_MAX] = {0};
    CU_ASSERT_EQUAL_FATAL(mls_path_apply(stage, sent->made.sender, &sent->path), MLS_OK);
    int rc =
        mls_path_decrypt(stage, sent->made.sender, &sent->path, (struct core_slice){sent->context, sent->context_len},
                         &group->members[leaf].keys, &keys, secret);
    if (rc == MLS_OK)
        unit_assert_bytes("commit secret", secret, sent->context_len, sent->made.commit_secret, sent->context_len);
    else
        CU_ASSERT(keys.leaf == UINT32_MAX && memcmp(secret, untouched, sizeof secret) == 0);
    mls_ratchet_tree_free(stage);
    return rc;
}

static void every_member_of_every_shape_takes_every_path(void)
{
    for (uint32_t count = 1; count <= 9; count++) {
        struct tree_group group;
        tree_group_init(&group, count % 2 ? 1 : 3, count);
        for (unsigned round = 0; round < 2; round++)
            tree_group_fill(&group); /* asserts it */
        CU_ASSERT_EQUAL(mls_ratchet_tree_verify(group.tree), MLS_OK);
        tree_group_free(&group);
    }
}

static void a_path_secret_wrong_for_one_subtree_is_found_there(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    for (size_t level = 0; level < 3; level++) {
        send(&sent, &group, 0);
        wire_buffer_free(&sent.w);
        sent.made.secrets[level][5] ^= 1; /* as it will be encrypted; the keys are made already */
        encrypt(&sent);
        for (uint32_t leaf = 1; leaf < 8; leaf++) {
            const bool cheated = mls_tree_is_below(mls_tree_node(leaf), sent.made.copath[level]);
            CU_ASSERT_EQUAL(receive(&sent, &group, leaf), cheated ? MLS_PATH : MLS_OK);
        }
        sent_free(&sent);
    }
    tree_group_free(&group);
}

static void a_changed_ciphertext_does_not_open(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 4);
    tree_group_fill(&group);
    send(&sent, &group, 3);
    struct bytes_reader r = mls_walk(sent.path.nodes);
    struct mls_update_path_node node;
    struct mls_hpke_ciphertext ciphertext;
    CU_ASSERT_FATAL(mls_update_path_node_next(&r, &node) && mls_update_path_node_next(&r, &node));
    r = mls_walk(node.secrets);
    CU_ASSERT_FATAL(mls_hpke_ciphertext_next(&r, &ciphertext));
    uint8_t *at = sent.w.data + (ciphertext.ciphertext.data - sent.w.data);
    at[0] ^= 1;
    CU_ASSERT_EQUAL(receive(&sent, &group, 0), MLS_AUTH);
    CU_ASSERT_EQUAL(receive(&sent, &group, 2), MLS_OK); /* not for this one */
    at[0] ^= 1;
    sent.context[0] ^= 1;
    CU_ASSERT_EQUAL(receive(&sent, &group, 0), MLS_AUTH);
    sent_free(&sent);
    tree_group_free(&group);
}

/* The path's nodes written anew, with ciphertexts of another length: cut off, or with zeros behind. */
static void resize_secrets(struct sent *sent, size_t len)
{
    const uint8_t zeros[2 * MLS_HASH_MAX] = {0};
    struct bytes_writer w;
    struct bytes_reader r = mls_walk(sent->path.nodes);
    struct mls_update_path_node node;
    struct mls_hpke_ciphertext c;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write(&w, sent->path.leaf_node.encoded.data, sent->path.leaf_node.encoded.len);
    const size_t begin = wire_begin_vector(&w);
    while (mls_update_path_node_next(&r, &node)) {
        struct bytes_reader secrets = mls_walk(node.secrets);
        wire_write_vector(&w, node.encryption_key);
        const size_t list = wire_begin_vector(&w);
        while (mls_hpke_ciphertext_next(&secrets, &c)) {
            wire_write_vector(&w, c.kem_output);
            const size_t text = wire_begin_vector(&w);
            const size_t kept = len < c.ciphertext.len ? len : c.ciphertext.len;
            bytes_write(&w, c.ciphertext.data, kept);
            bytes_write(&w, zeros, len - kept);
            wire_end_vector(&w, text);
        }
        wire_end_vector(&w, list);
    }
    wire_end_vector(&w, begin);
    wire_buffer_free(&sent->w);
    sent->w = w;
    parse(sent);
}

static void a_ciphertext_of_another_length_is_malformed(void)
{
    static const size_t lengths[] = {0, 15, 16, 47, 49, 128};
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 4);
    tree_group_fill(&group);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        send(&sent, &group, 3);
        resize_secrets(&sent, lengths[i]);
        CU_ASSERT_EQUAL(receive(&sent, &group, 0), MLS_MALFORMED);
        sent_free(&sent);
    }
    tree_group_free(&group);
}

/* The path's nodes written anew: `from` gives for each its place in the old list (SIZE_MAX ends), with ciphertexts
 * dropped or doubled by `secrets`. */
static void rewrite(struct sent *sent, const size_t *from, int secrets)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write(&w, sent->path.leaf_node.encoded.data, sent->path.leaf_node.encoded.len);
    const size_t begin = wire_begin_vector(&w);
    for (; *from != SIZE_MAX; from++) {
        struct bytes_reader r = mls_walk(sent->path.nodes);
        struct mls_update_path_node node = {0};
        for (size_t i = 0; i <= *from; i++)
            CU_ASSERT_FATAL(mls_update_path_node_next(&r, &node));
        wire_write_vector(&w, node.encryption_key);
        const size_t list = wire_begin_vector(&w);
        for (int i = 0; i < 1 + secrets; i++)
            bytes_write(&w, node.secrets.data, node.secrets.len);
        wire_end_vector(&w, list);
    }
    wire_end_vector(&w, begin);
    wire_buffer_free(&sent->w);
    sent->w = w;
    parse(sent);
}

static void a_path_of_another_shape_is_refused(void)
{
    static const struct {
        size_t from[5];
        int secrets;
        int want;
    } cases[] = {
        {{0, 1, 2, SIZE_MAX}, 0, MLS_OK},        {{0, 1, SIZE_MAX}, 0, MLS_PATH},
        {{0, 1, 2, 2, SIZE_MAX}, 0, MLS_PATH},   {{SIZE_MAX}, 0, MLS_PATH},
        {{0, 1, 2, SIZE_MAX}, 1, MLS_PATH},      {{0, 1, 2, SIZE_MAX}, -1, MLS_PATH},
        {{0, 1, 1, SIZE_MAX}, 0, MLS_DUPLICATE}, {{1, 0, 2, SIZE_MAX}, 0, MLS_PARENT_HASH},
    };
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send(&sent, &group, 5);
        rewrite(&sent, cases[i].from, cases[i].secrets);
        CU_ASSERT_EQUAL(apply(&sent, &group), cases[i].want);
        sent_free(&sent);
    }
    tree_group_free(&group);
}

static void put_key(struct sent *sent, struct core_slice from, struct core_slice to)
{
    uint8_t *at = memmem(sent->w.data, sent->w.len, from.data, from.len);
    CU_ASSERT_FATAL(at != NULL);
    memcpy(at, to.data, to.len);
    parse(sent);
}

static void no_key_of_a_path_is_in_the_tree(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    /* of a stranger's leaf, of a parent off the path, of one on it, of the sender's own old leaf */
    static const uint32_t nodes[] = {2, 9, 7, 0};
    for (size_t i = 0; i < 4; i++) {
        send(&sent, &group, 0);
        const struct core_slice old = mls_ratchet_tree_key(group.tree, nodes[i]);
        put_key(&sent, mls_ratchet_tree_key(sent.stage, sent.made.nodes[1]), old);
        CU_ASSERT_EQUAL(apply(&sent, &group), MLS_DUPLICATE);
        sent_free(&sent);
        send(&sent, &group, 0);
        put_key(&sent, sent.path.leaf_node.encryption_key, old);
        CU_ASSERT_EQUAL(apply(&sent, &group), MLS_DUPLICATE);
        sent_free(&sent);
    }
    send(&sent, &group, 0); /* the leaf's key is one of the path's */
    put_key(&sent, sent.path.leaf_node.encryption_key, mls_ratchet_tree_key(sent.stage, sent.made.nodes[2]));
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_DUPLICATE);
    sent_free(&sent);
    send(&sent, &group, 0); /* another member's signature key */
    put_key(&sent, sent.path.leaf_node.signature_key, mls_ratchet_tree_leaf(group.tree, 4)->signature_key);
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_DUPLICATE);
    sent_free(&sent);
    tree_group_free(&group);
}

static void a_key_that_is_no_point_is_refused(void)
{
    static const uint8_t not_a_point[65] = {4, 1};
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 2, 3);
    send(&sent, &group, 0);
    put_key(&sent, mls_ratchet_tree_key(sent.stage, sent.made.nodes[1]),
            (struct core_slice){not_a_point, sizeof not_a_point});
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_KEY);
    sent_free(&sent);
    tree_group_free(&group);
    /* nor one of another length */
    tree_group_init(&group, 1, 3);
    send(&sent, &group, 0);
    sent.path.leaf_node.encryption_key.len--;
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_KEY);
    sent.path.leaf_node.encryption_key.len++;
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_OK);
    sent_free(&sent);
    tree_group_free(&group);
}

static void the_new_leaf_must_carry_the_paths_parent_hash(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    send(&sent, &group, 6);
    uint8_t *hash = memmem(sent.w.data, sent.w.len, sent.path.leaf_node.parent_hash.data, 32);
    hash[31] ^= 1;
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_PARENT_HASH);
    hash[31] ^= 1;
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_OK);
    /* a key changed anywhere on the path changes it too */
    for (size_t i = 0; i < sent.made.count; i++) {
        const struct core_slice key = mls_ratchet_tree_key(sent.stage, sent.made.nodes[i]);
        uint8_t *at = memmem(sent.w.data, sent.w.len, key.data, key.len);
        at[3] ^= 1;
        CU_ASSERT_EQUAL(apply(&sent, &group), MLS_PARENT_HASH);
        at[3] ^= 1;
    }
    sent.path.leaf_node.source = MLS_LEAF_UPDATE;
    CU_ASSERT_EQUAL(apply(&sent, &group), MLS_LEAF_NODE);
    sent_free(&sent);
    tree_group_free(&group);
}

static void only_a_member_in_a_stage_sends_a_path(void)
{
    struct tree_group group;
    struct tree_leaf leaf;
    struct mls_path made;
    struct sent sent;
    uint32_t at = 0;
    tree_group_init(&group, 1, 3);
    tree_leaf_init(&leaf, group.suite);
    send(&sent, &group, 1);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    CU_ASSERT_EQUAL(mls_path_create(group.tree, 0, &leaf.view, &leaf.signer, tree_group_id, &made), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_path_create(stage, at, &leaf.view, &leaf.signer, tree_group_id, &made), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_path_create(stage, 4, &leaf.view, &leaf.signer, tree_group_id, &made), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_path_create(stage, 0, &leaf.view, &leaf.signer, tree_group_id, &made), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(mls_path_apply(group.tree, 1, &sent.path), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_path_apply(stage, 4, &sent.path), MLS_LEAF);
    CU_ASSERT_EQUAL(mls_path_apply(stage, at, &sent.path), MLS_LEAF);
    mls_ratchet_tree_free(stage);
    sent_free(&sent);
    tree_leaf_free(&leaf);
    tree_group_free(&group);
}

static void newcomers_are_sent_no_ciphertext_and_join_by_their_path_secret(void)
{
    struct tree_group group;
    tree_group_init(&group, 1, 3);
    tree_group_commit(&group, 0, UINT32_MAX, 1);
    tree_group_commit(&group, 2, UINT32_MAX, 6); /* asserts joining */
    tree_group_commit(&group, 3, 1, 3);
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    struct tree_leaf leaf;
    struct sent sent;
    struct mls_tree_keys keys;
    uint32_t at = 0;
    tree_leaf_init(&leaf, group.suite);
    CU_ASSERT_EQUAL(mls_ratchet_tree_add(stage, &leaf.view, &at), MLS_OK);
    send_over(&sent, &group, 0, stage);
    mls_tree_keys_init(&keys, group.suite, at, leaf.private_key);
    uint8_t secret[MLS_HASH_MAX];
    memcpy(secret, mls_path_secret(&sent.made, at), sizeof secret);
    secret[0] ^= 1;
    CU_ASSERT_EQUAL(mls_tree_keys_join(&keys, stage, 0, secret), MLS_PATH);
    secret[0] ^= 1;
    CU_ASSERT_EQUAL(mls_tree_keys_join(&keys, stage, at, secret), MLS_PATH);
    CU_ASSERT_EQUAL(mls_tree_keys_join(&keys, stage, 1000, secret), MLS_PATH);
    CU_ASSERT(!keys.known[1] && !keys.known[2] && !keys.known[3] && !keys.known[4]);
    CU_ASSERT_EQUAL(mls_tree_keys_join(&keys, stage, 0, secret), MLS_OK);
    CU_ASSERT_EQUAL(mls_tree_keys_check(&keys, stage), MLS_OK);
    tree_leaf_free(&leaf);
    sent_free(&sent);
    tree_group_free(&group);
}

static void an_external_committer_takes_the_vacant_leaf(void)
{
    for (uint32_t count = 1; count <= 5; count++) { /* with and without a blank leaf */
        struct tree_group group;
        struct tree_leaf leaf;
        struct sent sent = {.stage = NULL};
        uint32_t at = 0;
        tree_group_init(&group, 1, count);
        tree_group_fill(&group);
        tree_leaf_init(&leaf, group.suite);
        sent.stage = tree_group_stage(&group);
        CU_ASSERT(mls_ratchet_tree_vacant(sent.stage, &at) == MLS_OK && at == count);
        CU_ASSERT_EQUAL_FATAL(mls_path_create(sent.stage, at, &leaf.view, &leaf.signer, tree_group_id, &sent.made),
                              MLS_OK);
        CU_ASSERT_EQUAL(mls_ratchet_tree_hash(sent.stage, sent.context), MLS_OK);
        sent.context_len = group.suite->hash->len;
        encrypt(&sent);
        for (uint32_t member = 0; member < count; member++) {
            struct mls_ratchet_tree *stage = tree_group_stage(&group);
            struct mls_tree_keys keys;
            uint8_t secret[MLS_HASH_MAX];
            CU_ASSERT(mls_ratchet_tree_vacant(stage, &at) == MLS_OK && at == count);
            CU_ASSERT_EQUAL(mls_path_apply(stage, at, &sent.path), MLS_OK);
            CU_ASSERT_EQUAL(mls_path_decrypt(stage, at, &sent.path, (struct core_slice){sent.context, sent.context_len},
                                             &group.members[member].keys, &keys, secret),
                            MLS_OK);
            unit_assert_bytes("commit secret", secret, 32, sent.made.commit_secret, 32);
            CU_ASSERT_EQUAL(mls_ratchet_tree_members(stage), count + 1);
            CU_ASSERT_EQUAL(mls_ratchet_tree_verify(stage), MLS_OK);
            mls_ratchet_tree_free(stage);
        }
        tree_leaf_free(&leaf);
        sent_free(&sent);
        tree_group_free(&group);
    }
}

static void a_removed_member_opens_no_later_path(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    struct mls_tree_keys removed = group.members[2].keys;
    tree_group_commit(&group, 0, 2, 0);
    for (uint32_t sender = 0; sender < 8; sender++) {
        if (sender == 2)
            continue;
        send(&sent, &group, sender);
        group.members[2].keys = removed;
        CU_ASSERT_NOT_EQUAL(receive(&sent, &group, 2), MLS_OK);
        sent_free(&sent);
    }
    mls_tree_keys_wipe(&removed);
    tree_group_free(&group);
}

static bool is_zero(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i])
            return false;
    return true;
}

static void old_keys_are_wiped_when_they_are_replaced_or_blanked(void)
{
    struct tree_group group;
    struct mls_tree_keys keys;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    keys = group.members[0].keys;
    struct mls_ratchet_tree *stage = tree_group_stage(&group);
    CU_ASSERT_EQUAL(mls_ratchet_tree_remove(stage, 3), MLS_OK);
    mls_tree_keys_prune(&keys, stage);
    CU_ASSERT(keys.known[0] && keys.known[1] && !keys.known[2] && !keys.known[3]);
    CU_ASSERT(is_zero(keys.keys[2], sizeof keys.keys[2]) && is_zero(keys.keys[3], sizeof keys.keys[3]));
    CU_ASSERT_EQUAL(mls_tree_keys_check(&keys, stage), MLS_OK);
    const uint8_t *old = group.members[0].keys.keys[1];
    CU_ASSERT_FATAL(memmem(&keys, sizeof keys, old, 32) != NULL);
    struct mls_tree_keys before = group.members[0].keys;
    tree_group_commit(&group, 1, UINT32_MAX, 0);
    for (unsigned level = 1; level <= 3; level++)
        CU_ASSERT_PTR_NULL(memmem(&group.members[0].keys, sizeof keys, before.keys[level], 32));
    CU_ASSERT_EQUAL(mls_tree_keys_check(&before, group.tree), MLS_KEY);
    mls_tree_keys_wipe(&before);
    CU_ASSERT(is_zero((const uint8_t *)&before, sizeof before));
    mls_ratchet_tree_free(stage);
    tree_group_free(&group);
}

static void keys_are_read_as_they_were_written(void)
{
    struct tree_group group;
    struct bytes_writer w;
    struct mls_tree_keys again;
    tree_group_init(&group, 5, 5);
    tree_group_fill(&group);
    wire_buffer_init(&w, 1 << 16);
    mls_tree_keys_write(&w, &group.members[4].keys, group.suite);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    mls_tree_keys_read(&r, &again, group.suite);
    CU_ASSERT(bytes_reader_done(&r) && memcmp(&again, &group.members[4].keys, sizeof again) == 0);
    for (size_t len = 0; len < w.len; len++) {
        struct bytes_reader cut = mls_walk((struct core_slice){w.data, len});
        mls_tree_keys_read(&cut, &again, group.suite);
        CU_ASSERT(!bytes_reader_ok(&cut) && is_zero((const uint8_t *)&again, sizeof again));
    }
    w.data[0] = 1; /* a leaf that no tree has */
    r = mls_walk(wire_buffer_slice(&w));
    mls_tree_keys_read(&r, &again, group.suite);
    CU_ASSERT(!bytes_reader_ok(&r));
    wire_buffer_free(&w);
    tree_group_free(&group);
}

static void a_nodes_key_is_taken_only_from_its_own_path_secret(void)
{
    struct tree_group group;
    struct sent sent;
    tree_group_init(&group, 1, 8);
    tree_group_fill(&group);
    send(&sent, &group, 0);
    struct mls_tree_keys *keys = &group.members[1].keys;
    CU_ASSERT_EQUAL(mls_tree_keys_set_node(keys, sent.stage, 3, sent.made.secrets[1]), MLS_OK);
    CU_ASSERT_EQUAL(mls_tree_keys_set_node(keys, sent.stage, 7, sent.made.secrets[1]), MLS_PATH);
    CU_ASSERT_EQUAL(mls_tree_keys_set_node(keys, sent.stage, 11, sent.made.secrets[1]), MLS_PATH); /* not above it */
    CU_ASSERT_EQUAL(mls_tree_keys_set_node(keys, sent.stage, 15, sent.made.secrets[1]), MLS_PATH); /* outside */
    sent_free(&sent);
    tree_group_free(&group);
}

static const struct unit_test tests[] = {
    {"every member of every shape takes every path", every_member_of_every_shape_takes_every_path},
    {"a path secret wrong for one subtree is found there", a_path_secret_wrong_for_one_subtree_is_found_there},
    {"a changed ciphertext does not open", a_changed_ciphertext_does_not_open},
    {"a ciphertext of another length is malformed", a_ciphertext_of_another_length_is_malformed},
    {"a path of another shape is refused", a_path_of_another_shape_is_refused},
    {"no key of a path is in the tree", no_key_of_a_path_is_in_the_tree},
    {"a key that is no point is refused", a_key_that_is_no_point_is_refused},
    {"the new leaf must carry the path's parent hash", the_new_leaf_must_carry_the_paths_parent_hash},
    {"only a member in a stage sends a path", only_a_member_in_a_stage_sends_a_path},
    {"newcomers are sent no ciphertext, and join by their path secret",
     newcomers_are_sent_no_ciphertext_and_join_by_their_path_secret},
    {"an external committer takes the vacant leaf", an_external_committer_takes_the_vacant_leaf},
    {"a removed member opens no later path", a_removed_member_opens_no_later_path},
    {"old keys are wiped when they are replaced or blanked", old_keys_are_wiped_when_they_are_replaced_or_blanked},
    {"keys are read as they were written", keys_are_read_as_they_were_written},
    {"a node's key is taken only from its own path secret", a_nodes_key_is_taken_only_from_its_own_path_secret},
};

UNIT_MAIN("mls.treekem", tests)
