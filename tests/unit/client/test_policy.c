/* policy.c and group_time.c: each rule by itself, broken by a member who would do anything, judged by one who would
 * not. */
#include "policy.h"

#include <string.h>

#include "crew.h"
#include "sotto/sframe.h"
#include "unit.h"

/* Anna founded the room and is its admin; Ben keeps the rules; Cleo does not, nor does Anna here. Dora is outside. */
struct room {
    struct crew anna;
    struct crew ben;
    struct crew cleo;
    struct crew dora;
};

static void room_init_with(struct room *r, bool locked)
{
    crew_init(&r->anna, 1, 1);
    crew_init(&r->ben, 2, 2);
    crew_init(&r->cleo, 3, 3);
    crew_init(&r->dora, 4, 4);
    r->anna.lenient = r->cleo.lenient = r->dora.lenient = true;
    struct call_params params = crew_params(&r->anna);
    params.locked = locked;
    struct crew *const others[] = {&r->ben, &r->cleo};
    crew_gather(&r->anna, &params, others, 2);
}

static void room_init(struct room *r)
{
    room_init_with(r, false);
}

static void room_wipe(struct room *r)
{
    crew_wipe(&r->anna);
    crew_wipe(&r->ben);
    crew_wipe(&r->cleo);
    crew_wipe(&r->dora);
}

/* The rule by which Ben refuses a commit; NONE if he accepts it. He does not merge it. */
static enum call_rule judge(struct room *r, struct mls_bytes commit, int *rc)
{
    struct mls_received received = {0};
    r->ben.policy.broken = CALL_RULE_NONE;
    *rc = mls_group_process(r->ben.group, commit, CREW_NOW_S, &received);
    mls_received_free(&received);
    CU_ASSERT_EQUAL(*rc == MLS_OK, r->ben.policy.broken == CALL_RULE_NONE);
    return r->ben.policy.broken;
}

static enum call_rule verdict(struct room *r, struct crew *by, const struct crew_commit *what)
{
    struct mls_staged *staged = NULL;
    int rc = crew_commit(by, what, &staged);
    CU_ASSERT_EQUAL_FATAL(rc, MLS_OK);
    const enum call_rule rule = judge(r, mls_staged_message(staged), &rc);
    mls_staged_free(staged);
    return rule;
}

static enum call_rule verdict_of(struct room *r, struct crew *by, const struct mls_proposal_config *proposals,
                                 size_t count)
{
    const struct crew_commit what = {.proposals = proposals, .count = count};
    return verdict(r, by, &what);
}

/* --- Form --- */

static void a_plain_update(void)
{
    struct room r;
    room_init(&r);
    const struct crew_commit plain = {0};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_NONE);
    room_wipe(&r);
}

static void a_path(void)
{
    struct room r;
    room_init(&r);
    const struct mls_proposal_config add = crew_add(&r.dora);
    struct crew_commit what = {.proposals = &add, .count = 1};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    what.without_path = true;
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_PATH);
    room_wipe(&r);
}

static void data(void)
{
    struct room r;
    room_init(&r);
    const struct crew_commit what = {.raw_data = {(const uint8_t *)"?", 1}};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_DATA);
    room_wipe(&r);
}

static void leaf(void)
{
    struct room r;
    room_init(&r);
    const struct crew_commit what = {.without_leaf = true};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_LEAF);
    room_wipe(&r);
}

static void epoch_and_number(void)
{
    struct room r;
    room_init(&r);
    struct crew_commit what = {.epoch_off = 1};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_EPOCH);
    what = (struct crew_commit){.number_off = 1};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_EPOCH);
    room_wipe(&r);
}

/* --- Proposals --- */

static void proposals_apart(void)
{
    struct room r;
    struct mls_output proposal = {0};
    struct mls_received received = {0};
    struct mls_staged *staged = NULL;
    int rc = MLS_OK;
    room_init(&r);
    const struct mls_proposal_config remove = crew_remove(mls_group_own_leaf(r.anna.group));
    CU_ASSERT_EQUAL_FATAL(mls_group_propose(r.cleo.group, NULL, &remove, CREW_NOW_S, &proposal), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_process(r.ben.group, crew_bytes(proposal), CREW_NOW_S, &received), MLS_OK);
    mls_received_free(&received);
    const struct crew_commit what = {0};
    CU_ASSERT_EQUAL_FATAL(crew_commit(&r.cleo, &what, &staged), MLS_OK);
    CU_ASSERT_EQUAL(judge(&r, mls_staged_message(staged), &rc), CALL_RULE_BY_VALUE);
    mls_staged_free(staged);
    mls_output_free(&proposal);
    room_wipe(&r);
}

static void reinit(void)
{
    struct room r;
    room_init(&r);
    const struct mls_proposal_config other = {
        .type = MLS_PROPOSAL_REINIT, .group_id = {(const uint8_t *)"other", 5}, .cipher_suite = CALL_MLS_SUITE};
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &other, 1), CALL_RULE_PROPOSAL);
    room_wipe(&r);
}

static void outside_proposals(void)
{
    struct room r;
    struct mls_output message = {0};
    struct mls_received received = {0};
    room_init(&r);
    const struct mls_outside_config outside = {
        .suite = CALL_MLS_SUITE,
        .group_id = mls_group_id(r.ben.group),
        .epoch = mls_group_epoch(r.ben.group),
        .sender_type = MLS_SENDER_NEW_MEMBER_PROPOSAL,
        .signature_private_key = {r.dora.device.seed, sizeof r.dora.device.seed},
    };
    const struct mls_proposal_config add = crew_add(&r.dora);
    CU_ASSERT_EQUAL_FATAL(mls_propose_outside(&outside, &add, &message), MLS_OK);
    r.ben.policy.broken = CALL_RULE_NONE;
    CU_ASSERT_EQUAL(mls_group_process(r.ben.group, crew_bytes(message), CREW_NOW_S, &received), MLS_REFUSED);
    CU_ASSERT_EQUAL(r.ben.policy.broken, CALL_RULE_BY_VALUE);
    mls_output_free(&message);
    room_wipe(&r);
}

/* --- Certificates --- */

static void copied_certificate(void)
{
    struct room r;
    room_init(&r);
    /* Dora shows Anna's certificate, but signs with her own key */
    memcpy(r.dora.certificate, r.anna.certificate, r.anna.certificate_len);
    r.dora.certificate_len = r.anna.certificate_len;
    crew_new_package(&r.dora, 0);
    const struct mls_proposal_config add = crew_add(&r.dora);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &add, 1), CALL_RULE_CERTIFICATE);
    room_wipe(&r);
}

static void successors(void)
{
    struct room r;
    const struct crew_commit plain = {0};
    room_init(&r);
    /* a later certificate of the same device is fine, an earlier one is not, nor is one of another root */
    crew_certify(&r.cleo, CREW_NOW_S, CREW_NOW_S + 1000);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_NONE);
    crew_certify(&r.cleo, CREW_NOW_S - 200, CREW_NOW_S + 1000);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_CERTIFICATE);
    r.cleo.root = r.dora.root;
    crew_certify(&r.cleo, CREW_NOW_S, CREW_NOW_S + 1000);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_CERTIFICATE);
    room_wipe(&r);
}

static void expiry(void)
{
    struct room r;
    room_init(&r);
    crew_certify(&r.cleo, CREW_NOW_S, CREW_NOW_S + 10);
    struct crew_commit what = {.time_s = CREW_NOW_S + 9};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    what.time_s = CREW_NOW_S + 10;
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_EXPIRED);
    /* and of who is added: by the time of the commit that adds, not by a clock */
    crew_certify(&r.dora, CREW_NOW_S, CREW_NOW_S + 10);
    crew_new_package(&r.dora, 0);
    const struct mls_proposal_config add = crew_add(&r.dora);
    what = (struct crew_commit){.proposals = &add, .count = 1, .time_s = CREW_NOW_S + 9};
    crew_certify(&r.cleo, CREW_NOW_S, CREW_NOW_S + 1000);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    what.time_s = CREW_NOW_S + 10;
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_EXPIRED);
    room_wipe(&r);
}

/* --- Time --- */

static void an_hour_at_most(void)
{
    struct room r;
    room_init(&r);
    struct crew_commit what = {.time_s = CREW_NOW_S + CALL_TIME_STEP_S};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    what.time_s++;
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_TIME);
    room_wipe(&r);
}

/* The group's time is the latest of those who are present and have committed: it falls when a liar goes. */
static void time_of_those_present(void)
{
    struct room r;
    struct call_context context;
    room_init(&r);
    struct crew *const others[] = {&r.anna, &r.ben};
    CU_ASSERT_TRUE_FATAL(call_context_parse(mls_group_extensions(r.ben.group), &context));
    CU_ASSERT_EQUAL(call_group_time(r.ben.group, &context.params), CREW_NOW_S);
    const struct crew_commit far = {.time_s = CREW_NOW_S + 3000};
    crew_commit_all(&r.cleo, &far, others, 2);
    CU_ASSERT_EQUAL(call_group_time(r.ben.group, &context.params), CREW_NOW_S + 3000);
    struct crew *const rest[] = {&r.ben};
    const struct mls_proposal_config remove = crew_remove(mls_group_own_leaf(r.cleo.group));
    const struct crew_commit kick = {.proposals = &remove, .count = 1, .time_s = CREW_NOW_S + 5};
    crew_commit_all(&r.anna, &kick, rest, 1);
    CU_ASSERT_EQUAL(call_group_time(r.ben.group, &context.params), CREW_NOW_S + 5);
    room_wipe(&r);
}

static void honest_times(void)
{
    CU_ASSERT_EQUAL(call_commit_time(1000, 999), 999);
    CU_ASSERT_EQUAL(call_commit_time(1000, 1000 + CALL_TIME_STEP_S), 1000 + CALL_TIME_STEP_S);
    CU_ASSERT_EQUAL(call_commit_time(1000, 100000), 1000 + CALL_TIME_STEP_S);
}

/* --- Joining --- */

static enum call_rule external(struct room *r, const uint32_t *old_leaf, int psk, int *rc)
{
    struct mls_output commit = {0};
    CU_ASSERT_EQUAL_FATAL(crew_join_external(&r->dora, &r->ben, old_leaf, psk, &commit), MLS_OK);
    const enum call_rule rule = judge(r, crew_bytes(commit), rc);
    mls_output_free(&commit);
    return rule;
}

static void the_room_secret(void)
{
    struct room r;
    struct mls_output commit = {0};
    struct mls_received received = {0};
    static const uint8_t guess[CALL_SECRET_LEN] = {8};
    int rc = MLS_OK;
    room_init(&r);
    CU_ASSERT_EQUAL(external(&r, NULL, 0, &rc), CALL_RULE_NONE);
    CU_ASSERT_EQUAL(external(&r, NULL, -1, &rc), CALL_RULE_PSK);
    CU_ASSERT_EQUAL(external(&r, NULL, 1, &rc), CALL_RULE_PSK);
    /* one who guessed the secret */
    CU_ASSERT_EQUAL_FATAL(call_room_init(&r.dora.room, CREW_ROOM, 0, guess), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(crew_join_external(&r.dora, &r.ben, NULL, 0, &commit), MLS_OK);
    CU_ASSERT_EQUAL(mls_group_process(r.ben.group, crew_bytes(commit), CREW_NOW_S, &received), MLS_CONFIRMATION);
    mls_output_free(&commit);
    /* and a member has no business with a PSK */
    uint8_t id[CALL_PSK_ID_LEN];
    call_psk_id(0, id);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = {id, sizeof id}};
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &psk, 1), CALL_RULE_PSK);
    room_wipe(&r);
}

static void locked_rooms(void)
{
    struct room r;
    int rc = MLS_OK;
    room_init_with(&r, true);
    CU_ASSERT_EQUAL(external(&r, NULL, 0, &rc), CALL_RULE_LOCKED);
    /* a member may let her in */
    const struct mls_proposal_config add = crew_add(&r.dora);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &add, 1), CALL_RULE_NONE);
    /* Cleo, who is a member, comes back */
    const uint32_t old_leaf = mls_group_own_leaf(r.cleo.group);
    struct mls_output commit = {0};
    CU_ASSERT_EQUAL_FATAL(crew_join_external(&r.cleo, &r.ben, &old_leaf, 0, &commit), MLS_OK);
    CU_ASSERT_EQUAL(judge(&r, crew_bytes(commit), &rc), CALL_RULE_NONE);
    mls_output_free(&commit);
    /* Dora does not come in Cleo's place, in no room */
    CU_ASSERT_EQUAL(external(&r, &old_leaf, 0, &rc), CALL_RULE_CERTIFICATE);
    room_wipe(&r);
}

static void asked_under_the_present_secret(void)
{
    struct room r;
    room_init(&r);
    crew_new_package(&r.dora, 1);
    const struct mls_proposal_config add = crew_add(&r.dora);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &add, 1), CALL_RULE_OLD_SECRET);
    room_wipe(&r);
}

/* --- Turns --- */

static struct call_left left_token(const struct crew *leaver)
{
    struct call_left left = {.leaf = mls_group_own_leaf(leaver->group)};
    CU_ASSERT_EQUAL_FATAL(
        call_left_sign(leaver->device.seed, mls_group_id(leaver->group), left.leaf, leaver->nonce, left.signature),
        CALL_OK);
    return left;
}

static void nobody_twice_running(void)
{
    struct room r;
    const struct crew_commit plain = {0};
    room_init(&r);
    struct crew *const others[] = {&r.anna, &r.ben};
    crew_commit_all(&r.cleo, &plain, others, 2);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_TURN);
    CU_ASSERT_EQUAL(verdict(&r, &r.anna, &plain), CALL_RULE_NONE);
    /* but it may come back from outside: all others may be dead */
    struct mls_output commit = {0};
    int rc = MLS_OK;
    struct crew again = r.cleo;
    again.group = NULL;
    const uint32_t old_leaf = mls_group_own_leaf(r.cleo.group);
    CU_ASSERT_EQUAL_FATAL(crew_join_external(&again, &r.ben, &old_leaf, 0, &commit), MLS_OK);
    CU_ASSERT_EQUAL(judge(&r, crew_bytes(commit), &rc), CALL_RULE_NONE);
    mls_group_free(again.group);
    mls_output_free(&commit);
    /* nor to remove somebody who did not ask for it; one who did may be removed at once, but not with an Add beside */
    const struct mls_proposal_config remove = crew_remove(mls_group_own_leaf(r.anna.group));
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &remove, 1), CALL_RULE_TURN);
    const struct call_commit_data data = {.count = 1, .left = {left_token(&r.anna)}};
    struct crew_commit what = {.proposals = &remove, .count = 1, .data = &data};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    /* or all others, if nobody is added */
    const struct mls_proposal_config rest[] = {remove, crew_remove(mls_group_own_leaf(r.ben.group)), crew_add(&r.dora)};
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, rest, 2), CALL_RULE_NONE);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, rest, 3), CALL_RULE_TURN);
    const struct mls_proposal_config both[] = {remove, crew_add(&r.dora)};
    what = (struct crew_commit){.proposals = both, .count = 2, .data = &data};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_TURN);
    room_wipe(&r);
}

static void an_admin_removes_at_once(void)
{
    struct room r;
    const struct crew_commit plain = {0};
    room_init(&r);
    /* Anna's Adds began this epoch: she may not go on, but remove */
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &plain), CALL_RULE_NONE);
    struct crew *const others[] = {&r.ben, &r.cleo};
    crew_commit_all(&r.cleo, &plain, (struct crew *[]){&r.anna, &r.ben}, 2);
    crew_commit_all(&r.anna, &plain, others, 2);
    CU_ASSERT_EQUAL(verdict(&r, &r.anna, &plain), CALL_RULE_TURN);
    const struct mls_proposal_config remove = crew_remove(mls_group_own_leaf(r.cleo.group));
    CU_ASSERT_EQUAL(verdict_of(&r, &r.anna, &remove, 1), CALL_RULE_NONE);
    room_wipe(&r);
}

static void two_may_take_turns_as_they_like(void)
{
    struct room r;
    const struct crew_commit plain = {0};
    room_init(&r);
    struct crew *const ben[] = {&r.ben};
    const struct mls_proposal_config remove = crew_remove(mls_group_own_leaf(r.cleo.group));
    const struct crew_commit kick = {.proposals = &remove, .count = 1};
    crew_commit_all(&r.anna, &kick, ben, 1);
    CU_ASSERT_EQUAL(verdict(&r, &r.anna, &plain), CALL_RULE_NONE);
    room_wipe(&r);
}

/* --- Leaving --- */

static void tokens_of_leavers(void)
{
    struct room r;
    room_init(&r);
    const uint32_t anna = mls_group_own_leaf(r.anna.group);
    const struct mls_proposal_config remove = crew_remove(anna);
    struct call_commit_data data = {.count = 1, .left = {left_token(&r.anna)}};
    const struct crew_commit what = {.proposals = &remove, .count = 1, .data = &data};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_NONE);
    /* forged, of another stay, or without removing anybody */
    data.left[0].signature[3] ^= 1;
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_LEFT);
    r.anna.nonce[0] ^= 1;
    data.left[0] = left_token(&r.anna);
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &what), CALL_RULE_LEFT);
    r.anna.nonce[0] ^= 1;
    data.left[0] = left_token(&r.anna);
    const struct crew_commit nobody = {.data = &data};
    CU_ASSERT_EQUAL(verdict(&r, &r.cleo, &nobody), CALL_RULE_LEFT);
    room_wipe(&r);
}

/* --- The GroupContext --- */

static enum call_rule with_context(struct room *r, struct crew *by, const struct call_params *params,
                                   struct core_slice revoked, const struct mls_proposal_config *more)
{
    struct mls_extension_item items[CALL_EXTENSIONS];
    struct bytes_writer w;
    uint8_t encoded[2048];
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_params_write(&w, params);
    call_context_items((struct core_slice){encoded, w.len}, revoked, items);
    struct mls_proposal_config proposals[2] = {
        {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = items, .extension_count = CALL_EXTENSIONS}};
    if (more)
        proposals[1] = *more;
    return verdict_of(r, by, proposals, more ? 2 : 1);
}

static const struct core_slice nothing = {(const uint8_t *)"", 0};

static void only_admins_change_parameters(void)
{
    struct room r;
    room_init(&r);
    struct call_params params = crew_params(&r.anna);
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, nothing, NULL), CALL_RULE_NONE); /* nothing changes */
    params.locked = true;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_TURN); /* she committed last */
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, nothing, NULL), CALL_RULE_ADMIN);
    params = crew_params(&r.anna);
    params.secret_number = 1;
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, nothing, NULL), CALL_RULE_ADMIN);
    CU_ASSERT_TRUE(call_params_add_admin(&params, r.cleo.content.user_id));
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, nothing, NULL), CALL_RULE_ADMIN);
    room_wipe(&r);
}

static void parameters_that_stay(void)
{
    struct room r;
    const struct crew_commit plain = {0};
    room_init(&r);
    crew_commit_all(&r.cleo, &plain, (struct crew *[]){&r.anna, &r.ben}, 2);
    const struct call_params before = crew_params(&r.anna);
    struct call_params params = before;
    params.locked = true;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_NONE);
    params = before;
    params.room[0] = 'x';
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_PARAMS);
    params = before;
    params.founded_s++;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_PARAMS);
    params = before;
    params.sframe_suite = SFRAME_AES_256_GCM_SHA512_128;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_PARAMS);
    params = before;
    params.profile = SFRAME_PROFILE_RFC9605;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_PARAMS);
    params = before;
    params.secret_number = 2;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_PARAMS);
    params.secret_number = 1;
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_NONE);
    const struct mls_proposal_config add = crew_add(&r.dora);
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, &add), CALL_RULE_ROTATION);
    room_wipe(&r);
}

static void extensions_that_stay(void)
{
    struct room r;
    struct mls_extension_item items[CALL_EXTENSIONS];
    struct bytes_writer w;
    uint8_t encoded[2048];
    room_init(&r);
    const struct call_params params = crew_params(&r.anna);
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_params_write(&w, &params);
    call_context_items((struct core_slice){encoded, w.len}, nothing, items);
    struct mls_proposal_config change = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = items, .extension_count = CALL_EXTENSIONS};
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &change, 1), CALL_RULE_NONE);
    change.extension_count = 2; /* without sotto_revoked */
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &change, 1), CALL_RULE_EXTENSIONS);
    change.extension_count = CALL_EXTENSIONS;
    items[0].data = (struct mls_bytes){(const uint8_t *)"\0\0\0", 3}; /* nothing required */
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &change, 1), CALL_RULE_EXTENSIONS);
    w.data[0]++; /* another version */
    call_context_items((struct core_slice){encoded, w.len}, nothing, items);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.cleo, &change, 1), CALL_RULE_EXTENSIONS);
    room_wipe(&r);
}

/* --- Revocations --- */

struct lists {
    uint8_t bytes[4096];
    struct bytes_writer w;
};

static struct core_slice revoke(struct lists *lists, const struct identity_key *root, uint64_t number,
                                const struct crew *revoked)
{
    struct identity_revocations list = {.number = number, .created_s = CREW_NOW_S};
    uint8_t encoded[IDENTITY_REVOCATIONS_MAX];
    size_t len = 0;
    memcpy(list.root_key, root->public_key, sizeof list.root_key);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_add(&list, revoked->device.public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_make(root, &list, encoded, sizeof encoded, &len), IDENTITY_OK);
    bytes_writer_init(&lists->w, lists->bytes, sizeof lists->bytes);
    bytes_write_uint(&lists->w, 0x4000 | len, 2); /* a vector's length in two bytes */
    bytes_write(&lists->w, encoded, len);
    return (struct core_slice){lists->bytes, lists->w.len};
}

static void commit_revoked(struct room *r, struct crew *by, struct core_slice revoked, struct crew *const *others)
{
    struct mls_extension_item items[CALL_EXTENSIONS];
    struct bytes_writer w;
    uint8_t encoded[2048];
    const struct call_params params = crew_params(&r->anna);
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_params_write(&w, &params);
    call_context_items((struct core_slice){encoded, w.len}, revoked, items);
    const struct mls_proposal_config change = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = items, .extension_count = CALL_EXTENSIONS};
    const struct crew_commit what = {.proposals = &change, .count = 1};
    crew_commit_all(by, &what, others, 2);
}

static void revocations(void)
{
    struct room r;
    struct lists lists;
    struct crew phone; /* Dora's second device, which she lost */
    room_init(&r);
    crew_init(&phone, 3, 9);
    struct core_slice revoked = revoke(&lists, &r.cleo.root, 2, &phone);
    const struct call_params params = crew_params(&r.anna);
    /* only of roots present, and genuine */
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, revoke(&lists, &r.dora.root, 1, &phone), NULL),
                    CALL_RULE_REVOCATIONS);
    revoked = revoke(&lists, &r.cleo.root, 2, &phone);
    lists.bytes[revoked.len - 1] ^= 1;
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, revoked, NULL), CALL_RULE_REVOCATIONS);
    lists.bytes[revoked.len - 1] ^= 1;
    CU_ASSERT_EQUAL(with_context(&r, &r.cleo, &params, revoked, NULL), CALL_RULE_NONE);
    commit_revoked(&r, &r.cleo, revoked, (struct crew *[]){&r.anna, &r.ben});
    /* neither dropped nor lowered */
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, nothing, NULL), CALL_RULE_REVOCATIONS);
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, revoke(&lists, &r.cleo.root, 1, &phone), NULL),
                    CALL_RULE_REVOCATIONS);
    CU_ASSERT_EQUAL(with_context(&r, &r.anna, &params, revoke(&lists, &r.cleo.root, 3, &phone), NULL), CALL_RULE_NONE);
    /* who is on the list does not come in, nor commit */
    const struct mls_proposal_config add = crew_add(&phone);
    CU_ASSERT_EQUAL(verdict_of(&r, &r.anna, &add, 1), CALL_RULE_REVOKED);
    crew_wipe(&phone);
    room_wipe(&r);
}

static void a_revoked_device_commits_no_more(void)
{
    struct room r;
    struct lists lists;
    const struct crew_commit plain = {0};
    room_init(&r);
    const struct core_slice revoked = revoke(&lists, &r.anna.root, 1, &r.anna);
    commit_revoked(&r, &r.cleo, revoked, (struct crew *[]){&r.anna, &r.ben});
    CU_ASSERT_EQUAL(verdict(&r, &r.anna, &plain), CALL_RULE_REVOKED);
    room_wipe(&r);
}

/* --- Foundings --- */

static enum call_rule founding(const struct crew *judge_of, const struct mls_group *group)
{
    struct call_policy policy = {.room = &judge_of->room};
    const bool ok = call_policy_founding_ok(&policy, group);
    CU_ASSERT_EQUAL(ok, policy.broken == CALL_RULE_NONE);
    return policy.broken;
}

static enum call_rule founding_with(const struct call_params *params, struct crew *founder)
{
    crew_found(founder, params);
    const enum call_rule rule = founding(founder, founder->group);
    mls_group_free(founder->group);
    founder->group = NULL;
    return rule;
}

static void foundings(void)
{
    struct room r;
    struct crew eve;
    room_init(&r);
    crew_init(&eve, 5, 5);
    eve.lenient = true;
    const struct call_params right = crew_params(&eve);
    CU_ASSERT_EQUAL(founding_with(&right, &eve), CALL_RULE_NONE);
    CU_ASSERT_EQUAL(founding(&r.ben, r.ben.group), CALL_RULE_FOUNDING); /* of three, in epoch 1 */
    struct call_params params = right;
    params.room[0] = 'x';
    CU_ASSERT_EQUAL(founding_with(&params, &eve), CALL_RULE_FOUNDING);
    params = right;
    params.secret_number = 1;
    CU_ASSERT_EQUAL(founding_with(&params, &eve), CALL_RULE_FOUNDING);
    params = crew_params(&r.anna);
    CU_ASSERT_EQUAL(founding_with(&params, &eve), CALL_RULE_ADMIN);
    params = right;
    params.sframe_suite = 3; /* tags of 32 bits */
    CU_ASSERT_EQUAL(founding_with(&params, &eve), CALL_RULE_EXTENSIONS);
    params = right;
    params.founded_s = eve.content.expires_s;
    CU_ASSERT_EQUAL(founding_with(&params, &eve), CALL_RULE_EXPIRED);
    crew_wipe(&eve);
    room_wipe(&r);
}

static void every_rule_has_a_text(void)
{
    for (int rule = CALL_RULE_NONE; rule <= CALL_RULE_FOUNDING; rule++)
        CU_ASSERT_TRUE(strlen(call_rule_text((enum call_rule)rule)) > 10 &&
                       strcmp(call_rule_text((enum call_rule)rule), "unknown rule") != 0);
}

static const struct unit_test tests[] = {
    {"a plain update is accepted", a_plain_update},
    {"a commit without a path is refused", a_path},
    {"malformed authenticated data is refused", data},
    {"a committer's leaf without sotto_leaf is refused", leaf},
    {"a leaf that names another epoch or number is refused", epoch_and_number},
    {"proposals sent apart are not committed", proposals_apart},
    {"ReInit is refused", reinit},
    {"proposals from outside the group are refused", outside_proposals},
    {"another's certificate does not admit", copied_certificate},
    {"a certificate is followed by a later one of the same device only", successors},
    {"certificates expire by the group's time, to the second", expiry},
    {"a commit advances the group's time by an hour at most", an_hour_at_most},
    {"the group's time is that of those present", time_of_those_present},
    {"an honest committer states a time that is not refused", honest_times},
    {"an external commit needs the room's present secret", the_room_secret},
    {"a locked room admits by a member's Add alone, or who returns", locked_rooms},
    {"who asked under another secret is not added", asked_under_the_present_secret},
    {"in a room of three nobody commits twice running", nobody_twice_running},
    {"an admin removes at any time", an_admin_removes_at_once},
    {"in a room of two one may commit twice running", two_may_take_turns_as_they_like},
    {"a leaver's token is its own, of this stay, and removes it", tokens_of_leavers},
    {"only admins change the parameters", only_admins_change_parameters},
    {"some parameters stay, and a rotation adds nobody", parameters_that_stay},
    {"the GroupContext's extensions stay", extensions_that_stay},
    {"revocation lists only rise, and revoked devices do not enter", revocations},
    {"a revoked device commits no more", a_revoked_device_commits_no_more},
    {"a founding is of the room, by its founder alone", foundings},
    {"every rule has a text", every_rule_has_a_text},
};

UNIT_MAIN("client.policy", tests)
