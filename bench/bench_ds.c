/* Appends to the delivery service, without sockets: from a client's bytes to `appended`, synced to disk. One room and a
 * hundred; each append alone in its transaction, and as many in one as a busy server gathers while it syncs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "daemon/log.h"
#include "ds/hub.h"

enum { ROOMS_MAX = 100, COMMIT_LEN = 2000, GATHERED = 32 };

struct work {
    struct ds_hub *hub;
    struct ds_peer *peers[ROOMS_MAX];
    size_t rooms;
    size_t gathered; /* appends in one transaction */
};

static struct ds_time now = {1000000, 1000000};
static uint64_t count;

static void must(bool ok)
{
    if (!ok) {
        fprintf(stderr, "a measured operation failed\n");
        exit(EXIT_FAILURE);
    }
}

static const char *check_token(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant)
{
    (void)user;
    (void)token;
    (void)now_s;
    (void)grant;
    return "no token";
}

static void wake(void *user, void *connection)
{
    (void)user;
    (void)connection;
}

static void send_to(struct ds_peer *peer, const struct wire_envelope *e)
{
    uint8_t data[COMMIT_LEN + 256];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof(data));
    wire_envelope_write(&w, e);
    must(bytes_writer_ok(&w));
    ds_peer_fragment(peer, data, w.len, 0, true, now);
}

/* All that waits for a client; how many appends were acknowledged. */
static size_t take_all(struct ds_peer *peer)
{
    size_t acknowledged = 0;
    struct ds_packet *packet;
    while ((packet = ds_peer_next(peer, now))) {
        acknowledged += ds_packet_data(packet)[0] == WIRE_APPENDED;
        must(ds_packet_data(packet)[0] != WIRE_ERROR);
        ds_packet_unref(packet);
    }
    return acknowledged;
}

static void run(void *ctx, uint64_t iterations)
{
    static const uint8_t commit[COMMIT_LEN];
    struct work *w = ctx;
    for (uint64_t i = 0; i < iterations;) {
        size_t acknowledged = 0;
        uint64_t until = iterations - i < w->gathered ? iterations : i + w->gathered;
        uint64_t first = i;
        for (; i < until; i++) {
            struct wire_envelope e = {
                .type = WIRE_APPEND, .request = 1, .append = {.commit = {commit, sizeof(commit)}}};
            count++;
            memcpy(e.append.append_id, &count, sizeof(count));
            send_to(w->peers[count % w->rooms], &e);
        }
        ds_hub_flush(w->hub, now);
        for (size_t k = 0; k < w->rooms; k++)
            acknowledged += take_all(w->peers[k]);
        must(acknowledged == until - first);
    }
}

static void open_work(struct work *w, struct ds_store *store, size_t rooms, size_t gathered)
{
    struct ds_hub_config config = {
        .store = store, .limits = ds_limits_default, .dev = true, .check_token = check_token, .wake = wake};
    config.limits.appends.interval_ns = config.limits.append_bytes.interval_ns = 0;
    config.limits.messages.interval_ns = 0;
    *w = (struct work){.hub = ds_hub_new(&config, now), .rooms = rooms, .gathered = gathered};
    must(w->hub != NULL);
    for (size_t i = 0; i < rooms; i++) {
        char name[32];
        snprintf(name, sizeof(name), "room-%zu", i);
        w->peers[i] = ds_peer_new(w->hub, w, NULL, now);
        must(w->peers[i] != NULL);
        send_to(w->peers[i], &(struct wire_envelope){.type = WIRE_HELLO,
                                                     .request = 1,
                                                     .hello = {.room = {(const uint8_t *)name, strlen(name)}}});
        take_all(w->peers[i]);
    }
}

static void close_work(struct work *w)
{
    for (size_t i = 0; i < w->rooms; i++)
        ds_peer_free(w->peers[i], now);
    ds_hub_free(w->hub);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        size_t rooms;
        size_t gathered;
    } rows[] = {
        {"1 room, each alone", 1, 1},
        {"1 room, 32 gathered", 1, GATHERED},
        {"100 rooms, each alone", 100, 1},
        {"100 rooms, 32 gathered", 100, GATHERED},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    char problem[DS_STORE_PROBLEM_MAX];
    char folder[] = "sotto-bench-ds-XXXXXX"; /* on this folder's disk: /tmp is often memory */
    char path[64];
    struct bench *bench = bench_open("ds", argc, argv);
    struct work work[ROWS];
    struct ds_store *stores[ROWS];
    struct bench_contestant list[ROWS];
    struct bench_result results[ROWS];
    log_set_level(LOG_LEVEL_WARN);
    must(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(path, sizeof(path), "%s/%zu", folder, i);
        stores[i] = ds_store_open(path, problem);
        must(stores[i] != NULL);
        open_work(&work[i], stores[i], rows[i].rooms, rows[i].gathered);
        list[i] = (struct bench_contestant){rows[i].name, run, &work[i]};
    }
    bench_case(bench, "an append of 2 kB", 0, list, ROWS, results);
    for (size_t i = 0; i < ROWS; i++) {
        bench_figure(bench, rows[i].name, 1e9 / results[i].median_ns, "appends/s");
        close_work(&work[i]);
        ds_store_close(stores[i]);
        snprintf(path, sizeof(path), "%s/%zu", folder, i);
        unlink(path);
    }
    rmdir(folder);
    return bench_close(bench);
}
