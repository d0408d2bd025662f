/* group_commit.c and staged.c: commits as their makers see them. */
#include <string.h>

#include "party.h"
#include "unit.h"

static void test_two_members_agree(void)
{
    for (uint16_t suite = 1; suite <= 7; suite++) {
        struct party a;
        struct party b;
        party_init(&a, "alice", suite);
        party_init(&b, "bob", suite);
        party_gather(&a, &b, 1);
        CU_ASSERT_TRUE(party_agrees(&a, &b));
        CU_ASSERT_EQUAL(mls_group_epoch(a.group), 1);
        CU_ASSERT_TRUE(party_hears(&a, &b));
        CU_ASSERT_TRUE(party_hears(&b, &a));
        /* an empty commit of each */
        struct party *const to_b[] = {&b};
        struct party *const to_a[] = {&a};
        party_commit_all(&a, NULL, 0, to_b, 1);
        CU_ASSERT_TRUE(party_agrees(&a, &b));
        party_commit_all(&b, NULL, 0, to_a, 1);
        CU_ASSERT_TRUE(party_agrees(&a, &b));
        CU_ASSERT_EQUAL(mls_group_epoch(a.group), 3);
        CU_ASSERT_TRUE(party_hears(&a, &b));
        party_wipe(&a);
        party_wipe(&b);
    }
}

static void test_many_members_follow(void)
{
    enum { COUNT = 9 };
    struct party all[COUNT + 1];
    struct party *others[COUNT + 1];
    char name[] = "member-0";
    for (size_t i = 0; i <= COUNT; i++) {
        name[7] = (char)('0' + i);
        party_init(&all[i], name, 1);
    }
    party_gather(&all[0], &all[1], COUNT - 1);
    /* each commits in turn, the others follow */
    for (size_t i = 0; i < COUNT; i++) {
        size_t n = 0;
        for (size_t j = 0; j < COUNT; j++)
            if (j != i)
                others[n++] = &all[j];
        party_commit_all(&all[i], NULL, 0, others, n);
        for (size_t j = 0; j < n; j++)
            CU_ASSERT_TRUE(party_agrees(&all[i], others[j]));
    }
    /* one out and one in, in one commit; the newcomer gets the removed one's leaf */
    const uint32_t gone = mls_group_own_leaf(all[4].group);
    const struct mls_proposal_config change[] = {party_remove(gone), party_add(&all[COUNT])};
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&all[2], change, 2, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    for (size_t j = 0; j < COUNT; j++)
        if (j != 2)
            CU_ASSERT_EQUAL(party_receive(&all[j], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&all[COUNT], mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(all[2].group, staged), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_own_leaf(all[COUNT].group), gone);
    CU_ASSERT_TRUE(mls_group_was_removed(all[4].group));
    CU_ASSERT_TRUE(party_agrees(&all[2], &all[COUNT]));
    CU_ASSERT_TRUE(party_agrees(&all[0], &all[COUNT]));
    CU_ASSERT_TRUE(party_hears(&all[COUNT], &all[8]));
    for (size_t i = 0; i <= COUNT; i++)
        party_wipe(&all[i]);
}

static void test_staging_changes_nothing(void)
{
    struct party a;
    struct party b;
    struct party c;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_init(&c, "carol", 1);
    party_gather(&a, &b, 1);
    const struct mls_proposal_config add = party_add(&c);
    struct mls_staged *staged = party_commit(&a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    CU_ASSERT_TRUE(party_hears(&a, &b));
    CU_ASSERT_TRUE(party_hears(&b, &a));
    CU_ASSERT_TRUE(mls_staged_is(staged, mls_staged_message(staged)));
    CU_ASSERT_FALSE(mls_staged_is(staged, party_text("another")));
    CU_ASSERT_EQUAL(mls_staged_epoch(staged), 2);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 1);
    CU_ASSERT_TRUE(mls_staged_info(staged)->own);
    mls_staged_free(staged);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    /* and a staged commit of another's, received and dropped, can be taken again */
    staged = party_commit(&b, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    struct mls_received received = {0};
    CU_ASSERT_EQUAL(mls_group_process(a.group, mls_staged_message(staged), PARTY_NOW_S, &received), MLS_OK);
    mls_received_free(&received);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    CU_ASSERT_EQUAL(party_receive(&a, mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(b.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

static void test_own_commit_echoed(void)
{
    struct party a;
    struct party b;
    int rc = MLS_OK;
    party_init(&a, "alice", 1);
    party_init(&b, "bob", 1);
    party_gather(&a, &b, 1);
    struct mls_staged *own = party_commit(&a, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&a, mls_staged_message(own)), MLS_OWN_MESSAGE);
    /* another's wins: the own one is stale, merged or echoed */
    struct mls_staged *other = party_commit(&b, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    struct mls_received received = {0};
    CU_ASSERT_EQUAL(mls_group_process(a.group, mls_staged_message(other), PARTY_NOW_S, &received), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(b.group, other), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, received.staged), MLS_OK);
    received.staged = NULL;
    mls_received_free(&received);
    CU_ASSERT_EQUAL(mls_group_merge(a.group, own), MLS_STALE);
    CU_ASSERT_EQUAL(party_receive(&a, mls_staged_message(own)), MLS_EPOCH);
    CU_ASSERT_EQUAL(party_receive(&b, mls_staged_message(own)), MLS_EPOCH);
    mls_staged_free(own);
    CU_ASSERT_TRUE(party_agrees(&a, &b));
    party_wipe(&a);
    party_wipe(&b);
}

static const struct unit_test tests[] = {
    {"two members of every suite agree, whoever commits", test_two_members_agree},
    {"all members follow each other's commits, through removes and adds", test_many_members_follow},
    {"nothing changes before a commit is merged", test_staging_changes_nothing},
    {"an own commit that comes back, or lost, is told apart", test_own_commit_echoed},
};

UNIT_MAIN("mls.group_commit", tests)
