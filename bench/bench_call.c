/* How long calls take to agree again after an upset, and what it costs when many come at once: on a virtual clock, with
 * the network's delays, so that the times are the protocol's and not this machine's. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "sim.h"
#include "unit.h"

enum { SETTLE_MAX_MS = 600000 };

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct sim *call_of(unsigned members, uint32_t round_trip_ms, uint64_t seed)
{
    const struct sim_config config = {
        .clients = members, .latency_ms = round_trip_ms / 2, .jitter_ms = round_trip_ms / 10 + 1, .seed = seed};
    struct sim *sim = sim_new(&config);
    for (unsigned i = 0; i < members; i++) {
        sim_start(sim, i);
        sim_run_for(sim, i == 0 ? 1000 : 10);
    }
    if (sim_settle(sim, SETTLE_MAX_MS) == UINT64_MAX)
        sim_print(sim);
    return sim;
}

/* --- Upsets --- */

/* One thing goes wrong, and one connection in twenty breaks beside it. */
static void upset(struct sim *sim, uint64_t *random)
{
    const unsigned i = (unsigned)(unit_random(random) % sim->config.clients);
    for (unsigned k = 0; k < sim->config.clients; k++)
        if (unit_random(random) % 20 == 0)
            sim_break(sim, k);
    switch (unit_random(random) % 3) {
    case 0: /* crashes, and is back at once */
        sim_crash(sim, i);
        sim_start(sim, i);
        break;
    case 1: /* leaves, and comes again */
        if (call_leave(sim->clients[i].call) == CALL_OK)
            sim_drain(sim, i);
        sim_crash(sim, i);
        sim_run_for(sim, 500);
        sim_start(sim, i);
        break;
    default: /* the delivery service restarts */
        sim_server_stop(sim, 0);
        sim_run_for(sim, 1000);
        sim_server_start(sim, 0);
        break;
    }
}

static void converge(struct bench *bench, unsigned members, uint32_t round_trip_ms, unsigned runs)
{
    double *took = calloc(runs, sizeof *took);
    char title[BENCH_NAME_MAX];
    unsigned failed = 0;
    unsigned done = 0;
    uint64_t random = members + round_trip_ms + 1;
    struct sim *sim = call_of(members, round_trip_ms, random);
    if (!took)
        exit(EXIT_FAILURE);
    for (unsigned n = 0; n < runs; n++) {
        upset(sim, &random);
        const uint64_t ms = sim_settle(sim, SETTLE_MAX_MS);
        if (ms == UINT64_MAX) {
            sim_print(sim);
            failed++;
            break;
        }
        took[done++] = (double)ms / 1000;
    }
    sim_free(sim);
    qsort(took, done, sizeof *took, compare);
    snprintf(title, sizeof title, "agree again, %u members, %u ms: median", members, (unsigned)round_trip_ms);
    bench_figure(bench, title, done ? bench_quantile(took, done, 0.5) : -1, "s");
    snprintf(title, sizeof title, "agree again, %u members, %u ms: worst", members, (unsigned)round_trip_ms);
    bench_figure(bench, title, done ? took[done - 1] : -1, "s");
    snprintf(title, sizeof title, "agree again, %u members, %u ms: runs", members, (unsigned)round_trip_ms);
    bench_figure(bench, title, done, failed ? "and then never" : "");
    free(took);
}

/* --- Storm --- */

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* All come within two seconds. */
static void storm(struct bench *bench, unsigned members)
{
    const struct sim_config config = {.clients = members, .latency_ms = 25, .jitter_ms = 10, .seed = 3};
    struct sim *sim = sim_new(&config);
    uint64_t random = 9;
    char title[BENCH_NAME_MAX];
    const double before_s = cpu_s();
    const uint64_t start_ms = sim->now_ms;
    for (unsigned i = 0; i < members; i++) {
        sim_start(sim, i);
        sim_run_for(sim, unit_random(&random) % (4000 / members + 1));
    }
    const uint64_t took = sim_settle(sim, SETTLE_MAX_MS);
    uint64_t confirmed_ms = 0;
    for (unsigned i = 0; i < members; i++)
        if (sim->clients[i].confirmed_ms > confirmed_ms)
            confirmed_ms = sim->clients[i].confirmed_ms;
    if (took == UINT64_MAX)
        sim_print(sim);
    snprintf(title, sizeof title, "%u come in 2 s: until all have confirmed", members);
    bench_figure(bench, title, (double)(confirmed_ms - start_ms) / 1000, "s");
    snprintf(title, sizeof title, "%u come in 2 s: epochs", members);
    bench_figure(bench, title, (double)call_epoch(sim->clients[0].call), "");
    snprintf(title, sizeof title, "%u come in 2 s: appended", members);
    bench_figure(bench, title, (double)sim->servers[0].appended_bytes / 1e6, "MB");
    snprintf(title, sizeof title, "%u come in 2 s: pushed", members);
    bench_figure(bench, title, (double)sim->servers[0].pushed_bytes / 1e6, "MB");
    snprintf(title, sizeof title, "%u come in 2 s: CPU of all clients", members);
    bench_figure(bench, title, cpu_s() - before_s, "s");
    sim_free(sim);
}

int main(int argc, char **argv)
{
    struct bench *bench = bench_open("call", argc, argv);
    static const uint32_t round_trips_ms[] = {0, 100, 300};
    const bool quick = bench_is_quick(bench);
    for (size_t i = 0; i < sizeof round_trips_ms / sizeof round_trips_ms[0]; i++) {
        converge(bench, 5, round_trips_ms[i], quick ? 5 : 300);
        if (!quick) {
            converge(bench, 50, round_trips_ms[i], 40);
            converge(bench, 200, round_trips_ms[i], 6);
        }
    }
    storm(bench, quick ? 10 : 50);
    if (!quick)
        storm(bench, 200);
    return bench_close(bench);
}
