/* Application messages of the epoch before: opened where that was asked for, by that epoch's leaves and keys, once, and
 * by nobody after it is forgotten. */
#include <string.h>

#include "core/secret.h"
#include "mls/framing.h"
#include "party.h"
#include "unit.h"

/* Alice keeps the epoch before; bob, carol; each has sealed a message before somebody commits. */
enum { OTHERS = 2, CAROL_LEAF = 2 };

struct scene {
    struct party alice;
    struct party others[OTHERS];
    struct mls_output late[OTHERS]; /* of bob and carol */
};

static void seal(struct party *party, struct mls_output *message)
{
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(party->group, NULL, party_text("late"), message), MLS_OK);
}

static void scene_init(struct scene *s)
{
    *s = (struct scene){.late = {{0}}};
    party_init(&s->alice, "alice", 1);
    party_init(&s->others[0], "bob", 1);
    party_init(&s->others[1], "carol", 1);
    party_gather(&s->alice, s->others, OTHERS);
    mls_group_keep_past(s->alice.group, true);
    for (size_t i = 0; i < OTHERS; i++)
        seal(&s->others[i], &s->late[i]);
}

static void scene_wipe(struct scene *s)
{
    party_wipe(&s->alice);
    for (size_t i = 0; i < OTHERS; i++) {
        party_wipe(&s->others[i]);
        mls_output_free(&s->late[i]);
    }
}

static void commit_all(struct scene *s, const struct mls_proposal_config *proposals, size_t count)
{
    struct party *const others[] = {&s->others[0], &s->others[1]};
    party_commit_all(&s->alice, proposals, count, others, OTHERS);
}

/* Bob commits with another credential and signature key; alice follows. */
static void bob_changes(struct scene *s, struct mls_output *new_key)
{
    struct mls_output public_key = {0};
    struct mls_staged *staged = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_signature_key_new(NULL, 1, new_key, &public_key), MLS_OK);
    struct mls_leaf_config leaf = s->others[0].leaf;
    leaf.credential = party_text("robert");
    leaf.signature_private_key = party_bytes(*new_key);
    const struct mls_commit_config config = {.leaf = &leaf, .now_s = PARTY_NOW_S};
    s->alice.accepts_successors = s->others[0].accepts_successors = true;
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(s->others[0].group, &config, &staged), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(party_receive(&s->alice, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_merge(s->others[0].group, staged), MLS_OK);
    mls_output_free(&public_key);
}

static int process(struct party *party, struct mls_output message, struct mls_received *received)
{
    return mls_group_process(party->group, party_bytes(message), PARTY_NOW_S, received);
}

static bool is_text(struct mls_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static void test_default(void)
{
    struct scene s;
    scene_init(&s);
    mls_group_keep_past(s.alice.group, false);
    commit_all(&s, NULL, 0);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_EPOCH);
    /* nor does it come back when it is asked for too late */
    mls_group_keep_past(s.alice.group, true);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_EPOCH);
    /* bob never asked */
    CU_ASSERT_EQUAL(party_receive(&s.others[0], party_bytes(s.late[1])), MLS_EPOCH);
    scene_wipe(&s);
}

static void test_opened(void)
{
    struct scene s;
    struct mls_received received = {0};
    struct mls_output key = {0};
    scene_init(&s);
    const uint64_t past = mls_group_epoch(s.alice.group);
    bob_changes(&s, &key);
    for (size_t i = 0; i < OTHERS; i++) {
        CU_ASSERT_EQUAL_FATAL(process(&s.alice, s.late[i], &received), MLS_OK);
        CU_ASSERT_EQUAL(received.kind, MLS_RECEIVED_APPLICATION);
        CU_ASSERT_EQUAL(received.epoch, past);
        CU_ASSERT_EQUAL(received.sender_type, MLS_SENDER_MEMBER);
        CU_ASSERT_EQUAL(received.sender, 1 + i);
        CU_ASSERT_EQUAL(received.member.leaf, 1 + i);
        CU_ASSERT_TRUE(is_text(received.member.credential, i == 0 ? "bob" : "carol"));
        CU_ASSERT_TRUE(is_text(party_bytes(received.data), "late"));
        mls_received_free(&received);
        CU_ASSERT_EQUAL(process(&s.alice, s.late[i], &received), MLS_GENERATION_USED);
    }
    /* what he sends now is from whom he is now */
    struct mls_output now = {0};
    seal(&s.others[0], &now);
    CU_ASSERT_EQUAL_FATAL(process(&s.alice, now, &received), MLS_OK);
    CU_ASSERT_EQUAL(received.epoch, past + 1);
    CU_ASSERT_TRUE(is_text(received.member.credential, "robert"));
    mls_received_free(&received);
    mls_output_free(&now);
    mls_output_free(&key);
    scene_wipe(&s);
}

/* An Update by reference changes its sender's leaf too. */
static void test_updated(void)
{
    struct scene s;
    struct mls_output update = {0};
    struct mls_received received = {0};
    scene_init(&s);
    const struct mls_proposal_config proposal = {.type = MLS_PROPOSAL_UPDATE};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(s.others[1].group, NULL, &proposal, PARTY_NOW_S, &update), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(process(&s.alice, update, &received), MLS_OK);
    CU_ASSERT_TRUE(is_text(received.member.credential, "carol"));
    CU_ASSERT_EQUAL(received.epoch, mls_group_epoch(s.alice.group));
    mls_received_free(&received);
    CU_ASSERT_EQUAL_FATAL(party_receive(&s.others[0], party_bytes(update)), MLS_OK);
    struct mls_member member;
    CU_ASSERT_EQUAL(mls_group_member(s.alice.group, CAROL_LEAF, &member), MLS_OK);
    uint8_t before[1024];
    const size_t len = member.leaf_node.len;
    memcpy(before, member.leaf_node.data, len);
    commit_all(&s, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(process(&s.alice, s.late[1], &received), MLS_OK);
    CU_ASSERT_EQUAL(received.member.leaf_node.len, len);
    CU_ASSERT_EQUAL(memcmp(received.member.leaf_node.data, before, len), 0);
    mls_received_free(&received);
    mls_output_free(&update);
    scene_wipe(&s);
}

static void test_handshakes(void)
{
    struct scene s;
    struct mls_output proposals[2] = {{0}};
    struct mls_staged *commits[2] = {NULL};
    scene_init(&s);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    for (size_t i = 0; i < 2; i++) {
        const struct mls_framing framing = {.is_public = i == 1};
        const struct mls_commit_config config = {.framing = framing, .now_s = PARTY_NOW_S};
        CU_ASSERT_EQUAL(mls_group_propose(s.others[0].group, &framing, &update, PARTY_NOW_S, &proposals[i]), MLS_OK);
        mls_group_forget_proposals(s.others[0].group);
        CU_ASSERT_EQUAL_FATAL(mls_group_commit(s.others[1].group, &config, &commits[i]), MLS_OK);
    }
    commit_all(&s, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(proposals[i])), MLS_EPOCH);
        CU_ASSERT_EQUAL(party_receive(&s.alice, mls_staged_message(commits[i])), MLS_EPOCH);
        mls_output_free(&proposals[i]);
        mls_staged_free(commits[i]);
    }
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_OK);
    scene_wipe(&s);
}

static int peek(const struct mls_secret_tree *messages, uint32_t leaf)
{
    struct mls_message_key key = {0};
    int rc = mls_secret_tree_peek(messages, leaf, MLS_RATCHET_APPLICATION, 0, &key);
    core_wipe(&key, sizeof key);
    return rc;
}

/* dave: who takes the removed member's leaf in the same commit, or NULL */
static void check_removed(struct party *dave)
{
    struct scene s;
    struct mls_received received = {0};
    scene_init(&s);
    const struct mls_proposal_config proposals[] = {party_remove(CAROL_LEAF), dave ? party_add(dave) : party_remove(0)};
    CU_ASSERT_EQUAL(peek(&s.alice.group->epoch.messages, CAROL_LEAF), MLS_OK);
    commit_all(&s, proposals, dave ? 2 : 1);
    CU_ASSERT_EQUAL(process(&s.alice, s.late[1], &received), MLS_LEAF);
    CU_ASSERT_EQUAL(peek(&s.alice.group->past.messages, CAROL_LEAF), MLS_GENERATION_USED);
    CU_ASSERT_EQUAL(peek(&s.alice.group->past.messages, 1), MLS_OK);
    CU_ASSERT_EQUAL(process(&s.alice, s.late[0], &received), MLS_OK);
    mls_received_free(&received);
    scene_wipe(&s);
}

static void test_removed(void)
{
    struct party dave;
    party_init(&dave, "dave", 1);
    check_removed(NULL);
    check_removed(&dave);
    party_wipe(&dave);
}

/* Of whom it had heard before, too. */
static void test_removed_heard(void)
{
    struct scene s;
    struct mls_output first = {0};
    scene_init(&s);
    seal(&s.others[1], &first);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(first)), MLS_OK);
    CU_ASSERT_EQUAL(peek(&s.alice.group->epoch.messages, CAROL_LEAF), MLS_OK); /* skipped */
    const struct mls_proposal_config removal = party_remove(CAROL_LEAF);
    commit_all(&s, &removal, 1);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[1])), MLS_LEAF);
    CU_ASSERT_EQUAL(peek(&s.alice.group->past.messages, CAROL_LEAF), MLS_GENERATION_USED);
    mls_output_free(&first);
    scene_wipe(&s);
}

/* Carol comes back in the place of her old leaf: what that had sent is not heard any more. */
static void test_resynced(void)
{
    struct scene s;
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    scene_init(&s);
    const struct mls_external_config config = {.join = {.policy = s.others[1].policy, .now_s = PARTY_NOW_S},
                                               .leaf = s.others[1].leaf,
                                               .resync = true,
                                               .old_leaf = CAROL_LEAF};
    CU_ASSERT_EQUAL(mls_group_info(s.alice.group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_join_external(party_bytes(info), &config, &again, &commit), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(party_receive(&s.alice, party_bytes(commit)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[1])), MLS_LEAF);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_OK);
    mls_group_free(again);
    mls_output_free(&info);
    mls_output_free(&commit);
    scene_wipe(&s);
}

/* A message that somebody who has the epoch's secrets makes as of another leaf. */
static void forge(const struct party *forger, uint32_t leaf, struct mls_output *out)
{
    struct mls_group *group = forger->group;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer encoded;
    struct bytes_writer w;
    struct mls_authenticated_content message = {.wire_format = MLS_WIRE_PRIVATE_MESSAGE,
                                                .content = {.group_id = group->epoch.context.group_id,
                                                            .epoch = group->epoch.context.epoch,
                                                            .sender = {MLS_SENDER_MEMBER, leaf},
                                                            .type = MLS_CONTENT_APPLICATION,
                                                            .application = mls_in(party_text("forged"))},
                                                .auth = {.signature = {.data = signature}}};
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_content_write(&encoded, &message.content);
    message.content.encoded = wire_buffer_slice(&encoded);
    CU_ASSERT_EQUAL_FATAL(mls_content_sign(group->suite, &group->epoch.signer, message.wire_format, &message.content,
                                           mls_epoch_encoded(&group->epoch), signature, &message.auth.signature.len),
                          MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_private_seal(&group->epoch.messages, group->epoch.secrets.sender_data, &message, 0, &w),
                          MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_output_take(&w, out), MLS_OK);
    wire_buffer_free(&encoded);
    wire_buffer_free(&w);
}

static void test_forged(void)
{
    enum { VACANT = 3 };
    struct scene s;
    struct party dave;
    struct mls_output as_carol = {0};
    struct mls_output as_newcomer = {0};
    scene_init(&s);
    party_init(&dave, "dave", 1);
    forge(&s.others[0], CAROL_LEAF, &as_carol);
    forge(&s.others[0], VACANT, &as_newcomer);
    const struct mls_proposal_config add = party_add(&dave);
    commit_all(&s, &add, 1);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(as_carol)), MLS_SIGNATURE);
    /* the leaf that is dave's now was nobody's then */
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(as_newcomer)), MLS_LEAF);
    /* one bit anywhere, and the message itself after that: what failed has spent nothing */
    for (size_t bit = 0; bit < 8 * s.late[0].len; bit++) {
        s.late[0].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL_FATAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_OK);
        s.late[0].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_OK);
    mls_output_free(&as_carol);
    mls_output_free(&as_newcomer);
    party_wipe(&dave);
    scene_wipe(&s);
}

static void test_own(void)
{
    struct scene s;
    struct mls_output own = {0};
    scene_init(&s);
    seal(&s.alice, &own);
    commit_all(&s, NULL, 0);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(own)), MLS_OWN_MESSAGE);
    mls_output_free(&own);
    scene_wipe(&s);
}

/* --- How long --- */

static bool is_wiped(const struct mls_past *past)
{
    static const struct mls_past nothing;
    return memcmp(past, &nothing, sizeof nothing) == 0;
}

static void test_next_merge(void)
{
    struct scene s;
    struct mls_output later = {0};
    scene_init(&s);
    commit_all(&s, NULL, 0);
    seal(&s.others[0], &later);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_OK);
    commit_all(&s, NULL, 0);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[1])), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(later)), MLS_OK);
    mls_output_free(&later);
    scene_wipe(&s);
}

static void test_forgotten(void)
{
    struct scene s;
    scene_init(&s);
    commit_all(&s, NULL, 0);
    CU_ASSERT_FALSE(is_wiped(&s.alice.group->past));
    mls_group_forget_past(s.alice.group);
    CU_ASSERT_TRUE(is_wiped(&s.alice.group->past));
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_EPOCH);
    mls_group_forget_past(s.alice.group); /* of nothing */
    commit_all(&s, NULL, 0);
    CU_ASSERT_FALSE(is_wiped(&s.alice.group->past));
    mls_group_keep_past(s.alice.group, false);
    CU_ASSERT_TRUE(is_wiped(&s.alice.group->past));
    scene_wipe(&s);
}

static void test_ends(void)
{
    struct scene s;
    int rc = MLS_OK;
    scene_init(&s);
    commit_all(&s, NULL, 0);
    const struct mls_proposal_config removal = party_remove(0);
    struct mls_staged *staged = party_commit(&s.others[0], &removal, 1, &rc);
    CU_ASSERT_EQUAL(party_receive(&s.alice, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_TRUE(mls_group_was_removed(s.alice.group));
    CU_ASSERT_TRUE(is_wiped(&s.alice.group->past));
    mls_staged_free(staged);
    scene_wipe(&s);
    scene_init(&s);
    commit_all(&s, NULL, 0);
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = 1};
    commit_all(&s, &reinit, 1);
    CU_ASSERT_TRUE(is_wiped(&s.alice.group->past));
    scene_wipe(&s);
}

/* A state that is saved has nothing of it. */
static void test_saved(void)
{
    struct scene s;
    struct bytes_writer w;
    scene_init(&s);
    commit_all(&s, NULL, 0);
    const struct mls_past *past = &s.alice.group->past;
    uint8_t sender_data[32];
    memcpy(sender_data, past->sender_data, sizeof sender_data);
    wire_buffer_init(&w, MLS_STATE_MAX);
    mls_group_state_write(&w, s.alice.group, NULL);
    size_t found = 0;
    size_t found_present = 0;
    for (size_t at = 0; at + sizeof sender_data <= w.len; at++) {
        found += memcmp(w.data + at, sender_data, sizeof sender_data) == 0;
        found_present += memcmp(w.data + at, s.alice.group->epoch.secrets.sender_data, sizeof sender_data) == 0;
        for (uint32_t node = 0; node < 7; node++)
            found += past->messages.present[node] &&
                     memcmp(w.data + at, past->messages.secrets + 32 * node, sizeof sender_data) == 0;
    }
    CU_ASSERT_EQUAL(found, 0);
    CU_ASSERT_EQUAL(found_present, 1);
    wire_buffer_free(&w);
    party_reload(&s.alice, NULL);
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(s.late[0])), MLS_EPOCH);
    commit_all(&s, NULL, 0);
    CU_ASSERT_TRUE(is_wiped(&s.alice.group->past)); /* it has to be asked for again */
    scene_wipe(&s);
}

static const struct unit_test tests[] = {
    {"off unless asked for before the commit", test_default},
    {"a message of the epoch before is opened once, by the keys and credentials of then", test_opened},
    {"of a member who was updated, too", test_updated},
    {"handshake messages of it are refused", test_handshakes},
    {"a member whom the commit removes is heard no more, its keys are gone", test_removed},
    {"also if it was heard before", test_removed_heard},
    {"nor is an old leaf whose client came back", test_resynced},
    {"what is forged, or of a leaf that was blank, is refused and spends nothing", test_forged},
    {"own messages are told as such", test_own},
    {"the next merge takes its place", test_next_merge},
    {"forgotten is wiped", test_forgotten},
    {"removal and ReInit wipe it", test_ends},
    {"saved states do not have it", test_saved},
};

UNIT_MAIN("mls.past", tests)
