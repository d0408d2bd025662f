/* Commits that are not what they should be. Path secrets that are wrong for some of the members: they cannot follow,
 * and come in anew; the others go on. And a commit that no honest member takes, first in the log: all skip it alike.
 *
 * What such a member finds out is played by the linker: mls_group_process() says it for the next few commits. So is a
 * member's client that writes wrong path secrets for one subtree: what it encrypts to it is spoiled. */
#include <string.h>

#include "gather.h"
#include "group.h"
#include "mls/messages.h"
#include "parts.h"
#include "unit.h"

static unsigned broken;
static const struct mls_group *broken_for[2]; /* NULLs: for whoever comes first */

int __real_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received);
int __wrap_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received);
int __wrap_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received)
{
    struct mls_message parsed;
    if (broken > 0 && (!broken_for[0] || broken_for[0] == group || broken_for[1] == group) &&
        mls_message_parse(message.data, message.len, &parsed) == MLS_OK &&
        parsed.wire_format == MLS_WIRE_PRIVATE_MESSAGE && parsed.private_message.content_type == MLS_CONTENT_COMMIT) {
        broken--;
        return MLS_PATH;
    }
    return __real_mls_group_process(group, message, now_s, received);
}

/* Whether client i blames another user of the call, the same as who was asked before it. */
static bool is_another(const struct sim *sim, unsigned n, unsigned i, const uint8_t *committer)
{
    const uint8_t *blamed = sim->clients[i].blamed;
    for (unsigned k = 0; k < n; k++)
        if (k != i && memcmp(sim->clients[k].content.user_id, blamed, CALL_USER_ID_LEN) == 0)
            return !committer || memcmp(committer, blamed, CALL_USER_ID_LEN) == 0;
    return false;
}

/* `fooled` of n members do not follow the next commit; all agree again within so long. */
static void fool(unsigned n, unsigned fooled, uint64_t max_ms)
{
    const struct sim_config config = {.clients = n, .latency_ms = 20, .jitter_ms = 20, .seed = n};
    struct sim *sim = sim_new(&config);
    broken = 0;
    for (unsigned i = 0; i < n; i++) {
        sim_start(sim, i);
        sim_run_for(sim, i == 0 ? 1000 : 30);
    }
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 30000), UINT64_MAX);
    unsigned before[64] = {0};
    for (unsigned i = 0; i < n; i++)
        before[i] = sim->clients[i].warnings[CALL_WARNING_RESYNC];
    broken = fooled;
    while (broken > 0)
        sim_run_for(sim, 100);
    sim_run_for(sim, 1000);
    CU_ASSERT_FALSE(sim_agree(sim));
    const uint64_t took = sim_settle(sim, max_ms);
    CU_ASSERT_NOT_EQUAL(took, UINT64_MAX);
    if (took == UINT64_MAX)
        sim_print(sim);
    unsigned resyncs = 0;
    unsigned blamed = 0;
    const uint8_t *committer = NULL;
    for (unsigned i = 0; i < n; i++)
        if (sim->clients[i].warnings[CALL_WARNING_RESYNC] > before[i]) {
            resyncs++;
            blamed += is_another(sim, n, i, committer);
            committer = sim->clients[i].blamed;
        }
    CU_ASSERT_EQUAL(blamed, resyncs); /* whose commit it was is told, to all alike */
    CU_ASSERT_EQUAL(resyncs, fooled); /* those, and nobody else */
    sim_free(sim);
}

static void one(void)
{
    fool(5, 1, 20000);
}

static void a_subtree(void)
{
    fool(9, 3, 60000);
}

/* --- A subtree, by a client that writes what it should not --- */

static bool spoiling;
static bool spoiling_all; /* of them, not one */

int __real_mls_encrypt_in_context(const struct mls_suite *suite, struct core_slice public_key,
                                  const uint8_t *context_hash, struct core_slice plaintext, uint8_t *kem_output,
                                  uint8_t *ciphertext);
int __wrap_mls_encrypt_in_context(const struct mls_suite *suite, struct core_slice public_key,
                                  const uint8_t *context_hash, struct core_slice plaintext, uint8_t *kem_output,
                                  uint8_t *ciphertext);
int __wrap_mls_encrypt_in_context(const struct mls_suite *suite, struct core_slice public_key,
                                  const uint8_t *context_hash, struct core_slice plaintext, uint8_t *kem_output,
                                  uint8_t *ciphertext)
{
    static uint8_t last_context[CORE_HASH_MAX];
    static unsigned nth; /* of this path's: leaves and subtrees, from the committer's neighbour on */
    const int rc = __real_mls_encrypt_in_context(suite, public_key, context_hash, plaintext, kem_output, ciphertext);
    if (memcmp(last_context, context_hash, suite->hash->len) != 0) {
        memcpy(last_context, context_hash, suite->hash->len);
        nth = 0;
    }
    if (rc == MLS_OK && spoiling && (nth++ == 1 || spoiling_all)) /* the second is a subtree of two in a full tree */
        ciphertext[0] ^= 1;
    return rc;
}

struct maker {
    unsigned client; /* UINT32_MAX: nobody has committed yet */
};

static bool note_maker(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct maker *maker = context;
    (void)sim;
    if (envelope->type == WIRE_APPEND && maker->client == UINT32_MAX)
        maker->client = client;
    return true;
}

/* And nothing of it after that. */
static bool note_only(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const struct maker *maker = context;
    return client != maker->client && note_maker(context, sim, client, envelope);
}

static struct sim *call_of(unsigned n)
{
    return gather(n, (struct sim_config){.latency_ms = 20, .jitter_ms = 20, .seed = n});
}

static void spoiled(void)
{
    struct sim *sim = call_of(8);
    struct maker maker = {.client = UINT32_MAX};
    unsigned fooled = 0;
    bool is_fooled[8] = {false};
    sim_run_for(sim, 400000); /* everybody has renewed its path: the tree is full */
    const uint64_t before = call_epoch(sim->clients[0].call);
    sim->request = note_maker;
    sim->context = &maker;
    spoiling = true;
    while (maker.client == UINT32_MAX)
        sim_run_for(sim, 100);
    spoiling = false;
    sim->request = NULL;
    sim_run_for(sim, 1000);
    for (unsigned i = 0; i < 8; i++) {
        is_fooled[i] = call_epoch(sim->clients[i].call) == before;
        fooled += is_fooled[i];
    }
    CU_ASSERT_EQUAL(fooled, 2);
    const uint64_t took = sim_settle(sim, 60000);
    CU_ASSERT_NOT_EQUAL(took, UINT64_MAX);
    for (unsigned i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], is_fooled[i]);
        if (is_fooled[i])
            CU_ASSERT_EQUAL(
                memcmp(sim->clients[i].blamed, sim->clients[maker.client].content.user_id, CALL_USER_ID_LEN), 0);
    }
    sim_free(sim);
}

/* A commit that nobody can follow, written into the log again and again: who leaves meanwhile is removed nevertheless.
 */
static void spoiled_again(void)
{
    enum { EVERY_MS = 500, FOR_MS = 30000, IN_TIME_MS = 12000 };
    struct sim *sim = call_of(5);
    struct maker maker = {.client = UINT32_MAX};
    sim_run_for(sim, 65000); /* a turn, so that the others may commit */
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    sim->request = note_only;
    sim->context = &maker;
    spoiling = spoiling_all = true;
    while (maker.client == UINT32_MAX)
        sim_run_for(sim, 20);
    spoiling = spoiling_all = false;
    sim_run_for(sim, 200);
    const struct sim_bytes *commit = sim->servers[0].entries[sim->servers[0].count - 1].commit;
    const unsigned leaver = maker.client == 4 ? 3 : 4;
    uint64_t took_ms = 0;
    CU_ASSERT_EQUAL(call_leave(sim->clients[leaver].call), CALL_OK);
    sim_drain(sim, leaver);
    for (uint64_t ms = 0; ms < FOR_MS && took_ms == 0; ms += EVERY_MS) {
        sim_append(sim, 0, commit->data, commit->len);
        sim_run_for(sim, EVERY_MS);
        took_ms = call_epoch(sim->clients[maker.client == 0 ? 1 : 0].call) > epoch ? ms + EVERY_MS : 0;
    }
    CU_ASSERT(took_ms > 0 && took_ms <= IN_TIME_MS);
    sim_free(sim);
}

/* --- An admin's wishes --- */

/* Who is to be kicked commits first, what `fooled` cannot follow, the admin among them: they follow the kick, which the
 * others skip, into an epoch and a secret of their own. They come in anew under the old one, and the kick is made
 * again. */
static void kick_after_a_spoiled_commit(unsigned fooled)
{
    struct sim *sim = call_of(8);
    unsigned kicked = 2;
    sim_run_for(sim, 65000); /* a turn */
    while (call_committed_last(sim->clients[kicked].call->group, mls_group_own_leaf(sim->clients[kicked].call->group)))
        kicked++;
    struct call *racer = sim->clients[kicked].call;
    broken = fooled;
    for (unsigned i = 0; i < fooled; i++)
        broken_for[i] = sim->clients[i].call->group;
    racer->commits.turn = true;
    call_commits_want(racer, true);
    sim_drain(sim, kicked);
    sim_run_for(sim, 30);
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[kicked].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 30000);
    CU_ASSERT_EQUAL(broken, 0);
    broken_for[0] = broken_for[1] = NULL;
    for (unsigned i = 0; i < 8; i++) {
        struct call_link link;
        if (i == kicked)
            continue;
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], i < fooled);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 7);
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_KICKED], i < fooled ? 2 : 1); /* in their own epoch, too */
        CU_ASSERT_TRUE(sim->clients[i].sending);
        CU_ASSERT_EQUAL(call_get_link(sim->clients[i].call, &link), CALL_OK);
        CU_ASSERT_EQUAL(link.number, 1);
    }
    CU_ASSERT_EQUAL(call_get_phase(racer), CALL_PHASE_OUT);
    CU_ASSERT_TRUE(sim_settle(sim, 10000) != UINT64_MAX);
    sim_free(sim);
}

static void the_admin_of_a_kick(void)
{
    kick_after_a_spoiled_commit(1);
    kick_after_a_spoiled_commit(2);
}

/* --- A commit that nobody takes --- */

static bool accept_any(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    (void)group;
    return commit != NULL;
}

/* Client 2, which is no admin, locks the room; its own client believes that it may. A valid commit for the same epoch
 * comes after. */
static void an_invalid_commit_is_first(void)
{
    struct sim *sim = call_of(5);
    struct call *liar = sim->clients[2].call;
    sim_run_for(sim, 65000); /* a turn, so that the others may commit */
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    const size_t log = sim->servers[0].count;
    liar->group->policy.accept_commit = accept_any;
    liar->commits.wishes.lock_wanted = liar->commits.wishes.lock_value = true;
    call_commits_want(liar, true);
    sim_drain(sim, 2);
    sim_run_for(sim, 100);
    CU_ASSERT_EQUAL(sim->servers[0].count, log + 1);
    sim_run_for(sim, 200);
    CU_ASSERT_EQUAL(call_epoch(liar), epoch + 1); /* it alone takes it */
    for (unsigned i = 0; i < 5; i++)
        CU_ASSERT_TRUE(i == 2 || call_epoch(sim->clients[i].call) == epoch);
    CU_ASSERT_EQUAL(call_leave(sim->clients[4].call), CALL_OK);
    sim_drain(sim, 4);
    sim_run_for(sim, 3000);
    for (unsigned i = 0; i < 4; i++) {
        struct call_link link;
        if (i == 2)
            continue;
        CU_ASSERT_EQUAL(call_epoch(sim->clients[i].call), epoch + 1);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 4);
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
        CU_ASSERT_EQUAL(call_get_link(sim->clients[i].call, &link), CALL_OK);
        CU_ASSERT_FALSE(sim->clients[i].call->params.locked);
        const struct sim_epoch *key = sim_key(&sim->clients[i], epoch + 1);
        const struct sim_epoch *first = sim_key(&sim->clients[0], epoch + 1);
        CU_ASSERT_TRUE(key && first && memcmp(key->key, first->key, key->key_len) == 0);
    }
    /* the liar finds itself alone, and comes in anew */
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 60000), UINT64_MAX);
    CU_ASSERT_EQUAL(sim->clients[2].warnings[CALL_WARNING_RESYNC], 1);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"one who cannot follow a commit comes in anew", one},
    {"several who cannot do, though they hear each other", a_subtree},
    {"a subtree that was given wrong path secrets comes in anew, and knows whose they were", spoiled},
    {"one that nobody can follow, repeated, keeps nobody from committing", spoiled_again},
    {"an admin that cannot follow whom it kicks comes in anew, and kicks it", the_admin_of_a_kick},
    {"a commit that nobody may make is skipped by all alike, though it is first", an_invalid_commit_is_first},
};
UNIT_MAIN("client.broken", tests)
