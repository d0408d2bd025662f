/* group_process.c: what a member refuses to follow. Each attack is played by a member, or by whoever carries messages.
 */
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "party.h"
#include "unit.h"

struct trio {
    struct party a;
    struct party b;
    struct party c;
};

static void trio_init(struct trio *t)
{
    party_init(&t->a, "alice", 1);
    party_init(&t->b, "bob", 1);
    party_init(&t->c, "carol", 1);
    party_gather(&t->a, &t->b, 1);
    const struct mls_proposal_config add = party_add(&t->c);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&t->a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL_FATAL(party_receive(&t->b, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(party_join(&t->c, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_merge(t->a.group, staged), MLS_OK);
}

/* All three are where they were, and go on. */
static void trio_wipe(struct trio *t)
{
    struct party *const others[] = {&t->b, &t->c};
    CU_ASSERT_TRUE(party_agrees(&t->a, &t->b));
    CU_ASSERT_TRUE(party_agrees(&t->a, &t->c));
    mls_group_forget_proposals(t->a.group);
    mls_group_forget_proposals(t->b.group);
    mls_group_forget_proposals(t->c.group);
    party_commit_all(&t->a, NULL, 0, others, 2);
    CU_ASSERT_TRUE(party_agrees(&t->a, &t->c));
    party_wipe(&t->a);
    party_wipe(&t->b);
    party_wipe(&t->c);
}

static void test_credential_swapped(void)
{
    struct trio t;
    trio_init(&t);
    struct party mallory;
    party_init(&mallory, "mallory", 1);
    t.a.accepts_successors = true;
    /* in the path of a commit: another name with the same key, then another key with the same name */
    struct mls_leaf_config leaf = t.a.leaf;
    leaf.credential = party_text("mallory");
    struct mls_commit_config config = {.leaf = &leaf, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(t.a.group, &config, &staged), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_CREDENTIAL);
    mls_staged_free(staged);
    leaf = t.a.leaf;
    leaf.signature_private_key = mallory.leaf.signature_private_key;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(t.a.group, &config, &staged), MLS_OK);
    t.b.refuses_successors = true;
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_CREDENTIAL);
    t.b.refuses_successors = false;
    struct mls_received received = {0};
    CU_ASSERT_EQUAL(mls_group_process(t.b.group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    mls_received_free(&received);
    mls_staged_free(staged);
    /* in an Update */
    leaf.credential = party_text("mallory");
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE, .leaf = &leaf};
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(t.a.group, NULL, &update, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(message)), MLS_CREDENTIAL);
    mls_output_free(&message);
    party_wipe(&mallory);
    trio_wipe(&t);
}

/* An Update of one member's leaf, sent in another's commit by value. */
static void foreign_update(struct mls_content *content, void *ctx)
{
    content->commit.proposals = *(const struct core_slice *)ctx;
}

static void test_update_by_value(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_own_update secrets;
    struct bytes_writer w;
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write_u8(&w, MLS_BY_VALUE);
    CU_ASSERT_EQUAL_FATAL(mls_proposal_build(t.c.group->suite, t.c.group, &update, &secrets, &w), MLS_OK);
    struct core_slice proposals = wire_buffer_slice(&w);
    struct mls_staged *staged = party_commit_public(&t.a, NULL, 0);
    struct mls_output forged = {0};
    party_forge(&t.a, mls_staged_message(staged), foreign_update, &proposals, &forged);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(forged)), MLS_PROPOSAL_LIST);
    mls_output_free(&forged);
    mls_staged_free(staged);
    wire_buffer_free(&w);
    trio_wipe(&t);
}

static void test_key_in_tree_added(void)
{
    struct trio t;
    trio_init(&t);
    int rc = MLS_OK;
    const struct mls_proposal_config again = party_add(&t.c);
    CU_ASSERT_PTR_NULL(party_commit(&t.a, &again, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_DUPLICATE);
    /* a new key package of the same client; and of one that hides that it is the same, by the signature key */
    party_new_package(&t.c);
    const struct mls_proposal_config fresh = party_add(&t.c);
    CU_ASSERT_PTR_NULL(party_commit(&t.a, &fresh, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_DUPLICATE);
    t.a.never_same = true;
    CU_ASSERT_PTR_NULL(party_commit(&t.a, &fresh, 1, &rc));
    CU_ASSERT_EQUAL(rc, MLS_DUPLICATE);
    /* another key of the same name: the committer lets it pass, the others do not */
    struct party twin;
    party_init(&twin, "carol", 1);
    const struct mls_proposal_config second = party_add(&twin);
    struct mls_staged *staged = party_commit(&t.a, &second, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_DUPLICATE);
    mls_staged_free(staged);
    party_wipe(&twin);
    trio_wipe(&t);
}

static void test_removed_member_commits(void)
{
    struct trio t;
    trio_init(&t);
    struct party *const to_b[] = {&t.b};
    const struct mls_proposal_config out = party_remove(mls_group_own_leaf(t.c.group));
    /* carol keeps her state, and commits and speaks from it */
    party_commit_all(&t.a, &out, 1, to_b, 1);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&t.c, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.a, mls_staged_message(staged)), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_EPOCH);
    mls_staged_free(staged);
    CU_ASSERT_FALSE(party_hears(&t.c, &t.a));
    CU_ASSERT_FALSE(party_hears(&t.a, &t.c));
    struct mls_member member;
    CU_ASSERT_EQUAL(mls_group_member(t.a.group, out.removed, &member), MLS_LEAF);
    CU_ASSERT_TRUE(party_agrees(&t.a, &t.b));
    party_wipe(&t.a);
    party_wipe(&t.b);
    party_wipe(&t.c);
}

static void test_removed_member_knows(void)
{
    struct trio t;
    trio_init(&t);
    struct party *const others[] = {&t.b, &t.c};
    const struct mls_proposal_config out = party_remove(mls_group_own_leaf(t.c.group));
    party_commit_all(&t.a, &out, 1, others, 2);
    CU_ASSERT_TRUE(mls_group_was_removed(t.c.group));
    struct mls_output message = {0};
    uint8_t key[16];
    struct mls_staged *staged = NULL;
    const struct mls_commit_config config = {.now_s = PARTY_NOW_S};
    CU_ASSERT_EQUAL(mls_group_seal(t.c.group, NULL, party_text("x"), &message), MLS_REMOVED);
    CU_ASSERT_EQUAL(mls_group_commit(t.c.group, &config, &staged), MLS_REMOVED);
    CU_ASSERT_EQUAL(mls_group_export(t.c.group, party_text("x"), party_text(""), key, sizeof key), MLS_REMOVED);
    CU_ASSERT_EQUAL(mls_group_info(t.c.group, false, &message), MLS_REMOVED);
    CU_ASSERT_FALSE(party_hears(&t.a, &t.c));
    /* nor are zeros given for what only members know: all who were removed would seem to agree */
    CU_ASSERT_EQUAL(mls_group_epoch_authenticator(t.b.group).len, 32);
    CU_ASSERT_EQUAL(mls_group_epoch_authenticator(t.c.group).len, 0);
    /* its secrets are gone */
    const struct mls_epoch_secrets none = {0};
    CU_ASSERT_EQUAL(memcmp(&t.c.group->epoch.secrets, &none, sizeof none), 0);
    party_wipe(&t.a);
    party_wipe(&t.b);
    party_wipe(&t.c);
}

/* --- Paths --- */

/* Spoils the last byte of the path's ciphertext for the member at leaf 2. */
static void spoil_subtree(struct mls_content *content, void *ctx)
{
    struct bytes_writer *copy = ctx;
    struct mls_update_path *path = &content->commit.path;
    bytes_write(copy, path->nodes.data, path->nodes.len);
    copy->data[copy->len - 1] ^= 1;
    path->nodes = wire_buffer_slice(copy);
}

static void test_wrong_subtree(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_staged *staged = party_commit_public(&t.a, NULL, 0);
    struct mls_output forged = {0};
    struct bytes_writer copy;
    wire_buffer_init(&copy, MLS_MESSAGE_MAX);
    party_forge(&t.a, mls_staged_message(staged), spoil_subtree, &copy, &forged);
    /* carol's is the last ciphertext; bob can open his, and finds that the tag is not of this commit */
    CU_ASSERT_EQUAL(party_receive(&t.c, party_bytes(forged)), MLS_AUTH);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(forged)), MLS_CONFIRMATION);
    wire_buffer_free(&copy);
    mls_output_free(&forged);
    mls_staged_free(staged);
    trio_wipe(&t);
}

struct leaf_forgery {
    struct party *forger;
    struct bytes_writer leaf;
    void (*change)(struct mls_leaf_node *leaf);
    bool sign;
};

/* Replaces the path's leaf by a changed one, signed again. */
static void forge_leaf(struct mls_content *content, void *ctx)
{
    struct leaf_forgery *forgery = ctx;
    const struct mls_group *group = forgery->forger->group;
    struct mls_leaf_node leaf = content->commit.path.leaf_node;
    forgery->change(&leaf);
    int rc = MLS_OK;
    if (forgery->sign)
        rc = mls_leaf_node_sign(&forgery->leaf, group->suite, &leaf, &group->epoch.signer,
                                group->epoch.context.group_id, group->own_leaf);
    else
        mls_leaf_node_write(&forgery->leaf, &leaf);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&forgery->leaf));
    mls_leaf_node_parse(&r, &content->commit.path.leaf_node);
}

static const uint8_t zeros[64];

static void zero_parent_hash(struct mls_leaf_node *leaf)
{
    leaf->parent_hash = (struct core_slice){zeros, leaf->parent_hash.len};
}

static void make_update(struct mls_leaf_node *leaf)
{
    leaf->source = MLS_LEAF_UPDATE;
}

static void zero_signature(struct mls_leaf_node *leaf)
{
    leaf->signature = (struct core_slice){zeros, leaf->signature.len};
}

static int receive_forged_leaf(struct trio *t, void (*change)(struct mls_leaf_node *), bool sign)
{
    struct leaf_forgery forgery = {.forger = &t->a, .change = change, .sign = sign};
    struct mls_staged *staged = party_commit_public(&t->a, NULL, 0);
    struct mls_output forged = {0};
    wire_buffer_init(&forgery.leaf, MLS_MESSAGE_MAX);
    party_forge(&t->a, mls_staged_message(staged), forge_leaf, &forgery, &forged);
    int rc = party_receive(&t->b, party_bytes(forged));
    wire_buffer_free(&forgery.leaf);
    mls_output_free(&forged);
    mls_staged_free(staged);
    return rc;
}

static void test_parent_hash_broken(void)
{
    struct trio t;
    trio_init(&t);
    CU_ASSERT_EQUAL(receive_forged_leaf(&t, zero_parent_hash, true), MLS_PARENT_HASH);
    trio_wipe(&t);
}

static void test_path_leaf_wrong(void)
{
    struct trio t;
    trio_init(&t);
    CU_ASSERT_EQUAL(receive_forged_leaf(&t, make_update, true), MLS_LEAF_NODE);
    CU_ASSERT_EQUAL(receive_forged_leaf(&t, zero_signature, false), MLS_SIGNATURE);
    trio_wipe(&t);
}

static void no_path(struct mls_content *content, void *ctx)
{
    (void)ctx;
    content->commit.has_path = false;
}

static void test_path_missing(void)
{
    struct trio t;
    trio_init(&t);
    const struct mls_proposal_config out = party_remove(mls_group_own_leaf(t.c.group));
    struct mls_staged *staged = party_commit_public(&t.a, &out, 1);
    struct mls_output forged = {0};
    party_forge(&t.a, mls_staged_message(staged), no_path, NULL, &forged);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(forged)), MLS_PATH_REQUIRED);
    mls_output_free(&forged);
    mls_staged_free(staged);
    staged = party_commit_public(&t.a, NULL, 0);
    party_forge(&t.a, mls_staged_message(staged), no_path, NULL, &forged);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(forged)), MLS_PATH_REQUIRED);
    mls_output_free(&forged);
    mls_staged_free(staged);
    trio_wipe(&t);
}

/* --- Time and order --- */

static void test_lifetime_over(void)
{
    struct trio t;
    struct party d;
    trio_init(&t);
    party_init(&d, "dave", 1);
    const struct mls_proposal_config add = party_add(&d);
    struct mls_commit_config config = {.proposals = &add, .proposal_count = 1};
    struct mls_staged *staged = NULL;
    struct mls_received received = {0};
    config.now_s = PARTY_NOW_S + PARTY_LIFETIME_S + 1;
    CU_ASSERT_EQUAL(mls_group_commit(t.a.group, &config, &staged), MLS_LIFETIME);
    config.now_s = PARTY_NOW_S - 11;
    CU_ASSERT_EQUAL(mls_group_commit(t.a.group, &config, &staged), MLS_LIFETIME);
    config.now_s = PARTY_NOW_S;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(t.a.group, &config, &staged), MLS_OK);
    CU_ASSERT_EQUAL(
        mls_group_process(t.b.group, mls_staged_message(staged), PARTY_NOW_S + PARTY_LIFETIME_S + 1, &received),
        MLS_LIFETIME);
    mls_staged_free(staged);
    party_wipe(&d);
    trio_wipe(&t);
}

static void test_commits_out_of_turn(void)
{
    struct trio t;
    trio_init(&t);
    int rc = MLS_OK;
    struct mls_staged *first = party_commit(&t.a, NULL, 0, &rc);
    struct mls_output kept = {0};
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_message(first)), &kept), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(t.a.group, first), MLS_OK);
    struct mls_staged *second = party_commit(&t.a, NULL, 0, &rc);
    /* of a future epoch, in turn, twice, and of a past one */
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(second)), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(kept)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(kept)), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(second)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(kept)), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&t.c, party_bytes(kept)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.c, mls_staged_message(second)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(t.a.group, second), MLS_OK);
    mls_output_free(&kept);
    trio_wipe(&t);
}

static void test_message_twice(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_output message = {0};
    struct mls_output later = {0};
    CU_ASSERT_EQUAL(mls_group_seal(t.a.group, NULL, party_text("one"), &message), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_seal(t.a.group, NULL, party_text("two"), &later), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(later)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(message)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(message)), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(party_receive(&t.a, party_bytes(message)), MLS_OWN_MESSAGE);
    mls_output_free(&message);
    mls_output_free(&later);
    trio_wipe(&t);
}

/* The sender data of a message, with another generation. */
static void set_generation(const struct mls_group *group, struct mls_bytes message, uint32_t generation,
                           struct mls_output *out)
{
    struct mls_message parsed;
    struct mls_sender_data sender;
    struct bytes_writer aad;
    struct bytes_writer w;
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t sealed[12 + CORE_TAG_MAX];
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(message.data, message.len, &parsed), MLS_OK);
    struct mls_private_message *private_message = &parsed.private_message;
    const uint8_t *secret = group->epoch.secrets.sender_data;
    CU_ASSERT_EQUAL_FATAL(mls_sender_data_open(group->suite, secret, private_message, &sender), MLS_OK);
    wire_buffer_init(&aad, MLS_MESSAGE_MAX);
    wire_write_vector(&aad, private_message->group_id);
    bytes_write_u64(&aad, private_message->epoch);
    bytes_write_u8(&aad, private_message->content_type);
    bytes_writer_init(&w, sealed, 12);
    bytes_write_u32(&w, sender.leaf_index);
    bytes_write_u32(&w, generation);
    bytes_write(&w, sender.reuse_guard, 4);
    CU_ASSERT_EQUAL_FATAL(mls_sender_data_key(group->suite, secret, private_message->ciphertext, key, nonce), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_aead_seal(group->suite, key, nonce, wire_buffer_slice(&aad), sealed, 12), MLS_OK);
    private_message->encrypted_sender_data.data = sealed;
    wire_buffer_free(&aad);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_message_write(&w, &parsed);
    CU_ASSERT_EQUAL_FATAL(mls_output_take(&w, out), MLS_OK);
    wire_buffer_free(&w);
}

static void test_generation_far(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_output message = {0};
    struct mls_output far = {0};
    CU_ASSERT_EQUAL(mls_group_seal(t.a.group, NULL, party_text("one"), &message), MLS_OK);
    set_generation(t.a.group, party_bytes(message), UINT32_C(1) << 31, &far);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(far)), MLS_GENERATION_FAR);
    mls_output_free(&far);
    /* a generation within reach, but not the message's: its key does not open it, and stays */
    set_generation(t.a.group, party_bytes(message), 5, &far);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(far)), MLS_AUTH);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(message)), MLS_OK);
    mls_output_free(&far);
    mls_output_free(&message);
    trio_wipe(&t);
}

/* --- Bits --- */

/* Every bit of the message flipped in turn: none is taken. */
static void flip_all(struct party *to, struct mls_bytes message)
{
    struct mls_output copy = {0};
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(message), &copy), MLS_OK);
    size_t taken = 0;
    for (size_t i = 0; i < 8 * copy.len; i++) {
        copy.data[i / 8] ^= (uint8_t)(1 << i % 8);
        taken += party_receive(to, party_bytes(copy)) == MLS_OK;
        copy.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    CU_ASSERT_EQUAL(taken, 0);
    CU_ASSERT_EQUAL(party_receive(to, party_bytes(copy)), MLS_OK);
    mls_output_free(&copy);
}

static void test_bits_flipped(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_output message = {0};
    const struct mls_framing framings[] = {{.is_public = true}, {.is_public = false}};
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    t.a.psk = t.b.psk = t.c.psk = "secret";
    CU_ASSERT_EQUAL(mls_group_seal(t.a.group, NULL, party_text("x"), &message), MLS_OK);
    flip_all(&t.b, party_bytes(message));
    mls_output_free(&message);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(mls_group_propose(t.a.group, &framings[i], &psk, PARTY_NOW_S, &message), MLS_OK);
        flip_all(&t.b, party_bytes(message));
        mls_output_free(&message);
        mls_group_forget_proposals(t.a.group);
        mls_group_forget_proposals(t.b.group);
        const struct mls_commit_config config = {.framing = framings[i], .now_s = PARTY_NOW_S};
        struct mls_staged *staged = NULL;
        CU_ASSERT_EQUAL_FATAL(mls_group_commit(t.a.group, &config, &staged), MLS_OK);
        flip_all(&t.b, mls_staged_message(staged));
        CU_ASSERT_EQUAL(party_receive(&t.c, mls_staged_message(staged)), MLS_OK);
        CU_ASSERT_EQUAL(mls_group_merge(t.a.group, staged), MLS_OK);
    }
    trio_wipe(&t);
}

static void test_lengths_lie(void)
{
    struct trio t;
    trio_init(&t);
    struct mls_staged *staged = party_commit_public(&t.a, NULL, 0);
    struct mls_output copy = {0};
    /* truncated anywhere */
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_message(staged)), &copy), MLS_OK);
    for (size_t len = 0; len < copy.len; len++) {
        uint8_t *exact = malloc(len + 1);
        memcpy(exact, copy.data, len);
        CU_ASSERT_NOT_EQUAL(party_receive(&t.b, (struct mls_bytes){exact, len}), MLS_OK);
        free(exact);
    }
    /* the group id's length: 2^30 - 1, the reserved prefix, and not minimal */
    const uint8_t lengths[][4] = {
        {0xbf, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 32}, {0x40, 32, 0, 0}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memcpy(copy.data + 4, lengths[i], sizeof lengths[i]);
        CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(copy)), MLS_MALFORMED);
    }
    mls_output_free(&copy);
    mls_staged_free(staged);
    trio_wipe(&t);
}

/* --- The application's word --- */

static void test_application_refuses(void)
{
    struct trio t;
    trio_init(&t);
    int rc = MLS_OK;
    struct mls_output message = {0};
    const struct mls_proposal_config out = party_remove(mls_group_own_leaf(t.c.group));
    struct mls_staged *staged = party_commit(&t.a, NULL, 0, &rc);
    t.b.refuses_commits = true;
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_REFUSED);
    t.b.refuses_commits = false;
    mls_staged_free(staged);
    staged = party_commit(&t.a, &out, 1, &rc);
    t.b.refused_proposal = MLS_PROPOSAL_REMOVE;
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_REFUSED);
    mls_staged_free(staged);
    CU_ASSERT_EQUAL(mls_group_propose(t.a.group, NULL, &out, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&t.b, party_bytes(message)), MLS_REFUSED);
    mls_output_free(&message);
    t.b.refused_proposal = 0;
    t.b.refused_credential = "alice";
    mls_group_forget_proposals(t.a.group);
    staged = party_commit(&t.a, NULL, 0, &rc);
    CU_ASSERT_EQUAL(party_receive(&t.b, mls_staged_message(staged)), MLS_CREDENTIAL);
    t.b.refused_credential = NULL;
    mls_staged_free(staged);
    trio_wipe(&t);
}

static const struct unit_test tests[] = {
    {"a leaf's credential or key that changes needs the application's word", test_credential_swapped},
    {"nobody commits another's Update by value", test_update_by_value},
    {"a client or key that is in the tree is not added again", test_key_in_tree_added},
    {"a removed member's commits and messages are not taken", test_removed_member_commits},
    {"who is removed learns it, and holds no secret any more", test_removed_member_knows},
    {"path secrets wrong for one subtree are refused there", test_wrong_subtree},
    {"a broken parent hash is refused", test_parent_hash_broken},
    {"a path's leaf of the wrong kind, or wrongly signed, is refused", test_path_leaf_wrong},
    {"a commit that needs a path is refused without", test_path_missing},
    {"a key package past its lifetime is not added", test_lifetime_over},
    {"commits replayed, reordered, of past and future epochs are refused", test_commits_out_of_turn},
    {"a message is opened once, in any order", test_message_twice},
    {"a generation 2^31 ahead is refused, and costs no key", test_generation_far},
    {"any bit flipped in any message is noticed", test_bits_flipped},
    {"lengths that lie, overflow or are not minimal are refused", test_lengths_lie},
    {"the application may refuse proposals, commits and credentials", test_application_refuses},
};

UNIT_MAIN("mls.group_process", tests)
