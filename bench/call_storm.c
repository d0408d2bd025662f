/* Many who come at once, and many who do nothing: what it costs. The simulation repeats to the byte, so its figures are
 * held to bounds. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call_parts.h"
#include "unit.h"

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static bool hold(const char *what, double value, double bound)
{
    if (value <= bound)
        return true;
    printf("%s: %.6g is above its bound of %.6g\n", what, value, bound);
    return false;
}

/* --- Bytes by what they are for --- */

static double total_mb(const struct sim_server *server)
{
    double bytes = 0;
    for (size_t i = 0; i < SIM_KINDS; i++)
        bytes += (double)server->sent[i].bytes;
    return bytes / 1e6;
}

static void print_traffic(const struct sim_server *server)
{
    static const char *const names[SIM_KINDS] = {
        [SIM_COMMITS] = "commits, to all",
        [SIM_RELAYED] = "heartbeats, to all",
        [SIM_WAITING] = "notices of key packages",
        [SIM_WELCOMES] = "Welcomes",
        [SIM_GROUP_INFOS] = "GroupInfos",
        [SIM_PAGES] = "pages of the log, key packages",
        [SIM_OTHER] = "other answers",
    };
    printf("\n  %-34s %10s %9s\n", "the delivery service sends", "messages", "MB");
    for (size_t i = 0; i < SIM_KINDS; i++)
        printf("  %-34s %10llu %9.2f\n", names[i], (unsigned long long)server->sent[i].messages,
               (double)server->sent[i].bytes / 1e6);
    printf("  heartbeats taken in: %llu in turn, %llu out of turn as answers to newcomers\n",
           (unsigned long long)server->relayed_in_turn.messages,
           (unsigned long long)server->relayed_out_of_turn.messages);
}

/* --- All come --- */

struct storm_bounds {
    double epochs;
    double confirmed_s;
    double sent_mb;
};

static bool run_storm(struct bench *bench, unsigned members, const struct storm_bounds *bounds)
{
    const struct sim_config config = {
        .clients = members, .latency_ms = 25, .jitter_ms = 10, .seed = 3, .shared_verdicts = true};
    struct sim *sim = sim_new(&config);
    const struct sim_server *server = &sim->servers[0];
    uint64_t random = 9;
    char title[BENCH_NAME_MAX];
    const double before_s = cpu_s();
    const uint64_t start_ms = sim->now_ms;
    for (unsigned i = 0; i < members; i++) {
        sim_start(sim, i);
        sim_run_for(sim, unit_random(&random) % (4000 / members + 1));
    }
    const uint64_t took = call_settle(sim);
    uint64_t confirmed_ms = 0;
    for (unsigned i = 0; i < members; i++)
        if (sim->clients[i].confirmed_ms > confirmed_ms)
            confirmed_ms = sim->clients[i].confirmed_ms;
    const double epochs = (double)call_epoch(sim->clients[0].call);
    const double confirmed_s = (double)(confirmed_ms - start_ms) / 1000;
    const struct {
        const char *what;
        double value;
        const char *unit;
    } figures[] = {
        {"until all have confirmed", confirmed_s, "s"},
        {"epochs", epochs, ""},
        {"appended", (double)server->appended_bytes / 1e6, "MB"},
        {"sent by the delivery service", total_mb(server), "MB"},
        {"CPU of all clients", cpu_s() - before_s, "s"},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        snprintf(title, sizeof title, "%u come in 2 s: %s", members, figures[i].what);
        bench_figure(bench, title, figures[i].value, figures[i].unit);
    }
    print_traffic(server);
    bool ok = took != UINT64_MAX; /* each bound is held, whatever became of the one before: all are said */
    ok = hold("epochs", epochs, bounds->epochs) && ok;
    ok = hold("s until all have confirmed", confirmed_s, bounds->confirmed_s) && ok;
    ok = hold("MB sent", total_mb(server), bounds->sent_mb) && ok;
    sim_free(sim);
    return ok;
}

bool call_storm(struct bench *bench)
{
    static const struct storm_bounds few = {8, 4, 10};
    static const struct storm_bounds many = {8, 4, 110};
    bool ok = run_storm(bench, bench_is_quick(bench) ? 20 : 50, &few);
    if (!bench_is_quick(bench))
        ok = run_storm(bench, 200, &many) && ok;
    return ok;
}

/* --- Nothing happens --- */

enum { IDLE_S = 600 };

static unsigned resyncs(const struct sim *sim)
{
    unsigned n = 0;
    for (unsigned i = 0; i < sim->config.clients; i++)
        n += sim->clients[i].warnings[CALL_WARNING_RESYNC];
    return n;
}

bool call_idle(struct bench *bench)
{
    const unsigned members = bench_is_quick(bench) ? 10 : 200;
    const double turn_s = members > 60 ? 5 : 300.0 / members; /* one renews its path every so often */
    const double beat_s = members > 100 ? members * 0.05 : 5; /* each is heard every so often */
    char title[BENCH_NAME_MAX];
    struct sim *sim = call_settled(members, 50, 4, true);
    sim_run_for(sim, 20000); /* the last newcomers were answered */
    struct sim_server *server = &sim->servers[0];
    const size_t log = server->count;
    const unsigned resyncs_before = resyncs(sim);
    memset(server->sent, 0, sizeof server->sent);
    server->relayed_in_turn = server->relayed_out_of_turn = (struct sim_traffic){0};
    sim_run_for(sim, IDLE_S * UINT64_C(1000));
    const double beats = (double)(server->relayed_in_turn.messages + server->relayed_out_of_turn.messages);
    const struct {
        const char *what;
        double value;
        double bound;
        const char *unit;
    } figures[] = {
        {"commits", (double)(server->count - log), IDLE_S / turn_s + 1, ""},
        {"heartbeats", beats, (IDLE_S / beat_s + 1) * members, ""},
        {"of them out of turn", (double)server->relayed_out_of_turn.messages, 0, ""},
        {"who came in anew", resyncs(sim) - resyncs_before, 0, ""},
        {"kbit/s to each", total_mb(server) * 8000 / IDLE_S / members, 100, ""},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        snprintf(title, sizeof title, "%u idle for 10 min: %s", members, figures[i].what);
        bench_figure(bench, title, figures[i].value, figures[i].unit);
        ok = hold(figures[i].what, figures[i].value, figures[i].bound) && ok;
    }
    print_traffic(server);
    ok = sim_agree(sim) && ok;
    sim_free(sim);
    return ok;
}
