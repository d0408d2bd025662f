/* What the forwarding unit costs: from a publisher's packets to those of 1, 10 and 30 receivers, in the clear beside
 * copying, with SRTP beside the bare calls of libsrtp2, and through the kernel; joining and leaving a large room. On a
 * virtual clock; packets come in by batches and go out by bursts, as a worker takes and sends them. */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/packet.h"
#include "sfu_parts.h"

enum { ROUNDS = 1001, ROUND_US = 300 }; /* many and short, side by side: what slows the machine slows all alike */

/* The same packets with no router, to as many receivers. */
struct bare {
    size_t count;
    struct sfu_feed feed;
    srtp_t in;
    srtp_t out[SFU_RECEIVERS_MAX];
    uint16_t seq;
    uint8_t bursts[SFU_RECEIVERS_MAX][SFU_FEED_BATCH][SFU_PACKET_MAX + SFU_SRTP_TAILROOM];
};

/* A contestant: one of the two. */
struct rival {
    struct sfu_unit *unit;
    struct bare *bare;
};

static srtp_t new_direction(const struct sfu_srtp_key *key, srtp_ssrc_type_t type)
{
    uint8_t master[SFU_SRTP_KEY_LEN + SFU_SRTP_SALT_MAX];
    srtp_policy_t policy = {.ssrc.type = type, .key = master, .window_size = SFU_SRTP_WINDOW};
    srtp_t direction;
    memcpy(master, key->key, SFU_SRTP_KEY_LEN);
    memcpy(master + SFU_SRTP_KEY_LEN, key->salt, sfu_srtp_salt_len(SFU_SRTP_AEAD_AES_128_GCM));
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    sfu_must(srtp_create(&direction, &policy) == srtp_err_status_ok);
    return direction;
}

static struct bare *open_bare(bool srtp, size_t count)
{
    struct bare *bare = calloc(1, sizeof *bare);
    sfu_must(bare != NULL);
    bare->count = count;
    /* the receivers' packets begin as the first batch in the clear */
    sfu_feed_init(&bare->feed, false);
    sfu_feed_next(&bare->feed);
    for (size_t k = 0; k < count; k++)
        memcpy(bare->bursts[k], bare->feed.bytes, sizeof bare->feed.bytes);
    sfu_feed_init(&bare->feed, srtp);
    if (!srtp)
        return bare;
    bare->in = new_direction(&sfu_key_in, ssrc_any_inbound);
    for (size_t k = 0; k < count; k++)
        bare->out[k] = new_direction(&sfu_key_out, ssrc_any_outbound);
    return bare;
}

static void close_bare(struct bare *bare)
{
    if (bare->in)
        (void)srtp_dealloc(bare->in);
    for (size_t k = 0; k < bare->count; k++)
        if (bare->out[k])
            (void)srtp_dealloc(bare->out[k]);
    sfu_feed_wipe(&bare->feed);
    free(bare);
}

static void prepare(void *ctx, uint64_t iterations)
{
    const struct rival *rival = ctx;
    (void)iterations;
    if (rival->unit)
        sfu_unit_prepare(rival->unit);
    else
        sfu_feed_next(&rival->bare->feed);
}

static void run_unit(void *ctx, uint64_t iterations)
{
    const struct rival *rival = ctx;
    sfu_unit_run(rival->unit, iterations);
}

static void run_memcpy(void *ctx, uint64_t iterations)
{
    const struct rival *rival = ctx;
    struct bare *bare = rival->bare;
    for (uint64_t i = 0; i < iterations; i++)
        for (size_t k = 0; k < bare->count; k++)
            memcpy(bare->bursts[k][i], bare->feed.packets[i].data, bare->feed.packets[i].len);
}

/* Nothing is copied: each receiver's packets stand where they were, under the next numbers. */
static void run_libsrtp2(void *ctx, uint64_t iterations)
{
    const struct rival *rival = ctx;
    struct bare *bare = rival->bare;
    int len = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        len = (int)bare->feed.packets[i].len;
        sfu_must(srtp_unprotect(bare->in, bare->feed.packets[i].data, &len) == srtp_err_status_ok);
    }
    for (size_t k = 0; k < bare->count; k++) {
        for (uint64_t i = 0; i < iterations; i++) {
            len = SFU_FEED_PACKET;
            rtp_set_seq(bare->bursts[k][i], (uint16_t)(bare->seq + i));
            sfu_must(srtp_protect(bare->out[k], bare->bursts[k][i], &len) == srtp_err_status_ok);
        }
    }
    bare->seq = (uint16_t)(bare->seq + iterations);
}

static void report(struct bench *bench, const char *title, const struct bench_result *result, size_t count)
{
    char what[3 * BENCH_NAME_MAX];
    snprintf(what, sizeof what, "%s: %s, each packet forwarded", title, result->name);
    bench_figure(bench, what, result->median_ns / (double)count, "ns");
}

/* In the clear: the router's own cost. */
static void compare_clear(struct bench *bench, const char *title, size_t count)
{
    static const struct bench_slices batches = {.len = SFU_FEED_BATCH, .prepare = prepare};
    struct rival bare = {.bare = open_bare(false, count)};
    struct rival unit = {.unit = sfu_unit_new(SFU_CLEAR, count)};
    const struct bench_contestant list[] = {{"memcpy", run_memcpy, &bare}, {"router", run_unit, &unit}};
    struct bench_result results[2];
    bench_case_sliced(bench, title, count * SFU_FEED_PACKET, &batches, list, 2, results);
    report(bench, title, &results[1], count);
    close_bare(bare.bare);
    sfu_unit_free(unit.unit);
}

static void compare_srtp(struct bench *bench, const char *title, size_t count)
{
    static const struct bench_slices batches = {.len = SFU_FEED_BATCH, .prepare = prepare};
    struct rival bare = {.bare = open_bare(true, count)};
    struct rival unit = {.unit = sfu_unit_new(SFU_SRTP, count)};
    struct rival sent = {.unit = sfu_unit_new(SFU_SENT, count)};
    const struct bench_contestant list[] = {
        {"libsrtp2 calls", run_libsrtp2, &bare},
        {"unit", run_unit, &unit},
        {"unit, and sent", run_unit, &sent},
    };
    struct bench_result results[3];
    bench_case_sliced(bench, title, count * SFU_FEED_PACKET, &batches, list, 3, results);
    report(bench, title, &results[1], count);
    close_bare(bare.bare);
    sfu_unit_free(unit.unit);
    sfu_unit_free(sent.unit);
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {1, 10, SFU_RECEIVERS_MAX};
    struct bench *bench = bench_open("sfu", argc, argv);
    bench_note(bench, "libsrtp2", srtp_get_version_string());
    bench_set_rounds(bench, ROUNDS, ROUND_US);
    sfu_srtp_libsrtp2.start();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char title[BENCH_NAME_MAX];
        snprintf(title, sizeof title, "in the clear, %zu receiver%s, %d B", counts[i], counts[i] > 1 ? "s" : "",
                 SFU_FEED_PACKET);
        if (bench_wants(bench, title))
            compare_clear(bench, title, counts[i]);
        snprintf(title, sizeof title, "SRTP, %zu receiver%s, %d B", counts[i], counts[i] > 1 ? "s" : "",
                 SFU_FEED_PACKET);
        if (bench_wants(bench, title))
            compare_srtp(bench, title, counts[i]);
    }
    sfu_bench_join(bench);
    return bench_close(bench);
}
