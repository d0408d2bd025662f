/* States whose parts do not belong together, though each is well-formed: written by a group whose memory was doctored,
 * read as behind the seal. */
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "unit.h"

struct scene {
    struct party alice;
    struct party others[2];
};

static void scene_init(struct scene *s)
{
    party_init(&s->alice, "alice", 1);
    party_init(&s->others[0], "bob", 1);
    party_init(&s->others[1], "carol", 1);
    party_gather(&s->alice, s->others, 2);
    struct party *const others[] = {&s->others[0], &s->others[1]};
    party_commit_all(&s->alice, NULL, 0, others, 2);
}

static void scene_wipe(struct scene *s)
{
    party_wipe(&s->alice);
    party_wipe(&s->others[0]);
    party_wipe(&s->others[1]);
}

static void state_of(const struct mls_group *group, const struct mls_staged *staged, struct bytes_writer *w)
{
    wire_buffer_init(w, MLS_STATE_MAX);
    mls_group_state_write(w, group, staged);
    CU_ASSERT_FATAL(bytes_writer_ok(w));
}

static int read_state(struct core_slice plain, const struct mls_policy *policy)
{
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    int rc = mls_group_state_read(plain, NULL, policy, &group, &staged);
    mls_staged_free(staged);
    mls_group_free(group);
    return rc;
}

/* What reading says of the group as it is in memory. */
static int reread(const struct mls_group *group, const struct mls_staged *staged)
{
    struct bytes_writer w;
    state_of(group, staged, &w);
    int rc = read_state(wire_buffer_slice(&w), &group->policy);
    wire_buffer_free(&w);
    return rc;
}

/* Where the bytes are in the state, once. */
static size_t find(const struct bytes_writer *state, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = memmem(state->data, state->len, bytes, len);
    CU_ASSERT_FATAL(at != NULL);
    return (size_t)(at - state->data);
}

/* The state with `out` bytes at a place replaced by others. */
static int read_spliced(const struct mls_group *group, const struct bytes_writer *state, size_t at, size_t out,
                        const uint8_t *in, size_t in_len)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_STATE_MAX);
    bytes_write(&w, state->data, at);
    bytes_write(&w, in, in_len);
    bytes_write(&w, state->data + at + out, state->len - at - out);
    int rc = read_state(wire_buffer_slice(&w), &group->policy);
    wire_buffer_free(&w);
    return rc;
}

/* --- The group --- */

/* A parent's hash that is not its child's, in a tree whose hash is the context's. */
static void test_parent_hash(void)
{
    struct scene s;
    struct mls_output tree = {0};
    uint8_t hash[MLS_HASH_MAX];
    scene_init(&s);
    struct mls_group *group = s.alice.group;
    CU_ASSERT_EQUAL_FATAL(reread(group, NULL), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_tree(group, &tree), MLS_OK);
    const struct core_slice parent_hash = mls_ratchet_tree_parent(group->tree, 1)->parent_hash;
    uint8_t *at = memmem(tree.data, tree.len, parent_hash.data, parent_hash.len);
    CU_ASSERT_FATAL(at != NULL);
    *at ^= 1;
    mls_ratchet_tree_free(group->tree);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_read(group->suite, (struct core_slice){tree.data, tree.len}, &group->tree),
                          MLS_OK);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_TREE);
    CU_ASSERT_EQUAL_FATAL(mls_ratchet_tree_hash(group->tree, hash), MLS_OK);
    struct mls_group_context context = group->epoch.context;
    context.tree_hash = (struct core_slice){hash, group->suite->hash->len};
    CU_ASSERT_EQUAL_FATAL(mls_epoch_set_context(&group->epoch, &context), MLS_OK);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_PARENT_HASH);
    mls_output_free(&tree);
    scene_wipe(&s);
}

/* Message keys for another number of leaves. */
static void test_message_leaves(void)
{
    struct scene s;
    static const uint8_t secret[MLS_HASH_MAX];
    scene_init(&s);
    struct mls_group *group = s.alice.group;
    for (uint32_t leaves = 2; leaves <= 8; leaves *= 2) {
        mls_secret_tree_wipe(&group->epoch.messages);
        CU_ASSERT_EQUAL_FATAL(mls_secret_tree_init(&group->epoch.messages, group->suite, leaves, secret), MLS_OK);
        CU_ASSERT_EQUAL(reread(group, NULL), leaves == 4 ? MLS_OK : MLS_MALFORMED);
    }
    scene_wipe(&s);
}

static void test_own_leaf(void)
{
    static const uint32_t leaves[] = {1, 3, 4, UINT32_MAX};
    struct scene s;
    scene_init(&s);
    struct mls_group *group = s.alice.group;
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        group->own_leaf = leaves[i];
        CU_ASSERT_NOT_EQUAL(reread(group, NULL), MLS_OK);
    }
    group->own_leaf = 0;
    group->epoch.keys.known[0] = false;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    group->epoch.keys.known[0] = true;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    scene_wipe(&s);
}

static void test_resumptions(void)
{
    enum { ENTRY_LEN = 8 + 32 };
    struct scene s;
    struct bytes_writer w;
    uint8_t head[8];
    uint8_t more[1 + ENTRY_LEN] = {0};
    scene_init(&s);
    struct mls_group *group = s.alice.group;
    /* as many as there may be, of an epoch far on */
    struct mls_group_context context = group->epoch.context;
    context.epoch = 100;
    CU_ASSERT_EQUAL_FATAL(mls_epoch_set_context(&group->epoch, &context), MLS_OK);
    group->resumption_count = MLS_RESUMPTIONS_KEPT;
    for (size_t i = 0; i < MLS_RESUMPTIONS_KEPT; i++) {
        group->resumptions[i].epoch = 99 - i;
        memset(group->resumptions[i].psk, 0xa0 + (int)i, sizeof group->resumptions[i].psk);
    }
    CU_ASSERT_EQUAL_FATAL(reread(group, NULL), MLS_OK);
    /* one more */
    state_of(group, NULL, &w);
    struct bytes_writer first;
    bytes_writer_init(&first, head, sizeof head);
    bytes_write_u64(&first, 99);
    const size_t at = find(&w, head, sizeof head);
    more[0] = MLS_RESUMPTIONS_KEPT + 1;
    more[8] = 100 - 1;
    CU_ASSERT_EQUAL(w.data[at - 1], MLS_RESUMPTIONS_KEPT);
    w.data[at + 7] = 98; /* room for the new first: the rest goes down */
    for (size_t i = 0; i < MLS_RESUMPTIONS_KEPT; i++)
        w.data[at + i * ENTRY_LEN + 7] = (uint8_t)(98 - i);
    CU_ASSERT_EQUAL(read_spliced(group, &w, at - 1, 1, more, sizeof more), MLS_MALFORMED);
    wire_buffer_free(&w);
    /* not newest first; of the present epoch */
    group->resumptions[3].epoch = group->resumptions[2].epoch;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    group->resumptions[3].epoch = 96;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    group->resumptions[0].epoch = 100;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    scene_wipe(&s);
}

static void test_origin(void)
{
    struct party alice;
    struct party next;
    struct bytes_writer w;
    party_init(&alice, "alice", 1);
    party_found(&alice);
    next = alice;
    CU_ASSERT_EQUAL_FATAL(mls_group_branch(alice.group, party_text("branch"), &alice.leaf, NULL, 0, &next.group),
                          MLS_OK);
    struct mls_group *group = next.group;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    state_of(group, NULL, &w);
    const size_t at = find(&w, group->origin.psk, group->origin.psk_len) - 1;
    CU_ASSERT_EQUAL_FATAL(w.data[at], group->origin.psk_len);
    uint8_t longest[2 + MLS_HASH_MAX + 1] = {0x40, MLS_HASH_MAX + 1};
    const uint8_t none[] = {0};
    CU_ASSERT_EQUAL(read_spliced(group, &w, at, 33, longest, sizeof longest), MLS_MALFORMED);
    CU_ASSERT_EQUAL(read_spliced(group, &w, at, 33, none, 1), MLS_MALFORMED);
    longest[1] = MLS_HASH_MAX;
    CU_ASSERT_EQUAL(read_spliced(group, &w, at, 33, longest, sizeof longest - 1), MLS_OK);
    wire_buffer_free(&w);
    group->origin.usage = MLS_PSK_APPLICATION;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    mls_group_free(group);
    party_wipe(&alice);
}

static void test_reinit(void)
{
    struct scene s;
    struct bytes_writer w;
    const struct mls_proposal proposals[] = {
        {.type = MLS_PROPOSAL_REMOVE, .remove = 1},
        {.type = MLS_PROPOSAL_REINIT, .reinit = {.version = MLS_VERSION_1_0, .cipher_suite = 1}},
    };
    scene_init(&s);
    for (size_t i = 0; i < 2; i++) {
        wire_buffer_init(&w, MLS_MESSAGE_MAX);
        mls_proposal_write(&w, &proposals[i]);
        CU_ASSERT_EQUAL_FATAL(mls_output_take(&w, &s.alice.group->reinit), MLS_OK);
        CU_ASSERT_EQUAL(reread(s.alice.group, NULL), i == 0 ? MLS_MALFORMED : MLS_OK);
        mls_output_free(&s.alice.group->reinit);
        wire_buffer_free(&w);
    }
    scene_wipe(&s);
}

/* --- Proposals that wait --- */

static struct mls_kept *propose(struct party *party)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(party->group, NULL, &update, PARTY_NOW_S, &message), MLS_OK);
    mls_output_free(&message);
    return party->group->kept[party->group->kept_count - 1];
}

static void test_proposals(void)
{
    struct scene s;
    struct party other;
    scene_init(&s);
    party_init(&other, "other", 1);
    party_found(&other);
    struct mls_group *group = s.alice.group;
    struct mls_kept *own = propose(&s.alice);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_keep(group, own), MLS_OK); /* twice */
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    mls_group_unkeep(group);
    CU_ASSERT_EQUAL_FATAL(mls_group_keep(group, propose(&other)), MLS_OK); /* of another group */
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    mls_group_unkeep(group);
    struct mls_kept *bobs = propose(&s.others[0]); /* an own Update that is somebody else's */
    CU_ASSERT_EQUAL_FATAL(mls_group_keep(group, bobs), MLS_OK);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    bobs->own_update = false;
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    bobs->own_update = true;
    mls_group_unkeep(group);
    /* of an epoch before */
    struct mls_group_context context = group->epoch.context;
    context.epoch++;
    CU_ASSERT_EQUAL_FATAL(mls_epoch_set_context(&group->epoch, &context), MLS_OK);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_MALFORMED);
    mls_group_forget_proposals(group);
    CU_ASSERT_EQUAL(reread(group, NULL), MLS_OK);
    party_wipe(&other);
    scene_wipe(&s);
}

/* --- What is staged --- */

static struct mls_staged *stage(struct party *party, const struct party *added)
{
    const struct mls_proposal_config add = added ? party_add(added) : (struct mls_proposal_config){0};
    const struct mls_commit_config config = {
        .proposals = &add, .proposal_count = added != NULL, .without_path = added != NULL, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(party->group, &config, &staged), MLS_OK);
    return staged;
}

/* One commit's content with the other's tree and epoch. */
static void check_mixed(struct scene *s, const struct party *one, const struct party *two)
{
    struct mls_staged *a = stage(&s->alice, one);
    struct mls_staged *b = stage(&s->alice, two);
    const struct core_slice framed = a->framed;
    CU_ASSERT_EQUAL(reread(s->alice.group, a), MLS_OK);
    CU_ASSERT_EQUAL(reread(s->alice.group, b), MLS_OK);
    a->framed = b->framed;
    CU_ASSERT_EQUAL(reread(s->alice.group, a), MLS_MALFORMED);
    a->framed = framed;
    mls_staged_free(a);
    mls_staged_free(b);
}

static void test_staged_mixed(void)
{
    struct scene s;
    struct party dave;
    struct party eve;
    scene_init(&s);
    party_init(&dave, "dave", 1);
    party_init(&eve, "eve", 1);
    check_mixed(&s, NULL, NULL);
    check_mixed(&s, &dave, &eve);
    party_wipe(&dave);
    party_wipe(&eve);
    scene_wipe(&s);
}

static void test_staged_by(void)
{
    struct scene s;
    scene_init(&s);
    struct mls_staged *staged = stage(&s.alice, NULL);
    const struct core_slice framed = staged->framed;
    staged->info.sender = 1;
    CU_ASSERT_EQUAL(reread(s.alice.group, staged), MLS_MALFORMED);
    staged->info.sender = 0;
    staged->info.own = false;
    CU_ASSERT_EQUAL(reread(s.alice.group, staged), MLS_MALFORMED);
    staged->info.own = true;
    /* what is no commit */
    const struct mls_kept *kept = propose(&s.alice);
    staged->framed = kept->message.content.encoded;
    CU_ASSERT_EQUAL(reread(s.alice.group, staged), MLS_MALFORMED);
    staged->framed = framed;
    CU_ASSERT_EQUAL(reread(s.alice.group, staged), MLS_OK);
    mls_staged_free(staged);
    scene_wipe(&s);
}

/* The same commit as of another epoch, or group. */
static void check_elsewhere(struct scene *s, uint64_t epochs_on, const char *group_id)
{
    struct mls_staged *staged = stage(&s->alice, NULL);
    const struct core_slice framed = staged->framed;
    struct bytes_reader r = mls_walk(framed);
    struct mls_content content;
    struct bytes_writer w;
    mls_content_parse(&r, &content);
    CU_ASSERT_FATAL(bytes_reader_done(&r));
    content.epoch += epochs_on;
    if (group_id)
        content.group_id = mls_in(party_text(group_id));
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_content_write(&w, &content);
    staged->framed = wire_buffer_slice(&w);
    CU_ASSERT_EQUAL(reread(s->alice.group, staged), epochs_on || group_id ? MLS_MALFORMED : MLS_OK);
    staged->framed = framed;
    wire_buffer_free(&w);
    mls_staged_free(staged);
}

static void test_staged_elsewhere(void)
{
    struct scene s;
    scene_init(&s);
    check_elsewhere(&s, 0, NULL);
    check_elsewhere(&s, 1, NULL);
    check_elsewhere(&s, 0, "another");
    scene_wipe(&s);
}

static const struct unit_test tests[] = {
    {"a tree is verified as a joiner's is", test_parent_hash},
    {"message keys are for the tree's leaves", test_message_leaves},
    {"the own leaf is a member's, whose key is there", test_own_leaf},
    {"resumption PSKs are of past epochs, in order, and no more than are kept", test_resumptions},
    {"the link to another group is a ReInit's or a branch's, and bounded", test_origin},
    {"a committed ReInit is one", test_reinit},
    {"proposals that wait are of this epoch, each once, an own Update its own", test_proposals},
    {"a commit goes with its own tree", test_staged_mixed},
    {"a staged commit is a commit, and by whom it says", test_staged_by},
    {"and of this group and epoch", test_staged_elsewhere},
};

UNIT_MAIN("mls.state_doctored", tests)
