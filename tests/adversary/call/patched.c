#include "patched.h"

#include <string.h>

#include "parts.h"
#include "sim_server.h"
#include "unit.h"

void patched_stranger(struct crew *patched, const struct sim *sim, unsigned i)
{
    const struct sim_client *client = &sim->clients[i];
    memset(patched, 0, sizeof *patched);
    patched->lenient = true;
    patched->root = client->root;
    patched->device = client->device;
    patched->content = client->content;
    memcpy(patched->certificate, client->certificate, client->certificate_len);
    patched->certificate_len = client->certificate_len;
    memset(patched->nonce, (int)(1 + i), sizeof patched->nonce);
    CU_ASSERT_EQUAL_FATAL(call_room_init(&patched->room, client->link.room, client->link.number, client->link.secret),
                          CALL_OK);
    patched->policy.room = &patched->room;
    call_policy_callbacks(&patched->policy, &patched->callbacks);
}

void patched_member(struct crew *patched, const struct sim *sim, unsigned i)
{
    static const uint8_t key[32] = {1};
    const struct call *call = sim->clients[i].call;
    struct mls_output state = {0};
    patched_stranger(patched, sim, i);
    patched->room = call->room;
    memcpy(patched->nonce, call_peer(call, mls_group_own_leaf(call->group))->nonce, sizeof patched->nonce);
    CU_ASSERT_EQUAL_FATAL(mls_group_save(call->group, NULL, (struct mls_bytes){key, sizeof key}, &state), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(crew_load(patched, crew_bytes(state), (struct mls_bytes){key, sizeof key}), MLS_OK);
    mls_output_free(&state);
}

void patched_made_up(struct crew *ghost, const struct sim *sim, unsigned i)
{
    size_t at = 0;
    while (at < ghost->certificate_len - IDENTITY_KEY_LEN &&
           memcmp(&ghost->certificate[at], ghost->root.public_key, IDENTITY_KEY_LEN) != 0)
        at++;
    CU_ASSERT_FATAL(at < ghost->certificate_len - IDENTITY_KEY_LEN);
    memcpy(&ghost->certificate[at], sim->clients[i].root.public_key, IDENTITY_KEY_LEN);
}

void patched_copied(struct crew *ghost, const struct sim *sim, unsigned i)
{
    memcpy(ghost->certificate, sim->clients[i].certificate, sim->clients[i].certificate_len);
    ghost->certificate_len = sim->clients[i].certificate_len;
}

void patched_append(struct crew *patched, struct sim *sim, struct mls_bytes message)
{
    struct mls_output box = {0};
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&patched->room, CALL_BOX_COMMIT, message, &box), CALL_OK);
    sim_append(sim, 0, box.data, box.len);
    mls_output_free(&box);
}

void patched_commit(struct crew *patched, struct sim *sim, const struct crew_commit *what)
{
    struct mls_staged *staged = NULL;
    CU_ASSERT_EQUAL_FATAL(crew_commit(patched, what, &staged), MLS_OK);
    patched_append(patched, sim, mls_staged_message(staged));
    mls_staged_free(staged);
}
