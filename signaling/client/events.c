/* What has happened, in order, until the application asks. */
#include <stdlib.h>

#include "core/secret.h"
#include "parts.h"

static void queued_wipe(struct call_queued *queued)
{
    mls_output_free(&queued->data);
    mls_output_free(&queued->leaves);
    core_wipe(queued, sizeof *queued);
}

static bool copy(struct mls_bytes from, struct mls_output *to)
{
    if (from.len == 0)
        return true;
    uint8_t *made = malloc(from.len);
    if (!made)
        return false;
    memcpy(made, from.data, from.len);
    *to = (struct mls_output){made, from.len};
    return true;
}

/* The i-th that waits, i at most count: the ring's memory has room for it. */
static struct call_queued *slot_at(const struct call_events *events, size_t i)
{
    const size_t at = events->first + i;
    return &events->items[at < events->cap ? at : at - events->cap];
}

static bool make_room(struct call_events *events)
{
    if (events->count < events->cap)
        return true;
    const size_t cap = events->cap ? 2 * events->cap : 16;
    struct call_queued *grown = calloc(cap, sizeof *grown);
    if (!grown)
        return false;
    for (size_t i = 0; i < events->count; i++)
        grown[i] = *slot_at(events, i);
    free(events->items); /* pointers alone: what they point to has moved */
    events->items = grown;
    events->first = 0;
    events->cap = cap;
    return true;
}

struct call_event *call_event_push(struct call *call, enum call_event_type type, struct mls_bytes data,
                                   struct mls_bytes leaves)
{
    struct call_events *events = &call->events;
    struct call_queued queued = {.event.type = type};
    if (!copy(data, &queued.data) || !copy(leaves, &queued.leaves) || !make_room(events)) {
        queued_wipe(&queued);
        return &events->lost;
    }
    queued.event.data = queued.data.data;
    queued.event.len = queued.data.len;
    queued.event.leaves = queued.leaves.data;
    queued.event.leaves_len = queued.leaves.len;
    struct call_queued *slot = slot_at(events, events->count);
    *slot = queued;
    events->count++;
    return &slot->event;
}

void call_event_plain(struct call *call, enum call_event_type type)
{
    call_event_push(call, type, (struct mls_bytes){0}, (struct mls_bytes){0});
}

void call_warn(struct call *call, enum call_warning warning, uint64_t detail)
{
    struct call_event *event = call_event_push(call, CALL_EVENT_WARNING, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->warning = warning;
    event->epoch = detail;
}

bool call_next_event(struct call *call, struct call_event *event)
{
    struct call_events *events = &call->events;
    queued_wipe(&events->given);
    if (events->count == 0)
        return false;
    events->given = events->items[events->first];
    memset(&events->items[events->first], 0, sizeof events->items[0]);
    events->first = events->first + 1 < events->cap ? events->first + 1 : 0;
    events->count--;
    *event = events->given.event;
    return true;
}

void call_events_wipe(struct call_events *events)
{
    queued_wipe(&events->given);
    for (size_t i = 0; i < events->count; i++)
        queued_wipe(slot_at(events, i));
    free(events->items);
    *events = (struct call_events){0};
}
