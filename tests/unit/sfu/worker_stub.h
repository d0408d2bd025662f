/* A worker that only remembers: linked in place of worker.c by tests of the HTTP side. */
#ifndef TESTS_SFU_WORKER_STUB_H
#define TESTS_SFU_WORKER_STUB_H

#include "sfu/worker.h"

enum { STUB_SESSIONS_MAX = 64 };

struct sfu_worker {
    struct sfu_session_params sessions[STUB_SESSIONS_MAX];
    size_t session_count;
    int next_error;     /* what the next call that adds a session answers */
    int next_end_error; /* or that ends one */
    struct sfu_slot_wish wishes[SFU_MEDIA_MAX];
    size_t wish_count;
    char restarted_ufrag[SFU_UFRAG_MAX];
    uint64_t renewed_until_s;
};

#endif
