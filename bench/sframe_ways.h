/* The ways to seal and open a ring's frames: this library's by each provider, alone and sixteen at a time; the bare
 * calls that these are made of; and bystanders, which show what the same bytes cost otherwise. */
#ifndef BENCH_SFRAME_WAYS_H
#define BENCH_SFRAME_WAYS_H

#include "sframe_ring.h"

struct way {
    const char *name; /* as in tables and reports */
    bool bystander;   /* has nothing to say about many keys */
    /* Makes a state for this ring, which must outlive it. NULL where there is no such way; *absence then says why, or
     * is left alone where the suite has none by its nature. */
    void *(*set_up)(const struct ring *ring, const char **absence);
    /* Both in place: `frames`, a multiple of ring->count, from the ring's first on. open is for the frames of the last
     * time round, once. */
    void (*seal)(void *state, uint64_t frames);
    void (*open)(void *state, uint64_t frames);
    void (*tear_down)(void *state);
};

extern const struct way way_frame_ipsecmb;
extern const struct way way_batch_ipsecmb;
extern const struct way way_frame_openssl;
extern const struct way way_batch_openssl;

extern const struct way way_calls_ipsecmb;  /* single calls; for suites with HMAC, CTR with OpenSSL's SHA-2 */
extern const struct way way_lanes_ipsecmb;  /* suites with HMAC: sixteen MACs at a time */
extern const struct way way_barest_ipsecmb; /* AES-GCM: a frame that promises nothing */
extern const struct way way_calls_openssl;  /* contexts that are reused */
extern const struct way way_fresh_openssl;  /* a caller who makes a context for each frame */

extern const struct way way_memcpy; /* the same bytes, copied */
extern const struct way way_sodium_gcm;
extern const struct way way_sodium_chacha;

/* A way that is set up: it has sealed and opened with each key, and what came out was what went in. */
struct way_run {
    const struct way *way;
    void *state; /* NULL: see absence */
    const char *absence;
};

void way_open(struct way_run *run, const struct way *way, const struct ring *ring);
void way_close(struct way_run *run);
/* bench_run_fn, over a struct way_run */
void way_run_seal(void *run, uint64_t frames);
void way_run_open(void *run, uint64_t frames);

#endif
