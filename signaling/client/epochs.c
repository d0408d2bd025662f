/* Keys for SFrame: a base key for each epoch, when senders change to it, and when it dies. */
#include <stdlib.h>

#include "clock.h"
#include "core/secret.h"
#include "parts.h"
#include "sotto/sframe.h"

#define EXPORT_LABEL "SFrame 1.0 Base Key"

/* --- Dying --- */

static void tell_epoch(struct call_event *event, const struct call_live_epoch *live)
{
    event->epoch = live->epoch;
    event->leaf = live->leaf;
    event->leaf_slots = live->leaf_slots;
}

static void remove_at(struct call *call, size_t i)
{
    struct call_epochs *epochs = &call->epochs;
    struct call_event *event =
        call_event_push(call, CALL_EVENT_EPOCH_REMOVED, (struct mls_bytes){0}, (struct mls_bytes){0});
    tell_epoch(event, &epochs->live[i]);
    epochs->count--;
    memmove(&epochs->live[i], &epochs->live[i + 1], (epochs->count - i) * sizeof epochs->live[0]);
}

static void plan_grace(struct call *call)
{
    uint64_t next = CALL_NEVER;
    for (size_t i = 0; i < call->epochs.count; i++)
        if (call->epochs.live[i].until < next)
            next = call->epochs.live[i].until;
    call->timers[CALL_TIMER_GRACE] = next;
}

void call_epochs_grace_timer(struct call *call)
{
    for (size_t i = call->epochs.count; i-- > 0;)
        if (call->epochs.live[i].until <= call->now.ms) {
            /* and of MLS, for messages that were on their way */
            if (call->group && call->epochs.live[i].epoch + 1 == mls_group_epoch(call->group))
                mls_group_forget_past(call->group);
            remove_at(call, i);
        }
    plan_grace(call);
}

void call_epochs_leaf_gone(struct call *call, uint32_t leaf)
{
    for (size_t i = 0; i < call->epochs.count; i++) {
        struct call_event *event =
            call_event_push(call, CALL_EVENT_LEAF_REMOVED, (struct mls_bytes){0}, (struct mls_bytes){0});
        event->epoch = call->epochs.live[i].epoch;
        event->leaf = leaf;
    }
}

void call_epochs_wipe(struct call *call)
{
    if (call->epochs.sending) {
        struct call_event *event =
            call_event_push(call, CALL_EVENT_SEND_STOPPED, (struct mls_bytes){0}, (struct mls_bytes){0});
        event->pause = CALL_PAUSE_JOINING;
    }
    while (call->epochs.count > 0)
        remove_at(call, 0);
    call->epochs = (struct call_epochs){0};
    call->contact.pause = CALL_PAUSE_JOINING;
}

/* --- Sending --- */

static void send_with_present(struct call *call)
{
    struct call_epochs *epochs = &call->epochs;
    const uint64_t epoch = mls_group_epoch(call->group);
    call_timer_stop(call, CALL_TIMER_SWITCH);
    if (epochs->sending && epochs->sending_epoch == epoch)
        return;
    struct call_event *event =
        call_event_push(call, CALL_EVENT_SEND_WITH, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->epoch = epoch;
    event->leaf = mls_group_own_leaf(call->group);
    event->leaf_slots = mls_group_leaves(call->group);
    epochs->sending = true;
    epochs->sending_epoch = epoch;
}

void call_epochs_switch_timer(struct call *call)
{
    if (call->group && call->epochs.sending)
        send_with_present(call);
}

void call_epochs_pause(struct call *call, enum call_pause pause)
{
    struct call_contact *contact = &call->contact;
    const bool changed = contact->pause != pause;
    contact->pause = pause;
    if (pause == CALL_PAUSE_NONE) {
        if (!call->epochs.sending)
            send_with_present(call);
        return;
    }
    if (!changed && !call->epochs.sending)
        return;
    call->epochs.sending = false;
    call_timer_stop(call, CALL_TIMER_SWITCH);
    struct call_event *event =
        call_event_push(call, CALL_EVENT_SEND_STOPPED, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->pause = pause;
}

/* --- Entering --- */

static void push_epoch(struct call *call, const struct call_live_epoch *live, const uint8_t *base_key, size_t len)
{
    const uint32_t slots = live->leaf_slots;
    const size_t bytes = (slots + 7) / 8;
    uint8_t *leaves = calloc(1, bytes);
    if (!leaves)
        return;
    for (uint32_t i = 0; i < slots; i++)
        if (call_peer(call, i) && !call_is_self(call, i))
            leaves[i / 8] |= (uint8_t)(1 << i % 8);
    struct call_event *event = call_event_push(call, CALL_EVENT_EPOCH_ADDED, (struct mls_bytes){base_key, len},
                                               (struct mls_bytes){leaves, bytes});
    tell_epoch(event, live);
    event->sframe_suite = call->params.sframe_suite;
    event->sframe_profile = call->params.profile;
    event->padding = call->params.padding;
    free(leaves);
}

void call_epochs_enter(struct call *call, const struct call_change *change)
{
    struct call_epochs *epochs = &call->epochs;
    const struct sframe_suite *suite = sframe_suite_find(call->params.sframe_suite);
    const uint64_t epoch = mls_group_epoch(call->group);
    const uint64_t grace = change->removes ? CALL_GRACE_REMOVED_MS : CALL_GRACE_MS;
    uint8_t base_key[CALL_BASE_KEY_MAX];
    for (size_t i = epochs->count; i-- > 0;) {
        struct call_live_epoch *live = &epochs->live[i];
        /* an epoch with the same low bits is told from the new one by nothing */
        if ((live->epoch & 0xff) == (epoch & 0xff))
            remove_at(call, i);
        else if (live->until > call->now.ms + grace)
            live->until = call->now.ms + grace;
    }
    if (epochs->count == CALL_EPOCHS_MAX)
        remove_at(call, 0);
    /* RFC 9605 section 5.2: MLS-Exporter("SFrame 1.0 Base Key", "", AEAD.Nk) */
    const struct mls_bytes label = {(const uint8_t *)EXPORT_LABEL, sizeof EXPORT_LABEL - 1};
    if (suite && suite->nk <= sizeof base_key &&
        mls_group_export(call->group, label, (struct mls_bytes){0}, base_key, suite->nk) == MLS_OK) {
        const struct call_live_epoch live = {epoch, CALL_NEVER, mls_group_own_leaf(call->group),
                                             mls_group_leaves(call->group)};
        epochs->live[epochs->count++] = live;
        push_epoch(call, &live, base_key, suite->nk);
        call_clock_epoch(call);
    }
    core_wipe(base_key, sizeof base_key);
    plan_grace(call);
    if (!epochs->sending)
        return;
    /* what only renews keys gives slower members time to follow; who came or went is acted on at once */
    if (!change->pure)
        send_with_present(call);
    else if (call->timers[CALL_TIMER_SWITCH] == CALL_NEVER)
        call_timer_set(call, CALL_TIMER_SWITCH, CALL_SWITCH_MS);
}
