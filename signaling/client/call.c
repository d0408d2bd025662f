/* A call's life: made, moved by time, ended. */
#include "sotto/call.h"

#include <stdlib.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "parts.h"
#include "sotto/sframe.h"

uint64_t call_random_below(uint64_t below)
{
    uint8_t bytes[8] = {0};
    struct bytes_reader r;
    if (below == 0 || !core_random(bytes, sizeof bytes))
        return 0;
    bytes_reader_init(&r, bytes, sizeof bytes);
    return bytes_read_u64(&r) % below; /* for waits: that it leans by 2^-40 does not matter */
}

/* --- Life --- */

int call_token_set(struct call *call, const uint8_t *token, size_t token_len)
{
    uint8_t *copy = NULL;
    if (token_len > WIRE_TOKEN_MAX)
        return CALL_INVALID;
    if (token_len > 0) {
        copy = malloc(token_len);
        if (!copy)
            return CALL_MEMORY;
        memcpy(copy, token, token_len);
    }
    mls_output_free(&call->token);
    call->token = (struct mls_output){copy, token_len};
    return CALL_OK;
}

static int init(struct call *call, const struct call_config *config)
{
    if (config->certificate_len > sizeof call->certificate)
        return CALL_CREDENTIAL;
    call->link = *config->link;
    call->locked = config->locked;
    call->padding = config->padding;
    call->keeps = call->kept = config->keeps; /* what is there of a former life */
    call->sframe_suite = config->sframe_suite ? config->sframe_suite : SFRAME_SUITE_DEFAULT;
    call->pinned = config->pinned;
    call->context = config->context;
    call->highest_epoch = config->highest_epoch;
    memcpy(call->highest_group, config->highest_group, sizeof call->highest_group);
    memcpy(call->certificate, config->certificate, config->certificate_len);
    call->certificate_len = config->certificate_len;
    memcpy(call->seed, config->device_seed, sizeof call->seed);
    struct identity_key key;
    int rc = identity_key_from_seed(call->seed, &key) == IDENTITY_OK ? CALL_OK : CALL_CRYPTO;
    if (rc == CALL_OK && identity_credential_check(call->certificate, call->certificate_len, key.public_key,
                                                   sizeof key.public_key, call->now.unix_s, &call->self) != IDENTITY_OK)
        rc = CALL_CREDENTIAL;
    identity_key_wipe(&key);
    if (rc == CALL_OK && (!call_params_suite_ok(call->sframe_suite) || call->padding > CALL_PADDING_MAX))
        rc = CALL_INVALID;
    if (rc == CALL_OK)
        rc = call_room_init(&call->room, call->link.room, call->link.number, call->link.secret);
    if (rc == CALL_OK)
        rc = call_token_set(call, config->token, config->token_len);
    call->policy.room = &call->room;
    call_policy_callbacks(&call->policy, &call->callbacks);
    return rc;
}

int call_new(const struct call_config *config, struct call_time now, struct call **out)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        return CALL_MEMORY;
    call->now = now;
    for (size_t i = 0; i < CALL_TIMERS; i++)
        call->timers[i] = CALL_NEVER;
    call->phase = CALL_PHASE_OUTSIDE;
    call->contact.pause = CALL_PAUSE_JOINING;
    call->contact.last_tick_ms = now.ms;
    call->joining.wait_factor = 1;
    int rc = init(call, config);
    if (rc == CALL_OK)
        *out = call;
    else
        call_free(call);
    return rc;
}

void call_free(struct call *call)
{
    if (!call)
        return;
    call_drop_group(call);
    call_wishes_wipe(call);
    call_retreat_wipe(call);
    call_joining_wipe(call);
    call_events_wipe(&call->events);
    call_connection_lost(call);
    mls_output_free(&call->token);
    core_wipe(call, sizeof *call);
    free(call);
}

void call_drop_group(struct call *call)
{
    call_retreat_take(call);
    call_commits_wipe(call);
    call_epochs_wipe(call);
    call_held_wipe(call);
    if (call->group)
        call_keep_nothing(call);
    call_roster_wipe(&call->roster);
    mls_group_free(call->group);
    call->group = NULL;
    for (size_t i = 0; i < CALL_TIMERS; i++)
        call->timers[i] = CALL_NEVER;
}

void call_end(struct call *call)
{
    call_drop_group(call);
    call_wishes_wipe(call);
    call_retreat_wipe(call);
    call_joining_wipe(call);
    call_epochs_pause(call, CALL_PAUSE_OUT);
    call_set_phase(call, CALL_PHASE_OUT);
}

void call_link_is_old(struct call *call)
{
    call_drop_group(call);
    call_wishes_wipe(call);
    call_retreat_wipe(call);
    call_joining_wipe(call);
    call_epochs_pause(call, CALL_PAUSE_JOINING);
    call_set_phase(call, CALL_PHASE_LINK_OLD);
}

void call_set_phase(struct call *call, enum call_phase phase)
{
    if (call->phase == phase)
        return;
    call->phase = phase;
    struct call_event *event = call_event_push(call, CALL_EVENT_PHASE, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->phase = phase;
}

/* --- Time --- */

static void (*const on_timer[CALL_TIMERS])(struct call *) = {
    [CALL_TIMER_JOIN] = call_joining_timer,         [CALL_TIMER_TRIAL] = call_trial_timer,
    [CALL_TIMER_TAKE] = call_commits_take_timer,    [CALL_TIMER_COMMIT] = call_commits_timer,
    [CALL_TIMER_TURN] = call_commits_turn_timer,    [CALL_TIMER_APPEND] = call_commits_append_timer,
    [CALL_TIMER_HEARTBEAT] = call_heartbeat_timer,  [CALL_TIMER_TICK] = call_contact_tick,
    [CALL_TIMER_SWITCH] = call_epochs_switch_timer, [CALL_TIMER_GRACE] = call_epochs_grace_timer,
    [CALL_TIMER_ANSWER] = call_answer_timer,        [CALL_TIMER_FETCH] = call_fetch_timer,
};

void call_advance(struct call *call, struct call_time now)
{
    if (now.ms < call->now.ms)
        now.ms = call->now.ms; /* it is monotonic: what is told late happens late */
    call->now = now;
    for (size_t i = 0; i < CALL_TIMERS; i++)
        if (call->timers[i] <= now.ms) {
            call->timers[i] = CALL_NEVER;
            on_timer[i](call);
        }
}

uint64_t call_timeout(const struct call *call)
{
    uint64_t next = CALL_NEVER;
    for (size_t i = 0; i < CALL_TIMERS; i++)
        if (call->timers[i] < next)
            next = call->timers[i];
    return next;
}

/* --- Asking --- */

enum call_phase call_get_phase(const struct call *call)
{
    return call->phase;
}

enum call_pause call_get_pause(const struct call *call)
{
    return call->contact.pause;
}

uint64_t call_epoch(const struct call *call)
{
    return call->group ? mls_group_epoch(call->group) : 0;
}

int call_get_link(const struct call *call, struct call_link *link)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    *link = call->link;
    link->number = call->room.number;
    memcpy(link->secret, call->room.secret, sizeof link->secret);
    return CALL_OK;
}
