/* proposal_list.c, group_send.c: what may be proposed, and committed together (RFC 9420 section 12.2). */
#include <string.h>

#include "party.h"
#include "unit.h"

struct quartet {
    struct party founder;
    struct party others[3];
};

static void quartet_init(struct quartet *q)
{
    party_init(&q->founder, "alice", 1);
    party_init(&q->others[0], "bob", 1);
    party_init(&q->others[1], "carol", 1);
    party_init(&q->others[2], "dave", 1);
    party_gather(&q->founder, q->others, 3);
}

static void quartet_wipe(struct quartet *q)
{
    party_wipe(&q->founder);
    for (size_t i = 0; i < 3; i++)
        party_wipe(&q->others[i]);
}

/* Why alice cannot commit these; MLS_OK if she can. */
static int try(struct quartet *q, const struct mls_proposal_config *proposals, size_t count)
{
    int rc = MLS_OK;
    mls_staged_free(party_commit(&q->founder, proposals, count, &rc));
    return rc;
}

static void test_forbidden_together(void)
{
    struct quartet q;
    struct party e;
    struct party twin;
    quartet_init(&q);
    party_init(&e, "eve", 1);
    party_init(&twin, "eve", 1);
    const struct mls_proposal_config remove_1 = party_remove(1);
    const struct mls_proposal_config reinit = {.type = MLS_PROPOSAL_REINIT, .cipher_suite = 1};
    const struct mls_proposal_config extensions = {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS};
    const struct mls_proposal_config twice[] = {remove_1, remove_1};
    CU_ASSERT_EQUAL(try(&q, twice, 1), MLS_OK);
    CU_ASSERT_EQUAL(try(&q, twice, 2), MLS_PROPOSAL_LIST);
    const struct mls_proposal_config self = party_remove(0);
    CU_ASSERT_EQUAL(try(&q, &self, 1), MLS_PROPOSAL_LIST);
    const struct mls_proposal_config nobody = party_remove(7);
    CU_ASSERT_EQUAL(try(&q, &nobody, 1), MLS_PROPOSAL);
    const struct mls_proposal_config not_alone[] = {reinit, remove_1};
    CU_ASSERT_EQUAL(try(&q, not_alone, 1), MLS_OK);
    CU_ASSERT_EQUAL(try(&q, not_alone, 2), MLS_PROPOSAL_LIST);
    const struct mls_proposal_config two_contexts[] = {extensions, extensions};
    CU_ASSERT_EQUAL(try(&q, two_contexts, 1), MLS_OK);
    CU_ASSERT_EQUAL(try(&q, two_contexts, 2), MLS_PROPOSAL_LIST);
    const struct mls_proposal_config two_of_one[] = {party_add(&e), party_add(&twin)};
    CU_ASSERT_EQUAL(try(&q, two_of_one, 1), MLS_OK);
    CU_ASSERT_EQUAL(try(&q, two_of_one, 2), MLS_DUPLICATE);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    CU_ASSERT_EQUAL(try(&q, &update, 1), MLS_PROPOSAL);
    const struct mls_proposal_config external_init = {.type = MLS_PROPOSAL_EXTERNAL_INIT};
    CU_ASSERT_EQUAL(try(&q, &external_init, 1), MLS_PROPOSAL);
    /* a client removed may come again in the same commit */
    party_new_package(&q.others[0]);
    const struct mls_proposal_config again[] = {remove_1, party_add(&q.others[0])};
    CU_ASSERT_EQUAL(try(&q, again, 2), MLS_OK);
    CU_ASSERT_EQUAL(try(&q, again + 1, 1), MLS_DUPLICATE);
    party_wipe(&e);
    party_wipe(&twin);
    quartet_wipe(&q);
}

/* All four keep what the sender proposes. */
static void propose(struct quartet *q, struct party *sender, const struct mls_proposal_config *proposal)
{
    struct mls_output message = {0};
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(sender->group, NULL, proposal, PARTY_NOW_S, &message), MLS_OK);
    struct party *all[] = {&q->founder, &q->others[0], &q->others[1], &q->others[2]};
    for (size_t i = 0; i < 4; i++)
        if (all[i] != sender)
            CU_ASSERT_EQUAL(party_receive(all[i], party_bytes(message)), MLS_OK);
    mls_output_free(&message);
}

static void test_updates_by_reference(void)
{
    struct quartet q;
    quartet_init(&q);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_member before;
    struct mls_member after;
    CU_ASSERT_EQUAL_FATAL(mls_group_member(q.founder.group, 1, &before), MLS_OK);
    uint8_t old_leaf[1024];
    memcpy(old_leaf, before.leaf_node.data, before.leaf_node.len);
    const size_t old_len = before.leaf_node.len;
    propose(&q, &q.others[0], &update);
    propose(&q, &q.others[1], &update);
    propose(&q, &q.others[1], &update); /* the later one counts */
    propose(&q, &q.founder, &update);   /* left out: its own */
    /* no application data before the commit */
    struct mls_output message = {0};
    CU_ASSERT_EQUAL(mls_group_seal(q.others[2].group, NULL, party_text("x"), &message), MLS_STATE);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&q.founder, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 2);
    CU_ASSERT_TRUE(mls_staged_info(staged)->proposals[0].by_reference);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(party_receive(&q.others[i], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(q.founder.group, staged), MLS_OK);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_TRUE(party_agrees(&q.founder, &q.others[i]));
    CU_ASSERT_EQUAL_FATAL(mls_group_member(q.founder.group, 1, &after), MLS_OK);
    CU_ASSERT_FALSE(after.leaf_node.len == old_len && memcmp(after.leaf_node.data, old_leaf, old_len) == 0);
    CU_ASSERT_TRUE(party_hears(&q.others[0], &q.others[1]));
    quartet_wipe(&q);
}

static void test_remove_before_update(void)
{
    struct quartet q;
    quartet_init(&q);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    const struct mls_proposal_config remove_1 = party_remove(1);
    const struct mls_proposal_config reinit = {.type = MLS_PROPOSAL_REINIT, .cipher_suite = 1};
    propose(&q, &q.others[0], &update);
    propose(&q, &q.others[2], &remove_1);
    propose(&q, &q.others[2], &reinit);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&q.founder, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 1);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposals[0].type, MLS_PROPOSAL_REMOVE);
    mls_staged_free(staged);
    quartet_wipe(&q);
}

static void test_unknown_reference(void)
{
    struct quartet q;
    quartet_init(&q);
    const struct mls_proposal_config remove_1 = party_remove(1);
    struct mls_output message = {0};
    int rc = MLS_OK;
    /* bob never hears of the proposal */
    CU_ASSERT_EQUAL(mls_group_propose(q.founder.group, NULL, &remove_1, PARTY_NOW_S, &message), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&q.others[2], party_bytes(message)), MLS_OK);
    struct mls_staged *staged = party_commit(&q.founder, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&q.others[1], mls_staged_message(staged)), MLS_PROPOSAL_UNKNOWN);
    CU_ASSERT_EQUAL(party_receive(&q.others[2], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&q.others[1], party_bytes(message)), MLS_OK);
    CU_ASSERT_EQUAL(party_receive(&q.others[1], mls_staged_message(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(q.founder.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&q.others[1], &q.others[2]));
    mls_output_free(&message);
    quartet_wipe(&q);
}

static void test_bad_proposal_left_out(void)
{
    struct quartet q;
    struct party e;
    struct party twin;
    quartet_init(&q);
    party_init(&e, "eve", 1);
    party_init(&twin, "eve", 1);
    /* each Add is valid by itself: not both */
    const struct mls_proposal_config first = party_add(&e);
    const struct mls_proposal_config second = party_add(&twin);
    propose(&q, &q.others[0], &first);
    propose(&q, &q.others[1], &second);
    /* and a PSK that alice does not have */
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    propose(&q, &q.others[2], &psk);
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&q.founder, NULL, 0, &rc);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    CU_ASSERT_EQUAL(mls_staged_info(staged)->proposal_count, 1);
    CU_ASSERT_EQUAL(party_join(&e, mls_staged_welcome(staged)), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_merge(q.founder.group, staged), MLS_OK);
    CU_ASSERT_TRUE(party_agrees(&e, &q.founder));
    party_wipe(&e);
    party_wipe(&twin);
    quartet_wipe(&q);
}

static void test_required_capabilities(void)
{
    struct quartet q;
    struct party e;
    quartet_init(&q);
    party_init(&e, "eve", 1);
    /* extension type 0xff01, which nobody lists: required, or there */
    const uint8_t required_data[] = {2, 0xff, 1, 0, 0};
    const struct mls_extension_item required = {MLS_EXTENSION_REQUIRED_CAPABILITIES,
                                                {required_data, sizeof required_data}};
    const struct mls_extension_item present = {0xff01, {NULL, 0}};
    const struct mls_extension_item malformed = {MLS_EXTENSION_REQUIRED_CAPABILITIES, {required_data, 2}};
    struct mls_proposal_config proposal = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &required, .extension_count = 1};
    CU_ASSERT_EQUAL(try(&q, &proposal, 1), MLS_UNSUPPORTED);
    proposal.extensions = &present;
    CU_ASSERT_EQUAL(try(&q, &proposal, 1), MLS_UNSUPPORTED);
    proposal.extensions = &malformed;
    CU_ASSERT_EQUAL(try(&q, &proposal, 1), MLS_EXTENSION);
    /* a group of those who know it: others cannot be added */
    const uint16_t type = 0xff01;
    struct party knows;
    party_init(&knows, "frank", 1);
    knows.leaf.extension_types = &type;
    knows.leaf.extension_type_count = 1;
    party_new_package(&knows);
    q.founder.leaf.extension_types = &type;
    q.founder.leaf.extension_type_count = 1;
    const struct mls_group_config config = {
        .suite = 1, .leaf = q.founder.leaf, .extensions = &present, .extension_count = 1, .policy = q.founder.policy};
    struct mls_group *group = NULL;
    CU_ASSERT_EQUAL_FATAL(mls_group_new(&config, &group), MLS_OK);
    mls_group_free(q.founder.group);
    q.founder.group = group;
    const struct mls_proposal_config add_unknowing = party_add(&e);
    const struct mls_proposal_config add_knowing = party_add(&knows);
    CU_ASSERT_EQUAL(try(&q, &add_unknowing, 1), MLS_UNSUPPORTED);
    CU_ASSERT_EQUAL(try(&q, &add_knowing, 1), MLS_OK);
    struct mls_bytes data;
    CU_ASSERT_TRUE(mls_extensions_find(mls_group_extensions(group), 0xff01, &data));
    party_wipe(&knows);
    party_wipe(&e);
    quartet_wipe(&q);
}

static void twice(struct mls_content *content, void *ctx)
{
    struct bytes_writer *w = ctx;
    for (size_t i = 0; i < 2; i++)
        bytes_write(w, content->commit.proposals.data, content->commit.proposals.len);
    content->commit.proposals = wire_buffer_slice(w);
}

static void test_psk_twice(void)
{
    struct quartet q;
    struct mls_output forged = {0};
    struct bytes_writer w;
    quartet_init(&q);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = 1};
    struct mls_staged *staged = party_commit_public(&q.founder, &psk, 1);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    party_forge(&q.founder, mls_staged_message(staged), twice, &w, &forged);
    CU_ASSERT_EQUAL(party_receive(&q.others[0], party_bytes(forged)), MLS_PROPOSAL_LIST);
    CU_ASSERT_EQUAL(party_receive(&q.others[0], mls_staged_message(staged)), MLS_OK);
    wire_buffer_free(&w);
    mls_output_free(&forged);
    mls_staged_free(staged);
    quartet_wipe(&q);
}

static const struct unit_test tests[] = {
    {"one PSK is not committed twice", test_psk_twice},
    {"proposals that may not stand together are refused", test_forbidden_together},
    {"Updates are committed by reference, the latest of each", test_updates_by_reference},
    {"a Remove goes before an Update, anything before a ReInit", test_remove_before_update},
    {"a commit is refused until its proposals are known", test_unknown_reference},
    {"what waits and does not fit is left out of a commit", test_bad_proposal_left_out},
    {"members have to support what the group requires", test_required_capabilities},
};

UNIT_MAIN("mls.proposal_list", tests)
