/* The room's log, in order: found, followed, caught up with. */
#include "mls/messages.h"
#include "state.h"

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

/* --- Reading --- */

bool call_log_caught_up(const struct call *call)
{
    return call->connection.admitted && !call->log.searching && call->log.next > call->log.head;
}

static void read_on(struct call *call)
{
    if (call->log.reading || !call->connection.admitted)
        return;
    call->log.reading = true;
    call_send_read(call, call->log.next);
}

/* When there are too many, the oldest goes: one that came too late, if there is any. */
static void note_info(struct call_log *log, uint64_t seq, bool late)
{
    size_t drop = 0;
    if (log->info_count > 0 && log->infos[log->info_count - 1].seq >= seq)
        return;
    if (log->info_count == CALL_INFOS_MAX) {
        while (drop < CALL_INFOS_MAX && !log->infos[drop].late)
            drop++;
        drop = drop < CALL_INFOS_MAX ? drop : 0;
        memmove(&log->infos[drop], &log->infos[drop + 1], (CALL_INFOS_MAX - 1 - drop) * sizeof log->infos[0]);
        log->info_count--;
    }
    log->infos[log->info_count++] = (struct call_info){seq, late};
}

/* Whether the log shows an earlier commit for the epoch of this one. Who is outside cannot tell which of two rivals was
 * valid: it likely was the first. */
static bool is_late(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct mls_message message;
    uint64_t epoch = CALL_NEVER;
    if (call_box_open(&call->room, CALL_BOX_COMMIT, box, &content) != CALL_OK)
        return false;
    if (mls_message_parse(content.data, content.len, &message) == MLS_OK) {
        if (message.wire_format == MLS_WIRE_PRIVATE_MESSAGE)
            epoch = message.private_message.epoch;
        else if (message.wire_format == MLS_WIRE_PUBLIC_MESSAGE)
            epoch = message.public_message.content.epoch;
    }
    mls_output_free(&content);
    if (epoch == CALL_NEVER || epoch < call->log.ended)
        return epoch != CALL_NEVER;
    call->log.ended = epoch + 1;
    return false;
}

void call_log_follow(struct call *call, uint64_t seq)
{
    call->log.next = seq + 1;
    if (call->log.next <= call->log.head)
        read_on(call);
}

/* --- The founding --- */

static void found_or_ask(struct call *call)
{
    if (call->log.head == 0)
        call_found(call);
    else
        call_ask(call);
}

/* Whether the entry is a founding that counts. */
static bool is_founding(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct mls_group *group = NULL;
    const struct mls_join_config config = {.policy = call->callbacks, .now_s = call->now.unix_s};
    if (call_box_open(&call->room, CALL_BOX_FOUNDING, box, &content) != CALL_OK)
        return false;
    bool counts = false;
    if (mls_group_look(call_bytes(content), &config, &group) == MLS_OK) {
        counts = call_policy_founding_ok(&call->policy, group);
        if (counts)
            memcpy(call->group_id, mls_group_id(group).data, CALL_GROUP_ID_LEN);
        mls_group_free(group);
    }
    mls_output_free(&content);
    return counts;
}

/* An entry that a newcomer reads until it knows which group is the room's. */
static void search_entry(struct call *call, const struct wire_entry *entry)
{
    if (call->group_known || !is_founding(call, out(entry->commit)))
        return;
    call->group_known = true;
    call->log.searching = false;
    call_founded(call, out(entry->commit), entry->seq);
}

static void search_ended(struct call *call)
{
    call->log.searching = false;
    if (call->phase != CALL_PHASE_FOUNDING) /* else its own is on its way */
        call_link_is_old(call);
}

void call_log_admitted(struct call *call, const struct wire_admitted *admitted)
{
    struct call_log *log = &call->log;
    struct bytes_reader r = wire_walk(admitted->group_infos);
    uint64_t seq = 0;
    log->head = admitted->head;
    log->reading = false;
    const struct call_log before = *log;
    log->info_count = 0;
    while (wire_seq_next(&r, &seq)) {
        bool late = false;
        for (size_t i = 0; i < before.info_count; i++)
            late |= before.infos[i].seq == seq && before.infos[i].late;
        note_info(log, seq, late);
    }
    if (call->phase == CALL_PHASE_RETURNING && log->next == 0)
        call_returning_elsewhere(call);
    if (call_follows(call)) {
        if (log->next == 0 || log->next < admitted->oldest) /* what was missed is gone, or it is another log */
            call_resync(call);
        else /* what was missed is pushed: hello asked for it */
            call_returning_step(call);
        return;
    }
    if (call->phase == CALL_PHASE_FOUNDING || !call->group_known) {
        /* from the first entry on, where there is one: a rotated room's founding is sealed under a number of which this
         * link tells nothing, and one that is not kept any more proves nothing */
        log->searching = log->head > 0 && admitted->oldest == 1 && call->room.number == 0;
        log->next = 1;
        if (log->searching)
            read_on(call);
        else if (call->phase != CALL_PHASE_FOUNDING)
            found_or_ask(call);
        return;
    }
    if (call->phase == CALL_PHASE_OUTSIDE)
        call_ask(call);
}

/* --- Entries --- */

static void take(struct call *call, const struct wire_entry *entry)
{
    if (entry->seq != call->log.next)
        return;
    call->log.next++;
    if (call_follows(call))
        call_follow(call, out(entry->commit));
    else if (call->log.searching || call->phase == CALL_PHASE_FOUNDING)
        search_entry(call, entry);
}

void call_log_entry(struct call *call, const struct wire_entry *entry)
{
    struct call_log *log = &call->log;
    if (entry->seq > log->head)
        log->head = entry->seq;
    const bool late = is_late(call, out(entry->commit));
    if (entry->has_group_info)
        note_info(log, entry->seq, late);
    if (call_follows(call) || call->phase == CALL_PHASE_FOUNDING || log->searching) {
        if (entry->seq > log->next)
            read_on(call);
        take(call, entry);
        call_returning_step(call);
        return;
    }
    call_joining_entry(call, entry);
}

void call_log_page(struct call *call, const struct wire_entries *page)
{
    struct call_log *log = &call->log;
    struct bytes_reader r = wire_walk(page->list);
    struct wire_entry entry;
    bool any = false;
    if (page->head > log->head)
        log->head = page->head;
    while (wire_entry_next(&r, &entry)) {
        any = true;
        if (call_follows(call) && entry.seq > log->next) { /* the oldest went while this was away */
            call_resync(call);
            return;
        }
        take(call, &entry);
    }
    const bool follows = call_follows(call) || call->phase == CALL_PHASE_FOUNDING || log->searching;
    if (follows && any && log->next <= log->head)
        read_on(call);
    else if (log->searching && !call->group_known)
        search_ended(call);
    call_returning_step(call);
}
