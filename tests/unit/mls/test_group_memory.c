/* Every allocation may fail: the operation says so, and the group is as it was. */
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "party.h"
#include "unit.h"

/* What an operation works on. */
struct scene {
    struct party a;
    struct party b;
    struct party c;
    struct mls_output info;
    struct mls_staged *staged; /* a's, which adds c */
    struct mls_output commit;
    struct mls_output welcome;
    struct mls_output made;
    struct mls_output proposal;
    struct mls_output state; /* a's */
    struct mls_output keys;  /* c's */
};

static void scene_init(struct scene *s)
{
    int rc = MLS_OK;
    memset(s, 0, sizeof *s);
    party_init(&s->a, "alice", 1);
    party_init(&s->b, "bob", 1);
    party_init(&s->c, "carol", 1);
    party_gather(&s->a, &s->b, 1);
    const struct mls_proposal_config add = party_add(&s->c);
    s->staged = party_commit(&s->a, &add, 1, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_message(s->staged)), &s->commit), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_output_copy(mls_in(mls_staged_welcome(s->staged)), &s->welcome), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_info(s->a.group, true, &s->info), MLS_OK);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(s->a.group, NULL, &update, PARTY_NOW_S, &s->proposal), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_save(s->a.group, s->staged, party_state_key(), &s->state), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_key_package_keys_save(s->c.keys, party_state_key(), &s->keys), MLS_OK);
    mls_group_forget_proposals(s->a.group);
}

static void scene_wipe(struct scene *s)
{
    mls_staged_free(s->staged);
    mls_output_free(&s->info);
    mls_output_free(&s->commit);
    mls_output_free(&s->welcome);
    mls_output_free(&s->made);
    mls_output_free(&s->proposal);
    mls_output_free(&s->state);
    mls_output_free(&s->keys);
    party_wipe(&s->a);
    party_wipe(&s->b);
    party_wipe(&s->c);
}

static int do_commit(struct scene *s)
{
    const struct mls_proposal_config add = party_add(&s->c);
    int rc = MLS_OK;
    mls_staged_free(party_commit(&s->b, &add, 1, &rc));
    return rc;
}

static int do_process(struct scene *s)
{
    struct mls_received received = {0};
    int rc = mls_group_process(s->b.group, party_bytes(s->commit), PARTY_NOW_S, &received);
    mls_received_free(&received);
    return rc;
}

static int do_take_proposal(struct scene *s)
{
    int rc = party_receive(&s->b, party_bytes(s->proposal));
    mls_group_forget_proposals(s->b.group);
    return rc;
}

static int do_join(struct scene *s)
{
    return party_join(&s->c, party_bytes(s->welcome));
}

static int do_join_external(struct scene *s)
{
    const struct mls_external_config config = {.join = {.policy = s->c.policy, .now_s = PARTY_NOW_S},
                                               .leaf = s->c.leaf};
    struct mls_group *group = NULL;
    int rc = mls_group_join_external(party_bytes(s->info), &config, &group, &s->made);
    mls_group_free(group);
    return rc;
}

static int do_propose(struct scene *s)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    int rc = mls_group_propose(s->b.group, NULL, &update, PARTY_NOW_S, &s->made);
    mls_group_forget_proposals(s->b.group);
    return rc;
}

static int do_seal(struct scene *s)
{
    return mls_group_seal(s->b.group, NULL, party_text("x"), &s->made);
}

static int do_found(struct scene *s)
{
    const struct mls_group_config config = {.suite = 1, .leaf = s->c.leaf, .policy = s->c.policy};
    struct mls_group *group = NULL;
    int rc = mls_group_new(&config, &group);
    mls_group_free(group);
    return rc;
}

static int do_save(struct scene *s)
{
    return mls_group_save(s->a.group, s->staged, party_state_key(), &s->made);
}

/* With an own Update that waits, and an own commit that is staged. */
static int do_load(struct scene *s)
{
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    int rc = mls_group_load(party_bytes(s->state), party_state_key(), NULL, &s->a.policy, &group, &staged);
    CU_ASSERT_EQUAL_FATAL(rc == MLS_OK, staged != NULL);
    mls_staged_free(staged);
    mls_group_free(group);
    return rc;
}

static int do_save_keys(struct scene *s)
{
    return mls_key_package_keys_save(s->c.keys, party_state_key(), &s->made);
}

static int do_load_keys(struct scene *s)
{
    struct mls_key_package_keys *keys = NULL;
    int rc = mls_key_package_keys_load(party_bytes(s->keys), party_state_key(), NULL, &keys);
    mls_key_package_keys_free(keys);
    return rc;
}

/* Fails the 1st, 2nd, 3rd... allocation of the operation until it needs no more. */
static void fail_each(int (*operation)(struct scene *))
{
    struct scene s;
    size_t failures = 0;
    int rc = MLS_MEMORY;
    scene_init(&s);
    for (size_t n = 1; rc != MLS_OK && n < 100000; n++) {
        allocations = (struct allocations){.fail_at = n};
        rc = operation(&s);
        allocations.fail_at = 0;
        failures += rc != MLS_OK;
        CU_ASSERT_TRUE_FATAL(rc == MLS_OK || rc == MLS_MEMORY);
        CU_ASSERT_TRUE_FATAL(party_agrees(&s.a, &s.b));
    }
    CU_ASSERT_EQUAL(rc, MLS_OK);
    CU_ASSERT_TRUE(failures > 1);
    /* and life goes on */
    CU_ASSERT_TRUE(party_hears(&s.a, &s.b));
    CU_ASSERT_TRUE(party_hears(&s.b, &s.a));
    CU_ASSERT_EQUAL(party_receive(&s.b, party_bytes(s.commit)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(s.a.group, s.staged), MLS_OK);
    s.staged = NULL;
    CU_ASSERT_TRUE(party_agrees(&s.a, &s.b));
    scene_wipe(&s);
}

static void test_commit(void)
{
    fail_each(do_commit);
}

static void test_process(void)
{
    fail_each(do_process);
    fail_each(do_take_proposal);
}

static void test_join(void)
{
    fail_each(do_join);
    fail_each(do_join_external);
}

static void test_send(void)
{
    fail_each(do_propose);
    fail_each(do_seal);
}

static void test_found(void)
{
    fail_each(do_found);
}

static void test_state(void)
{
    fail_each(do_save);
    fail_each(do_load);
    fail_each(do_save_keys);
    fail_each(do_load_keys);
}

/* Merging is the one operation that changes the group: it does so wholly, or not at all. */
static void check_merge(bool keeps_past)
{
    struct scene s;
    int rc = MLS_MEMORY;
    scene_init(&s);
    mls_group_keep_past(s.a.group, keeps_past);
    struct mls_output late = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_seal(s.b.group, NULL, party_text("late"), &late), MLS_OK);
    for (size_t n = 1; rc != MLS_OK && n < 1000; n++) {
        CU_ASSERT_EQUAL_FATAL(mls_group_epoch(s.a.group), 1);
        CU_ASSERT_TRUE_FATAL(party_agrees(&s.a, &s.b));
        allocations = (struct allocations){.fail_at = n};
        rc = mls_group_merge(s.a.group, s.staged);
        allocations.fail_at = 0;
        CU_ASSERT_TRUE_FATAL(rc == MLS_OK || rc == MLS_MEMORY);
    }
    CU_ASSERT_EQUAL(rc, MLS_OK);
    s.staged = NULL;
    CU_ASSERT_EQUAL(party_receive(&s.b, party_bytes(s.commit)), MLS_OK);
    CU_ASSERT_EQUAL(party_join(&s.c, party_bytes(s.welcome)), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&s.a, &s.b));
    CU_ASSERT_TRUE(party_agrees(&s.a, &s.c));
    CU_ASSERT_EQUAL(party_receive(&s.a, party_bytes(late)), keeps_past ? MLS_OK : MLS_EPOCH);
    mls_output_free(&late);
    scene_wipe(&s);
}

static void test_merge(void)
{
    check_merge(false);
    check_merge(true);
}

static const struct unit_test tests[] = {
    {"a commit that cannot be made for lack of memory leaves the group as it was", test_commit},
    {"nor does one that cannot be processed, nor a proposal", test_process},
    {"a join that fails for lack of memory can be tried again", test_join},
    {"nor does sending without memory change anything", test_send},
    {"a group that cannot be made leaves nothing behind", test_found},
    {"a state that cannot be saved or loaded for lack of memory leaves nothing behind", test_state},
    {"a merge without memory can be tried again", test_merge},
};

UNIT_MAIN("mls.group_memory", tests)
