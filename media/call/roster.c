#include "roster.h"

#include <stdlib.h>
#include <string.h>

struct call_roster {
    GMutex lock;
    struct call_participant participants[CALL_PARTICIPANTS_MAX];
    size_t count;
    struct call_unknown slots[CALL_SLOTS_MAX];
};

struct call_roster *call_roster_new(void)
{
    struct call_roster *roster = g_new0(struct call_roster, 1);

    g_mutex_init(&roster->lock);
    return roster;
}

void call_roster_free(struct call_roster *roster)
{
    call_participants_clear(roster->participants, roster->count);
    g_mutex_clear(&roster->lock);
    g_free(roster);
}

static struct call_participant *find(struct call_roster *roster, uint64_t sender)
{
    for (size_t i = 0; i < roster->count; i++)
        if (roster->participants[i].sender == sender)
            return &roster->participants[i];
    return NULL;
}

static int64_t last_opened_us(const struct call_participant *participant)
{
    return MAX(participant->streams[CALL_AUDIO].last_opened_us, participant->streams[CALL_VIDEO].last_opened_us);
}

static bool makes_room_before(const struct call_participant *a, const struct call_participant *b)
{
    const bool a_gone = a->presence == CALL_PRESENCE_GONE, b_gone = b->presence == CALL_PRESENCE_GONE;

    return a_gone != b_gone ? a_gone : last_opened_us(a) < last_opened_us(b);
}

/* Whoever is gone makes room, or has been silent longest, if that is long enough. */
static struct call_participant *add(struct call_roster *roster, uint64_t sender, int64_t now_us)
{
    struct call_participant *place = &roster->participants[roster->count];

    if (roster->count == CALL_PARTICIPANTS_MAX) {
        place = &roster->participants[0];
        for (size_t i = 1; i < roster->count; i++)
            if (makes_room_before(&roster->participants[i], place))
                place = &roster->participants[i];
        if (place->presence != CALL_PRESENCE_GONE && now_us - last_opened_us(place) < CALL_GONE_MS * INT64_C(1000))
            return NULL;
        call_participants_clear(place, 1);
    } else {
        roster->count++;
    }
    memset(place, 0, sizeof(*place));
    place->sender = sender;
    return place;
}

void call_roster_received(struct call_roster *roster, uint64_t sender, enum call_kind kind)
{
    struct call_participant *participant;

    g_mutex_lock(&roster->lock);
    participant = find(roster, sender);
    if (participant != NULL)
        participant->streams[kind].received++;
    g_mutex_unlock(&roster->lock);
}

static void note_opened(struct call_stream *stream, uint64_t index)
{
    struct call_range *last = NULL, range = {index, index};

    if (stream->ranges == NULL)
        stream->ranges = g_array_new(FALSE, FALSE, sizeof(struct call_range));
    if (stream->ranges->len > 0)
        last = &g_array_index(stream->ranges, struct call_range, stream->ranges->len - 1);
    if (last != NULL && last->last + 1 == index)
        last->last = index;
    else if (stream->ranges->len < CALL_RANGES_MAX)
        g_array_append_val(stream->ranges, range);
}

static enum call_play take_frame(struct call_stream *stream, enum call_kind kind, uint64_t index, bool key,
                                 int64_t now_us)
{
    /* The index counts frames: a step over one is a frame that was lost, but under a new key, where the count begins
     * anew in the low half. What follows builds on it until a key frame comes, and a request for one may be lost
     * itself, so it is repeated. */
    if (key)
        stream->broken = false;
    else if (stream->opened > 0 && index > stream->next_index && (uint32_t)index != 0)
        stream->broken = true;
    note_opened(stream, index);
    if (stream->opened++ == 0)
        stream->first_opened_us = now_us;
    stream->last_opened_us = now_us;
    stream->next_index = MAX(stream->next_index, index + 1);
    if (!stream->key_seen) {
        if (!key && kind == CALL_VIDEO)
            return CALL_WAIT_FOR_KEY;
        stream->key_seen = true;
        stream->first_key_us = now_us;
        stream->first_key_index = index;
    }
    return stream->broken && kind == CALL_VIDEO ? CALL_PLAY_WANT_KEY : CALL_PLAY;
}

enum call_play call_roster_opened(struct call_roster *roster, uint64_t sender, enum call_kind kind, unsigned slot,
                                  uint64_t index, bool key, enum call_codec codec)
{
    enum call_play play = CALL_NO_ROOM;
    int64_t now_us = g_get_monotonic_time();
    struct call_participant *participant;

    g_mutex_lock(&roster->lock);
    if (slot < CALL_SLOTS_MAX) {
        roster->slots[slot].used = true;
        roster->slots[slot].kind = kind;
        roster->slots[slot].last_opened_us = now_us;
        roster->slots[slot].announced = roster->slots[slot].plain = false;
    }
    participant = find(roster, sender);
    if (participant == NULL) {
        participant = add(roster, sender, now_us);
        if (participant == NULL)
            goto out;
    }
    /* the frame that made a sender known had been received too */
    if (participant->streams[kind].received == participant->streams[kind].opened)
        participant->streams[kind].received++;
    if (kind == CALL_VIDEO)
        participant->codec = codec;
    play = take_frame(&participant->streams[kind], kind, index, key, now_us);
out:
    g_mutex_unlock(&roster->lock);
    return play;
}

void call_roster_named(struct call_roster *roster, uint64_t sender, const char *name)
{
    struct call_participant *participant;

    g_mutex_lock(&roster->lock);
    /* the name may come before the frame that carried it */
    participant = find(roster, sender);
    if (participant == NULL)
        participant = add(roster, sender, g_get_monotonic_time());
    if (participant != NULL)
        call_text_clean(name, participant->name, sizeof(participant->name));
    g_mutex_unlock(&roster->lock);
}

static enum call_presence presence_of(uint64_t sender, const struct call_present *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].sender == sender)
            return members[i].presence;
    return CALL_PRESENCE_GONE;
}

void call_roster_members(struct call_roster *roster, const struct call_present *members, size_t count)
{
    g_mutex_lock(&roster->lock);
    for (size_t i = 0; i < roster->count; i++)
        roster->participants[i].presence = presence_of(roster->participants[i].sender, members, count);
    g_mutex_unlock(&roster->lock);
}

/* With the lock held. What there is to say, once. */
static const char *announce(struct call_unknown *unknown, int64_t now_us)
{
    const char *reason = unknown->announced ? NULL : call_unknown_reason(unknown, now_us);

    if (reason != NULL)
        unknown->announced = true;
    return reason;
}

const char *call_roster_plain(struct call_roster *roster, enum call_kind kind, unsigned slot)
{
    const char *say;

    if (slot >= CALL_SLOTS_MAX)
        return NULL;
    g_mutex_lock(&roster->lock);
    roster->slots[slot].used = true;
    roster->slots[slot].kind = kind;
    /* worth saying again if it was taken for a wrong secret so far */
    if (!roster->slots[slot].plain)
        roster->slots[slot].announced = false;
    roster->slots[slot].plain = true;
    say = announce(&roster->slots[slot], g_get_monotonic_time());
    g_mutex_unlock(&roster->lock);
    return say;
}

const char *call_roster_refused(struct call_roster *roster, uint64_t sender, enum call_kind kind, unsigned slot,
                                enum call_refusal reason)
{
    int64_t now_us = g_get_monotonic_time();
    struct call_participant *participant;
    const char *say = NULL;

    g_mutex_lock(&roster->lock);
    participant = find(roster, sender);
    if (participant != NULL) {
        participant->streams[kind].refused[reason]++;
    } else if (slot < CALL_SLOTS_MAX) {
        struct call_unknown *unknown = &roster->slots[slot];
        unknown->used = true;
        unknown->kind = kind;
        unknown->refused[reason]++;
        if (unknown->last_refused_us <= unknown->last_opened_us ||
            now_us - unknown->last_refused_us > CALL_QUIET_MS * INT64_C(1000))
            unknown->first_refused_us = now_us;
        unknown->last_refused_us = now_us;
        say = announce(unknown, now_us);
    }
    g_mutex_unlock(&roster->lock);
    return say;
}

static void note_decoded(struct call_stream *stream, int64_t now_us)
{
    const struct call_pause pause = {stream->last_decoded_us, now_us};

    if (stream->decoded++ == 0)
        stream->first_decoded_us = now_us;
    else if (now_us - pause.from_us >= CALL_PAUSE_MS * INT64_C(1000)) {
        if (stream->pauses == NULL)
            stream->pauses = g_array_new(FALSE, FALSE, sizeof(struct call_pause));
        if (stream->pauses->len < CALL_PAUSES_MAX)
            g_array_append_val(stream->pauses, pause);
    }
    stream->last_decoded_us = now_us;
}

void call_roster_decoded(struct call_roster *roster, uint64_t sender, enum call_kind kind, GstSample *picture)
{
    int64_t now_us = g_get_monotonic_time();
    struct call_participant *participant;

    g_mutex_lock(&roster->lock);
    participant = find(roster, sender);
    if (participant != NULL) {
        note_decoded(&participant->streams[kind], now_us);
        if (picture != NULL) {
            if (participant->picture != NULL)
                gst_sample_unref(participant->picture);
            participant->picture = gst_sample_ref(picture);
        }
    }
    g_mutex_unlock(&roster->lock);
}

static int by_name(const void *a, const void *b)
{
    const struct call_participant *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : (left->sender > right->sender) - (left->sender < right->sender);
}

static GArray *copy_if(bool wanted, GArray *array)
{
    return wanted && array != NULL ? g_array_copy(array) : NULL;
}

size_t call_roster_participants(struct call_roster *roster, struct call_participant *out, size_t cap, bool history)
{
    size_t count;

    g_mutex_lock(&roster->lock);
    count = MIN(roster->count, cap);
    memcpy(out, roster->participants, count * sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        if (out[i].picture != NULL)
            gst_sample_ref(out[i].picture);
        for (int kind = 0; kind < CALL_KINDS; kind++) {
            out[i].streams[kind].ranges = copy_if(history, out[i].streams[kind].ranges);
            out[i].streams[kind].pauses = copy_if(history, out[i].streams[kind].pauses);
        }
    }
    g_mutex_unlock(&roster->lock);
    qsort(out, count, sizeof(*out), by_name);
    return count;
}

void call_participants_clear(struct call_participant *participants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (participants[i].picture != NULL)
            gst_sample_unref(participants[i].picture);
        participants[i].picture = NULL;
        for (int kind = 0; kind < CALL_KINDS; kind++) {
            g_clear_pointer(&participants[i].streams[kind].ranges, g_array_unref);
            g_clear_pointer(&participants[i].streams[kind].pauses, g_array_unref);
        }
    }
}

void call_roster_slots(struct call_roster *roster, struct call_unknown *slots)
{
    g_mutex_lock(&roster->lock);
    memcpy(slots, roster->slots, sizeof(roster->slots));
    g_mutex_unlock(&roster->lock);
}

const char *call_unknown_reason(const struct call_unknown *slot, int64_t now_us)
{
    const int64_t recent_us = CALL_QUIET_MS * INT64_C(1000);
    const int64_t patience_us = CALL_STRANGE_MS * INT64_C(1000);
    uint64_t refused = slot->refused[CALL_REFUSED_KEY] + slot->refused[CALL_REFUSED_OTHER];

    /* a few frames in flight around a change of publisher are no reason to alarm anybody */
    if (!slot->used || refused < 5 || slot->last_refused_us == 0 || now_us - slot->last_refused_us > recent_us ||
        (slot->last_opened_us != 0 && slot->last_refused_us - slot->last_opened_us < recent_us / 3))
        return NULL;
    if (slot->plain)
        return "is refused: it is not encrypted";
    /* who comes in by a commit of its own is sent the epoch before, until the others have followed */
    if (slot->last_refused_us - slot->first_refused_us < patience_us)
        return NULL;
    return "cannot be opened: another secret than ours";
}

void call_text_clean(const char *text, char *out, size_t cap)
{
    size_t len = 0;

    while (*text != '\0') {
        gunichar c = g_utf8_get_char_validated(text, -1);
        char bytes[6];
        int n;

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            text++;
            continue;
        }
        text = g_utf8_next_char(text);
        if (!g_unichar_isprint(c) || g_unichar_type(c) == G_UNICODE_FORMAT)
            continue;
        n = g_unichar_to_utf8(c, bytes);
        if (len + (size_t)n >= cap)
            break;
        memcpy(out + len, bytes, (size_t)n);
        len += (size_t)n;
    }
    out[len] = '\0';
}
