#include "hub_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

struct ds_hub *hub;
struct ds_store *store;
struct ds_limits limits;
struct ds_time now;
struct client clients[CLIENTS_MAX];

struct core_slice text(const char *s)
{
    return (struct core_slice){(const uint8_t *)s, strlen(s)};
}

bool same(struct core_slice a, const char *b)
{
    return a.len == strlen(b) && memcmp(a.data, b, a.len) == 0;
}

static const char *check_token(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant)
{
    char copy[128];
    char room[64];
    char subject[64];
    char rights[8];
    unsigned long long expires;
    (void)user;
    snprintf(copy, sizeof(copy), "%.*s", (int)token.len, (const char *)token.data);
    if (sscanf(copy, "%63s %63s %7s %llu", room, subject, rights, &expires) != 4)
        return "no token";
    if (expires <= now_s)
        return "the token has expired";
    *grant = (struct ds_grant){.signal = strchr(rights, 's'), .admin = strchr(rights, 'a'), .expires_s = expires};
    memcpy(grant->room, room, sizeof(room));
    memcpy(grant->subject, subject, sizeof(subject));
    return NULL;
}

static void wake(void *user, void *connection)
{
    (void)user;
    ((struct client *)connection)->woken = true;
}

void open_hub(bool dev)
{
    const struct ds_hub_config config = {
        .store = store, .limits = limits, .dev = dev, .check_token = check_token, .wake = wake};
    hub = ds_hub_new(&config, now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hub);
}

void start(void)
{
    char problem[DS_STORE_PROBLEM_MAX];
    log_set_level(LOG_LEVEL_ERROR + 1); /* none */
    if (limits.rooms == 0)
        limits = ds_limits_default;
    now = (struct ds_time){.now_us = 77000000, .wall_s = START_S};
    memset(clients, 0, sizeof(clients));
    store = ds_store_open(NULL, problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    open_hub(true);
}

static void leave_all(void)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        disconnect(i);
}

void restart(void)
{
    leave_all();
    ds_hub_free(hub);
    open_hub(true);
}

void stop(void)
{
    leave_all();
    ds_hub_free(hub);
    ds_store_close(store);
    hub = NULL;
    limits = ds_limits_default;
}

void pass_ms(uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i++) {
        now.now_us += 1000;
        if (now.now_us % 1000000 == 0) {
            now.wall_s++;
            ds_hub_tick(hub, now);
            ds_hub_flush(hub, now);
        }
    }
}

void connect_to(size_t i)
{
    char name[16];
    snprintf(name, sizeof(name), "p-%zu", i);
    disconnect(i);
    clients[i].peer = ds_peer_new(hub, &clients[i], name, now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(clients[i].peer);
}

void disconnect(size_t i)
{
    ds_packet_unref(clients[i].packet);
    if (clients[i].peer)
        ds_peer_free(clients[i].peer, now);
    clients[i] = (struct client){.request = clients[i].request};
}

void send_envelope(size_t i, const struct wire_envelope *envelope)
{
    uint8_t *data = malloc(MESSAGE_MAX);
    struct bytes_writer w;
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    bytes_writer_init(&w, data, MESSAGE_MAX);
    wire_envelope_write(&w, envelope);
    CU_ASSERT(bytes_writer_ok(&w));
    ds_peer_fragment(clients[i].peer, data, w.len, 0, true, now);
    free(data);
}

uint32_t hello(size_t i, const char *token, const char *room, uint64_t from)
{
    const struct wire_envelope e = {
        .type = WIRE_HELLO, .request = ++clients[i].request, .hello = {text(token), text(room), from}};
    send_envelope(i, &e);
    return e.request;
}

void join(size_t i)
{
    connect_to(i);
    hello(i, "", "tea", 1);
    CU_ASSERT(takes(i, WIRE_ADMITTED));
}

uint32_t append_parts(size_t i, uint8_t id, const char *commit, const char *welcome, const char *info)
{
    struct wire_envelope e = {
        .type = WIRE_APPEND,
        .request = ++clients[i].request,
        .append = {.append_id = {id}, .commit = text(commit), .has_welcome = welcome, .has_group_info = info}};
    if (welcome)
        e.append.welcome = text(welcome);
    if (info)
        e.append.group_info = text(info);
    send_envelope(i, &e);
    return e.request;
}

uint32_t append(size_t i, uint8_t id, const char *commit)
{
    return append_parts(i, id, commit, NULL, NULL);
}

void flush(void)
{
    ds_hub_flush(hub, now);
}

static bool take(size_t i)
{
    struct client *client = &clients[i];
    ds_packet_unref(client->packet);
    client->packet = ds_peer_next(client->peer, now);
    return client->packet && wire_envelope_parse(ds_packet_data(client->packet), client->packet->len, &client->got);
}

bool takes(size_t i, enum wire_type type)
{
    if (!take(i)) {
        printf("  client %zu: nothing, not %s\n", i, wire_type_text((uint8_t)type));
        return false;
    }
    if (clients[i].got.type != type)
        printf("  client %zu: %s, not %s\n", i, wire_type_text(clients[i].got.type), wire_type_text((uint8_t)type));
    return clients[i].got.type == type;
}

bool takes_error(size_t i, uint32_t request, enum wire_refusal code)
{
    if (!takes(i, WIRE_ERROR))
        return false;
    const struct wire_envelope *got = &clients[i].got;
    if (got->error.code != code)
        printf("  client %zu: %s\n", i, wire_refusal_text(got->error.code));
    return got->request == request && got->error.code == code;
}

bool takes_appended(size_t i, uint32_t request, uint64_t seq)
{
    return takes(i, WIRE_APPENDED) && clients[i].got.request == request && clients[i].got.appended.seq == seq;
}

bool takes_entry(size_t i, uint64_t seq, const char *commit)
{
    return takes(i, WIRE_ENTRY) && clients[i].got.entry.seq == seq && same(clients[i].got.entry.commit, commit);
}

bool takes_presence(size_t i, enum wire_type type, const char *pseudonym)
{
    return takes(i, type) && same(clients[i].got.presence.pseudonym, pseudonym);
}

bool takes_nothing(size_t i)
{
    if (!take(i))
        return clients[i].packet == NULL;
    printf("  client %zu: %s\n", i, wire_type_text(clients[i].got.type));
    return false;
}

bool is_ended(size_t i, enum wire_refusal code)
{
    while (take(i) && clients[i].got.type != WIRE_ERROR)
        ;
    return clients[i].packet && clients[i].got.error.code == code && ds_peer_ending(clients[i].peer) == code &&
           takes_nothing(i);
}

void drop_all(size_t i)
{
    while (take(i))
        ;
}
