/* Calls that are upset again and again, and how long each time until all agree. Every call is made from its own seed,
 * so that the figures are the same over however many processes they are spread. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call_parts.h"
#include "unit.h"

enum {
    UPSETS_EACH = 25, /* of one call */
    CHECKED = 5,      /* of these the same again without shared verdicts */
    PROGRESS_S = 10,
    BROKEN_PERCENT = 5 /* of the connections, with every upset */
};

/* --- One upset --- */

/* Who makes the next commit dies as soon as it is stored. */
struct ambush {
    unsigned committer; /* UINT32_MAX: nobody yet */
    bool sprung;
};

static bool note_committer(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct ambush *ambush = context;
    (void)sim;
    if (envelope->type == WIRE_APPEND && !ambush->sprung)
        ambush->committer = client;
    return true;
}

static bool spring(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct ambush *ambush = context;
    (void)client;
    if (envelope->type == WIRE_ENTRY && !ambush->sprung && ambush->committer != UINT32_MAX) {
        ambush->sprung = true;
        sim_crash(sim, ambush->committer);
    }
    return true;
}

static void committer_dies(struct sim *sim, unsigned comes_back)
{
    struct ambush ambush = {.committer = UINT32_MAX};
    sim->request = note_committer;
    sim->filter = spring;
    sim->context = &ambush;
    sim_crash(sim, comes_back);
    sim_start(sim, comes_back);
    for (unsigned n = 0; n < 400 && !ambush.sprung; n++)
        sim_run_for(sim, 50);
    sim_run_for(sim, 1000);
    sim->request = sim->filter = NULL;
    sim->context = NULL;
    if (ambush.sprung)
        sim_start(sim, ambush.committer);
}

static void upset_call(struct sim *sim, uint64_t *random)
{
    const unsigned members = sim->config.clients;
    const unsigned i = (unsigned)(unit_random(random) % members);
    for (unsigned k = 0; k < members; k++)
        if (unit_random(random) % 100 < BROKEN_PERCENT)
            sim_break(sim, k);
    switch (unit_random(random) % 5) {
    case 0: /* one crashes, and is back at once */
        sim_crash(sim, i);
        sim_start(sim, i);
        return;
    case 1: /* one leaves, and comes again */
        if (call_leave(sim->clients[i].call) == CALL_OK)
            sim_drain(sim, i);
        sim_run_for(sim, 500);
        sim_crash(sim, i);
        sim_start(sim, i);
        return;
    case 2: /* three crash and come back at once: their commits race */
        for (unsigned k = 0; k < 3; k++)
            sim_crash(sim, (i + k) % members);
        for (unsigned k = 0; k < 3; k++)
            sim_start(sim, (i + k) % members);
        return;
    case 3:
        committer_dies(sim, i);
        return;
    default: /* the delivery service restarts */
        sim_server_stop(sim, 0);
        sim_run_for(sim, 1000);
        sim_server_start(sim, 0);
        return;
    }
}

/* --- One call --- */

struct outcome {
    uint32_t call;
    uint32_t ms; /* UINT32_MAX: never */
};

static uint64_t seed_of(const struct call_upset *upset, unsigned call)
{
    return 1 + upset->members + 1000 * (uint64_t)upset->round_trip_ms + 1000000 * (uint64_t)call;
}

/* Writes the time of each upset; false if the call never agreed again. */
static bool run_call(const struct call_upset *upset, unsigned call, unsigned upsets, bool shared, uint32_t *out_ms)
{
    uint64_t random = seed_of(upset, call);
    struct sim *sim = call_settled(upset->members, upset->round_trip_ms, random, shared);
    unsigned n = 0;
    for (; n < upsets; n++) {
        upset_call(sim, &random);
        const uint64_t ms = call_settle(sim);
        if (ms == UINT64_MAX)
            break;
        out_ms[n] = (uint32_t)ms;
    }
    sim_free(sim);
    for (unsigned k = n; k < upsets; k++)
        out_ms[k] = UINT32_MAX;
    return n == upsets;
}

/* --- Over processes --- */

static unsigned upsets_of(const struct call_upset *upset, unsigned call)
{
    const unsigned left = upset->runs - call * UPSETS_EACH;
    return left < UPSETS_EACH ? left : UPSETS_EACH;
}

/* Every jobs-th call; its outcomes go into the pipe, each whole. */
_Noreturn static void work(const struct call_upset *upset, unsigned job, int out)
{
    for (unsigned call = job; call * UPSETS_EACH < upset->runs; call += upset->jobs) {
        uint32_t ms[UPSETS_EACH];
        const unsigned upsets = upsets_of(upset, call);
        if (!run_call(upset, call, upsets, true, ms))
            printf("did not agree again: call %u\n", call);
        for (unsigned n = 0; n < upsets; n++) {
            const struct outcome outcome = {call, ms[n]};
            if (write(out, &outcome, sizeof outcome) != (ssize_t)sizeof outcome)
                _exit(EXIT_FAILURE);
        }
    }
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

static void show_progress(const struct call_upset *upset, unsigned done, time_t began)
{
    static time_t shown;
    const time_t now = time(NULL);
    if (now - shown < PROGRESS_S)
        return;
    shown = now;
    fprintf(stderr, "%u members, %u ms: %u of %u runs, %ld s\n", upset->members, (unsigned)upset->round_trip_ms, done,
            upset->runs, (long)(now - began));
}

/* Times in any order; how many there are. */
static unsigned gather(const struct call_upset *upset, double *took_s)
{
    int pipe_fd[2];
    unsigned done = 0;
    unsigned failed = 0;
    struct outcome outcome;
    const time_t began = time(NULL);
    fflush(NULL);
    if (pipe(pipe_fd) != 0)
        exit(EXIT_FAILURE);
    for (unsigned job = 0; job < upset->jobs; job++) {
        const pid_t pid = fork();
        if (pid < 0)
            exit(EXIT_FAILURE);
        if (pid == 0) {
            close(pipe_fd[0]);
            work(upset, job, pipe_fd[1]);
        }
    }
    close(pipe_fd[1]);
    while (done + failed < upset->runs && read(pipe_fd[0], &outcome, sizeof outcome) == (ssize_t)sizeof outcome) {
        if (outcome.ms == UINT32_MAX)
            failed++;
        else
            took_s[done++] = (double)outcome.ms / 1000;
        show_progress(upset, done, began);
    }
    close(pipe_fd[0]);
    for (unsigned job = 0; job < upset->jobs; job++)
        wait(NULL);
    return done;
}

/* The first upsets once more, each signature checked by each member: nothing may take another time for it. */
static bool check_shared(const struct call_upset *upset)
{
    uint32_t shared[CHECKED];
    uint32_t each[CHECKED];
    const unsigned upsets = upset->runs < CHECKED ? upset->runs : CHECKED;
    return run_call(upset, 0, upsets, true, shared) && run_call(upset, 0, upsets, false, each) &&
           memcmp(shared, each, upsets * sizeof shared[0]) == 0;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct call_converged call_converge(const struct call_upset *upset)
{
    struct call_converged result = {0};
    double *took_s = calloc(upset->runs, sizeof *took_s);
    if (!took_s)
        exit(EXIT_FAILURE);
    result.runs = gather(upset, took_s);
    result.failed = upset->runs - result.runs; /* those of a process that died, too */
    qsort(took_s, result.runs, sizeof *took_s, compare);
    if (result.runs > 0) {
        result.median_s = bench_quantile(took_s, result.runs, 0.5);
        result.p99_s = bench_quantile(took_s, result.runs, 0.99);
        result.worst_s = took_s[result.runs - 1];
    }
    free(took_s);
    result.same = check_shared(upset);
    return result;
}
