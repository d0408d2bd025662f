/* Trees and leaves that are only claimed: 2^30 leaves in 40 bytes, a leaf of number 2^30. Each is refused, by joiners
 * and by members, before memory is taken for it. */
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "party.h"
#include "unit.h"

enum { CLAIM_LEN = 40, TAKEN_MAX = 1 << 16, FAR_LEAF = 1 << 30 };

/* Alice and bob; carol is to be added by what alice staged; the tree goes apart. */
struct scene {
    struct party alice;
    struct party bob;
    struct party carol;
    struct mls_staged *staged;
    struct mls_output info;
};

static void scene_init(struct scene *s)
{
    party_init(&s->alice, "alice", 1);
    party_init(&s->bob, "bob", 1);
    party_init(&s->carol, "carol", 1);
    party_gather(&s->alice, &s->bob, 1);
    const struct mls_proposal_config add = party_add(&s->carol);
    const struct mls_commit_config config = {
        .proposals = &add, .proposal_count = 1, .tree_apart = true, .now_s = PARTY_NOW_S};
    CU_ASSERT_EQUAL_FATAL(mls_group_commit(s->alice.group, &config, &s->staged), MLS_OK);
    s->info = (struct mls_output){0};
    CU_ASSERT_EQUAL_FATAL(mls_group_info(s->alice.group, false, &s->info), MLS_OK);
}

static void scene_wipe(struct scene *s)
{
    mls_staged_free(s->staged);
    mls_output_free(&s->info);
    party_wipe(&s->alice);
    party_wipe(&s->bob);
    party_wipe(&s->carol);
}

/* --- Trees --- */

static void check_tree(struct scene *s, struct mls_bytes tree, int error)
{
    const struct mls_join_config join = {.policy = s->carol.policy, .tree = tree, .now_s = PARTY_NOW_S};
    const struct mls_external_config external = {.join = join, .leaf = s->carol.leaf};
    struct mls_group *group = NULL;
    struct mls_output commit = {0};
    allocations.bytes = 0;
    CU_ASSERT_EQUAL(mls_group_join(mls_staged_welcome(s->staged), s->carol.keys, &join, &group), error);
    CU_ASSERT_EQUAL(mls_group_look(party_bytes(s->info), &join, &group), error);
    CU_ASSERT_EQUAL(mls_group_join_external(party_bytes(s->info), &external, &group, &commit), error);
    CU_ASSERT_TRUE(allocations.bytes > 0 && allocations.bytes < TAKEN_MAX);
    CU_ASSERT_PTR_NULL(group);
}

static void test_trees(void)
{
    /* lengths in four bytes, two and one; the longest there are, of 2^30, and of what is there; then blanks */
    static const uint8_t lengths[][4] = {{0xbf, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 36},
                                         {0x7f, 0xff, 0, 0},       {0x40, 38, 0, 0},         {39, 0, 0, 0}};
    struct scene s;
    scene_init(&s);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t claim[CLAIM_LEN] = {0};
        memcpy(claim, lengths[i], sizeof lengths[i]);
        check_tree(&s, (struct mls_bytes){claim, sizeof claim}, MLS_MALFORMED);
    }
    /* the joins are refused for their trees: with the right one they are taken */
    struct mls_output tree = {0};
    struct mls_group *group = NULL;
    CU_ASSERT_EQUAL(mls_group_tree(s.alice.group, &tree), MLS_OK);
    const struct mls_join_config join = {.policy = s.carol.policy, .tree = party_bytes(tree), .now_s = PARTY_NOW_S};
    CU_ASSERT_EQUAL(mls_group_look(party_bytes(s.info), &join, &group), MLS_OK);
    mls_group_free(group);
    CU_ASSERT_EQUAL(mls_group_merge(s.alice.group, s.staged), MLS_OK);
    s.staged = NULL;
    mls_output_free(&tree);
    scene_wipe(&s);
}

/* --- Leaves --- */

/* A GroupInfo whose signer is said to be far out. */
static void test_signer(void)
{
    struct scene s;
    struct bytes_writer w;
    struct mls_group *group = NULL;
    scene_init(&s);
    const struct mls_group *alice = s.alice.group;
    const struct mls_join_config join = {.policy = s.carol.policy, .now_s = PARTY_NOW_S};
    for (int far = 0; far < 2; far++) {
        wire_buffer_init(&w, MLS_MESSAGE_MAX);
        bytes_write_u16(&w, MLS_VERSION_1_0);
        bytes_write_u16(&w, MLS_WIRE_GROUP_INFO);
        CU_ASSERT_EQUAL_FATAL(mls_group_info_build(alice->suite, &alice->epoch, alice->tree,
                                                   far ? FAR_LEAF : alice->own_leaf, true, true, &w),
                              MLS_OK);
        allocations.bytes = 0;
        CU_ASSERT_EQUAL(mls_group_look((struct mls_bytes){w.data, w.len}, &join, &group), far ? MLS_LEAF : MLS_OK);
        CU_ASSERT_TRUE(allocations.bytes < TAKEN_MAX);
        wire_buffer_free(&w);
        mls_group_free(group);
        group = NULL;
    }
    scene_wipe(&s);
}

static void from_far(struct mls_content *content, void *ctx)
{
    (void)ctx;
    content->sender.index = FAR_LEAF;
}

/* What a member says of leaves that the tree does not have. */
static void test_messages(void)
{
    struct scene s;
    struct mls_output forged = {0};
    scene_init(&s);
    struct mls_staged *commit = party_commit_public(&s.bob, NULL, 0);
    party_forge(&s.bob, mls_staged_message(commit), from_far, NULL, &forged);
    allocations.bytes = 0;
    CU_ASSERT_EQUAL(party_receive(&s.alice, party_bytes(forged)), MLS_LEAF);
    CU_ASSERT_TRUE(allocations.bytes < TAKEN_MAX);
    mls_output_free(&forged);
    const struct mls_proposal_config far = party_remove(FAR_LEAF);
    allocations.bytes = 0;
    CU_ASSERT_EQUAL(mls_group_propose(s.bob.group, NULL, &far, PARTY_NOW_S, &forged), MLS_PROPOSAL);
    CU_ASSERT_TRUE(allocations.bytes < TAKEN_MAX);
    CU_ASSERT_EQUAL(party_receive(&s.alice, mls_staged_message(commit)), MLS_OK);
    mls_staged_free(commit);
    scene_wipe(&s);
}

static const struct unit_test tests[] = {
    {"2^30 leaves claimed in 40 bytes are malformed, to who joins by Welcome or from outside", test_trees},
    {"a GroupInfo signed by leaf 2^30 is refused", test_signer},
    {"messages from and about leaf 2^30 are refused", test_messages},
};

UNIT_MAIN("adversary.mls.tree_claims", tests)
