/* The members, as the tree of the present epoch has them, and what this client has noticed of each. */
#include <stdlib.h>

#include "core/secret.h"
#include "parts.h"

struct call_peer *call_peer(const struct call *call, uint32_t leaf)
{
    const struct call_roster *roster = &call->roster;
    return leaf < roster->count && roster->peers[leaf].present ? &roster->peers[leaf] : NULL;
}

bool call_is_self(const struct call *call, uint32_t leaf)
{
    return call->group && leaf == mls_group_own_leaf(call->group);
}

uint64_t call_interval_ms(const struct call *call)
{
    const uint64_t each = (uint64_t)CALL_INTERVAL_EACH_MS * call->roster.members;
    return each > CALL_INTERVAL_MS ? each : CALL_INTERVAL_MS;
}

void call_roster_wipe(struct call_roster *roster)
{
    free(roster->peers);
    *roster = (struct call_roster){0};
}

static bool resize(struct call_roster *roster, uint32_t count)
{
    if (count <= roster->count)
        return true;
    struct call_peer *grown = realloc(roster->peers, count * sizeof *grown);
    if (!grown)
        return false;
    memset(&grown[roster->count], 0, (count - roster->count) * sizeof *grown);
    roster->peers = grown;
    roster->count = count;
    return true;
}

/* A leaf as the tree has it now. Of one that stays, what was noticed stays too; a nonce of another stay begins anew. */
static void refresh(struct call *call, uint32_t index, struct core_slice revoked)
{
    struct call_peer *peer = &call->roster.peers[index];
    struct mls_member member;
    struct call_leaf leaf;
    if (index >= mls_group_leaves(call->group) || mls_group_member(call->group, index, &member) != MLS_OK ||
        !call_leaf_read(&member, &leaf)) {
        *peer = (struct call_peer){0};
        return;
    }
    if (!peer->present || memcmp(peer->nonce, leaf.nonce, sizeof peer->nonce) != 0) {
        *peer = (struct call_peer){.present = true, .heard_at = call->contact.clock_ms};
        memcpy(peer->nonce, leaf.nonce, sizeof peer->nonce);
    }
    peer->leaf_epoch = leaf.epoch;
    peer->committed = leaf.epoch > 0 || call_committed_last(call->group, index);
    if (member.signature_key.len == sizeof peer->signature_key)
        memcpy(peer->signature_key, member.signature_key.data, sizeof peer->signature_key);
    if (identity_certificate_parse(member.credential.data, member.credential.len, &peer->certificate) != IDENTITY_OK)
        peer->certificate = (struct identity_certificate){0}; /* policy.c lets none of these in */
    peer->revoked = call_is_revoked(revoked, &peer->certificate);
}

void call_roster_refresh(struct call *call)
{
    struct call_roster *roster = &call->roster;
    struct call_context context;
    const uint32_t leaves = mls_group_leaves(call->group);
    if (!resize(roster, leaves) || !call_context_parse(mls_group_extensions(call->group), &context))
        return;
    roster->members = roster->lost = 0;
    for (uint32_t i = 0; i < roster->count; i++) {
        refresh(call, i, context.revoked);
        roster->members += roster->peers[i].present;
        roster->lost += roster->peers[i].present && roster->peers[i].lost;
    }
    if (call->phase == CALL_PHASE_MEMBER)
        call_event_plain(call, CALL_EVENT_ROSTER);
}

uint32_t call_member_total(const struct call *call)
{
    return call->phase == CALL_PHASE_MEMBER ? call->roster.members : 0;
}

int call_get_member(const struct call *call, uint32_t i, struct call_member *member)
{
    const struct call_roster *roster = &call->roster;
    uint32_t leaf = call->phase == CALL_PHASE_MEMBER ? 0 : roster->count;
    for (uint32_t left = i; leaf < roster->count; leaf++)
        if (roster->peers[leaf].present && left-- == 0)
            break;
    if (leaf >= roster->count)
        return CALL_USER;
    const struct call_peer *peer = &roster->peers[leaf];
    *member = (struct call_member){
        .leaf = leaf,
        .self = call_is_self(call, leaf),
        .admin = call_params_is_admin(&call->params, peer->certificate.user_id),
        .confirmed = peer->heard || call_is_self(call, leaf),
        .lost = peer->lost,
        .left = peer->leaving,
        .clock_offset_ms = peer->clock.bounded ? (peer->clock.low_ms + peer->clock.high_ms) / 2 : 0,
        .clock_known = peer->clock.bounded,
    };
    memcpy(member->user_id, peer->certificate.user_id, sizeof member->user_id);
    memcpy(member->root_key, peer->certificate.root_key, sizeof member->root_key);
    memcpy(member->name, peer->certificate.name, sizeof member->name);
    memcpy(member->device, peer->certificate.device, sizeof member->device);
    return CALL_OK;
}

int call_get_digest(const struct call *call, struct identity_call_digest *digest)
{
    struct mls_bytes parameters;
    size_t count = 0;
    if (call->phase != CALL_PHASE_MEMBER ||
        !mls_extensions_find(mls_group_extensions(call->group), CALL_EXTENSION_PARAMS, &parameters))
        return CALL_STATE;
    struct identity_member *members = calloc(call->roster.members ? call->roster.members : 1, sizeof *members);
    if (!members)
        return CALL_MEMORY;
    for (uint32_t i = 0; i < call->roster.count && count < call->roster.members; i++)
        if (call->roster.peers[i].present) {
            const struct identity_certificate *certificate = &call->roster.peers[i].certificate;
            memcpy(members[count].root_key, certificate->root_key, sizeof members[count].root_key);
            memcpy(members[count].device_key, certificate->device_key, sizeof members[count].device_key);
            count++;
        }
    int rc = identity_call_digest(call->group_id, sizeof call->group_id, parameters.data, parameters.len, members,
                                  count, digest);
    free(members);
    return rc == IDENTITY_OK ? CALL_OK : rc == IDENTITY_MEMORY ? CALL_MEMORY : CALL_CRYPTO;
}
