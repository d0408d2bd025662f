/* A member commits or proposes what it may not (RFC 9420 section 12.2): its messages are whole but for that. */
#include <string.h>

#include "forge.h"
#include "unit.h"

enum { OTHERS = 3 };

/* alice, bob, carol and dave; dave is removed, so that leaf 3 is blank. bob forges, alice receives. */
struct room {
    struct party a;
    struct party others[OTHERS];
    struct party *b;
    struct bytes_writer proposals; /* of the commit to be forged */
    struct bytes_writer leaf;      /* that is signed again */
    const struct party *e;         /* whose key package it is */
};

static void room_init(struct room *r)
{
    static const char *const names[] = {"bob", "carol", "dave"};
    party_init(&r->a, "alice", 1);
    for (size_t i = 0; i < OTHERS; i++)
        party_init(&r->others[i], names[i], 1);
    party_gather(&r->a, r->others, OTHERS);
    r->b = &r->others[0];
    struct party *const left[] = {r->b, &r->others[1]};
    const struct mls_proposal_config out = party_remove(3);
    party_commit_all(&r->a, &out, 1, left, 2);
    wire_buffer_init(&r->proposals, MLS_MESSAGE_MAX);
    wire_buffer_init(&r->leaf, MLS_MESSAGE_MAX);
    r->e = NULL;
}

static void room_wipe(struct room *r)
{
    CU_ASSERT_TRUE(party_agrees(&r->a, r->b));
    mls_group_forget_proposals(r->a.group);
    CU_ASSERT_TRUE(party_hears(&r->a, r->b));
    party_wipe(&r->a);
    for (size_t i = 0; i < OTHERS; i++)
        party_wipe(&r->others[i]);
    wire_buffer_free(&r->proposals);
    wire_buffer_free(&r->leaf);
}

static void add_value(struct room *r, const struct mls_proposal *proposal)
{
    mls_proposal_or_ref_write(&r->proposals,
                              &(struct mls_proposal_or_ref){.type = MLS_BY_VALUE, .proposal = *proposal});
}

static void add_reference(struct room *r, const struct mls_kept *kept)
{
    const struct mls_proposal_or_ref reference = {.type = MLS_BY_REFERENCE,
                                                  .reference = {kept->ref, r->a.group->suite->hash->len}};
    mls_proposal_or_ref_write(&r->proposals, &reference);
}

/* What alice makes of bob's commit of the proposals gathered so far. */
static int commit(struct room *r)
{
    struct mls_output forged = {0};
    forge_commit(r->b, wire_buffer_slice(&r->proposals), &forged);
    int rc = party_receive(&r->a, party_bytes(forged));
    mls_output_free(&forged);
    r->proposals.len = 0;
    return rc;
}

/* And of a proposal that bob sends. */
static int propose(struct room *r, const struct mls_proposal *proposal)
{
    struct mls_output forged = {0};
    const size_t before = r->a.group->kept_count;
    forge_proposal(r->b, proposal, &forged);
    int rc = party_receive(&r->a, party_bytes(forged));
    CU_ASSERT_EQUAL(r->a.group->kept_count - before, rc == MLS_OK);
    mls_output_free(&forged);
    return rc;
}

static const uint8_t bytes[64] = {9};
static const struct core_slice nonce = {bytes, 32};

static void test_external_init(void)
{
    struct room r;
    room_init(&r);
    const struct mls_proposal init = {.type = MLS_PROPOSAL_EXTERNAL_INIT, .external_init = {bytes, 32}};
    CU_ASSERT_EQUAL(propose(&r, &init), MLS_PROPOSAL);
    add_value(&r, &init);
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL_LIST);
    room_wipe(&r);
}

static void test_remove_of_nobody(void)
{
    struct room r;
    room_init(&r);
    static const uint32_t leaves[] = {3, 4, UINT32_MAX}; /* blank, and outside the tree */
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        const struct mls_proposal out = {.type = MLS_PROPOSAL_REMOVE, .remove = leaves[i]};
        CU_ASSERT_EQUAL(propose(&r, &out), MLS_PROPOSAL);
        add_value(&r, &out);
        CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL);
    }
    room_wipe(&r);
}

static void test_update_twice(void)
{
    struct room r;
    room_init(&r);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_output message = {0};
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(mls_group_propose(r.others[1].group, NULL, &update, PARTY_NOW_S, &message), MLS_OK);
        CU_ASSERT_EQUAL(party_receive(&r.a, party_bytes(message)), MLS_OK);
        mls_output_free(&message);
        add_reference(&r, r.a.group->kept[i]);
    }
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL_LIST);
    /* and an Update and a Remove of one leaf */
    add_reference(&r, r.a.group->kept[0]);
    add_value(&r, &(struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = 2});
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL_LIST);
    room_wipe(&r);
}

/* A commit could else have alice search what she keeps 65,536 times before its list is looked at. */
static void test_reference_twice(void)
{
    struct room r;
    struct party e;
    struct mls_output message = {0};
    room_init(&r);
    party_init(&e, "eve", 1);
    const struct mls_proposal_config add = party_add(&e);
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(r.others[1].group, NULL, &add, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&r.a, party_bytes(message)), MLS_OK);
    add_reference(&r, r.a.group->kept[0]);
    add_reference(&r, r.a.group->kept[0]);
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL_LIST);
    mls_output_free(&message);
    party_wipe(&e);
    room_wipe(&r);
}

/* alice's verdict on bob's Update to this encryption key. */
static int propose_update(struct room *r, struct core_slice key)
{
    const struct mls_group *group = r->b->group;
    struct mls_leaf_node leaf = *mls_ratchet_tree_leaf(group->tree, group->own_leaf);
    leaf.source = MLS_LEAF_UPDATE;
    leaf.encryption_key = key;
    r->leaf.len = 0;
    CU_ASSERT_EQUAL_FATAL(mls_leaf_node_sign(&r->leaf, group->suite, &leaf, &group->epoch.signer,
                                             group->epoch.context.group_id, group->own_leaf),
                          MLS_OK);
    struct bytes_reader in = mls_walk(wire_buffer_slice(&r->leaf));
    struct mls_proposal update = {.type = MLS_PROPOSAL_UPDATE};
    mls_leaf_node_parse(&in, &update.update);
    return propose(r, &update);
}

static void test_update_keys(void)
{
    static const uint8_t zeros[32] = {0};
    struct room r;
    room_init(&r);
    const struct core_slice own = mls_ratchet_tree_leaf(r.b->group->tree, r.b->group->own_leaf)->encryption_key;
    CU_ASSERT_EQUAL(propose_update(&r, own), MLS_DUPLICATE);
    CU_ASSERT_EQUAL(propose_update(&r, (struct core_slice){zeros, sizeof zeros}), MLS_KEY);
    CU_ASSERT_EQUAL(propose_update(&r, (struct core_slice){bytes, 32}), MLS_OK);
    room_wipe(&r);
}

static void keep_key(struct mls_content *content, void *ctx)
{
    const struct mls_group *group = ((const struct room *)ctx)->b->group;
    struct bytes_writer *w = &((struct room *)ctx)->proposals;
    struct mls_leaf_node leaf = content->commit.path.leaf_node;
    leaf.encryption_key = mls_ratchet_tree_leaf(group->tree, group->own_leaf)->encryption_key;
    CU_ASSERT_EQUAL_FATAL(mls_leaf_node_sign(w, group->suite, &leaf, &group->epoch.signer,
                                             group->epoch.context.group_id, group->own_leaf),
                          MLS_OK);
    struct bytes_reader in = mls_walk(wire_buffer_slice(w));
    mls_leaf_node_parse(&in, &content->commit.path.leaf_node);
}

static void test_path_keeps_its_key(void)
{
    struct room r;
    room_init(&r);
    struct mls_staged *staged = party_commit_public(r.b, NULL, 0);
    struct mls_output forged = {0};
    party_forge(r.b, mls_staged_message(staged), keep_key, &r, &forged);
    CU_ASSERT_EQUAL(party_receive(&r.a, party_bytes(forged)), MLS_DUPLICATE);
    mls_output_free(&forged);
    mls_staged_free(staged);
    room_wipe(&r);
}

static void test_psks(void)
{
    struct room r;
    room_init(&r);
    r.a.psk = "secret";
    const struct core_slice group_id = r.a.group->epoch.context.group_id;
    struct mls_proposal psk = {.type = MLS_PROPOSAL_PSK,
                               .psk = {.type = MLS_PSK_EXTERNAL, .id = {(const uint8_t *)"psk", 3}, .nonce = nonce}};
    CU_ASSERT_EQUAL(propose(&r, &psk), MLS_OK);
    mls_group_forget_proposals(r.a.group);
    /* a nonce of another length */
    for (size_t len = 31; len <= 33; len += 2) {
        psk.psk.nonce.len = len;
        CU_ASSERT_EQUAL(propose(&r, &psk), MLS_PSK);
        add_value(&r, &psk);
        CU_ASSERT_EQUAL(commit(&r), MLS_PSK);
    }
    /* of a link to another group, which only a new group's first commit has */
    for (uint8_t usage = MLS_PSK_REINIT; usage <= MLS_PSK_BRANCH; usage++) {
        psk.psk = (struct mls_psk_id){
            .type = MLS_PSK_RESUMPTION, .usage = usage, .group_id = group_id, .epoch = 1, .nonce = nonce};
        CU_ASSERT_EQUAL(propose(&r, &psk), MLS_PSK);
        add_value(&r, &psk);
        CU_ASSERT_EQUAL(commit(&r), MLS_PSK);
    }
    room_wipe(&r);
}

static void test_reinit_to_an_older_version(void)
{
    struct room r;
    room_init(&r);
    struct mls_proposal reinit = {.type = MLS_PROPOSAL_REINIT,
                                  .reinit = {.group_id = nonce, .version = 0, .cipher_suite = 1}};
    CU_ASSERT_EQUAL(propose(&r, &reinit), MLS_PROPOSAL);
    add_value(&r, &reinit);
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL);
    reinit.reinit.version = MLS_VERSION_1_0;
    CU_ASSERT_EQUAL(propose(&r, &reinit), MLS_OK);
    room_wipe(&r);
}

/* As many Removes as a commit of half a megabyte holds. */
static void test_too_many(void)
{
    struct room r;
    room_init(&r);
    const struct mls_proposal out = {.type = MLS_PROPOSAL_REMOVE, .remove = 2};
    for (size_t i = 0; i <= MLS_PROPOSALS_MAX; i++)
        add_value(&r, &out);
    CU_ASSERT_EQUAL(commit(&r), MLS_LIMIT);
    for (size_t i = 0; i < MLS_PROPOSALS_MAX; i++)
        add_value(&r, &out);
    CU_ASSERT_EQUAL(commit(&r), MLS_PROPOSAL_LIST);
    room_wipe(&r);
}

/* --- Key packages --- */

static void same_init_key(struct mls_key_package *package, void *ctx)
{
    (void)ctx;
    package->init_key = package->leaf_node.encryption_key;
}

static void short_init_key(struct mls_key_package *package, void *ctx)
{
    (void)ctx;
    package->init_key.len--;
}

static void long_init_key(struct mls_key_package *package, void *ctx)
{
    (void)ctx;
    package->init_key = (struct core_slice){bytes, 33};
}

static const uint8_t small_order[32] = {1};

/* A key that nobody can encrypt to would make every commit of the others fail. */
static void dead_init_key(struct mls_key_package *package, void *ctx)
{
    (void)ctx;
    package->init_key = (struct core_slice){small_order, sizeof small_order};
}

static void dead_leaf_key(struct mls_key_package *package, void *ctx)
{
    const struct party *party = ((const struct room *)ctx)->e;
    struct bytes_writer *w = &((struct room *)ctx)->leaf;
    package->leaf_node.encryption_key = (struct core_slice){small_order, sizeof small_order};
    CU_ASSERT_EQUAL_FATAL(
        mls_leaf_node_sign(w, party->keys->suite, &package->leaf_node, &party->keys->signer, (struct core_slice){0}, 0),
        MLS_OK);
    struct bytes_reader in = mls_walk(wire_buffer_slice(w));
    mls_leaf_node_parse(&in, &package->leaf_node);
}

static void other_suite(struct mls_key_package *package, void *ctx)
{
    (void)ctx;
    package->cipher_suite = 3;
}

static void unchanged(struct mls_key_package *package, void *ctx)
{
    (void)package;
    (void)ctx;
}

static void test_key_packages(void)
{
    static const struct {
        void (*change)(struct mls_key_package *, void *);
        int want;
    } cases[] = {
        {same_init_key, MLS_KEY_PACKAGE},
        {short_init_key, MLS_KEY_PACKAGE},
        {long_init_key, MLS_KEY_PACKAGE},
        {other_suite, MLS_KEY_PACKAGE},
        {dead_init_key, MLS_KEY},
        {dead_leaf_key, MLS_KEY},
        {unchanged, MLS_OK},
    };
    struct room r;
    struct party e;
    room_init(&r);
    party_init(&e, "eve", 1);
    r.e = &e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mls_output forged = {0};
        struct mls_message message;
        forge_package(&e, cases[i].change, &r, &forged);
        CU_ASSERT_EQUAL_FATAL(mls_message_parse(forged.data, forged.len, &message), MLS_OK);
        const struct mls_proposal add = {.type = MLS_PROPOSAL_ADD, .add = message.key_package};
        CU_ASSERT_EQUAL(propose(&r, &add), cases[i].want);
        add_value(&r, &add);
        /* a good one is in none of the hashes that bob signed */
        CU_ASSERT_EQUAL(commit(&r), cases[i].want == MLS_OK ? MLS_PARENT_HASH : cases[i].want);
        mls_group_forget_proposals(r.a.group);
        mls_output_free(&forged);
    }
    party_wipe(&e);
    room_wipe(&r);
}

/* --- Members who do not know each other's credentials --- */

/* bob's new leaf, which says that he knows his own type alone. */
static void know_less(struct mls_content *content, void *ctx)
{
    static const uint8_t basic[] = {0, MLS_CREDENTIAL_BASIC};
    struct room *r = ctx;
    const struct mls_group *group = r->b->group;
    struct mls_leaf_node leaf = content->commit.path.leaf_node;
    leaf.capabilities.credentials = (struct core_slice){basic, sizeof basic};
    CU_ASSERT_EQUAL_FATAL(mls_leaf_node_sign(&r->leaf, group->suite, &leaf, &group->epoch.signer,
                                             group->epoch.context.group_id, group->own_leaf),
                          MLS_OK);
    struct bytes_reader in = mls_walk(wire_buffer_slice(&r->leaf));
    mls_leaf_node_parse(&in, &content->commit.path.leaf_node);
}

static void without_path(struct mls_content *content, void *ctx)
{
    content->commit.proposals = wire_buffer_slice(&((struct room *)ctx)->proposals);
    content->commit.has_path = false;
}

static void test_credentials_apart(void)
{
    static const uint16_t both[] = {MLS_CREDENTIAL_BASIC, 9};
    static const char *const names[] = {"bob", "carol"};
    struct room r = {.b = &r.others[0]};
    struct party e;
    struct mls_output forged = {0};
    struct mls_message message;
    party_init(&r.a, "alice", 1);
    r.a.leaf.credential_types = both;
    r.a.leaf.credential_type_count = 2;
    for (size_t i = 0; i < 2; i++) {
        party_init(&r.others[i], names[i], 1);
        r.others[i].leaf.credential_type = both[i];
        r.others[i].leaf.credential_types = both;
        r.others[i].leaf.credential_type_count = 2;
        party_new_package(&r.others[i]);
    }
    party_gather(&r.a, r.others, 2);
    wire_buffer_init(&r.proposals, MLS_MESSAGE_MAX);
    wire_buffer_init(&r.leaf, MLS_MESSAGE_MAX);
    struct mls_staged *staged = party_commit_public(r.b, NULL, 0);
    party_forge(r.b, mls_staged_message(staged), know_less, &r, &forged);
    CU_ASSERT_EQUAL(party_receive(&r.a, party_bytes(forged)), MLS_UNSUPPORTED);
    mls_output_free(&forged);
    /* eve knows her own type alone, and is added without a path */
    party_init(&e, "eve", 1);
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(e.package.data, e.package.len, &message), MLS_OK);
    add_value(&r, &(struct mls_proposal){.type = MLS_PROPOSAL_ADD, .add = message.key_package});
    party_forge(r.b, mls_staged_message(staged), without_path, &r, &forged);
    CU_ASSERT_EQUAL(party_receive(&r.a, party_bytes(forged)), MLS_UNSUPPORTED);
    mls_output_free(&forged);
    mls_staged_free(staged);
    party_wipe(&e);
    CU_ASSERT_TRUE(party_agrees(&r.a, r.b));
    party_wipe(&r.a);
    for (size_t i = 0; i < 2; i++)
        party_wipe(&r.others[i]);
    wire_buffer_free(&r.proposals);
    wire_buffer_free(&r.leaf);
}

/* --- External commits --- */

/* alice's verdict on eve's external commit with the proposals in place of its own, the ExternalInit first. */
static int commit_from_outside(struct room *r, bool with_init, const struct mls_proposal *more, size_t count)
{
    struct party e;
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_output forged = {0};
    struct mls_group *made = NULL;
    struct mls_message message;
    party_init(&e, "eve", 1);
    const struct mls_external_config config = {
        .join = {.policy = e.policy, .now_s = PARTY_NOW_S}, .leaf = e.leaf, .psk_count = 0};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(r->a.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_join_external(party_bytes(info), &config, &made, &commit), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(commit.data, commit.len, &message), MLS_OK);
    if (with_init)
        bytes_write(&r->proposals, message.public_message.content.commit.proposals.data,
                    message.public_message.content.commit.proposals.len);
    for (size_t i = 0; i < count; i++)
        add_value(r, &more[i]);
    /* she signs over the epoch before, which alice's group has */
    struct mls_group before = *r->a.group;
    before.epoch.signer = made->epoch.signer;
    struct party forger = {.group = &before};
    struct mls_content content = message.public_message.content;
    content.commit.proposals = wire_buffer_slice(&r->proposals);
    forge_message(&forger, MLS_WIRE_PUBLIC_MESSAGE, &content, &forged);
    int rc = party_receive(&r->a, party_bytes(forged));
    r->proposals.len = 0;
    mls_group_free(made);
    mls_output_free(&info);
    mls_output_free(&commit);
    mls_output_free(&forged);
    party_wipe(&e);
    return rc;
}

static void test_from_outside(void)
{
    struct room r;
    struct party f;
    struct mls_message message;
    room_init(&r);
    party_init(&f, "frank", 1);
    r.a.psk = "secret";
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(f.package.data, f.package.len, &message), MLS_OK);
    const struct mls_proposal init = {.type = MLS_PROPOSAL_EXTERNAL_INIT, .external_init = {bytes, 32}};
    const struct mls_proposal out[] = {{.type = MLS_PROPOSAL_REMOVE, .remove = 1},
                                       {.type = MLS_PROPOSAL_REMOVE, .remove = 2}};
    const struct mls_proposal far = {.type = MLS_PROPOSAL_REMOVE, .remove = 4};
    const struct mls_proposal add = {.type = MLS_PROPOSAL_ADD, .add = message.key_package};
    const struct mls_proposal extensions = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS};
    const struct mls_proposal reinit = {.type = MLS_PROPOSAL_REINIT, .reinit = {nonce, MLS_VERSION_1_0, 1, {0}}};
    const struct mls_proposal psk = {
        .type = MLS_PROPOSAL_PSK, .psk = {.type = MLS_PSK_EXTERNAL, .id = {(const uint8_t *)"psk", 3}, .nonce = nonce}};
    const struct mls_proposal psks[] = {psk, psk};
    CU_ASSERT_EQUAL(commit_from_outside(&r, false, NULL, 0), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &init, 1), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, out, 2), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &far, 1), MLS_PROPOSAL);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &add, 1), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &extensions, 1), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &reinit, 1), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, psks, 2), MLS_PROPOSAL_LIST);
    /* with what she made it has a wrong tag, and no other fault */
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, NULL, 0), MLS_CONFIRMATION);
    CU_ASSERT_EQUAL(commit_from_outside(&r, true, &psk, 1), MLS_CONFIRMATION);
    party_wipe(&f);
    room_wipe(&r);
}

static const struct unit_test tests[] = {
    {"a member has no ExternalInit", test_external_init},
    {"nobody is removed where nobody is", test_remove_of_nobody},
    {"a leaf is updated or removed once in a commit", test_update_twice},
    {"a commit names a proposal once", test_reference_twice},
    {"an Update brings a new key that one can encrypt to", test_update_keys},
    {"a path brings its leaf a new key", test_path_keeps_its_key},
    {"PSKs have whole nonces, and link no group that is not new", test_psks},
    {"a ReInit does not go back to an older version", test_reinit_to_an_older_version},
    {"a commit's proposals are bounded", test_too_many},
    {"a key package signed whole may still be wrong", test_key_packages},
    {"members go on knowing each other's credentials", test_credentials_apart},
    {"an external commit has an ExternalInit, at most one Remove, and PSKs", test_from_outside},
};

UNIT_MAIN("adversary.mls.proposals", tests)
