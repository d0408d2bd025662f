#include "sfu/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/secret.h"
#include "sfu/mailbox.h"
#include "sfu/transport.h"
#include "sfu/udp.h"

enum {
    BATCHES_MAX = 8,     /* received before timers and commands get their turn */
    WAIT_MAX_MS = 1000,  /* the longest sleep */
    ANSWER_US = 1000000, /* how long a caller waits for the worker */
    EVENTS_MAX = 2,
};

_Static_assert((int)SFU_BURST_MAX <= (int)SFU_UDP_BURST, "a burst goes to the socket at once");

struct sfu_worker {
    struct sfu_worker_config config;
    struct sfu_udp udp;
    struct sfu_udp_batch *batch;
    struct sfu_mailbox mailbox;
    struct sfu_router *router;
    struct sfu_transport_host host;
    struct sfu_transport **transports; /* max_sessions places, the first `sessions` in use */
    uint32_t sessions;
    uint32_t sessions_up;
    int epoll_fd;
    pthread_t thread;
    bool stopping;
    uint64_t next_session_us; /* no transport's timeout is earlier */
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t dropped_unauthenticated;
};

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static uint64_t wall_s(void)
{
    return clock_us(CLOCK_REALTIME) / 1000000;
}

/* --- what the transports and the router ask for --- */

static void send_datagrams(void *user, const struct sfu_address *to, const struct iovec *datagrams, size_t count,
                           bool *segment)
{
    struct sfu_worker *worker = user;
    worker->datagrams_out += sfu_udp_send(&worker->udp, to, datagrams, count, segment);
}

static void send_rtp(void *transport, struct sfu_out_packet *packets, size_t count)
{
    sfu_transport_send_rtp(transport, packets, count);
}

static void send_rtcp(void *transport, uint8_t *data, size_t len)
{
    sfu_transport_send_rtcp(transport, data, len);
}

static const struct sfu_router_ops router_ops = {.send_rtp = send_rtp, .send_rtcp = send_rtcp};

/* --- sessions --- */

static void end_session(struct sfu_worker *worker, struct sfu_transport *transport, enum sfu_session_end reason)
{
    struct sfu_transport_hook *hook = sfu_transport_hook(transport);
    char id[SFU_ID_MAX];
    memcpy(id, sfu_transport_params(transport)->id, sizeof id);
    if (hook->peer) {
        sfu_router_leave(worker->router, hook->peer, now_us());
        worker->sessions_up--;
    }
    struct sfu_transport *last = worker->transports[--worker->sessions];
    worker->transports[hook->position] = last;
    sfu_transport_hook(last)->position = hook->position;
    free(hook->wishes);
    sfu_transport_free(transport);
    if (worker->config.session_ended)
        worker->config.session_ended(worker->config.user, id, reason);
}

static void watch_timeout(struct sfu_worker *worker, const struct sfu_transport *transport)
{
    uint64_t timeout_us = sfu_transport_next_timeout(transport);
    if (timeout_us < worker->next_session_us)
        worker->next_session_us = timeout_us;
}

static void tick_sessions(struct sfu_worker *worker, uint64_t time_us)
{
    if (time_us < worker->next_session_us)
        return;
    worker->next_session_us = UINT64_MAX;
    for (uint32_t i = 0; i < worker->sessions;) {
        struct sfu_transport *transport = worker->transports[i];
        enum sfu_session_end end;
        if (sfu_transport_tick(transport, time_us, &end)) {
            watch_timeout(worker, transport);
            i++;
        } else {
            /* the last one takes its place */
            end_session(worker, transport, end);
        }
    }
}

static void join_router(struct sfu_worker *worker, struct sfu_transport *transport, uint64_t time_us)
{
    const struct sfu_session_params *params = sfu_transport_params(transport);
    struct sfu_peer *peer;
    if (sfu_router_join(worker->router, params, transport, time_us, &peer) != SFU_JOIN_OK) {
        end_session(worker, transport, SFU_END_ROUTER);
        return;
    }
    struct sfu_transport_hook *hook = sfu_transport_hook(transport);
    hook->peer = peer;
    worker->sessions_up++;
    if (hook->wishes)
        sfu_router_set_slots(worker->router, peer, hook->wishes, hook->wish_count, time_us);
    free(hook->wishes);
    hook->wishes = NULL;
    if (worker->config.session_up)
        worker->config.session_up(worker->config.user, params->id);
}

static void take_datagram(struct sfu_worker *worker, struct sfu_datagram *datagram, uint64_t time_us)
{
    struct sfu_input input;
    sfu_transport_input(&worker->host, &datagram->from, datagram->data, datagram->len, time_us, &input);
    switch (input.kind) {
    case SFU_INPUT_NONE:
        watch_timeout(worker, input.transport);
        break;
    case SFU_INPUT_DROPPED:
        worker->dropped_unauthenticated++;
        break;
    case SFU_INPUT_UP:
        join_router(worker, input.transport, time_us);
        break;
    case SFU_INPUT_RTP:
        sfu_router_rtp(worker->router, sfu_transport_hook(input.transport)->peer, input.data, input.len, time_us);
        break;
    case SFU_INPUT_RTCP:
        sfu_router_rtcp(worker->router, sfu_transport_hook(input.transport)->peer, input.data, input.len, time_us);
        break;
    case SFU_INPUT_ENDED:
        end_session(worker, input.transport, input.end);
        break;
    }
}

static void take_batches(struct sfu_worker *worker)
{
    bool more = true;
    for (int i = 0; more && i < BATCHES_MAX; i++) {
        struct sfu_datagram *datagrams;
        size_t count = sfu_udp_receive(&worker->udp, worker->batch, &datagrams, &more);
        uint64_t time_us = now_us();
        worker->datagrams_in += count;
        for (size_t k = 0; k < count; k++)
            take_datagram(worker, &datagrams[k], time_us);
        sfu_router_flush(worker->router, time_us);
    }
}

/* --- the thread --- */

/* Rounded up, so that what is due is due when the worker wakes. */
static int wait_ms(const struct sfu_worker *worker)
{
    uint64_t due_us = sfu_router_next_timeout(worker->router);
    if (worker->next_session_us < due_us)
        due_us = worker->next_session_us;
    uint64_t time_us = now_us();
    if (due_us <= time_us)
        return 0;
    uint64_t left_us = due_us - time_us;
    return left_us >= (uint64_t)WAIT_MAX_MS * 1000 ? WAIT_MAX_MS : (int)((left_us + 999) / 1000);
}

static void *run(void *argument)
{
    struct sfu_worker *worker = argument;
    (void)pthread_setname_np(pthread_self(), "sfu-worker");
    while (!worker->stopping) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(worker->epoll_fd, events, EVENTS_MAX, wait_ms(worker));
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == worker->udp.fd)
                take_batches(worker);
            else
                sfu_mailbox_run(&worker->mailbox, worker);
        }
        uint64_t time_us = now_us();
        tick_sessions(worker, time_us);
        if (time_us >= sfu_router_next_timeout(worker->router))
            sfu_router_tick(worker->router, time_us);
        sfu_router_flush(worker->router, time_us);
    }
    while (worker->sessions > 0)
        end_session(worker, worker->transports[0], SFU_END_SHUTDOWN);
    return NULL;
}

static int watch(struct sfu_worker *worker, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Signals are the main thread's. */
static int start_thread(struct sfu_worker *worker)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static struct sfu_router *make_router(const struct sfu_worker_config *config)
{
    struct sfu_router_config router = {
        .ops = &router_ops,
        .max_rooms = config->max_rooms ? config->max_rooms : config->max_sessions,
        .max_peers_per_room = config->max_peers_per_room ? config->max_peers_per_room : config->max_sessions,
    };
    if (!core_random((uint8_t *)&router.seed, sizeof router.seed))
        return NULL;
    return sfu_router_new(&router);
}

struct sfu_worker *sfu_worker_open(const struct sfu_worker_config *config)
{
    struct sfu_worker *worker = calloc(1, sizeof *worker);
    int error = ENOMEM;
    if (!worker)
        goto out;
    worker->config = *config;
    worker->config.bind_address = NULL; /* borrowed for this call */
    worker->next_session_us = UINT64_MAX;
    worker->host = (struct sfu_transport_host){
        .certificate = config->certificate,
        .srtp = config->srtp ? config->srtp : &sfu_srtp_libsrtp2,
        .idle_timeout_us = config->idle_timeout_us,
        .send = send_datagrams,
        .user = worker,
    };
    worker->host.srtp->start();
    worker->transports = calloc(config->max_sessions ? config->max_sessions : 1, sizeof(struct sfu_transport *));
    worker->batch = sfu_udp_batch_new();
    worker->router = make_router(config);
    if (!worker->transports || !worker->batch || !worker->router)
        goto free_memory;
    if (!sfu_transport_host_init(&worker->host, config->max_sessions))
        goto free_memory;
    if (sfu_mailbox_open(&worker->mailbox) != 0) {
        error = errno;
        goto wipe_host;
    }
    if (sfu_udp_open(&worker->udp, config->bind_address, config->port) != 0) {
        error = errno;
        goto close_mailbox;
    }
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll_fd < 0) {
        error = errno;
        goto close_socket;
    }
    if (watch(worker, worker->udp.fd) != 0 || watch(worker, worker->mailbox.event_fd) != 0)
        error = errno;
    else
        error = start_thread(worker);
    if (error == 0)
        return worker;

    close(worker->epoll_fd);
close_socket:
    sfu_udp_close(&worker->udp);
close_mailbox:
    sfu_mailbox_close(&worker->mailbox);
wipe_host:
    sfu_transport_host_wipe(&worker->host);
free_memory:
    sfu_router_free(worker->router);
    sfu_udp_batch_free(worker->batch);
    free(worker->transports);
    free(worker);
out:
    errno = error;
    return NULL;
}

static void run_stop(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    (void)argument;
    worker->stopping = true;
}

void sfu_worker_close(struct sfu_worker *worker)
{
    if (!worker)
        return;
    while (!sfu_mailbox_call(&worker->mailbox, run_stop, NULL, ANSWER_US)) {
    }
    (void)pthread_join(worker->thread, NULL);
    sfu_mailbox_close(&worker->mailbox);
    close(worker->epoll_fd);
    sfu_udp_close(&worker->udp);
    sfu_router_free(worker->router);
    sfu_transport_host_wipe(&worker->host);
    sfu_udp_batch_free(worker->batch);
    free(worker->transports);
    free(worker);
}

uint16_t sfu_worker_port(const struct sfu_worker *worker)
{
    return sfu_udp_port(&worker->udp);
}

/* --- commands --- */

/* What a command takes and gives; each uses the members it needs. */
struct request {
    const struct sfu_session_params *params;
    const char *session_id;
    const struct sfu_slot_wish *wishes;
    size_t count;
    const struct sfu_ice_credentials *credentials;
    uint64_t token_expires_s;
    struct sfu_worker_stats *stats;
    struct sfu_forward_stats *pairs;
    size_t pairs_cap;
    int result;
};

static int call(struct sfu_worker *worker, sfu_mailbox_fn fn, struct request *request)
{
    if (!sfu_mailbox_call(&worker->mailbox, fn, request, ANSWER_US))
        return SFU_WORKER_BUSY;
    return request->result;
}

/* The session a request names; NULL, with the result set, if there is none. */
static struct sfu_transport *find_session(struct sfu_worker *worker, struct request *request)
{
    struct sfu_transport *transport = sfu_transport_find(&worker->host, request->session_id);
    request->result = transport ? SFU_WORKER_OK : SFU_WORKER_UNKNOWN_SESSION;
    return transport;
}

static void run_add(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    struct request *request = argument;
    if (worker->sessions == worker->config.max_sessions) {
        request->result = SFU_WORKER_FULL;
        return;
    }
    if (sfu_transport_taken(&worker->host, request->params->id, request->params->local_ufrag)) {
        request->result = SFU_WORKER_DUPLICATE;
        return;
    }
    struct sfu_transport *transport = sfu_transport_new(&worker->host, request->params, now_us(), wall_s());
    if (!transport) {
        request->result = SFU_WORKER_SYSTEM;
        return;
    }
    sfu_transport_hook(transport)->position = worker->sessions;
    worker->transports[worker->sessions++] = transport;
    watch_timeout(worker, transport);
    request->result = SFU_WORKER_OK;
}

int sfu_worker_add_session(struct sfu_worker *worker, const struct sfu_session_params *params)
{
    struct request request = {.params = params};
    return call(worker, run_add, &request);
}

static void run_end(void *owner, void *argument)
{
    struct sfu_transport *transport = find_session(owner, argument);
    if (transport)
        end_session(owner, transport, SFU_END_REQUESTED);
}

int sfu_worker_end_session(struct sfu_worker *worker, const char *session_id)
{
    struct request request = {.session_id = session_id};
    return call(worker, run_end, &request);
}

/* Keeps wishes until the session has joined the router; false without memory. */
static bool keep_wishes(struct sfu_transport_hook *hook, const struct sfu_slot_wish *wishes, size_t count)
{
    /* a session has no more slots */
    count = count < SFU_MEDIA_MAX ? count : SFU_MEDIA_MAX;
    struct sfu_slot_wish *copy = calloc(SFU_MEDIA_MAX, sizeof *copy);
    if (!copy)
        return false;
    if (count > 0)
        memcpy(copy, wishes, count * sizeof *copy);
    free(hook->wishes);
    hook->wishes = copy;
    hook->wish_count = count;
    return true;
}

static void run_set_slots(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    struct request *request = argument;
    struct sfu_transport *transport = find_session(worker, request);
    if (!transport)
        return;
    struct sfu_transport_hook *hook = sfu_transport_hook(transport);
    if (hook->peer)
        sfu_router_set_slots(worker->router, hook->peer, request->wishes, request->count, now_us());
    else if (!keep_wishes(hook, request->wishes, request->count))
        request->result = SFU_WORKER_SYSTEM;
}

int sfu_worker_set_slots(struct sfu_worker *worker, const char *session_id, const struct sfu_slot_wish *wishes,
                         size_t count)
{
    struct request request = {.session_id = session_id, .wishes = wishes, .count = count};
    return call(worker, run_set_slots, &request);
}

static void run_restart_ice(void *owner, void *argument)
{
    struct request *request = argument;
    struct sfu_transport *transport = find_session(owner, request);
    if (transport && !sfu_transport_restart_ice(transport, request->credentials))
        request->result = SFU_WORKER_DUPLICATE;
}

/* False if the text does not fit. */
static bool copy_text(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);
    if (len >= cap)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

int sfu_worker_restart_ice(struct sfu_worker *worker, const char *session_id, const char *remote_ufrag,
                           const char *remote_pwd, const char *local_ufrag, const char *local_pwd)
{
    struct sfu_ice_credentials credentials = {0};
    struct request request = {.session_id = session_id, .credentials = &credentials};
    int result = SFU_WORKER_SYSTEM;
    if (copy_text(credentials.remote_ufrag, sizeof credentials.remote_ufrag, remote_ufrag) &&
        copy_text(credentials.remote_pwd, sizeof credentials.remote_pwd, remote_pwd) &&
        copy_text(credentials.local_ufrag, sizeof credentials.local_ufrag, local_ufrag) &&
        copy_text(credentials.local_pwd, sizeof credentials.local_pwd, local_pwd))
        result = call(worker, run_restart_ice, &request);
    core_wipe(&credentials, sizeof credentials);
    return result;
}

static void run_renew(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    struct request *request = argument;
    struct sfu_transport *transport = find_session(worker, request);
    if (transport) {
        sfu_transport_renew(transport, request->token_expires_s, now_us(), wall_s());
        watch_timeout(worker, transport);
    }
}

int sfu_worker_renew(struct sfu_worker *worker, const char *session_id, uint64_t token_expires_s)
{
    struct request request = {.session_id = session_id, .token_expires_s = token_expires_s};
    return call(worker, run_renew, &request);
}

static void run_stats(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    struct request *request = argument;
    struct sfu_worker_stats stats = {
        .cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID),
        .datagrams_in = worker->datagrams_in,
        .datagrams_out = worker->datagrams_out,
        .dropped_unauthenticated = worker->dropped_unauthenticated,
        .sessions = worker->sessions,
        .sessions_up = worker->sessions_up,
    };
    sfu_router_stats(worker->router, &stats.router);
    *request->stats = stats;
    request->result = SFU_WORKER_OK;
}

int sfu_worker_stats(struct sfu_worker *worker, struct sfu_worker_stats *stats)
{
    struct request request = {.stats = stats};
    return call(worker, run_stats, &request);
}

static void add_pair(void *user, const struct sfu_forward_stats *pair)
{
    struct request *request = user;
    if (request->result != SFU_WORKER_OK)
        return;
    if (request->count == request->pairs_cap) {
        size_t cap = request->pairs_cap ? 2 * request->pairs_cap : 16;
        struct sfu_forward_stats *grown = realloc(request->pairs, cap * sizeof *grown);
        if (!grown) {
            request->result = SFU_WORKER_SYSTEM;
            return;
        }
        request->pairs = grown;
        request->pairs_cap = cap;
    }
    request->pairs[request->count++] = *pair;
}

static void run_forwarded(void *owner, void *argument)
{
    struct sfu_worker *worker = owner;
    struct request *request = argument;
    request->result = SFU_WORKER_OK;
    sfu_router_forwarded(worker->router, add_pair, request);
}

int sfu_worker_forwarded(struct sfu_worker *worker, struct sfu_forward_stats **pairs, size_t *count)
{
    struct request request = {0};
    int result = call(worker, run_forwarded, &request);
    if (result != SFU_WORKER_OK) {
        free(request.pairs);
        return result;
    }
    *pairs = request.pairs;
    *count = request.count;
    return SFU_WORKER_OK;
}
