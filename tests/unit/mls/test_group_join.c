/* group_join.c, welcome.c, key_package.c: who gets in by a Welcome, and on what conditions. */
#include <string.h>

#include "party.h"
#include "unit.h"

/* alice's group, and her commit that adds bob, not merged yet. */
struct invitation {
    struct party a;
    struct party b;
    struct mls_staged *staged;
};

static void invite(struct invitation *i, const struct mls_commit_config *config)
{
    party_init(&i->a, "alice", 1);
    party_init(&i->b, "bob", 1);
    party_found(&i->a);
    const struct mls_proposal_config add = party_add(&i->b);
    struct mls_commit_config with_add = *config;
    with_add.proposals = &add;
    with_add.proposal_count = 1;
    with_add.now_s = PARTY_NOW_S;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(i->a.group, &with_add, &i->staged), MLS_OK);
}

static void invitation_wipe(struct invitation *i)
{
    mls_staged_free(i->staged);
    party_wipe(&i->a);
    party_wipe(&i->b);
}

static void test_tree_apart(void)
{
    struct invitation i;
    invite(&i, &(struct mls_commit_config){.tree_apart = true});
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_TREE_MISSING);
    struct mls_output welcome = {0};
    struct mls_output tree = {0};
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_welcome(i.staged)), &welcome), MLS_OK);
    struct mls_output old_tree = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_tree(i.a.group, &old_tree), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(i.a.group, i.staged), MLS_OK);
    i.staged = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_tree(i.a.group, &tree), MLS_OK);
    struct mls_join_config config = {.policy = i.b.policy, .now_s = PARTY_NOW_S, .tree = party_bytes(old_tree)};
    CU_ASSERT_EQUAL(mls_group_join(party_bytes(welcome), i.b.keys, &config, &i.b.group), MLS_TREE);
    /* a tree of 2^30 leaves, claimed in 40 bytes */
    uint8_t claim[40] = {0xbf, 0xff, 0xff, 0xff};
    config.tree = (struct mls_bytes){claim, sizeof claim};
    CU_ASSERT_EQUAL(mls_group_join(party_bytes(welcome), i.b.keys, &config, &i.b.group), MLS_MALFORMED);
    config.tree = party_bytes(tree);
    CU_ASSERT_EQUAL(mls_group_join(party_bytes(welcome), i.b.keys, &config, &i.b.group), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&i.a, &i.b));
    mls_output_free(&welcome);
    mls_output_free(&tree);
    mls_output_free(&old_tree);
    invitation_wipe(&i);
}

/* Who bounds lifetimes (section 7.2) bounds the founder's, too. */
static void test_founders_lifetime(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    struct mls_proposal_config add = party_add(&b);
    const struct mls_commit_config commit = {
        .proposals = &add, .proposal_count = 1, .without_path = true, .now_s = PARTY_NOW_S};
    struct mls_group_config config = {.suite = 1, .leaf = a.leaf, .policy = a.policy};
    b.policy.lifetime_max_s = 2 * PARTY_LIFETIME_S;
    for (size_t i = 0; i < 3; i++) {
        struct mls_staged *staged = NULL;
        config.not_before_s = i == 0 ? 0 : PARTY_NOW_S;
        config.not_after_s = i == 0 ? 0 : PARTY_NOW_S + i * PARTY_LIFETIME_S + (i == 2);
        CU_ASSERT_EQUAL_FATAL(mls_group_new(&config, &a.group), MLS_OK);
        CU_ASSERT_EQUAL_FATAL(mls_group_commit(a.group, &commit, &staged), MLS_OK);
        CU_ASSERT_EQUAL(party_join(&b, mls_staged_welcome(staged)), i == 1 ? MLS_OK : MLS_LIFETIME);
        mls_staged_free(staged);
        mls_group_free(a.group);
        a.group = NULL;
        party_new_package(&b);
        add = party_add(&b);
    }
    config.not_before_s = config.not_after_s + 1;
    CU_ASSERT_EQUAL(mls_group_new(&config, &a.group), MLS_INVALID);
    party_wipe(&a);
    party_wipe(&b);
}

/* Who comes back may have to show more than one epoch of its past. */
static void test_resumption_psks(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct party *const to_b[] = {&b};
    party_commit_all(&a, NULL, 0, to_b, 1);
    const uint64_t last = mls_group_epoch(b.group);
    const struct mls_proposal_config out = party_remove(mls_group_own_leaf(b.group));
    party_commit_all(&a, &out, 1, NULL, 0); /* bob never hears of it */
    party_new_package(&b);
    struct mls_proposal_config back[] = {
        party_add(&b),
        {.type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = last},
        {.type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = last - 1},
    };
    struct mls_staged *staged = party_commit(&a, back, 3, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    struct mls_join_config join = {.policy = b.policy, .now_s = PARTY_NOW_S};
    struct mls_group *again = NULL;
    CU_ASSERT_EQUAL(mls_group_join(mls_staged_welcome(staged), b.keys, &join, &again), MLS_PSK);
    join.resumed = b.group;
    CU_ASSERT_EQUAL_FATAL(mls_group_join(mls_staged_welcome(staged), b.keys, &join, &again), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, staged), MLS_OK);
    mls_group_free(b.group);
    b.group = again;
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    party_wipe(&a);
    party_wipe(&b);
}

static void test_without_path(void)
{
    struct invitation i;
    invite(&i, &(struct mls_commit_config){.without_path = true});
    CU_ASSERT_FALSE(mls_staged_info(i.staged)->has_path);
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(i.a.group, i.staged), MLS_OK);
    i.staged = NULL;
    CU_ASSERT_TRUE(party_agrees(&i.a, &i.b));
    struct party *const to_a[] = {&i.a};
    party_commit_all(&i.b, NULL, 0, to_a, 1);
    CU_ASSERT_TRUE(party_agrees(&i.a, &i.b));
    invitation_wipe(&i);
}

static void test_key_package_once(void)
{
    struct invitation i;
    struct party c;
    invite(&i, &(struct mls_commit_config){0});
    party_init(&c, "carol", 1);
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(i.staged)), MLS_WELCOME);
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_STATE);
    uint8_t zeros[MLS_KEM_PRIVATE_MAX] = {0};
    CU_ASSERT_EQUAL(memcmp(i.b.keys->init_private, zeros, sizeof zeros), 0);
    party_wipe(&c);
    invitation_wipe(&i);
}

static void test_last_resort(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    const struct mls_key_package_config config = {
        .leaf = b.leaf, .not_before_s = 0, .not_after_s = UINT64_MAX, .last_resort = true};
    mls_key_package_keys_free(b.keys);
    mls_output_free(&b.package);
    CU_ASSERT_EQUAL_FATAL(mls_key_package_new(NULL, 1, &config, &b.keys, &b.package), MLS_OK);
    for (size_t i = 0; i < 2; i++) {
        mls_group_free(a.group);
        party_found(&a);
        const struct mls_proposal_config add = party_add(&b);
        struct mls_staged *staged = party_commit(&a, &add, 1, &rc);
        CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
        CU_ASSERT_EQUAL(party_join(&b, mls_staged_welcome(staged)), MLS_OK);
        mls_staged_free(staged);
    }
    party_wipe(&a);
    party_wipe(&b);
}

static void test_key_package_wrong(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_found(&a);
    /* any bit of it */
    size_t taken = 0;
    const struct mls_proposal_config add = party_add(&b);
    for (size_t i = 0; i < 8 * b.package.len; i++) {
        b.package.data[i / 8] ^= (uint8_t)(1 << i % 8);
        struct mls_staged *staged = party_commit(&a, &add, 1, &rc);
        taken += staged != NULL;
        mls_staged_free(staged);
        b.package.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    CU_ASSERT_EQUAL(taken, 0);
    /* of another suite */
    struct party other;
    party_init(&other, "other", 3);
    const struct mls_proposal_config foreign = party_add(&other);
    CU_ASSERT_PTR_NULL(party_commit(&a, &foreign, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_KEY_PACKAGE);
    /* that lives too long */
    a.group->policy.lifetime_max_s = PARTY_LIFETIME_S / 2;
    CU_ASSERT_PTR_NULL(party_commit(&a, &add, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_LIFETIME);
    party_wipe(&other);
    party_wipe(&a);
    party_wipe(&b);
}

static void test_welcome_bits(void)
{
    struct invitation i;
    invite(&i, &(struct mls_commit_config){0});
    struct mls_output copy = {0};
    size_t taken = 0;
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_welcome(i.staged)), &copy), MLS_OK);
    for (size_t bit = 0; bit < 8 * copy.len; bit++) {
        copy.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        taken += party_join(&i.b, party_bytes(copy)) == MLS_OK;
        copy.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(taken, 0);
    CU_ASSERT_EQUAL(party_join(&i.b, party_bytes(copy)), MLS_OK);
    mls_output_free(&copy);
    invitation_wipe(&i);
}

/* A founder who puts a leaf with a wrong signature into the tree, and hides nothing of it from the tree hash. */
static void test_leaf_signature_in_tree(void)
{
    struct party a;
    struct party b;
    struct party ghost;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&ghost, "ghost", 1);
    party_found(&a);
    uint8_t signature[64] = {0};
    struct mls_leaf_node leaf = ghost.keys->package.leaf_node;
    struct bytes_writer w;
    struct mls_ratchet_tree *stage = NULL;
    uint32_t at = 0;
    leaf.signature = (struct core_slice){signature, sizeof signature};
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_leaf_node_write(&w, &leaf);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    mls_leaf_node_parse(&r, &leaf);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_stage(a.group->tree, &stage), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_add(stage, &leaf, &at), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_merge(stage), MLS_OK);
    const struct mls_proposal_config add = party_add(&b);
    struct mls_staged *staged = party_commit(&a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_join(&b, mls_staged_welcome(staged)), MLS_SIGNATURE);
    mls_staged_free(staged);
    wire_buffer_free(&w);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&ghost);
}

/* A founder whose tree's root has another key than the one its leaf vouches for by its parent hash. */
static void test_parent_hash_in_tree(void)
{
    struct party a;
    struct party b;
    struct party c;
    struct mls_output tree = {0};
    struct mls_staged *staged = NULL;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&c, "carol", 1);
    party_gather(&a, &b, 1);
    CU_ASSERT_EQUAL_FATAL(mls_group_tree(a.group, &tree), MLS_OK);
    const struct core_slice key = mls_ratchet_tree_key(a.group->tree, 1);
    uint8_t *place = memmem(tree.data, tree.len, key.data, key.len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(place);
    place[0] ^= 1;
    mls_ratchet_tree_free(a.group->tree);
    a.group->tree = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read(a.group->suite, mls_in(party_bytes(tree)), &a.group->tree), MLS_OK);
    const struct mls_proposal_config add = party_add(&c);
    const struct mls_commit_config config = {
        .proposals = &add, .proposal_count = 1, .without_path = true, .now_s = PARTY_NOW_S};
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(a.group, &config, &staged), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(staged)), MLS_PARENT_HASH);
    mls_staged_free(staged);
    mls_output_free(&tree);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

static void test_credential_in_tree_refused(void)
{
    struct invitation i;
    invite(&i, &(struct mls_commit_config){0});
    i.b.refused_credential = "alice";
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_CREDENTIAL);
    i.b.refused_credential = NULL;
    i.b.policy.credential_valid = NULL;
    CU_ASSERT_EQUAL(party_join(&i.b, mls_staged_welcome(i.staged)), MLS_CREDENTIAL);
    invitation_wipe(&i);
}

static void test_psks(void)
{
    struct party a;
    struct party b;
    struct party c;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&c, "carol", 1);
    a.psk = b.psk = "secret";
    party_gather(&a, &b, 1);
    /* external and resumption, with an Add */
    const struct mls_proposal_config proposals[] = {
        {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")},
        party_add(&c),
        {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")},
    };
    struct mls_staged *staged = party_commit(&a, proposals, 3, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    b.psk = NULL;
    CU_ASSERT_EQUAL(party_receive(&b, mls_staged_message(staged)), MLS_PSK);
    b.psk = "wrong!";
    CU_ASSERT_EQUAL(party_receive(&b, mls_staged_message(staged)), MLS_CONFIRMATION);
    b.psk = "secret";
    CU_ASSERT_EQUAL(party_receive(&b, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(staged)), MLS_PSK);
    c.psk = "wrong!";
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(staged)), MLS_AUTH);
    c.psk = "secret";
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &c));
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    /* epoch 1's resumption PSK: alice and bob have it, carol has not */
    const struct mls_proposal_config resumption = {.type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = 1};
    staged = party_commit(&a, &resumption, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&c, mls_staged_message(staged)), MLS_PSK);
    CU_ASSERT_EQUAL(party_receive(&b, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    /* kept for so many epochs, or until forgotten */
    struct party *const to_b[] = {&b};
    mls_group_forget_resumptions(a.group, 2);
    CU_ASSERT_PTR_NULL(party_commit(&a, &resumption, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_PSK);
    for (size_t i = 0; i < MLS_RESUMPTIONS_KEPT + 1; i++)
        party_commit_all(&a, NULL, 0, to_b, 1);
    const uint64_t epoch = mls_group_epoch(b.group);
    CU_ASSERT_PTR_NOT_NULL(mls_group_resumption(b.group, epoch - MLS_RESUMPTIONS_KEPT));
    CU_ASSERT_PTR_NULL(mls_group_resumption(b.group, epoch - MLS_RESUMPTIONS_KEPT - 1));
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

/* --- Groups that continue others --- */

/* Joins the Welcome with the old group at hand. */
static int join_from(struct party *party, struct mls_bytes welcome, const struct mls_group *old,
                     struct mls_group **group)
{
    const struct mls_join_config config = {.policy = party->policy, .now_s = PARTY_NOW_S, .resumed = old};
    return mls_group_join(welcome, party->keys, &config, group);
}

static void test_reinit(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct party *const to_b[] = {&b};
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("the new one"), .cipher_suite = 2};
    struct mls_group *new_a = NULL;
    struct mls_group *new_b = NULL;
    CU_ASSERT_EQUAL(mls_group_reinit(a.group, NULL, &a.leaf, &a.policy, &new_a), MLS_STATE);
    party_commit_all(&a, &reinit, 1, to_b, 1);
    CU_ASSERT_TRUE(mls_group_was_reinitialized(a.group));
    CU_ASSERT_TRUE(mls_group_was_reinitialized(b.group));
    struct mls_output message = {0};
    CU_ASSERT_EQUAL(mls_group_seal(b.group, NULL, party_text("x"), &message), MLS_STATE);
    /* keys for the new suite */
    struct party next_a;
    struct party next_b;
    party_init(&next_a, "alice", 2);
    party_init(&next_b, "bob", 2);
    /* bob makes the new group: any member may */
    CU_ASSERT_EQUAL_FATAL(mls_group_reinit(b.group, NULL, &next_b.leaf, &next_b.policy, &new_b), MLS_OK);
    next_b.group = new_b;
    /* first without alice, though there is another: who joins misses her */
    struct party c;
    party_init(&c, "carol", 2);
    const struct mls_proposal_config add_c = party_add(&c);
    struct mls_staged *staged = party_commit(&next_b, &add_c, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(join_from(&c, mls_staged_welcome(staged), a.group, &new_a), MLS_REINIT);
    mls_staged_free(staged);
    const struct mls_proposal_config add = party_add(&next_a);
    staged = party_commit(&next_b, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(join_from(&next_a, mls_staged_welcome(staged), NULL, &new_a), MLS_PSK);
    CU_ASSERT_EQUAL(join_from(&next_a, mls_staged_welcome(staged), a.group, &new_a), MLS_OK);
    next_a.group = new_a;
    CU_ASSERT_EQUAL(mls_group_merge(next_b.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&next_a, &next_b));
    CU_ASSERT_TRUE(party_hears(&next_a, &next_b));
    CU_ASSERT_EQUAL(mls_group_suite(new_a), 2);
    struct party *const to_next_b[] = {&next_b};
    party_commit_all(&next_a, NULL, 0, to_next_b, 1);
    CU_ASSERT_TRUE(party_agrees(&next_a, &next_b));
    party_wipe(&c);
    party_wipe(&next_a);
    party_wipe(&next_b);
    party_wipe(&a);
    party_wipe(&b);
}

static void test_branch(void)
{
    struct party a;
    struct party others[2];
    struct party stranger;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&others[0], "bob", 1);
    party_init(&others[1], "carol", 1);
    party_init(&stranger, "mallory", 1);
    party_gather(&a, others, 2);
    struct party branched = {.suite = 1};
    party_init(&branched, "alice", 1);
    party_new_package(&others[0]);
    CU_ASSERT_EQUAL_FATAL(mls_group_branch(a.group, party_text("side room"), &branched.leaf, NULL, 0, &branched.group),
                          MLS_OK);
    struct mls_group *side = NULL;
    const struct mls_proposal_config both[] = {party_add(&others[0]), party_add(&stranger)};
    struct mls_staged *staged = party_commit(&branched, both, 2, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(join_from(&others[0], mls_staged_welcome(staged), others[0].group, &side), MLS_REINIT);
    mls_staged_free(staged);
    staged = party_commit(&branched, both, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(join_from(&others[0], mls_staged_welcome(staged), NULL, &side), MLS_PSK);
    CU_ASSERT_EQUAL(join_from(&others[0], mls_staged_welcome(staged), others[0].group, &side), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(branched.group, staged), MLS_OK);
    mls_group_free(others[0].group);
    others[0].group = side;
    CU_ASSERT_TRUE(party_agrees(&branched, &others[0]));
    CU_ASSERT_EQUAL(mls_group_epoch(side), 1);
    party_wipe(&branched);
    party_wipe(&stranger);
    party_wipe(&a);
    party_wipe(&others[0]);
    party_wipe(&others[1]);
}

static const struct unit_test tests[] = {
    {"the tree may come apart from the Welcome, and has to be the group's", test_tree_apart},
    {"who comes back shows more than one epoch of its past", test_resumption_psks},
    {"a founder's leaf has a lifetime", test_founders_lifetime},
    {"an Add may be committed without a path", test_without_path},
    {"a key package serves once, and only its owner", test_key_package_once},
    {"a last-resort key package serves again", test_last_resort},
    {"a key package that is wrong anywhere is not added", test_key_package_wrong},
    {"any bit flipped in a Welcome is noticed", test_welcome_bits},
    {"a wrong leaf signature in a Welcome's tree is refused", test_leaf_signature_in_tree},
    {"a broken parent hash in a Welcome's tree is refused", test_parent_hash_in_tree},
    {"who joins judges the credentials of all members", test_credential_in_tree_refused},
    {"PSKs have to be known, by joiners too", test_psks},
    {"a ReInit leads all members to its group", test_reinit},
    {"a branch has members of the old group only", test_branch},
};

UNIT_MAIN("mls.group_join", tests)
