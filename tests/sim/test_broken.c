/* A commit whose path secrets are wrong for some of the members: they cannot follow, and come in anew; the others go
 * on. What such a member finds out is played by the linker: mls_group_process() says it for the next few commits. */
#include <string.h>

#include "mls/messages.h"
#include "sim.h"
#include "unit.h"

static unsigned broken;

int __real_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received);
int __wrap_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received);
int __wrap_mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                             struct mls_received *received)
{
    struct mls_message parsed;
    if (broken > 0 && mls_message_parse(message.data, message.len, &parsed) == MLS_OK &&
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

static const struct unit_test tests[] = {
    {"one who cannot follow a commit comes in anew", one},
    {"several who cannot do, though they hear each other", a_subtree},
};
UNIT_MAIN("client.broken", tests)
