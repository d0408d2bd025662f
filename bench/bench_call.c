/* How long calls take to agree again after an upset, and what it costs when many come at once: on a virtual clock, with
 * the network's delays, and those who come at once also with a real sotto-ds. Ends with 1 if a call never agrees again,
 * or costs more than it may. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call_parts.h"

enum { RUNS = 100, RUNS_MAX = 1000000, JOBS_MAX = 64, ROWS = 9 };

uint64_t call_settle(struct sim *sim)
{
    const uint64_t ms = sim_settle(sim, CALL_SETTLE_MAX_MS);
    if (ms == UINT64_MAX)
        sim_print(sim);
    return ms;
}

struct sim *call_settled(unsigned members, uint32_t round_trip_ms, uint64_t seed, bool shared_verdicts)
{
    const struct sim_config config = {.clients = members,
                                      .latency_ms = round_trip_ms / 2,
                                      .jitter_ms = round_trip_ms / 10 + 1,
                                      .seed = seed,
                                      .shared_verdicts = shared_verdicts};
    struct sim *sim = sim_new(&config);
    for (unsigned i = 0; i < members; i++) {
        sim_start(sim, i);
        sim_run_for(sim, i == 0 ? 1000 : 10);
    }
    call_settle(sim);
    return sim;
}

/* --- Convergence --- */

struct options {
    unsigned runs;
    unsigned members; /* 0: 5, 50 and 200 */
    unsigned jobs;
    const char *only; /* one of the parts; NULL: all */
};

static unsigned number(const char *text, unsigned max)
{
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > max) {
        fprintf(stderr, "bench_call: '%s' is not a number from 1 to %u\n", text, max);
        exit(2);
    }
    return (unsigned)value;
}

/* Takes its own options out of the arguments; the rest is for the bench. */
static struct options read_options(int *argc, char **argv)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct options options = {.jobs = processors > 0 && processors <= JOBS_MAX ? (unsigned)processors : 1};
    int kept = 1;
    for (int i = 1; argv[i]; i++) {
        const char *value = argv[i + 1]; /* NULL behind the last */
        if (strcmp(argv[i], "--help") == 0)
            printf("bench_call: --runs N upsets of each call (%d), --members N in each instead of 5, 50 and 200,\n"
                   "            --jobs N processes (%u), --only upsets|storm|idle; and of every benchmark:\n",
                   RUNS, options.jobs);
        if (value && strcmp(argv[i], "--runs") == 0)
            options.runs = number(argv[++i], RUNS_MAX);
        else if (value && strcmp(argv[i], "--members") == 0)
            options.members = number(argv[++i], 500);
        else if (value && strcmp(argv[i], "--jobs") == 0)
            options.jobs = number(argv[++i], JOBS_MAX);
        else if (value && strcmp(argv[i], "--only") == 0)
            options.only = argv[++i];
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return options;
}

static void figure(struct bench *bench, const struct call_upset *upset, const char *what, double value,
                   const char *unit)
{
    char title[BENCH_NAME_MAX];
    snprintf(title, sizeof title, "agree again, %u members, %u ms: %s", upset->members, (unsigned)upset->round_trip_ms,
             what);
    bench_figure(bench, title, value, unit);
}

static void print_rows(const struct call_upset *upsets, const struct call_converged *rows, size_t count)
{
    printf(
        "\nUntil all agree again after an upset, 5 %% of the connections lost with it. Cryptography: real; the "
        "verdict\n"
        "on a signature that all members check is worked out once. The first of each row once more with every check\n"
        "made by every member: the same times, or it counts as failed.\n\n"
        "  members  round trip    median       p99     worst    runs   never\n");
    for (size_t i = 0; i < count; i++)
        printf("  %7u  %7u ms  %6.2f s  %6.2f s  %6.2f s  %6u  %6u%s\n", upsets[i].members,
               (unsigned)upsets[i].round_trip_ms, rows[i].median_s, rows[i].p99_s, rows[i].worst_s, rows[i].runs,
               rows[i].failed, rows[i].same ? "" : "  not the same when each checks");
}

static bool converge_all(struct bench *bench, const struct options *options)
{
    static const uint32_t round_trips_ms[] = {0, 100, 300};
    static const unsigned sizes[] = {5, 50, 200};
    struct call_upset upsets[ROWS];
    struct call_converged rows[ROWS];
    size_t count = 0;
    bool ok = true;
    const bool quick = bench_is_quick(bench);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (size_t i = 0; i < sizeof round_trips_ms / sizeof round_trips_ms[0]; i++) {
            if (options->members ? k > 0 : quick && (k > 1 || (k == 1 && i != 1)))
                continue;
            upsets[count] = (struct call_upset){.members = options->members ? options->members : sizes[k],
                                                .round_trip_ms = round_trips_ms[i],
                                                .runs = options->runs ? options->runs
                                                        : quick       ? 5
                                                                      : RUNS,
                                                .jobs = options->jobs};
            rows[count] = call_converge(&upsets[count]);
            figure(bench, &upsets[count], "median", rows[count].median_s, "s");
            figure(bench, &upsets[count], "p99", rows[count].p99_s, "s");
            figure(bench, &upsets[count], "worst", rows[count].worst_s, "s");
            figure(bench, &upsets[count], "runs", rows[count].runs, "");
            ok = ok && rows[count].failed == 0 && rows[count].same;
            count++;
        }
    print_rows(upsets, rows, count);
    return ok;
}

static bool storm(struct bench *bench, const struct options *options)
{
    (void)options;
    const bool ok = call_storm(bench);
    return call_served(bench) && ok;
}

static bool idle(struct bench *bench, const struct options *options)
{
    (void)options;
    return call_idle(bench);
}

int main(int argc, char **argv)
{
    const struct options options = read_options(&argc, argv);
    struct bench *bench = bench_open("call", argc, argv);
    bool ok = true;
    bool known = false;
    static const struct {
        const char *name;
        bool (*run)(struct bench *bench, const struct options *options);
    } parts[] = {{"upsets", converge_all}, {"storm", storm}, {"idle", idle}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!options.only || strcmp(options.only, parts[i].name) == 0) {
            known = true;
            ok = parts[i].run(bench, &options) && ok;
        }
    return bench_close(bench) != 0 || !ok || !known;
}
