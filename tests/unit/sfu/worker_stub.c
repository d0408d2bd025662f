#include "worker_stub.h"

#include <stdlib.h>
#include <string.h>

static struct sfu_session_params *find(struct sfu_worker *worker, const char *id)
{
    for (size_t i = 0; i < worker->session_count; i++)
        if (strcmp(worker->sessions[i].id, id) == 0)
            return &worker->sessions[i];
    return NULL;
}

struct sfu_worker *sfu_worker_open(const struct sfu_worker_config *config)
{
    (void)config;
    return calloc(1, sizeof(struct sfu_worker));
}

void sfu_worker_close(struct sfu_worker *worker)
{
    free(worker);
}

uint16_t sfu_worker_port(const struct sfu_worker *worker)
{
    (void)worker;
    return 5004;
}

int sfu_worker_add_session(struct sfu_worker *worker, const struct sfu_session_params *params)
{
    int error = worker->next_error;
    worker->next_error = 0;
    if (!error && worker->session_count == STUB_SESSIONS_MAX)
        error = SFU_WORKER_FULL;
    if (!error)
        worker->sessions[worker->session_count++] = *params;
    return error;
}

int sfu_worker_end_session(struct sfu_worker *worker, const char *session_id)
{
    struct sfu_session_params *session = find(worker, session_id);
    int error = worker->next_end_error;
    worker->next_end_error = 0;
    if (error || !session)
        return error ? error : SFU_WORKER_UNKNOWN_SESSION;
    *session = worker->sessions[--worker->session_count];
    return SFU_WORKER_OK;
}

int sfu_worker_set_slots(struct sfu_worker *worker, const char *session_id, const struct sfu_slot_wish *wishes,
                         size_t count)
{
    if (!find(worker, session_id))
        return SFU_WORKER_UNKNOWN_SESSION;
    memcpy(worker->wishes, wishes, count * sizeof(wishes[0]));
    worker->wish_count = count;
    return SFU_WORKER_OK;
}

int sfu_worker_restart_ice(struct sfu_worker *worker, const char *session_id, const char *remote_ufrag,
                           const char *remote_pwd, const char *local_ufrag, const char *local_pwd)
{
    (void)remote_pwd;
    (void)local_ufrag;
    (void)local_pwd;
    if (!find(worker, session_id))
        return SFU_WORKER_UNKNOWN_SESSION;
    strcpy(worker->restarted_ufrag, remote_ufrag);
    return SFU_WORKER_OK;
}

int sfu_worker_renew(struct sfu_worker *worker, const char *session_id, uint64_t token_expires_s)
{
    if (!find(worker, session_id))
        return SFU_WORKER_UNKNOWN_SESSION;
    worker->renewed_until_s = token_expires_s;
    return SFU_WORKER_OK;
}

int sfu_worker_stats(struct sfu_worker *worker, struct sfu_worker_stats *stats)
{
    *stats = (struct sfu_worker_stats){.sessions = (uint32_t)worker->session_count, .cpu_us = 77};
    return SFU_WORKER_OK;
}

int sfu_worker_forwarded(struct sfu_worker *worker, struct sfu_forward_stats **pairs, size_t *count)
{
    (void)worker;
    *pairs = calloc(1, sizeof(**pairs));
    **pairs = (struct sfu_forward_stats){
        .room = "blue", .publisher = "ann", .subscriber = "bob", .kind = SFU_VIDEO, .frames = 5, .packets = 9};
    *count = 1;
    return SFU_WORKER_OK;
}
