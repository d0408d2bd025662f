#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_server.h"
#include "sim_verdicts.h"
#include "unit.h"

static void *need(void *memory)
{
    if (!memory) {
        fputs("sim: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "sim: %s: %d\n", what, rc);
    exit(EXIT_FAILURE);
}

/* --- Randomness --- */

static uint64_t drawn;

/* What core would give, but the same in every run (the linker puts it in core's place): a call's waits and nonces. */
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(unit_random(&drawn) >> 32);
    return true;
}

/* --- The queue --- */

static bool is_before(const struct sim_message *a, const struct sim_message *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void enqueue(struct sim *sim, struct sim_message message)
{
    if (sim->queue_len == sim->queue_cap) {
        sim->queue_cap = sim->queue_cap ? 2 * sim->queue_cap : 256;
        sim->queue = need(realloc(sim->queue, sim->queue_cap * sizeof *sim->queue));
    }
    size_t at = sim->queue_len++;
    message.order = sim->order++;
    while (at > 0 && is_before(&message, &sim->queue[(at - 1) / 2])) {
        sim->queue[at] = sim->queue[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->queue[at] = message;
}

static struct sim_message dequeue(struct sim *sim)
{
    const struct sim_message first = sim->queue[0];
    const struct sim_message last = sim->queue[--sim->queue_len];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= sim->queue_len)
            break;
        if (child + 1 < sim->queue_len && is_before(&sim->queue[child + 1], &sim->queue[child]))
            child++;
        if (!is_before(&sim->queue[child], &last))
            break;
        sim->queue[at] = sim->queue[child];
        at = child;
    }
    sim->queue[at] = last;
    return first;
}

/* --- The network --- */

static uint64_t delay_ms(struct sim *sim)
{
    const uint32_t jitter = sim->config.jitter_ms;
    return sim->config.latency_ms + (jitter ? unit_random(&sim->random) % jitter : 0);
}

static bool breaks(struct sim *sim)
{
    return unit_random(&sim->random) % 10000 < sim->config.breaks_permyriad;
}

/* When a message has left a client: one goes after the other. */
static uint64_t leave(const struct sim *sim, struct sim_client *client, size_t len)
{
    client->uplink_bytes += len;
    if (client->uplink_free_ms < sim->now_ms)
        client->uplink_free_ms = sim->now_ms;
    if (client->uplink_bytes_s > 0)
        client->uplink_free_ms += len * 1000 / client->uplink_bytes_s;
    return client->uplink_free_ms;
}

static void transmit(struct sim *sim, unsigned i, bool to_server, struct sim_bytes *bytes)
{
    struct sim_client *client = &sim->clients[i];
    uint64_t *last = to_server ? &client->up_ms : &client->down_ms;
    const uint64_t at = (to_server ? leave(sim, client, bytes->len) : sim->now_ms) + delay_ms(sim);
    *last = at > *last ? at : *last;
    enqueue(sim, (struct sim_message){.at_ms = *last,
                                      .client = i,
                                      .session = client->session,
                                      .to_server = to_server,
                                      .bytes = sim_bytes_hold(bytes)});
}

void sim_send_down(struct sim *sim, unsigned client, struct sim_bytes *bytes)
{
    transmit(sim, client, false, bytes);
}

void sim_send_up(struct sim *sim, unsigned i, const uint8_t *data, size_t len)
{
    struct sim_bytes *bytes = sim_bytes_new(data, len);
    transmit(sim, i, true, bytes);
    sim_bytes_drop(bytes);
}

struct call_time sim_time(const struct sim *sim, unsigned i)
{
    return (struct call_time){sim->now_ms + sim->clients[i].clock_ahead_ms,
                              (uint64_t)((int64_t)(SIM_START_S + sim->now_ms / 1000) + sim->clients[i].clock_skew_s)};
}

static void connect(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    client->reconnect_ms = UINT64_MAX;
    if (!client->call || client->cut)
        return;
    if (sim->servers[client->server].down) {
        client->reconnect_ms = sim->now_ms + 200 + unit_random(&sim->random) % 800;
        return;
    }
    client->connected = true;
    client->session = ++sim->next_session;
    client->up_ms = client->down_ms = client->uplink_free_ms = sim->now_ms;
    call_connected(client->call, sim_time(sim, i));
    sim_drain(sim, i);
}

static void disconnect(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    if (!client->connected)
        return;
    client->connected = false;
    client->session = 0;
    sim_server_gone(sim, i);
    if (client->call) {
        call_disconnected(client->call, sim_time(sim, i));
        client->reconnect_ms = sim->now_ms + 200 + unit_random(&sim->random) % 800;
        sim_drain(sim, i);
    }
}

void sim_break(struct sim *sim, unsigned i)
{
    disconnect(sim, i);
}

void sim_cut(struct sim *sim, unsigned i)
{
    sim->clients[i].cut = true;
    disconnect(sim, i);
}

void sim_uncut(struct sim *sim, unsigned i)
{
    sim->clients[i].cut = false;
    sim->clients[i].reconnect_ms = sim->now_ms;
}

void sim_move(struct sim *sim, unsigned i, unsigned server)
{
    disconnect(sim, i);
    sim->clients[i].server = server;
    sim->clients[i].reconnect_ms = sim->now_ms;
}

void sim_server_stop(struct sim *sim, unsigned server)
{
    sim->servers[server].down = true;
    for (unsigned i = 0; i < sim->config.clients; i++)
        if (sim->clients[i].server == server)
            disconnect(sim, i);
}

void sim_server_start(struct sim *sim, unsigned server)
{
    sim->servers[server].down = false;
}

/* --- Clients --- */

const struct sim_epoch *sim_key(const struct sim_client *client, uint64_t epoch)
{
    for (size_t i = 0; i < SIM_EPOCHS; i++)
        if (client->epochs[i].live && client->epochs[i].epoch == epoch)
            return &client->epochs[i];
    return NULL;
}

static void take_epoch(struct sim_client *client, const struct call_event *event)
{
    size_t slot = 0;
    while (slot < SIM_EPOCHS && client->epochs[slot].live)
        slot++;
    must(slot == SIM_EPOCHS, "more epochs live than any application keeps");
    must(sim_key(client, event->epoch) != NULL, "an epoch added twice");
    struct sim_epoch *epoch = &client->epochs[slot];
    *epoch = (struct sim_epoch){.epoch = event->epoch, .key_len = event->len, .leaf = event->leaf, .live = true};
    epoch->suite = event->sframe_suite;
    epoch->padding = event->padding;
    memcpy(epoch->key, event->data, event->len);
    client->epochs_seen++;
}

static void forget_epoch(struct sim_client *client, uint64_t number)
{
    for (size_t i = 0; i < SIM_EPOCHS; i++)
        if (client->epochs[i].epoch == number)
            client->epochs[i] = (struct sim_epoch){0};
}

void sim_use_key(struct sim *sim, unsigned i, const struct sim_epoch *key)
{
    struct sim_client *client = &sim->clients[i];
    for (size_t k = 0; k < client->use_count; k++)
        if (client->uses[k].key_len == key->key_len && memcmp(client->uses[k].key, key->key, key->key_len) == 0) {
            sim->repeats += client->uses[k].life != client->life;
            return;
        }
    client->uses = need(realloc(client->uses, (client->use_count + 1) * sizeof *client->uses));
    struct sim_use *use = &client->uses[client->use_count++];
    *use = (struct sim_use){.key_len = key->key_len, .life = client->life};
    memcpy(use->key, key->key, key->key_len);
}

static void trace(const struct sim *sim, unsigned i, const struct call_event *event)
{
    static const char *const names[] = {
        [CALL_EVENT_PHASE] = "phase",        [CALL_EVENT_EPOCH_ADDED] = "epoch", [CALL_EVENT_SEND_WITH] = "sends with",
        [CALL_EVENT_SEND_STOPPED] = "stops", [CALL_EVENT_GONE] = "gone",         [CALL_EVENT_WARNING] = "warning"};
    const size_t type = (size_t)event->type;
    if (type < sizeof names / sizeof names[0] && names[type])
        printf("%8llu %3u %-10s phase %d epoch %llu warning %d pause %d %02x\n", (unsigned long long)sim->now_ms, i,
               names[type], event->phase, (unsigned long long)event->epoch, event->warning, event->pause,
               event->type == CALL_EVENT_EPOCH_ADDED ? event->data[0] : 0);
}

static void take_event(struct sim *sim, unsigned i, const struct call_event *event)
{
    struct sim_client *client = &sim->clients[i];
    if (sim->traced)
        trace(sim, i, event);
    if (sim->watch)
        sim->watch(sim->watch_context, sim, i, event);
    client->events++;
    switch (event->type) {
    case CALL_EVENT_STATE:
        sim_keep(sim, i, event->data, event->len);
        return;
    case CALL_EVENT_SEND:
        if (!client->connected)
            return;
        sim_send_up(sim, i, event->data, event->len);
        return;
    case CALL_EVENT_RECONNECT:
        client->deaf = true;
        return;
    case CALL_EVENT_PHASE:
        client->phases[event->phase]++;
        client->member_ms = event->phase == CALL_PHASE_MEMBER ? sim->now_ms : 0;
        return;
    case CALL_EVENT_EPOCH_ADDED:
        take_epoch(client, event);
        return;
    case CALL_EVENT_EPOCH_REMOVED:
        forget_epoch(client, event->epoch);
        return;
    case CALL_EVENT_SEND_WITH:
        must(sim_key(client, event->epoch) == NULL, "told to send under an epoch without keys");
        if (!client->sending)
            client->confirmed_ms = sim->now_ms;
        client->sending = true;
        client->sending_epoch = event->epoch;
        sim_use_key(sim, i, sim_key(client, event->epoch));
        return;
    case CALL_EVENT_SEND_STOPPED:
        client->sending = false;
        return;
    case CALL_EVENT_ROSTER:
        client->rosters++;
        return;
    case CALL_EVENT_GONE:
        client->gone[event->gone]++;
        return;
    case CALL_EVENT_WARNING:
        client->warnings[event->warning]++;
        if (event->warning == CALL_WARNING_RESYNC)
            memcpy(client->blamed, event->by, sizeof client->blamed);
        return;
    case CALL_EVENT_CHAT:
        client->chats++;
        client->chat_vanish_ms = event->vanish_ms;
        snprintf(client->chat, sizeof client->chat, "%.*s", (int)event->len, (const char *)event->data);
        return;
    case CALL_EVENT_HIGHEST:
        memcpy(client->highest_group, event->group_id, sizeof client->highest_group);
        client->highest_epoch = event->epoch;
        return;
    case CALL_EVENT_KNOCK:
        client->knocks++;
        memcpy(client->knocked, event->user_id, sizeof client->knocked);
        return;
    default:
        return;
    }
}

void sim_drain(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    struct call_event event;
    while (client->call && call_next_event(client->call, &event)) {
        take_event(sim, i, &event);
        if (client->dies_at > 0 && client->events >= client->dies_at) {
            sim_crash(sim, i);
            return;
        }
    }
    if (client->deaf) {
        client->deaf = false;
        disconnect(sim, i);
    }
    client->timeout_ms = client->call ? call_timeout(client->call) : UINT64_MAX;
    if (client->timeout_ms != UINT64_MAX)
        client->timeout_ms -= client->timeout_ms < client->clock_ahead_ms ? client->timeout_ms : client->clock_ahead_ms;
}

static void client_init(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    uint8_t seed[IDENTITY_KEY_LEN] = {0};
    seed[0] = (uint8_t)i;
    seed[1] = (uint8_t)(i >> 8);
    must(identity_key_from_seed(seed, &client->root), "root");
    seed[2] = 1;
    must(identity_key_from_seed(seed, &client->device), "device");
    memcpy(client->content.device_key, client->device.public_key, IDENTITY_KEY_LEN);
    snprintf(client->content.name, sizeof client->content.name, "user %u", i);
    snprintf(client->content.device, sizeof client->content.device, "laptop");
    client->content.created_s = SIM_START_S - 1000;
    client->content.expires_s = SIM_START_S + 10 * 24 * 3600;
    must(identity_certificate_make(&client->root, &client->content, client->certificate, sizeof client->certificate,
                                   &client->certificate_len),
         "certificate");
    must(identity_user_id(client->root.public_key, client->content.user_id), "user id");
    snprintf(client->name, sizeof client->name, "p-%u", i);
    client->reconnect_ms = client->timeout_ms = UINT64_MAX;
}

void sim_keep(struct sim *sim, unsigned i, const uint8_t *state, size_t len)
{
    struct sim_client *client = &sim->clients[i];
    uint8_t *copy = NULL;
    if (len > 0) {
        copy = need(malloc(len));
        memcpy(copy, state, len);
    }
    free(client->state);
    client->state = copy;
    client->state_len = len;
}

void sim_start(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    struct call_config config = {
        .link = &client->link,
        .certificate = client->certificate,
        .certificate_len = client->certificate_len,
        .device_seed = client->device.seed,
        .locked = sim->config.locked,
        .sframe_suite = sim->config.sframe_suite,
        .padding = sim->config.padding,
        .keeps = sim->config.keeps,
        .pinned = sim->pinned,
        .context = sim->context,
        .highest_epoch = client->highest_epoch,
    };
    memcpy(config.highest_group, client->highest_group, sizeof config.highest_group);
    must(call_new(&config, sim_time(sim, i), &client->call), "call");
    client->life++;
    memset(client->phases, 0, sizeof client->phases);
    client->restored = client->state ? call_restore(client->call, client->state, client->state_len) : 1;
    connect(sim, i);
}

void sim_crash(struct sim *sim, unsigned i)
{
    struct sim_client *client = &sim->clients[i];
    call_free(client->call);
    client->call = NULL;
    disconnect(sim, i);
    memset(client->epochs, 0, sizeof client->epochs);
    client->sending = false;
    client->timeout_ms = client->reconnect_ms = UINT64_MAX;
    client->dies_at = 0;
}

/* --- Running --- */

static void deliver(struct sim *sim, const struct sim_message *message)
{
    const unsigned i = message->client;
    struct sim_client *client = &sim->clients[i];
    if (!client->connected || client->session != message->session)
        return;
    if (breaks(sim)) {
        disconnect(sim, i);
        return;
    }
    if (message->to_server) {
        sim_server_take(sim, i, message->bytes->data, message->bytes->len);
    } else {
        must(call_receive(client->call, message->bytes->data, message->bytes->len, sim_time(sim, i)),
             "a client takes no message of the server's");
        sim_drain(sim, i);
    }
}

/* The next thing that happens, if it is not later than `until`. */
static bool step(struct sim *sim, uint64_t until)
{
    uint64_t at = sim->queue_len > 0 ? sim->queue[0].at_ms : UINT64_MAX;
    unsigned timed = UINT32_MAX;
    unsigned reconnects = UINT32_MAX;
    for (unsigned i = 0; i < sim->config.clients; i++) {
        if (sim->clients[i].timeout_ms < at) {
            at = sim->clients[i].timeout_ms;
            timed = i;
        }
        if (sim->clients[i].reconnect_ms < at) {
            at = sim->clients[i].reconnect_ms;
            reconnects = i;
        }
    }
    if (at > until)
        return false;
    sim->now_ms = at > sim->now_ms ? at : sim->now_ms;
    if (reconnects != UINT32_MAX && sim->clients[reconnects].reconnect_ms == at) {
        connect(sim, reconnects);
    } else if (timed != UINT32_MAX) {
        call_advance(sim->clients[timed].call, sim_time(sim, timed));
        sim_drain(sim, timed);
    } else {
        const struct sim_message message = dequeue(sim);
        deliver(sim, &message);
        sim_bytes_drop(message.bytes);
    }
    return true;
}

void sim_run_for(struct sim *sim, uint64_t ms)
{
    const uint64_t until = sim->now_ms + ms;
    while (step(sim, until))
        continue;
    sim->now_ms = until;
}

unsigned sim_running(const struct sim *sim)
{
    unsigned n = 0;
    for (unsigned i = 0; i < sim->config.clients; i++)
        n += sim->clients[i].call != NULL && call_get_phase(sim->clients[i].call) != CALL_PHASE_OUT;
    return n;
}

static bool runs(const struct sim_client *client)
{
    return client->call && call_get_phase(client->call) != CALL_PHASE_OUT;
}

bool sim_agree(const struct sim *sim)
{
    const struct sim_client *first = NULL;
    const struct sim_epoch *first_key = NULL;
    const unsigned running = sim_running(sim);
    for (unsigned i = 0; i < sim->config.clients; i++) {
        const struct sim_client *client = &sim->clients[i];
        if (!runs(client))
            continue;
        const struct sim_epoch *key = sim_key(client, call_epoch(client->call));
        if (call_get_phase(client->call) != CALL_PHASE_MEMBER || !client->sending || !key ||
            call_member_total(client->call) != running)
            return false;
        if (!first) {
            first = client;
            first_key = key;
        }
        if (call_epoch(client->call) != call_epoch(first->call) || key->key_len != first_key->key_len ||
            memcmp(key->key, first_key->key, key->key_len) != 0)
            return false;
    }
    return first != NULL;
}

uint64_t sim_settle(struct sim *sim, uint64_t max_ms)
{
    const uint64_t start = sim->now_ms;
    while (sim->now_ms < start + max_ms) {
        sim_run_for(sim, 50);
        if (sim_agree(sim))
            return sim->now_ms - start;
    }
    return UINT64_MAX;
}

void sim_print(const struct sim *sim)
{
    printf("at %llu ms, %u run, log %zu\n", (unsigned long long)sim->now_ms, sim_running(sim), sim->servers[0].count);
    for (unsigned i = 0; i < sim->config.clients; i++) {
        const struct sim_client *client = &sim->clients[i];
        if (!client->call)
            continue;
        const struct sim_epoch *key = sim_key(client, call_epoch(client->call));
        printf("  %u: phase %d pause %d epoch %llu key %02x%02x members %u sending %d (epoch %llu) resyncs %u\n", i,
               call_get_phase(client->call), call_get_pause(client->call), (unsigned long long)call_epoch(client->call),
               key ? key->key[0] : 0, key ? key->key[1] : 0, call_member_total(client->call), client->sending,
               (unsigned long long)client->sending_epoch, client->warnings[CALL_WARNING_RESYNC]);
    }
}

/* --- Life --- */

struct sim *sim_new(const struct sim_config *config)
{
    struct sim *sim = need(calloc(1, sizeof *sim));
    struct call_link link;
    sim->config = *config;
    sim->now_ms = 1000;
    sim->random = config->seed ? config->seed : 1;
    drawn = sim->random * 1000003;
    sim_verdicts_share(config->shared_verdicts);
    sim->traced = getenv("SIM_TRACE") != NULL;
    sim->clients = need(calloc(config->clients, sizeof *sim->clients));
    for (unsigned i = 0; i < SIM_SERVERS; i++)
        sim->servers[i].waiting = need(calloc(config->clients, sizeof *sim->servers[i].waiting));
    sim->servers[0].log_id[0] = 1;
    sim->servers[1].log_id[0] = 2;
    must(call_link_new("localhost", "tea", &link), "link");
    for (unsigned i = 0; i < config->clients; i++) {
        client_init(sim, i);
        sim->clients[i].link = link;
    }
    return sim;
}

void sim_free(struct sim *sim)
{
    for (unsigned i = 0; i < sim->config.clients; i++) {
        call_free(sim->clients[i].call);
        free(sim->clients[i].state);
        free(sim->clients[i].uses);
    }
    while (sim->queue_len > 0) {
        const struct sim_message message = dequeue(sim);
        sim_bytes_drop(message.bytes);
    }
    for (unsigned i = 0; i < SIM_SERVERS; i++)
        sim_server_wipe(sim, &sim->servers[i]);
    free(sim->queue);
    free(sim->clients);
    free(sim);
}
