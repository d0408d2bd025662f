#include "ds/metrics.h"

#include "daemon/text.h"

size_t ds_metrics_write(const struct ds_stats *stats, char out[DS_METRICS_MAX])
{
    const struct {
        const char *name;
        const char *type;
        const char *help;
        uint64_t value;
    } rows[] = {
        {"connections", "gauge", "WebSocket connections.", stats->connections},
        {"participants", "gauge", "Connections that are admitted to a room.", stats->participants},
        {"rooms", "gauge", "Rooms with a participant, or just left.", stats->rooms},
        {"stored_rooms", "gauge", "Rooms in the database.", stats->stored_rooms},
        {"stored_bytes", "gauge", "Bytes of entries and key packages in the database.", stats->stored_bytes},
        {"unfinished_bytes", "gauge", "Bytes held of messages that have come in part.", stats->unfinished_bytes},
        {"appends_total", "counter", "Appends that were stored or found stored.", stats->appends},
        {"append_bytes_total", "counter", "Bytes in them.", stats->append_bytes},
        {"repeated_appends_total", "counter", "Appends that were found stored.", stats->repeated_appends},
        {"commits_total", "counter", "Transactions synced to disk.", stats->commits},
        {"storage_failures_total", "counter", "Transactions that failed.", stats->storage_failures},
        {"entries_pushed_total", "counter", "Entries sent to those who follow a log.", stats->entries_pushed},
        {"relays_total", "counter", "Messages relayed.", stats->relays},
        {"key_packages_total", "counter", "Key packages put.", stats->key_packages},
        {"refused_tokens_total", "counter", "Tokens refused.", stats->refused_tokens},
        {"rate_limited_total", "counter", "Requests over a rate.", stats->rate_limited},
        {"malformed_total", "counter", "Connections ended for a malformed message.", stats->malformed},
        {"dropped_slow_total", "counter", "Connections dropped for being too slow.", stats->dropped_slow},
        {"dropped_late_total", "counter", "Connections dropped for a message that took too long to come.",
         stats->dropped_late},
        {"refused_full_total", "counter", "Appends and key packages refused for want of place.", stats->refused_full},
        {"refused_unfinished_total", "counter", "Messages refused for want of memory for what had come of them.",
         stats->refused_unfinished},
    };
    struct text_writer w;
    text_writer_init(&w, out, DS_METRICS_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        text_printf(&w, "# HELP sotto_ds_%s %s\n# TYPE sotto_ds_%s %s\nsotto_ds_%s %llu\n", rows[i].name, rows[i].help,
                    rows[i].name, rows[i].type, rows[i].name, (unsigned long long)rows[i].value);
    return w.failed ? 0 : w.len;
}
