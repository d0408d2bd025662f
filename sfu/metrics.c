#include "sfu/metrics.h"

#include <stdlib.h>

#include "daemon/text.h"

enum {
    HEAD_BYTES = 8192, /* more than the totals take */
    PAIR_BYTES = 512,  /* more than one line of a pair takes */
};

static void write_total(struct text_writer *w, const char *name, const char *type, const char *help, uint64_t value)
{
    text_printf(w, "# HELP sotto_sfu_%s %s\n# TYPE sotto_sfu_%s %s\nsotto_sfu_%s %llu\n", name, help, name, type, name,
                (unsigned long long)value);
}

static void write_pairs(struct text_writer *w, const char *name, const char *help,
                        const struct sfu_forward_stats *pairs, size_t count, size_t field)
{
    text_printf(w, "# HELP sotto_sfu_%s %s\n# TYPE sotto_sfu_%s counter\n", name, help, name);
    for (size_t i = 0; i < count; i++) {
        const struct sfu_forward_stats *pair = &pairs[i];
        const uint64_t values[] = {pair->frames, pair->packets, pair->bytes};
        /* ids are letters, digits and "-_.", so they need no escaping */
        text_printf(w, "sotto_sfu_%s{room=\"%s\",publisher=\"%s\",subscriber=\"%s\",kind=\"%s\"} %llu\n", name,
                    pair->room, pair->publisher, pair->subscriber, pair->kind == SFU_AUDIO ? "audio" : "video",
                    (unsigned long long)values[field]);
    }
}

char *sfu_metrics_text(const struct sfu_worker_stats *stats, const struct sfu_forward_stats *pairs, size_t pair_count)
{
    size_t cap = HEAD_BYTES + pair_count * 3 * PAIR_BYTES;
    char *text = malloc(cap);
    struct text_writer w;
    if (!text)
        return NULL;
    text_writer_init(&w, text, cap);
    write_total(&w, "sessions", "gauge", "Sessions, publishers and subscribers.", stats->sessions);
    write_total(&w, "rooms", "gauge", "Rooms with a session.", stats->router.rooms);
    write_total(&w, "peers", "gauge", "Sessions whose transport is up.", stats->router.peers);
    write_total(&w, "cpu_microseconds_total", "counter", "CPU time of the worker's thread.", stats->cpu_us);
    write_total(&w, "datagrams_in_total", "counter", "UDP datagrams received.", stats->datagrams_in);
    write_total(&w, "datagrams_out_total", "counter", "UDP datagrams sent.", stats->datagrams_out);
    write_total(&w, "unauthenticated_total", "counter", "Datagrams dropped before or by authentication.",
                stats->dropped_unauthenticated);
    write_total(&w, "rtp_packets_in_total", "counter", "RTP packets received.", stats->router.packets_in);
    write_total(&w, "rtp_packets_out_total", "counter", "RTP packets sent.", stats->router.packets_out);
    write_total(&w, "rtp_bytes_in_total", "counter", "Bytes of RTP packets received.", stats->router.bytes_in);
    write_total(&w, "rtp_bytes_out_total", "counter", "Bytes of RTP packets sent.", stats->router.bytes_out);
    write_total(&w, "malformed_total", "counter", "Packets dropped as malformed.", stats->router.malformed);
    write_total(&w, "foreign_ssrc_total", "counter", "Packets dropped because their SSRC belongs to another session.",
                stats->router.foreign_ssrc);
    write_total(&w, "nacks_in_total", "counter", "NACK messages from subscribers, each for one or more packets.",
                stats->router.nacks_in);
    write_total(&w, "retransmitted_total", "counter", "Packets sent again.", stats->router.retransmitted);
    write_total(&w, "plis_out_total", "counter", "Key frames asked for from publishers.", stats->router.plis_out);
    write_pairs(&w, "forwarded_frames_total", "Frames of which every packet that came in was sent on.", pairs,
                pair_count, 0);
    write_pairs(&w, "forwarded_packets_total", "RTP packets sent on.", pairs, pair_count, 1);
    write_pairs(&w, "forwarded_bytes_total", "Bytes of RTP packets sent on.", pairs, pair_count, 2);
    return text;
}
