/* What bench_call measures, each on a virtual clock but for call_served(): the times are the protocol's, not this
 * machine's. */
#ifndef BENCH_CALL_PARTS_H
#define BENCH_CALL_PARTS_H

#include "bench.h"
#include "sim.h"

enum { CALL_SETTLE_MAX_MS = 600000 /* who does not agree by then never will */ };

/* A call that has settled; round trips of so long. */
struct sim *call_settled(unsigned members, uint32_t round_trip_ms, uint64_t seed, bool shared_verdicts);
/* Waits until all agree; where they do not, tells of each and gives UINT64_MAX. */
uint64_t call_settle(struct sim *sim);

struct call_upset {
    unsigned members;
    uint32_t round_trip_ms;
    unsigned runs;
    unsigned jobs;
};

struct call_converged {
    unsigned runs;
    unsigned failed; /* that never agreed again */
    double median_s;
    double p99_s;
    double worst_s;
    bool same; /* members that check each signature themselves took the same times */
};

/* How long calls of so many take to agree again after an upset, over `runs` of them, spread over `jobs` processes. */
struct call_converged call_converge(const struct call_upset *upset);

/* Many come within two seconds: epochs, bytes by what they are for, the time until all have confirmed. False if that is
 * more than it may be. */
bool call_storm(struct bench *bench);
/* The same with a real sotto-ds, in real time: and what of this machine's CPU it takes. False if they never agree. */
bool call_served(struct bench *bench);
/* Ten minutes in which nothing happens: the same. */
bool call_idle(struct bench *bench);

#endif
