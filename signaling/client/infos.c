/* GroupInfos in the log: what is known of each, and which of them a newcomer tries next. Whoever has a token can append
 * one, and a number of the room's secret stands outside its box: neither may keep anybody from those that are genuine.
 */
#include "mls/messages.h"
#include "parts.h"

/* --- What an entry is worth --- */

static uint64_t epoch_of(struct mls_bytes content)
{
    struct mls_message message;
    if (mls_message_parse(content.data, content.len, &message) != MLS_OK)
        return CALL_NEVER;
    if (message.wire_format == MLS_WIRE_PRIVATE_MESSAGE)
        return message.private_message.epoch;
    return message.wire_format == MLS_WIRE_PUBLIC_MESSAGE ? message.public_message.content.epoch : CALL_NEVER;
}

/* Who is outside cannot tell which of two rivals was valid: it likely was the first. */
static enum call_entry_kind open_commit(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    if (call_box_open(&call->room, CALL_BOX_COMMIT, box, &content) != CALL_OK)
        return CALL_ENTRY_CLOSED;
    const uint64_t epoch = epoch_of(call_bytes(content));
    mls_output_free(&content);
    if (epoch == CALL_NEVER)
        return CALL_ENTRY_CLOSED;
    if (epoch < call->log.ended)
        return CALL_ENTRY_LATE;
    call->log.ended = epoch + 1;
    return CALL_ENTRY_FIRST;
}

enum call_entry_kind call_entry_judge(struct call *call, struct mls_bytes box)
{
    uint8_t type = 0;
    uint32_t number = 0;
    if (!call_box_look(box, &type, &number))
        return CALL_ENTRY_CLOSED;
    if (type == CALL_BOX_COMMIT && number == call->room.number)
        return open_commit(call, box);
    /* a founding is of no epoch yet; and the commit that brought in this secret is sealed under the one before */
    const bool before = type == CALL_BOX_COMMIT && call->room.number > 0 && number == call->room.number - 1;
    return before || (type == CALL_BOX_FOUNDING && number == call->room.number) ? CALL_ENTRY_UNKNOWN
                                                                                : CALL_ENTRY_CLOSED;
}

/* --- Which are known --- */

static struct call_info *find(struct call_log *log, uint64_t seq)
{
    for (size_t i = 0; i < log->info_count; i++)
        if (log->infos[i].seq == seq)
            return &log->infos[i];
    return NULL;
}

/* When there are too many, the oldest of the least worth goes; this one does not come if they all are worth more. */
static void note(struct call_log *log, uint64_t seq, enum call_entry_kind kind)
{
    size_t drop = 0;
    if (log->info_count > 0 && log->infos[log->info_count - 1].seq >= seq)
        return;
    if (log->info_count == CALL_INFOS_MAX) {
        for (size_t i = 1; i < CALL_INFOS_MAX; i++)
            if (log->infos[i].kind < log->infos[drop].kind)
                drop = i;
        if (log->infos[drop].kind > kind)
            return;
        memmove(&log->infos[drop], &log->infos[drop + 1], (CALL_INFOS_MAX - 1 - drop) * sizeof log->infos[0]);
        log->info_count--;
    }
    log->infos[log->info_count++] = (struct call_info){seq, kind};
}

void call_infos_entry(struct call *call, uint64_t seq, enum call_entry_kind kind)
{
    struct call_info *known = find(&call->log, seq);
    if (!known && !call->joining.listed)
        note(&call->log, seq, kind);
    else if (known && known->kind == CALL_ENTRY_UNKNOWN)
        known->kind = kind;
}

void call_infos_list(struct call *call, struct core_slice seqs)
{
    struct call_log *log = &call->log;
    struct call_log before = *log;
    struct bytes_reader r = wire_walk(seqs);
    uint64_t seq = 0;
    log->info_count = 0;
    while (wire_seq_next(&r, &seq)) {
        const struct call_info *known = find(&before, seq);
        note(log, seq, known ? known->kind : CALL_ENTRY_UNKNOWN);
    }
}

void call_infos_close(struct call *call, uint64_t seq)
{
    struct call_info *known = find(&call->log, seq);
    if (known)
        known->kind = CALL_ENTRY_CLOSED;
}

/* --- Which is tried --- */

/* A commit of its own that came to nothing: nobody else is in that group. */
static bool has_failed(const struct call *call, uint64_t seq)
{
    for (size_t i = 0; i < CALL_INFOS_MAX; i++)
        if (call->joining.failed[i] == seq)
            return true;
    return false;
}

static size_t newest(const struct call *call, enum call_entry_kind kind)
{
    const struct call_log *log = &call->log;
    for (size_t i = log->info_count; i-- > 0;)
        if (log->infos[i].kind == kind && !has_failed(call, log->infos[i].seq))
            return i;
    return CALL_INFOS_MAX;
}

/* The newest that is there, also if nothing is known of any. */
static size_t newest_at_all(const struct call *call)
{
    const struct call_log *log = &call->log;
    for (size_t i = log->info_count; i-- > 0;)
        if (log->infos[i].kind != CALL_ENTRY_CLOSED)
            return i;
    return CALL_INFOS_MAX;
}

bool call_infos_choose(const struct call *call, uint64_t *seq)
{
    const struct call_log *log = &call->log;
    const unsigned failures = call->joining.info_back;
    uint64_t others[CALL_INFOS_MAX];
    size_t count = 0;
    size_t best = newest(call, CALL_ENTRY_FIRST);
    if (best == CALL_INFOS_MAX)
        best = newest(call, CALL_ENTRY_UNKNOWN);
    if (best == CALL_INFOS_MAX)
        best = newest_at_all(call);
    if (best == CALL_INFOS_MAX)
        return false;
    for (size_t i = log->info_count; i-- > 0;)
        if (i != best && log->infos[i].kind != CALL_ENTRY_CLOSED && !has_failed(call, log->infos[i].seq))
            others[count++] = log->infos[i].seq;
    *seq = failures % 2 && count > 0 ? others[failures / 2 % count] : log->infos[best].seq;
    return true;
}
