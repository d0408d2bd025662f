#include "sframe_ways.h"

#include <stdio.h>

/* Each key has sealed and opened a frame before anything is measured: a receiver derives a sender's key with the first.
 */
void way_open(struct way_run *run, const struct way *way, const struct ring *ring)
{
    char what[128];
    *run = (struct way_run){.way = way};
    run->state = way->set_up(ring, &run->absence);
    if (!run->state)
        return;
    ring_fill(ring);
    for (size_t done = 0; done < ring->keys; done += ring->count) {
        way->seal(run->state, ring->count);
        way->open(run->state, ring->count);
    }
    if (!ring_is_filled(ring)) {
        snprintf(what, sizeof what, "%s, %s, %zu B: opening what was sealed", way->name, ring->suite->name, ring->len);
        ring_fail(what);
    }
}

void way_close(struct way_run *run)
{
    if (run->state)
        run->way->tear_down(run->state);
}

void way_run_seal(void *run, uint64_t frames)
{
    const struct way_run *it = run;
    it->way->seal(it->state, frames);
}

void way_run_open(void *run, uint64_t frames)
{
    const struct way_run *it = run;
    it->way->open(it->state, frames);
}
