/* A router that forwards every packet to all others of its room, unchanged, and counts what it is told: it stands in
 * for sfu/router.c where the worker is tested. */
#ifndef STUB_ROUTER_H
#define STUB_ROUTER_H

#include <stddef.h>
#include <stdint.h>

struct stub_router_seen {
    uint64_t joined;
    uint64_t left;
    uint64_t rtp;
    uint64_t rtcp;
    uint64_t wishes;
    uint64_t flushes;
};

/* What all routers of this program have seen; from any thread. */
struct stub_router_seen stub_router_seen(void);
/* From now on joins fail with this error; 0 to stop that. */
void stub_router_refuse(int error);

#endif
