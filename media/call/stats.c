#include "stats.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { FRAMES_LOGGED_MAX = 1 << 20 /* of one stream: some 5 h of audio */ };

struct sealed_frame {
    uint64_t index;
    gint64 at_us;
};

struct stream_log {
    bool used;
    uint64_t kid;   /* of the last frame */
    GArray *frames; /* struct sealed_frame */
};

struct call_stats {
    GMutex lock;
    bool log_frames;
    const char *pseudonym;
    int64_t started_us, joined_us, left_us;
    unsigned joins;
    struct stream_log logs[CALL_KINDS];
};

static const char *const REFUSALS[CALL_REFUSALS] = {
    [CALL_REFUSED_KEY] = "failed",    [CALL_REFUSED_REPLAY] = "replayed",
    [CALL_REFUSED_LATE] = "late",     [CALL_REFUSED_INCOMPLETE] = "incomplete",
    [CALL_REFUSED_OTHER] = "refused",
};

struct call_stats *call_stats_new(bool log_frames)
{
    struct call_stats *stats = g_new0(struct call_stats, 1);

    g_mutex_init(&stats->lock);
    stats->log_frames = log_frames;
    stats->started_us = g_get_monotonic_time();
    for (int i = 0; i < CALL_KINDS; i++)
        stats->logs[i].frames = g_array_new(FALSE, FALSE, sizeof(struct sealed_frame));
    return stats;
}

void call_stats_free(struct call_stats *stats)
{
    for (int i = 0; i < CALL_KINDS; i++)
        g_array_unref(stats->logs[i].frames);
    g_mutex_clear(&stats->lock);
    g_free(stats);
}

void call_stats_pseudonym(struct call_stats *stats, const char *pseudonym)
{
    stats->pseudonym = pseudonym;
}

void call_stats_sealed(struct call_stats *stats, enum call_kind kind, uint64_t kid, uint64_t index)
{
    struct stream_log *log = &stats->logs[kind];
    const struct sealed_frame frame = {index, g_get_monotonic_time()};

    g_mutex_lock(&stats->lock);
    log->used = true;
    log->kid = kid;
    if (stats->log_frames && log->frames->len < FRAMES_LOGGED_MAX)
        g_array_append_val(log->frames, frame);
    g_mutex_unlock(&stats->lock);
}

void call_stats_joined(struct call_stats *stats)
{
    g_mutex_lock(&stats->lock);
    if (stats->joins++ == 0)
        stats->joined_us = g_get_monotonic_time();
    g_mutex_unlock(&stats->lock);
}

void call_stats_left(struct call_stats *stats)
{
    g_mutex_lock(&stats->lock);
    if (stats->left_us == 0)
        stats->left_us = g_get_monotonic_time();
    g_mutex_unlock(&stats->lock);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *id(uint64_t value)
{
    char text[17];

    snprintf(text, sizeof(text), "%llx", (unsigned long long)value);
    return json_string(text);
}

static void append_pair(json_t *array, uint64_t first, uint64_t second)
{
    json_t *pair = json_array();

    json_array_append_new(pair, number(first));
    json_array_append_new(pair, number(second));
    json_array_append_new(array, pair);
}

static json_t *sent_json(struct call_stats *stats, struct call_capture *capture, enum call_kind kind)
{
    struct stream_log *log = &stats->logs[kind];
    struct call_capture_stats counts;
    json_t *object = json_object(), *frames = json_array();

    call_capture_stats(capture, kind, &counts);
    json_object_set_new(object, "captured", number(counts.captured));
    json_object_set_new(object, "dropped", number(counts.dropped));
    json_object_set_new(object, "encoded", number(counts.encoded));
    json_object_set_new(object, "sealed", number(counts.sealed));
    if (log->used) {
        json_object_set_new(object, "kid", id(log->kid));
        for (guint i = 0; i < log->frames->len; i++) {
            const struct sealed_frame *frame = &g_array_index(log->frames, struct sealed_frame, i);

            append_pair(frames, frame->index, (uint64_t)frame->at_us);
        }
    }
    json_object_set_new(object, "frames", frames); /* index and time of each */
    return object;
}

static json_t *ranges_json(const GArray *ranges)
{
    json_t *array = json_array();

    for (guint i = 0; ranges != NULL && i < ranges->len; i++) {
        const struct call_range *range = &g_array_index(ranges, struct call_range, i);

        append_pair(array, range->first, range->last);
    }
    return array;
}

static json_t *pauses_json(const GArray *pauses)
{
    json_t *array = json_array();

    for (guint i = 0; pauses != NULL && i < pauses->len; i++) {
        const struct call_pause *pause = &g_array_index(pauses, struct call_pause, i);

        append_pair(array, (uint64_t)pause->from_us, (uint64_t)pause->to_us);
    }
    return array;
}

static json_t *stream_json(const struct call_stream *stream)
{
    json_t *object = json_object();

    json_object_set_new(object, "received", number(stream->received));
    json_object_set_new(object, "opened", number(stream->opened));
    for (int i = 0; i < CALL_REFUSALS; i++)
        json_object_set_new(object, REFUSALS[i], number(stream->refused[i]));
    json_object_set_new(object, "decoded", number(stream->decoded));
    json_object_set_new(object, "opened_indexes", ranges_json(stream->ranges));
    json_object_set_new(object, "pauses", pauses_json(stream->pauses)); /* of 250 ms and more between two decoded */
    json_object_set_new(object, "first_key_index", stream->key_seen ? number(stream->first_key_index) : json_null());
    json_object_set_new(object, "first_opened_us", number((uint64_t)stream->first_opened_us));
    json_object_set_new(object, "first_key_us", number((uint64_t)stream->first_key_us));
    json_object_set_new(object, "first_decoded_us", number((uint64_t)stream->first_decoded_us));
    json_object_set_new(object, "last_opened_us", number((uint64_t)stream->last_opened_us));
    json_object_set_new(object, "last_decoded_us", number((uint64_t)stream->last_decoded_us));
    return object;
}

static json_t *received_json(struct call_roster *roster)
{
    struct call_participant *list = g_new0(struct call_participant, CALL_PARTICIPANTS_MAX);
    size_t count = call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, true);
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();

        json_object_set_new(object, "sender", id(list[i].sender));
        json_object_set_new(object, "name", json_string(list[i].name));
        json_object_set_new(object, "codec", json_string(call_codec_name(list[i].codec)));
        for (int kind = 0; kind < CALL_KINDS; kind++)
            json_object_set_new(object, call_kind_name((enum call_kind)kind), stream_json(&list[i].streams[kind]));
        json_array_append_new(array, object);
    }
    call_participants_clear(list, count);
    g_free(list);
    return array;
}

static json_t *unknown_json(struct call_roster *roster)
{
    struct call_unknown slots[CALL_SLOTS_MAX];
    json_t *array = json_array();

    call_roster_slots(roster, slots);
    for (unsigned i = 0; i < CALL_SLOTS_MAX; i++) {
        const char *reason = call_unknown_reason(&slots[i], g_get_monotonic_time());
        json_t *object;

        if (!slots[i].used)
            continue;
        object = json_object();
        json_object_set_new(object, "slot", number(i));
        json_object_set_new(object, "kind", json_string(call_kind_name(slots[i].kind)));
        json_object_set_new(object, "reason", reason != NULL ? json_string(reason) : json_null());
        for (int j = 0; j < CALL_REFUSALS; j++)
            json_object_set_new(object, REFUSALS[j], number(slots[i].refused[j]));
        json_array_append_new(array, object);
    }
    return array;
}

static uint64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

bool call_stats_write(struct call_stats *stats, const char *path, const struct call_args *args,
                      struct call_capture *capture, struct call_roster *roster, json_t *group)
{
    json_t *root = json_object(), *sent = json_object();
    bool ok;

    g_mutex_lock(&stats->lock);
    json_object_set_new(root, "name", json_string(args->name));
    json_object_set_new(root, "room", json_string(args->room));
    json_object_set_new(root, "pseudonym", stats->pseudonym != NULL ? json_string(stats->pseudonym) : json_null());
    json_object_set_new(root, "codec", json_string(call_codec_name(args->codec)));
    json_object_set_new(root, "started_us", number((uint64_t)stats->started_us));
    json_object_set_new(root, "joined_us", number((uint64_t)stats->joined_us));
    json_object_set_new(root, "left_us", number((uint64_t)stats->left_us));
    json_object_set_new(root, "joins", number(stats->joins));
    json_object_set_new(root, "cpu_us", number(cpu_us()));
    for (int kind = 0; kind < CALL_KINDS; kind++)
        if (call_capture_has(capture, (enum call_kind)kind))
            json_object_set_new(sent, call_kind_name((enum call_kind)kind),
                                sent_json(stats, capture, (enum call_kind)kind));
    g_mutex_unlock(&stats->lock);
    if (group != NULL)
        json_object_set_new(root, "group", group);
    json_object_set_new(root, "sent", sent);
    json_object_set_new(root, "received", received_json(roster));
    json_object_set_new(root, "slots", unknown_json(roster));
    ok = json_dump_file(root, path, JSON_INDENT(1) | JSON_PRESERVE_ORDER) == 0;
    if (!ok)
        fprintf(stderr, "sotto: the figures cannot be written to %s\n", path);
    json_decref(root);
    return ok;
}
