/* A member splits the group: its commit is right for some and cannot be followed by others (RFC 9420 section 16.4). */
#include <string.h>

#include "forge.h"
#include "unit.h"

enum { MEMBERS = 8, FORGER = 1 };

/* Eight members, no parent blank: each path has a node per level. */
struct hall {
    struct party founder;
    struct party others[MEMBERS - 1];
    struct party *all[MEMBERS]; /* by leaf */
};

static void everybody_follows(struct hall *h, uint32_t committer)
{
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(h->all[committer], NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    for (uint32_t leaf = 0; leaf < MEMBERS; leaf++)
        if (leaf != committer)
            CU_ASSERT_EQUAL_FATAL(party_receive(h->all[leaf], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(h->all[committer]->group, staged), MLS_OK);
}

static void hall_init(struct hall *h)
{
    static const char *const names[] = {"bob", "carol", "dave", "eve", "frank", "grace", "heidi"};
    party_init(&h->founder, "alice", 1);
    h->all[0] = &h->founder;
    for (size_t i = 0; i < MEMBERS - 1; i++) {
        party_init(&h->others[i], names[i], 1);
        h->all[i + 1] = &h->others[i];
    }
    party_gather(&h->founder, h->others, MEMBERS - 1);
    for (uint32_t leaf = 0; leaf < MEMBERS; leaf++)
        everybody_follows(h, leaf);
}

static void hall_wipe(struct hall *h)
{
    for (uint32_t leaf = 1; leaf < MEMBERS; leaf++)
        CU_ASSERT_TRUE(party_agrees(&h->founder, h->all[leaf]));
    for (uint32_t leaf = 0; leaf < MEMBERS; leaf++)
        party_wipe(h->all[leaf]);
}

/* A cheated member comes back in its own place, by the GroupInfo of one who followed and an external commit that the
 * others follow. */
static void come_back(struct hall *h, uint32_t leaf, uint32_t follower, const bool *behind)
{
    struct party *party = h->all[leaf];
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *again = NULL;
    const struct mls_external_config config = {
        .join = {.policy = party->policy, .now_s = PARTY_NOW_S}, .leaf = party->leaf, .resync = true, .old_leaf = leaf};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(h->all[follower]->group, true, &info), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_join_external(party_bytes(info), &config, &again, &commit), MLS_OK);
    mls_group_free(party->group);
    party->group = again;
    CU_ASSERT_EQUAL(mls_group_own_leaf(again), leaf);
    for (uint32_t other = 0; other < MEMBERS; other++)
        if (other != leaf && !behind[other])
            CU_ASSERT_EQUAL(party_receive(h->all[other], party_bytes(commit)), MLS_OK);
    mls_output_free(&info);
    mls_output_free(&commit);
}

/* The subtree beside the forger's path at each level: one leaf, two, four. */
static void test_wrong_for_a_subtree(void)
{
    static const uint32_t cheated[][2] = {{0, 0}, {2, 3}, {4, 7}};
    for (size_t level = 0; level < 3; level++) {
        struct hall h;
        struct mls_output message = {0};
        bool behind[MEMBERS] = {false};
        hall_init(&h);
        const uint64_t epoch = mls_group_epoch(h.founder.group);
        struct mls_staged *staged = forge_split_commit(h.all[FORGER], level, &message);
        for (uint32_t leaf = 0; leaf < MEMBERS; leaf++) {
            if (leaf == FORGER)
                continue;
            uint8_t type = 0;
            uint32_t sender = UINT32_MAX;
            behind[leaf] = leaf >= cheated[level][0] && leaf <= cheated[level][1];
            /* all can tell who committed, also those for whom it fails */
            CU_ASSERT_EQUAL(mls_group_sender(h.all[leaf]->group, party_bytes(message), PARTY_NOW_S, &type, &sender),
                            MLS_OK);
            CU_ASSERT_EQUAL(type, MLS_SENDER_MEMBER);
            CU_ASSERT_EQUAL(sender, FORGER);
            CU_ASSERT_EQUAL(party_receive(h.all[leaf], party_bytes(message)), behind[leaf] ? MLS_PATH : MLS_OK);
            CU_ASSERT_EQUAL(mls_group_epoch(h.all[leaf]->group), behind[leaf] ? epoch : epoch + 1);
        }
        CU_ASSERT_EQUAL(mls_group_merge(h.all[FORGER]->group, staged), MLS_OK);
        mls_output_free(&message);
        /* those left behind still have their epoch, among themselves */
        if (level > 0)
            CU_ASSERT_TRUE(party_hears(h.all[cheated[level][0]], h.all[cheated[level][1]]));
        /* and come back, one after the other */
        const uint32_t follower = behind[0] ? 2 : 0;
        for (uint32_t leaf = 0; leaf < MEMBERS; leaf++)
            if (behind[leaf]) {
                come_back(&h, leaf, follower, behind);
                behind[leaf] = false;
            }
        everybody_follows(&h, 5);
        hall_wipe(&h);
    }
}

/* The forgery itself: with nothing changed it is followed by all. */
static void test_right_for_all(void)
{
    struct hall h;
    struct mls_output message = {0};
    hall_init(&h);
    struct mls_staged *staged = forge_split_commit(h.all[FORGER], MLS_TREE_DEPTH_MAX - 1, &message);
    for (uint32_t leaf = 0; leaf < MEMBERS; leaf++)
        if (leaf != FORGER)
            CU_ASSERT_EQUAL(party_receive(h.all[leaf], party_bytes(message)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(h.all[FORGER]->group, staged), MLS_OK);
    mls_output_free(&message);
    everybody_follows(&h, 3);
    hall_wipe(&h);
}

/* Nobody is named for what somebody else made. */
static void test_named_by_signature(void)
{
    struct hall h;
    struct mls_output forged = {0};
    uint8_t type = 0;
    uint32_t sender = 99;
    hall_init(&h);
    const struct mls_group *group = h.all[FORGER]->group;
    struct mls_content content = {.group_id = group->epoch.context.group_id,
                                  .epoch = group->epoch.context.epoch,
                                  .sender = {MLS_SENDER_MEMBER, 4},
                                  .type = MLS_CONTENT_COMMIT};
    for (uint16_t format = MLS_WIRE_PUBLIC_MESSAGE; format <= MLS_WIRE_PRIVATE_MESSAGE; format++) {
        forge_message(h.all[FORGER], format, &content, &forged);
        CU_ASSERT_EQUAL(mls_group_sender(h.founder.group, party_bytes(forged), PARTY_NOW_S, &type, &sender),
                        MLS_SIGNATURE);
        CU_ASSERT_EQUAL(sender, 99);
        mls_output_free(&forged);
    }
    CU_ASSERT_EQUAL(mls_group_sender(h.founder.group, party_text("x"), PARTY_NOW_S, &type, &sender), MLS_MALFORMED);
    hall_wipe(&h);
}

static const struct unit_test tests[] = {
    {"path secrets wrong for one subtree: the others follow, those in it keep their epoch, name who did it, come back",
     test_wrong_for_a_subtree},
    {"a commit made the same way without the lie is followed by all", test_right_for_all},
    {"nobody is named for what somebody else made", test_named_by_signature},
};

UNIT_MAIN("adversary.mls.split", tests)
