/* The delivery service as a sequence of what its clients do: connect, send envelopes, take packets, go; time passes;
 * batches are flushed, or lost with the process. What leaves is well formed, a follower's entries are in order, and a
 * log that comes back holds what it has acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "ds/hub.h"

enum { CLIENTS = 4, LOGS = 16, ENTRIES_KEPT = 16, FIRST_S = 1000000 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* A log, and how far it has been acknowledged. */
struct known_log {
    uint8_t id[WIRE_LOG_ID_LEN];
    uint64_t acknowledged;
};

struct client {
    struct ds_peer *peer;
    uint64_t next; /* entry, at least */
    struct known_log *log;
};

static struct ds_store *store;
static struct ds_hub *hub;
static struct ds_time now;
static struct client clients[CLIENTS];
static struct known_log logs[LOGS];
static size_t log_count;

static const char *check_token(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant)
{
    (void)user;
    if (token.len < 2 || token.data[0] % 4 == 0)
        return "no token";
    *grant = (struct ds_grant){.signal = token.data[0] % 4 > 1,
                               .admin = token.data[0] % 4 > 2,
                               .expires_s = now_s + token.data[1],
                               .room = {(char)('a' + token.data[0] / 4 % 2)},
                               .subject = {(char)('a' + token.data[0] / 8 % 3)}};
    return NULL;
}

static void wake(void *user, void *connection)
{
    (void)user;
    (void)connection;
}

static void open_hub(void)
{
    struct ds_hub_config config = {
        .store = store, .limits = ds_limits_default, .dev = true, .check_token = check_token, .wake = wake};
    config.limits.room.entries = ENTRIES_KEPT;
    config.limits.participants = 2;
    config.limits.rooms = 2;
    hub = ds_hub_new(&config, now);
    must(hub != NULL);
}

/* Whatever was acknowledged in this log is still there. NULL if there are too many to remember. */
static struct known_log *admit(const struct wire_admitted *admitted)
{
    for (size_t i = 0; i < log_count; i++) {
        if (memcmp(logs[i].id, admitted->log_id, WIRE_LOG_ID_LEN) == 0) {
            must(admitted->head >= logs[i].acknowledged);
            return &logs[i];
        }
    }
    if (log_count == LOGS)
        return NULL;
    memcpy(logs[log_count].id, admitted->log_id, WIRE_LOG_ID_LEN);
    return &logs[log_count++];
}

static void take(struct client *client)
{
    struct ds_packet *packet = ds_peer_next(client->peer, now);
    struct wire_envelope e;
    if (!packet)
        return;
    must(wire_envelope_parse(ds_packet_data(packet), packet->len, &e) && !wire_is_request(e.type));
    if (e.type == WIRE_ADMITTED)
        client->log = admit(&e.admitted);
    if (e.type == WIRE_ENTRY) {
        must(e.entry.seq >= client->next);
        client->next = e.entry.seq + 1;
    }
    if (e.type == WIRE_APPENDED && client->log && e.appended.seq > client->log->acknowledged)
        client->log->acknowledged = e.appended.seq;
    ds_packet_unref(packet);
}

static void leave(struct client *client)
{
    if (client->peer)
        ds_peer_free(client->peer, now);
    *client = (struct client){.peer = NULL};
}

/* One step: a number says what, the rest of its block is what is sent. */
static void step(struct bytes_reader *r)
{
    uint8_t what = bytes_read_u8(r);
    struct client *client = &clients[what % CLIENTS];
    size_t len = what / CLIENTS % 8 < 4 ? bytes_read_u16(r) % 512 : 0;
    if (len > bytes_reader_left(r))
        len = bytes_reader_left(r);
    const uint8_t *data = bytes_parse(r, len);
    if (!bytes_reader_ok(r))
        return;
    switch (what / CLIENTS % 8) {
    case 4:
        leave(client);
        break;
    case 5:
        ds_hub_flush(hub, now);
        break;
    case 6:
        now.now_us += UINT64_C(1000000) << what / 32;
        now.wall_s += UINT64_C(1) << what / 32;
        ds_hub_tick(hub, now);
        break;
    case 7: /* the process dies */
        for (size_t i = 0; i < CLIENTS; i++)
            leave(&clients[i]);
        ds_hub_free(hub);
        open_hub();
        break;
    default:
        if (!client->peer)
            client->peer = ds_peer_new(hub, client, what & 32 ? "a" : NULL, now);
        must(client->peer != NULL);
        ds_peer_fragment(client->peer, data, len, what % 3, what / CLIENTS % 8 != 3, now);
        (void)ds_peer_pause_us(client->peer, now);
        take(client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char problem[DS_STORE_PROBLEM_MAX];
    struct bytes_reader r;
    struct ds_stats stats;
    bytes_reader_init(&r, data, size);
    log_set_level(LOG_LEVEL_ERROR + 1); /* none */
    now = (struct ds_time){1000000, FIRST_S};
    memset(logs, 0, sizeof(logs));
    log_count = 0;
    store = ds_store_open(NULL, problem);
    must(store != NULL);
    open_hub();
    while (bytes_reader_left(&r) > 0)
        step(&r);
    ds_hub_flush(hub, now);
    for (size_t i = 0; i < CLIENTS; i++) {
        while (clients[i].peer && ds_peer_pause_us(clients[i].peer, now) == UINT64_MAX)
            take(&clients[i]);
        leave(&clients[i]);
    }
    ds_hub_stats(hub, &stats);
    must(stats.connections == 0 && stats.participants == 0 && stats.stored_rooms <= 2 && stats.unfinished_bytes == 0);
    ds_hub_free(hub);
    ds_store_close(store);
    return 0;
}
