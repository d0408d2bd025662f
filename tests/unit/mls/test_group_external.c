/* group_external.c: joining and proposing from outside. */
#include <string.h>

#include "party.h"
#include "unit.h"

/* The party's external commit to the group of the GroupInfo. */
static int join_external(struct party *party, struct mls_bytes info, const struct mls_external_config *more,
                         struct mls_group **group, struct mls_output *commit)
{
    struct mls_external_config config = *more;
    config.join.policy = party->policy;
    config.join.now_s = PARTY_NOW_S;
    config.leaf = party->leaf;
    return mls_group_join_external(info, &config, group, commit);
}

static void test_external_join(void)
{
    for (uint16_t suite = 1; suite <= 7; suite++) {
        struct party a;
        struct party b;
        struct party c;
        party_init(&a, "alice", suite);
        party_init(&b, "bob", suite);
        party_init(&c, "carol", suite);
        party_gather(&a, &b, 1);
        struct mls_output info = {0};
        struct mls_output tree = {0};
        struct mls_output commit = {0};
        const struct mls_external_config plain = {.authenticated_data = party_text("hello")};
        CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, false, &info), MLS_OK);
        CU_ASSERT_EQUAL_FATAL(mls_group_tree(a.group, &tree), MLS_OK);
        CU_ASSERT_EQUAL(join_external(&c, party_bytes(info), &plain, &c.group, &commit), MLS_TREE_MISSING);
        const struct mls_external_config with_tree = {.join.tree = party_bytes(tree)};
        CU_ASSERT_EQUAL_FATAL(join_external(&c, party_bytes(info), &with_tree, &c.group, &commit), MLS_OK);
        CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
        CU_ASSERT_EQUAL(party_receive(&b, party_bytes(commit)), MLS_OK);
        CU_ASSERT_TRUE(party_agrees(&a, &c));
        CU_ASSERT_TRUE(party_agrees(&b, &c));
        CU_ASSERT_TRUE(party_hears(&c, &a));
        CU_ASSERT_TRUE(party_hears(&b, &c));
        /* and goes on as any member */
        struct party *const others[] = {&a, &b};
        party_commit_all(&c, NULL, 0, others, 2);
        CU_ASSERT_TRUE(party_agrees(&a, &c));
        mls_output_free(&info);
        mls_output_free(&tree);
        mls_output_free(&commit);
        party_wipe(&a);
        party_wipe(&b);
        party_wipe(&c);
    }
}

/* The key pair that is made next, instead of a fresh one: the linker puts this in the function's place. */
static const uint8_t *stale_private;
static const uint8_t *stale_public;
int __real_mls_hpke_generate(const struct mls_suite *suite, uint8_t *private_key, uint8_t *public_key);
int __wrap_mls_hpke_generate(const struct mls_suite *suite, uint8_t *private_key, uint8_t *public_key);

int __wrap_mls_hpke_generate(const struct mls_suite *suite, uint8_t *private_key, uint8_t *public_key)
{
    if (!stale_private)
        return __real_mls_hpke_generate(suite, private_key, public_key);
    memcpy(private_key, stale_private, suite->kem->private_len);
    memcpy(public_key, stale_public, suite->kem->public_len);
    stale_private = NULL;
    return MLS_OK;
}

/* Whoever knows the removed leaf's private key would know the new one's, too. */
static void test_resync_with_the_old_key(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    const struct mls_external_config resync = {.resync = true, .old_leaf = mls_group_own_leaf(b.group)};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    stale_private = b.group->epoch.keys.keys[0];
    stale_public = mls_ratchet_tree_leaf(b.group->tree, resync.old_leaf)->encryption_key.data;
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &resync, &again, &commit), MLS_OK);
    CU_ASSERT_PTR_NULL(stale_private);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_DUPLICATE);
    mls_group_free(again);
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
}

static void test_resync(void)
{
    struct party a;
    struct party b;
    struct party mallory;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&mallory, "mallory", 1);
    party_gather(&a, &b, 1);
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    /* without the Remove bob would be there twice */
    const struct mls_external_config plain = {0};
    struct party bob_again;
    party_init(&bob_again, "bob", 1);
    CU_ASSERT_EQUAL(join_external(&bob_again, party_bytes(info), &plain, &again, &commit), MLS_DUPLICATE);
    bob_again.never_same = true; /* he may think otherwise: the others do not */
    CU_ASSERT_EQUAL(join_external(&bob_again, party_bytes(info), &plain, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_DUPLICATE);
    mls_output_free(&commit);
    mls_group_free(again);
    /* somebody else may not take his place */
    const struct mls_external_config resync = {.resync = true, .old_leaf = mls_group_own_leaf(b.group)};
    mallory.accepts_successors = true;
    CU_ASSERT_EQUAL(join_external(&mallory, party_bytes(info), &resync, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_CREDENTIAL);
    mls_output_free(&commit);
    mls_group_free(again);
    /* he may, with the same key: and his old self learns that it is gone */
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &resync, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&b, party_bytes(commit)), MLS_OK);
    CU_ASSERT_TRUE(mls_group_was_removed(b.group));
    /* but the application is asked, though nothing of the leaf changes */
    a.refuses_successors = true;
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_CREDENTIAL);
    a.refuses_successors = false;
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
    mls_group_free(b.group);
    b.group = again;
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&bob_again);
    party_wipe(&mallory);
    party_wipe(&a);
    party_wipe(&b);
}

/* Who is alone comes back, into the leftmost leaf; others join after that. */
static void check_resync_alone(bool founded)
{
    struct party a;
    struct party b;
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    if (founded) {
        party_found(&b);
    } else { /* the leaf of who is left is not the first */
        party_gather(&a, &b, 1);
        const struct mls_proposal_config removal = party_remove(0);
        struct party *const to_a[] = {&a};
        party_commit_all(&b, &removal, 1, to_a, 1);
    }
    const struct mls_external_config resync = {.resync = true, .old_leaf = mls_group_own_leaf(b.group)};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(b.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &resync, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&b, party_bytes(commit)), MLS_OK);
    CU_ASSERT_TRUE(mls_group_was_removed(b.group));
    CU_ASSERT_EQUAL(mls_group_epoch(again), mls_group_epoch(b.group) + 1);
    CU_ASSERT_EQUAL(mls_group_own_leaf(again), 0);
    CU_ASSERT_EQUAL(mls_group_leaves(again), 1);
    mls_group_free(b.group);
    b.group = again;
    party_reload(&b, NULL);
    struct party c;
    party_init(&c, "carol", 1);
    const struct mls_proposal_config add = party_add(&c);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&b, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_join(&c, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(b.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&b, &c));
    CU_ASSERT_TRUE(party_hears(&c, &b));
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

static void test_resync_alone(void)
{
    check_resync_alone(true);
    check_resync_alone(false);
}

static void test_external_psk(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_found(&a);
    a.psk = "secret";
    b.psk = "other!";
    struct mls_output info = {0};
    struct mls_output commit = {0};
    const struct mls_bytes id = party_text("psk");
    const struct mls_external_config with_psk = {.psk_ids = &id, .psk_count = 1};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &with_psk, &b.group, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_CONFIRMATION);
    mls_output_free(&commit);
    mls_group_free(b.group);
    b.group = NULL;
    b.psk = "secret";
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &with_psk, &b.group, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
}

/* What a resync brings besides: the resumption PSK proves that it was there before. */
static void test_resync_with_resumption(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    struct party *const nobody[] = {NULL};
    party_commit_all(&a, NULL, 0, nobody, 0); /* bob misses it */
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    const struct mls_external_config config = {
        .join.resumed = b.group, .resumption = true, .resync = true, .old_leaf = mls_group_own_leaf(b.group)};
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &config, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
    mls_group_free(b.group);
    b.group = again;
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
}

/* Who lost its keys within an epoch has that epoch's resumption PSK all the same; another group's is none. */
static void test_resync_within_the_epoch(void)
{
    struct party a;
    struct party b;
    struct party c;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&c, "carol", 1);
    party_gather(&a, &b, 1);
    party_found(&c);
    party_commit_all(&c, NULL, 0, NULL, 0); /* in the same epoch, of its own group */
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    struct mls_external_config config = {
        .join.resumed = c.group, .resumption = true, .resync = true, .old_leaf = mls_group_own_leaf(b.group)};
    CU_ASSERT_EQUAL(mls_group_epoch(c.group), mls_group_epoch(a.group));
    CU_ASSERT_EQUAL(join_external(&b, party_bytes(info), &config, &again, &commit), MLS_PSK);
    config.join.resumed = b.group;
    CU_ASSERT_EQUAL_FATAL(join_external(&b, party_bytes(info), &config, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
    mls_group_free(b.group);
    b.group = again;
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

static void by_reference(struct mls_content *content, void *ctx)
{
    struct bytes_writer *w = ctx;
    const uint8_t reference[32] = {1};
    bytes_write(w, content->commit.proposals.data, content->commit.proposals.len);
    bytes_write_u8(w, MLS_BY_REFERENCE);
    wire_write_vector(w, (struct core_slice){reference, sizeof reference});
    content->commit.proposals = wire_buffer_slice(w);
}

static void no_external_init(struct mls_content *content, void *ctx)
{
    (void)ctx;
    content->commit.proposals.len = 0;
}

/* An external commit that its maker changed. */
static int receive_forged(struct party *a, struct mls_bytes info, void (*change)(struct mls_content *, void *),
                          void *ctx)
{
    struct party c;
    struct mls_output commit = {0};
    struct mls_output forged = {0};
    struct mls_group *real = NULL;
    party_init(&c, "carol", 1);
    const struct mls_external_config plain = {0};
    CU_ASSERT_EQUAL_FATAL(join_external(&c, info, &plain, &real, &commit), MLS_OK);
    /* it signs over the context of the epoch before, which a's group has */
    struct mls_group in_epoch = *a->group;
    in_epoch.epoch.signer = real->epoch.signer;
    struct party forger = {.group = &in_epoch};
    party_forge(&forger, party_bytes(commit), change, ctx, &forged);
    int rc = party_receive(a, party_bytes(forged));
    mls_group_free(real);
    mls_output_free(&commit);
    mls_output_free(&forged);
    party_wipe(&c);
    return rc;
}

static void test_proposals_of_external_commits(void)
{
    struct party a;
    struct mls_output info = {0};
    struct bytes_writer w;
    party_init(&a, "alice", 1);
    party_found(&a);
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    CU_ASSERT_EQUAL(receive_forged(&a, party_bytes(info), by_reference, &w), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(receive_forged(&a, party_bytes(info), no_external_init, NULL), MLS_PROPOSAL_LIST);
    wire_buffer_free(&w);
    mls_output_free(&info);
    party_wipe(&a);
}

static void test_group_info_bits(void)
{
    struct party a;
    struct party b;
    struct mls_output info = {0};
    struct mls_output commit = {0};
    size_t taken = 0;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_found(&a);
    const struct mls_external_config plain = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    for (size_t bit = 0; bit < 8 * info.len; bit++) {
        info.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        taken += join_external(&b, party_bytes(info), &plain, &b.group, &commit) == MLS_OK;
        info.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(taken, 0);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
}

/* --- Proposals --- */

static void test_external_sender(void)
{
    struct party a;
    struct party b;
    struct party server;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&server, "server", 1);
    party_gather(&a, &b, 1);
    /* no list of senders */
    const struct mls_extension_item broken = {MLS_EXTENSION_EXTERNAL_SENDERS, party_text("x")};
    const struct mls_proposal_config not_senders = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &broken, .extension_count = 1};
    int rc = MLS_OK;
    CU_ASSERT_PTR_NULL(party_commit(&a, &not_senders, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_EXTENSION);
    /* allowed by a GroupContextExtensions */
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    const size_t begin = wire_begin_vector(&w);
    mls_external_sender_write(&w, &(struct mls_external_sender){mls_in(party_bytes(server.signature_public)),
                                                                {MLS_CREDENTIAL_BASIC, mls_in(party_text("server"))}});
    wire_end_vector(&w, begin);
    const struct mls_extension_item senders = {MLS_EXTENSION_EXTERNAL_SENDERS, mls_out(wire_buffer_slice(&w))};
    const struct mls_proposal_config extensions = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &senders, .extension_count = 1};
    struct mls_outside_config outside = {.suite = 1,
                                         .group_id = mls_group_id(a.group),
                                         .epoch = 1,
                                         .sender_type = MLS_SENDER_EXTERNAL,
                                         .signature_private_key = server.leaf.signature_private_key};
    const struct mls_proposal_config remove = party_remove(mls_group_own_leaf(b.group));
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &remove, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_SENDER);
    mls_output_free(&message);
    struct party *const to_b[] = {&b};
    party_commit_all(&a, &extensions, 1, to_b, 1);
    outside.group_id = mls_group_id(a.group);
    outside.epoch = 2;
    outside.sender = 1;
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &remove, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_SENDER);
    mls_output_free(&message);
    outside.sender = 0;
    outside.signature_private_key = b.leaf.signature_private_key;
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &remove, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_SIGNATURE);
    mls_output_free(&message);
    outside.signature_private_key = server.leaf.signature_private_key;
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    CU_ASSERT_NOT_EQUAL(mls_propose_outside(&outside, &update, &message), MLS_OK);
    server.refused_credential = NULL;
    a.refused_credential = "server";
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &remove, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_CREDENTIAL);
    a.refused_credential = NULL;
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&b, party_bytes(message)), MLS_OK);
    mls_output_free(&message);
    party_commit_all(&a, NULL, 0, to_b, 1);
    CU_ASSERT_TRUE(mls_group_was_removed(b.group));
    wire_buffer_free(&w);
    party_wipe(&server);
    party_wipe(&a);
    party_wipe(&b);
}

static void test_new_member_proposal(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_found(&a);
    struct mls_outside_config outside = {.suite = 1,
                                         .group_id = mls_group_id(a.group),
                                         .sender_type = MLS_SENDER_NEW_MEMBER_PROPOSAL,
                                         .signature_private_key = a.leaf.signature_private_key};
    const struct mls_proposal_config add = party_add(&b);
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &add, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_SIGNATURE);
    mls_output_free(&message);
    outside.signature_private_key = b.leaf.signature_private_key;
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &add, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(message)), MLS_OK);
    mls_output_free(&message);
    const struct mls_proposal_config remove = party_remove(0);
    CU_ASSERT_EQUAL(mls_propose_outside(&outside, &remove, &message), MLS_SENDER);
    struct mls_staged *staged = party_commit(&a, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_join(&b, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    party_wipe(&a);
    party_wipe(&b);
}

/* What a committer hands over at once: the commit, and a GroupInfo of the epoch that it begins. */
static void test_info_of_a_staged_epoch(void)
{
    struct party a;
    struct party b;
    struct party c;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&c, "carol", 1);
    party_gather(&a, &b, 1);
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_received received = {0};
    uint8_t early[32];
    uint8_t late[32];
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&a, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_staged_group_info(staged, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_staged_export(staged, party_text("label"), party_text(""), early, sizeof early), MLS_OK);
    /* who received it has not the committer's key to sign with, but the same exporter */
    CU_ASSERT_EQUAL_FATAL(mls_group_process(b.group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_group_info(received.staged, true, &commit), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_staged_export(received.staged, party_text("label"), party_text(""), late, sizeof late), MLS_OK);
    CU_ASSERT_EQUAL(memcmp(early, late, sizeof early), 0);
    mls_received_free(&received);
    CU_ASSERT_EQUAL_FATAL(party_receive(&b, mls_staged_message(staged)), MLS_OK);
    struct mls_staged *rival = party_commit(&a, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_merge(a.group, staged), MLS_OK);
    /* the epoch that a commit which lost would have begun is nobody's */
    CU_ASSERT_EQUAL(mls_staged_group_info(rival, true, &commit), MLS_STALE);
    mls_staged_free(rival);
    CU_ASSERT_EQUAL(mls_group_export(a.group, party_text("label"), party_text(""), late, sizeof late), MLS_OK);
    CU_ASSERT_EQUAL(memcmp(early, late, sizeof early), 0);
    const struct mls_external_config plain = {0};
    CU_ASSERT_EQUAL_FATAL(join_external(&c, party_bytes(info), &plain, &c.group, &commit), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, party_bytes(commit)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&b, party_bytes(commit)), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &c));
    /* a commit that removes who received it tells nothing of its epoch */
    const struct mls_proposal_config remove = party_remove(mls_group_own_leaf(b.group));
    staged = party_commit(&a, &remove, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(mls_group_process(b.group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_export(received.staged, party_text("label"), party_text(""), late, sizeof late),
                    MLS_REMOVED);
    mls_received_free(&received);
    mls_staged_free(staged);
    mls_output_free(&commit);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

static void test_look(void)
{
    struct party a;
    struct party b;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct mls_output info = {0};
    struct mls_output message = {0};
    struct mls_group *seen = NULL;
    struct mls_member member;
    struct mls_join_config config = {.policy = a.policy, .now_s = PARTY_NOW_S};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(a.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_look(party_bytes(info), &config, &seen), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_epoch(seen), mls_group_epoch(a.group));
    CU_ASSERT_EQUAL(mls_group_own_leaf(seen), UINT32_MAX);
    CU_ASSERT_EQUAL_FATAL(mls_group_member(seen, mls_group_own_leaf(b.group), &member), MLS_OK);
    CU_ASSERT_EQUAL(member.credential.len, 3);
    CU_ASSERT_EQUAL(memcmp(member.credential.data, "bob", 3), 0);
    CU_ASSERT_EQUAL(mls_group_seal(seen, NULL, party_text("hello"), &message), MLS_REMOVED);
    CU_ASSERT_EQUAL(mls_group_info(seen, true, &message), MLS_REMOVED);
    CU_ASSERT_EQUAL(mls_group_epoch_authenticator(seen).len, 0);
    mls_group_free(seen);
    /* judged like one that is joined */
    a.refused_credential = "bob";
    CU_ASSERT_EQUAL(mls_group_look(party_bytes(info), &config, &seen), MLS_CREDENTIAL);
    info.data[info.len - 1] ^= 1;
    CU_ASSERT_EQUAL(mls_group_look(party_bytes(info), &config, &seen), MLS_SIGNATURE);
    CU_ASSERT_EQUAL(mls_group_look(party_bytes(b.package), &config, &seen), MLS_MALFORMED);
    mls_output_free(&info);
    party_wipe(&a);
    party_wipe(&b);
}

static const struct unit_test tests[] = {
    {"a staged epoch has its GroupInfo and exporter before it is merged", test_info_of_a_staged_epoch},
    {"a GroupInfo's group can be looked at without joining it", test_look},
    {"an external commit makes a member, in every suite", test_external_join},
    {"a resync replaces the client's own leaf, and nobody else's", test_resync},
    {"a resync brings a new encryption key", test_resync_with_the_old_key},
    {"an external commit's PSK has to be the members'", test_external_psk},
    {"the only member may come back", test_resync_alone},
    {"a resync may prove its past by a resumption PSK", test_resync_with_resumption},
    {"and by that of the epoch it is in", test_resync_within_the_epoch},
    {"an external commit has no proposal by reference, and one ExternalInit", test_proposals_of_external_commits},
    {"any bit flipped in a GroupInfo is noticed", test_group_info_bits},
    {"external senders propose what they may, if the group names them", test_external_sender},
    {"a client may propose its own Add", test_new_member_proposal},
};

UNIT_MAIN("mls.group_external", tests)
