/* Somebody copies all that a member's client has at one moment: what that opens of the time before, and of the time
 * after. The delivery service and the SFU have kept everything. */
#include <string.h>

#include "media.h"
#include "patched.h"
#include "scene.h"
#include "seal.h"
#include "sim_server.h"
#include "unit.h"

enum {
    MEMBERS = 4,
    TURN_MS = 60000,        /* between renewals, in so small a room */
    GRACE_MS = 3000,        /* an epoch's keys live on */
    SLACK_MS = 1000 + 1000, /* for whose turn it is not to be late, and for senders to change over */
    STEP_MS = 500,
};

/* --- Before: forward secrecy --- */

struct recorded {
    struct media_frame frame;
    uint64_t epoch;
    uint64_t at_ms;
};

/* Of what was recorded, the keys that client 1 still has open nothing that is older than an epoch and the grace. */
static void opens_nothing_of_epochs_that_are_over(void)
{
    enum { FRAMES = 600 };
    static struct recorded recorded[FRAMES];
    struct sim *sim = scene_empty(MEMBERS);
    struct media *media = media_new(sim);
    unsigned opened = 0;
    unsigned unopened = 0;
    scene_gather(sim, MEMBERS);
    for (unsigned n = 0; n < FRAMES; n++, sim_run_for(sim, STEP_MS)) {
        recorded[n].epoch = sim->clients[0].sending_epoch;
        recorded[n].at_ms = sim->now_ms;
        CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &recorded[n].frame));
    }
    const struct media_member *victim = &media->members[1];
    for (unsigned n = 0; n < FRAMES; n++) {
        bool opens = false;
        for (size_t k = 0; k < victim->key_count; k++)
            if (sim_key(&sim->clients[1], victim->keys[k].epoch)) /* it has not been told to wipe it */
                opens |= media_try(media, &victim->keys[k], recorded[n].epoch, &recorded[n].frame) != SFRAME_AUTH;
        CU_ASSERT_FALSE(opens && recorded[n].at_ms + TURN_MS + SLACK_MS + GRACE_MS < sim->now_ms);
        opened += opens;
        unopened += !opens;
    }
    CU_ASSERT_TRUE(victim->key_count > 3);
    CU_ASSERT_TRUE(opened > 0 && unopened > FRAMES / 2);
    media_free(media);
    sim_free(sim);
}

/* --- After: post-compromise security --- */

/* Takes what is in the log since: as the member whose keys it has. */
static void follow(struct crew *thief, const struct sim *sim, size_t *next)
{
    for (; *next < sim->servers[0].count; (*next)++) {
        const struct sim_bytes *box = sim->servers[0].entries[*next].commit;
        struct mls_output commit = {0};
        if (call_box_open(&thief->room, CALL_BOX_COMMIT, (struct mls_bytes){box->data, box->len}, &commit) == CALL_OK)
            (void)!crew_receive(thief, crew_bytes(commit));
        mls_output_free(&commit);
    }
}

static bool knows_key(struct crew *thief, const struct sim *sim)
{
    static const char label[] = "SFrame 1.0 Base Key";
    const struct sim_epoch *key = sim_key(&sim->clients[0], call_epoch(sim->clients[0].call));
    uint8_t own[CALL_BASE_KEY_MAX];
    return key && mls_group_epoch(thief->group) == key->epoch &&
           mls_group_export(thief->group, (struct mls_bytes){(const uint8_t *)label, sizeof label - 1},
                            (struct mls_bytes){0}, own, key->key_len) == MLS_OK &&
           memcmp(own, key->key, key->key_len) == 0;
}

/* With the whole state of client 2, its device key and the room's secret, everything can be followed until client 2
 * renews its path: in its turn, N x spacing later at most, though nobody comes or goes. After that, nothing. */
static void healed_by_its_own_turn(void)
{
    struct sim *sim = scene_new(MEMBERS, MEMBERS);
    struct crew thief;
    size_t next = sim->servers[0].count;
    const uint64_t stolen_ms = sim->now_ms;
    uint64_t known_ms = 0;
    unsigned followed = 0;
    patched_member(&thief, sim, 2);
    while (sim->now_ms < stolen_ms + 3 * MEMBERS * TURN_MS) {
        const uint64_t before = mls_group_epoch(thief.group);
        sim_run_for(sim, STEP_MS);
        follow(&thief, sim, &next);
        followed += mls_group_epoch(thief.group) != before;
        if (knows_key(&thief, sim))
            known_ms = sim->now_ms;
    }
    CU_ASSERT_TRUE(known_ms > stolen_ms);
    CU_ASSERT_TRUE(known_ms <= stolen_ms + MEMBERS * TURN_MS + SLACK_MS);
    CU_ASSERT_TRUE(followed > 0); /* it was no fault of the thief's that it could not go on */
    CU_ASSERT_TRUE(call_epoch(sim->clients[0].call) > mls_group_epoch(thief.group) + MEMBERS);
    crew_wipe(&thief);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"what is copied opens nothing of epochs that are over", opens_nothing_of_epochs_that_are_over},
    {"nor anything after the member's own turn, though nobody comes or goes", healed_by_its_own_turn},
};
UNIT_MAIN("adversary.call.compromise", tests)
