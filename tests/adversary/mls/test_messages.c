/* A member, or whoever carries messages, sends what is not its own, or to whom it is not meant. */
#include <string.h>

#include "forge.h"
#include "unit.h"

enum { MEMBERS = 4 };

struct room {
    struct party founder;
    struct party others[MEMBERS - 1];
};

static void room_init(struct room *r)
{
    static const char *const names[] = {"bob", "carol", "dave"};
    party_init(&r->founder, "alice", 1);
    for (size_t i = 0; i < MEMBERS - 1; i++)
        party_init(&r->others[i], names[i], 1);
    party_gather(&r->founder, r->others, MEMBERS - 1);
}

/* All go on as before. */
static void room_wipe(struct room *r)
{
    CU_ASSERT_TRUE(party_agrees(&r->founder, &r->others[0]));
    CU_ASSERT_TRUE(party_hears(&r->founder, &r->others[0]));
    party_wipe(&r->founder);
    for (size_t i = 0; i < MEMBERS - 1; i++)
        party_wipe(&r->others[i]);
}

static struct mls_content content_of(const struct party *sender, uint8_t type)
{
    return (struct mls_content){.group_id = sender->group->epoch.context.group_id,
                                .epoch = sender->group->epoch.context.epoch,
                                .sender = {MLS_SENDER_MEMBER, sender->group->own_leaf},
                                .type = type};
}

/* Every member has the secrets to encrypt as another and to compute the membership tag, but not its signature key. */
static void test_speaks_as_another(void)
{
    static const uint8_t types[] = {MLS_CONTENT_APPLICATION, MLS_CONTENT_PROPOSAL, MLS_CONTENT_COMMIT};
    struct room r;
    room_init(&r);
    struct party *const bob = &r.others[0];
    struct party *const carol = &r.others[1];
    struct mls_output forged = {0};
    for (size_t i = 0; i < sizeof types; i++)
        for (uint16_t format = MLS_WIRE_PUBLIC_MESSAGE; format <= MLS_WIRE_PRIVATE_MESSAGE; format++) {
            struct mls_content content = content_of(bob, types[i]);
            if (types[i] == MLS_CONTENT_APPLICATION)
                content.application = mls_in(party_text("it was bob"));
            else if (types[i] == MLS_CONTENT_PROPOSAL)
                content.proposal = (struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = 3};
            if (types[i] == MLS_CONTENT_APPLICATION && format == MLS_WIRE_PUBLIC_MESSAGE)
                continue;
            forge_message(carol, format, &content, &forged);
            CU_ASSERT_EQUAL(party_receive(&r.founder, party_bytes(forged)), MLS_SIGNATURE);
            mls_output_free(&forged);
        }
    /* her own would be heard */
    struct mls_content content = content_of(carol, MLS_CONTENT_APPLICATION);
    forge_message(carol, MLS_WIRE_PRIVATE_MESSAGE, &content, &forged);
    CU_ASSERT_EQUAL(party_receive(&r.founder, party_bytes(forged)), MLS_OK);
    mls_output_free(&forged);
    room_wipe(&r);
}

static void test_speaks_as_nobody(void)
{
    struct room r;
    room_init(&r);
    struct party *const carol = &r.others[1];
    struct party *const all[] = {&r.others[0], carol};
    const struct mls_proposal_config out = party_remove(3);
    party_commit_all(&r.founder, &out, 1, all, 2);
    static const uint32_t leaves[] = {3, 4, UINT32_MAX}; /* blank, and outside the tree */
    struct mls_output forged = {0};
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        struct mls_content content = content_of(carol, MLS_CONTENT_PROPOSAL);
        content.sender.index = leaves[i];
        content.proposal = (struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = 1};
        forge_message(carol, MLS_WIRE_PUBLIC_MESSAGE, &content, &forged);
        CU_ASSERT_EQUAL(party_receive(&r.founder, party_bytes(forged)), MLS_LEAF);
        mls_output_free(&forged);
        if (i > 0) /* she has no key to encrypt with */
            continue;
        forge_message(carol, MLS_WIRE_PRIVATE_MESSAGE, &content, &forged);
        CU_ASSERT_EQUAL(party_receive(&r.founder, party_bytes(forged)), MLS_LEAF);
        mls_output_free(&forged);
    }
    room_wipe(&r);
}

static void test_other_group(void)
{
    struct room r;
    struct room other;
    room_init(&r);
    room_init(&other);
    struct mls_output message = {0};
    const struct mls_framing framing = {.is_public = true};
    const struct mls_proposal_config out = party_remove(3);
    CU_ASSERT_EQUAL(mls_group_seal(other.founder.group, NULL, party_text("x"), &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&r.others[0], party_bytes(message)), MLS_GROUP);
    mls_output_free(&message);
    CU_ASSERT_EQUAL(mls_group_propose(other.founder.group, &framing, &out, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&r.others[0], party_bytes(message)), MLS_GROUP);
    mls_output_free(&message);
    mls_group_forget_proposals(other.founder.group);
    /* nor is a commit merged into another group, whose epoch has the same number */
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&other.founder, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(r.founder.group, staged), MLS_STALE);
    mls_staged_free(staged);
    room_wipe(&r);
    room_wipe(&other);
}

static void test_own_comes_back(void)
{
    struct room r;
    room_init(&r);
    const struct mls_framing framings[] = {{.is_public = true}, {.is_public = false}};
    const struct mls_proposal_config out = party_remove(3);
    struct mls_output message = {0};
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(mls_group_propose(r.founder.group, &framings[i], &out, PARTY_NOW_S, &message), MLS_OK);
        CU_ASSERT_EQUAL(party_receive(&r.founder, party_bytes(message)), MLS_OWN_MESSAGE);
        CU_ASSERT_EQUAL(r.founder.group->kept_count, 1);
        mls_output_free(&message);
        mls_group_forget_proposals(r.founder.group);
        const struct mls_commit_config config = {.framing = framings[i], .now_s = PARTY_NOW_S};
        struct mls_staged *staged = NULL;
        CU_ASSERT_EQUAL_FATAL(mls_group_commit(r.founder.group, &config, &staged), MLS_OK);
        CU_ASSERT_EQUAL(party_receive(&r.founder, mls_staged_message(staged)), MLS_OWN_MESSAGE);
        mls_staged_free(staged);
    }
    room_wipe(&r);
}

static void test_removed_takes_nothing(void)
{
    struct room r;
    room_init(&r);
    struct party *const all[] = {&r.others[0], &r.others[1], &r.others[2]};
    const struct mls_proposal_config out = party_remove(3);
    struct mls_output message = {0};
    CU_ASSERT_EQUAL(mls_group_seal(r.founder.group, NULL, party_text("before"), &message), MLS_OK);
    party_commit_all(&r.founder, &out, 1, all, 3);
    CU_ASSERT_EQUAL(party_receive(&r.others[2], party_bytes(message)), MLS_REMOVED);
    mls_output_free(&message);
    CU_ASSERT_EQUAL(mls_group_seal(r.founder.group, NULL, party_text("after"), &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&r.others[2], party_bytes(message)), MLS_REMOVED);
    mls_output_free(&message);
    room_wipe(&r);
}

/* A member that proposes without end fills a bounded memory. */
static void test_proposals_bounded(void)
{
    struct room r;
    room_init(&r);
    size_t taken = 0;
    for (size_t i = 0; i < MLS_PROPOSALS_KEPT + 2; i++) {
        const uint8_t nonce[32] = {(uint8_t)(i >> 8), (uint8_t)i};
        const struct mls_proposal psk = {.type = MLS_PROPOSAL_PSK,
                                         .psk = {.type = MLS_PSK_EXTERNAL, .nonce = {nonce, sizeof nonce}}};
        struct mls_output forged = {0};
        forge_proposal(&r.others[1], &psk, &forged);
        int rc = party_receive(&r.founder, party_bytes(forged));
        taken += rc == MLS_OK;
        CU_ASSERT_EQUAL(rc, i < MLS_PROPOSALS_KEPT ? MLS_OK : MLS_LIMIT);
        mls_output_free(&forged);
    }
    CU_ASSERT_EQUAL(taken, MLS_PROPOSALS_KEPT);
    mls_group_forget_proposals(r.founder.group);
    room_wipe(&r);
}

static const struct unit_test tests[] = {
    {"a member cannot speak as another", test_speaks_as_another},
    {"nor as a leaf where nobody is", test_speaks_as_nobody},
    {"a message or commit of another group is not this group's", test_other_group},
    {"what one sent oneself is not taken when it comes back", test_own_comes_back},
    {"who was removed takes nothing more", test_removed_takes_nothing},
    {"proposals that wait are bounded", test_proposals_bounded},
};

UNIT_MAIN("adversary.mls.messages", tests)
