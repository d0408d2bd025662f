#include "sim_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/buffer.h"

static void *need(void *memory)
{
    if (!memory) {
        fputs("sim: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* What sotto-ds keeps of GroupInfos: docs/protocol.md, Limits. */
enum { INFOS_MAX = 8, INFOS_EACH = 2 };

/* --- Bytes --- */

struct sim_bytes *sim_bytes_new(const uint8_t *data, size_t len)
{
    struct sim_bytes *bytes = need(malloc(sizeof *bytes + len));
    bytes->holders = 1;
    bytes->len = len;
    if (len > 0)
        memcpy(bytes->data, data, len);
    return bytes;
}

struct sim_bytes *sim_bytes_hold(struct sim_bytes *bytes)
{
    if (bytes)
        bytes->holders++;
    return bytes;
}

void sim_bytes_drop(struct sim_bytes *bytes)
{
    if (bytes && --bytes->holders == 0)
        free(bytes);
}

static struct core_slice slice(const struct sim_bytes *bytes)
{
    return bytes ? (struct core_slice){bytes->data, bytes->len} : (struct core_slice){NULL, 0};
}

/* --- Sending --- */

static struct sim_bytes *encode(const struct wire_envelope *envelope)
{
    struct bytes_writer w;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, envelope);
    if (!bytes_writer_ok(&w)) {
        fprintf(stderr, "sim: a server's message that cannot be written: type %d\n", envelope->type);
        exit(EXIT_FAILURE);
    }
    struct sim_bytes *bytes = sim_bytes_new(w.data, w.len);
    wire_buffer_free(&w);
    return bytes;
}

static enum sim_kind kind_of(const struct wire_envelope *envelope)
{
    switch (envelope->type) {
    case WIRE_ENTRY:
        return SIM_COMMITS;
    case WIRE_RELAYED:
        return SIM_RELAYED;
    case WIRE_KEY_PACKAGES_WAITING:
        return SIM_WAITING;
    case WIRE_PART:
        return envelope->part.part == WIRE_PART_WELCOME ? SIM_WELCOMES : SIM_GROUP_INFOS;
    case WIRE_ENTRIES:
    case WIRE_KEY_PACKAGES:
        return SIM_PAGES;
    default:
        return SIM_OTHER;
    }
}

static void count(struct sim_traffic *traffic, size_t len)
{
    traffic->messages++;
    traffic->bytes += len;
}

static void answer(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_bytes *bytes = encode(envelope);
    count(&sim->servers[sim->clients[client].server].sent[kind_of(envelope)], bytes->len);
    sim_send_down(sim, client, bytes);
    sim_bytes_drop(bytes);
}

static void push(struct sim *sim, unsigned client, const struct wire_envelope *envelope, struct sim_bytes *bytes)
{
    struct sim_client *to = &sim->clients[client];
    if (!to->connected || !to->admitted || (sim->filter && !sim->filter(sim->context, sim, client, envelope)))
        return;
    count(&sim->servers[to->server].sent[kind_of(envelope)], bytes->len);
    sim_send_down(sim, client, bytes);
}

static void push_all(struct sim *sim, unsigned server, const struct wire_envelope *envelope, unsigned but)
{
    struct sim_bytes *bytes = encode(envelope);
    for (unsigned i = 0; i < sim->config.clients; i++)
        if (i != but && sim->clients[i].server == server)
            push(sim, i, envelope, bytes);
    sim_bytes_drop(bytes);
}

/* --- The log --- */

static struct wire_entry entry_of(const struct sim_server *server, uint64_t seq)
{
    const struct sim_entry *entry = &server->entries[seq - 1];
    return (struct wire_entry){.seq = seq,
                               .has_welcome = entry->welcome != NULL,
                               .has_group_info = entry->info != NULL,
                               .commit = slice(entry->commit)};
}

/* Of all the newest, and of its who has just appended. */
static void bound_infos(struct sim_server *server)
{
    const unsigned appender = server->entries[server->count - 1].appender;
    unsigned own = 0;
    unsigned all = 0;
    for (size_t i = server->count; i-- > 0;) {
        struct sim_entry *entry = &server->entries[i];
        if (!entry->info)
            continue;
        if ((entry->appender == appender && ++own > INFOS_EACH) || ++all > INFOS_MAX) {
            sim_bytes_drop(entry->info);
            entry->info = NULL;
        }
    }
}

static uint64_t store(struct sim_server *server, struct sim_entry entry)
{
    if (server->count == server->cap) {
        server->cap = server->cap ? 2 * server->cap : 64;
        server->entries = need(realloc(server->entries, server->cap * sizeof *server->entries));
    }
    server->appended_bytes += entry.commit->len;
    server->entries[server->count++] = entry;
    bound_infos(server);
    return server->count;
}

static void push_entry(struct sim *sim, unsigned server, uint64_t seq)
{
    const struct wire_envelope envelope = {.type = WIRE_ENTRY, .entry = entry_of(&sim->servers[server], seq)};
    push_all(sim, server, &envelope, UINT32_MAX);
}

void sim_append(struct sim *sim, unsigned server, const uint8_t *commit, size_t len)
{
    sim_append_parts(sim, server, (struct core_slice){commit, len}, (struct core_slice){0}, (struct core_slice){0});
}

void sim_append_parts(struct sim *sim, unsigned server, struct core_slice commit, struct core_slice welcome,
                      struct core_slice info)
{
    const struct sim_entry entry = {.commit = sim_bytes_new(commit.data, commit.len),
                                    .welcome = welcome.len > 0 ? sim_bytes_new(welcome.data, welcome.len) : NULL,
                                    .info = info.len > 0 ? sim_bytes_new(info.data, info.len) : NULL,
                                    .appender = SIM_OUTSIDER};
    push_entry(sim, server, store(&sim->servers[server], entry));
}

static void take_append(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const unsigned at = sim->clients[client].server;
    struct sim_server *server = &sim->servers[at];
    const struct wire_append *append = &envelope->append;
    struct wire_envelope appended = {.type = WIRE_APPENDED, .request = envelope->request};
    for (size_t i = 0; i < server->count; i++)
        if (memcmp(server->entries[i].append_id, append->append_id, WIRE_APPEND_ID_LEN) == 0) {
            appended.appended.seq = i + 1;
            answer(sim, client, &appended);
            return;
        }
    struct sim_entry entry = {
        .commit = sim_bytes_new(append->commit.data, append->commit.len),
        .welcome = append->has_welcome ? sim_bytes_new(append->welcome.data, append->welcome.len) : NULL,
        .info = append->has_group_info ? sim_bytes_new(append->group_info.data, append->group_info.len) : NULL,
        .appender = client};
    memcpy(entry.append_id, append->append_id, sizeof entry.append_id);
    server->appended_bytes += append->welcome.len + append->group_info.len;
    const uint64_t seq = store(server, entry);
    appended.appended.seq = seq;
    answer(sim, client, &appended);
    push_entry(sim, at, seq);
}

static void refuse(struct sim *sim, unsigned client, uint32_t request, uint16_t code)
{
    const struct sim_server *server = &sim->servers[sim->clients[client].server];
    const uint32_t retry_after_ms = code == WIRE_REFUSED_RATE_LIMITED ? server->fetches.retry_after_ms : 0;
    const struct wire_envelope envelope = {
        .type = WIRE_ERROR,
        .request = request,
        .error = {.code = code, .retry_after_ms = retry_after_ms, .text = {(const uint8_t *)"no", 2}}};
    answer(sim, client, &envelope);
}

static void take_read(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const struct sim_server *server = &sim->servers[sim->clients[client].server];
    struct bytes_writer list;
    wire_buffer_init(&list, WIRE_LIST_MAX);
    uint64_t seq = envelope->read.from ? envelope->read.from : 1;
    for (unsigned n = 0; seq <= server->count && n < envelope->read.max; n++, seq++) {
        const struct wire_entry entry = entry_of(server, seq);
        if (list.len + entry.commit.len + 16 > WIRE_LIST_MAX)
            break;
        wire_entry_write(&list, &entry);
    }
    const struct wire_envelope page = {.type = WIRE_ENTRIES,
                                       .request = envelope->request,
                                       .entries = {.head = server->count, .list = wire_buffer_slice(&list)}};
    answer(sim, client, &page);
    wire_buffer_free(&list);
}

static void take_fetch(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_server *server = &sim->servers[sim->clients[client].server];
    const struct wire_fetch *fetch = &envelope->fetch;
    const struct sim_entry *entry =
        fetch->seq >= 1 && fetch->seq <= server->count ? &server->entries[fetch->seq - 1] : NULL;
    const struct sim_bytes *part = !entry                             ? NULL
                                   : fetch->part == WIRE_PART_WELCOME ? entry->welcome
                                   : fetch->part == WIRE_PART_COMMIT  ? entry->commit
                                                                      : entry->info;
    if (!part) {
        refuse(sim, client, envelope->request, WIRE_REFUSED_NOT_FOUND);
        return;
    }
    if (server->fetches.refuse > 0) {
        server->fetches.refuse--;
        server->fetches.refused_ms = sim->now_ms;
        refuse(sim, client, envelope->request, WIRE_REFUSED_RATE_LIMITED);
        return;
    }
    if (server->fetches.given_ms == 0) {
        server->fetches.given_ms = sim->now_ms;
        server->fetches.given_seq = fetch->seq;
    }
    const size_t most = server->piece_max ? server->piece_max : WIRE_PIECE_MAX;
    struct core_slice piece = slice(part);
    if (fetch->offset >= piece.len) {
        refuse(sim, client, envelope->request, WIRE_REFUSED_NOT_FOUND);
        return;
    }
    piece.data += fetch->offset;
    piece.len -= fetch->offset;
    if (piece.len > most)
        piece.len = most;
    const struct wire_envelope found = {.type = WIRE_PART,
                                        .request = envelope->request,
                                        .part = {.seq = fetch->seq,
                                                 .part = fetch->part,
                                                 .total = (uint32_t)part->len,
                                                 .offset = fetch->offset,
                                                 .data = piece}};
    if (sim->filter && !sim->filter(sim->context, sim, client, &found)) {
        refuse(sim, client, envelope->request, WIRE_REFUSED_NOT_FOUND);
        return;
    }
    answer(sim, client, &found);
}

/* The numbers of the entries whose GroupInfo is kept. */
static void write_infos(const struct sim_server *server, struct bytes_writer *list)
{
    uint64_t found[INFOS_MAX];
    size_t count = 0;
    for (uint64_t seq = server->count; seq > 0 && count < INFOS_MAX; seq--)
        if (server->entries[seq - 1].info)
            found[count++] = seq;
    wire_buffer_init(list, WIRE_LIST_MAX);
    while (count-- > 0)
        wire_seq_write(list, found[count]);
}

static void take_list(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_server *server = &sim->servers[sim->clients[client].server];
    struct bytes_writer list;
    if (server->fetches.refuse_lists > 0) {
        server->fetches.refuse_lists--;
        refuse(sim, client, envelope->request, WIRE_REFUSED_RATE_LIMITED);
        return;
    }
    write_infos(server, &list);
    const struct wire_envelope seqs = {.type = WIRE_SEQS,
                                       .request = envelope->request,
                                       .seqs = {.part = envelope->list.part, .list = wire_buffer_slice(&list)}};
    answer(sim, client, &seqs);
    wire_buffer_free(&list);
}

/* --- Key packages --- */

static uint16_t count_waiting(const struct sim *sim, const struct sim_server *server)
{
    uint16_t n = 0;
    for (unsigned i = 0; i < sim->config.clients; i++)
        n = (uint16_t)(n + (server->waiting[i] != NULL));
    return n;
}

static void take_put(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const unsigned at = sim->clients[client].server;
    struct sim_server *server = &sim->servers[at];
    sim_bytes_drop(server->waiting[client]);
    server->waiting[client] =
        sim_bytes_new(envelope->put_key_package.key_package.data, envelope->put_key_package.key_package.len);
    const struct wire_envelope done = {.type = WIRE_DONE, .request = envelope->request};
    answer(sim, client, &done);
    const struct wire_envelope waiting = {.type = WIRE_KEY_PACKAGES_WAITING,
                                          .waiting = {.waiting = count_waiting(sim, server)}};
    push_all(sim, at, &waiting, client);
}

static void take_take(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_server *server = &sim->servers[sim->clients[client].server];
    struct bytes_writer list;
    unsigned taken = 0;
    wire_buffer_init(&list, WIRE_LIST_MAX);
    for (unsigned i = 0; i < sim->config.clients && taken < envelope->take_key_packages.max; i++) {
        if (!server->waiting[i] || list.len + server->waiting[i]->len + 80 > WIRE_LIST_MAX)
            continue;
        const struct wire_key_package package = {
            .holder = {(const uint8_t *)sim->clients[i].name, strlen(sim->clients[i].name)},
            .use = WIRE_USE_WAITING,
            .key_package = slice(server->waiting[i])};
        wire_key_package_write(&list, &package);
        sim_bytes_drop(server->waiting[i]);
        server->waiting[i] = NULL;
        taken++;
    }
    const struct wire_envelope packages = {
        .type = WIRE_KEY_PACKAGES,
        .request = envelope->request,
        .key_packages = {.waiting = count_waiting(sim, server), .list = wire_buffer_slice(&list)}};
    answer(sim, client, &packages);
    wire_buffer_free(&list);
}

/* --- Connections --- */

static void take_hello(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_client *from = &sim->clients[client];
    struct sim_server *server = &sim->servers[from->server];
    struct wire_envelope admitted = {.type = WIRE_ADMITTED,
                                     .request = envelope->request,
                                     .admitted = {.oldest = 1,
                                                  .head = server->count,
                                                  .token_left_s = UINT32_MAX,
                                                  .waiting = count_waiting(sim, server),
                                                  .limits = {20, 40, 200, 100, 1000},
                                                  .pseudonym = {(const uint8_t *)from->name, strlen(from->name)}}};
    struct bytes_writer infos;
    memcpy(admitted.admitted.log_id, server->log_id, sizeof server->log_id);
    write_infos(server, &infos);
    admitted.admitted.group_infos = wire_buffer_slice(&infos);
    struct bytes_writer present;
    wire_buffer_init(&present, WIRE_LIST_MAX);
    wire_id_write(&present, admitted.admitted.pseudonym);
    admitted.admitted.present = wire_buffer_slice(&present);
    answer(sim, client, &admitted);
    wire_buffer_free(&present);
    wire_buffer_free(&infos);
    from->admitted = true;
    for (uint64_t seq = envelope->hello.from; seq > 0 && seq <= server->count; seq++) {
        const struct wire_envelope entry = {.type = WIRE_ENTRY, .entry = entry_of(server, seq)};
        struct sim_bytes *bytes = encode(&entry);
        push(sim, client, &entry, bytes);
        sim_bytes_drop(bytes);
    }
}

static uint64_t interval_ms(const struct sim *sim)
{
    const uint64_t each = 50 * (uint64_t)sim_running(sim);
    return each > 5000 ? each : 5000;
}

static void take_relay(struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_client *from = &sim->clients[client];
    struct sim_server *server = &sim->servers[from->server];
    const struct wire_envelope done = {.type = WIRE_DONE, .request = envelope->request};
    const struct wire_envelope relayed = {.type = WIRE_RELAYED, .relay = envelope->relay};
    const bool in_turn = from->relayed_ms == 0 || sim->now_ms - from->relayed_ms + 500 > interval_ms(sim);
    count(in_turn ? &server->relayed_in_turn : &server->relayed_out_of_turn, envelope->relay.payload.len);
    from->relayed_ms = sim->now_ms;
    answer(sim, client, &done);
    push_all(sim, from->server, &relayed, UINT32_MAX);
}

void sim_server_gone(struct sim *sim, unsigned client)
{
    struct sim_server *server = &sim->servers[sim->clients[client].server];
    sim_bytes_drop(server->waiting[client]);
    server->waiting[client] = NULL;
    sim->clients[client].admitted = false;
}

void sim_server_take(struct sim *sim, unsigned client, const uint8_t *data, size_t len)
{
    struct wire_envelope envelope;
    if (!wire_envelope_parse(data, len, &envelope) || !wire_is_request(envelope.type)) {
        fprintf(stderr, "sim: client %u sent what no client sends\n", client);
        exit(EXIT_FAILURE);
    }
    if (sim->request && !sim->request(sim->context, sim, client, &envelope))
        return;
    switch (envelope.type) {
    case WIRE_HELLO:
        take_hello(sim, client, &envelope);
        return;
    case WIRE_APPEND:
        take_append(sim, client, &envelope);
        return;
    case WIRE_READ:
        take_read(sim, client, &envelope);
        return;
    case WIRE_FETCH:
        take_fetch(sim, client, &envelope);
        return;
    case WIRE_LIST:
        take_list(sim, client, &envelope);
        return;
    case WIRE_PUT_KEY_PACKAGE:
        take_put(sim, client, &envelope);
        return;
    case WIRE_TAKE_KEY_PACKAGES:
        take_take(sim, client, &envelope);
        return;
    case WIRE_RELAY:
        take_relay(sim, client, &envelope);
        return;
    default:
        refuse(sim, client, envelope.request, WIRE_REFUSED_FORBIDDEN);
        return;
    }
}

static void drop_entries(struct sim_server *server)
{
    for (size_t i = 0; i < server->count; i++) {
        sim_bytes_drop(server->entries[i].commit);
        sim_bytes_drop(server->entries[i].welcome);
        sim_bytes_drop(server->entries[i].info);
    }
    server->count = 0;
}

void sim_close_room(struct sim *sim)
{
    drop_entries(&sim->servers[0]);
    sim->servers[0].log_id[0] ^= 0x80;
}

void sim_server_wipe(struct sim *sim, struct sim_server *server)
{
    drop_entries(server);
    for (unsigned i = 0; server->waiting && i < sim->config.clients; i++)
        sim_bytes_drop(server->waiting[i]);
    free(server->entries);
    free(server->waiting);
    *server = (struct sim_server){0};
}

void sim_server_copy(struct sim *sim)
{
    const struct sim_server *from = &sim->servers[0];
    struct sim_server *to = &sim->servers[1];
    sim_server_wipe(sim, to);
    to->waiting = need(calloc(sim->config.clients, sizeof *to->waiting));
    memcpy(to->log_id, from->log_id, sizeof to->log_id);
    for (size_t i = 0; i < from->count; i++) {
        struct sim_entry entry = from->entries[i];
        sim_bytes_hold(entry.commit);
        sim_bytes_hold(entry.welcome);
        sim_bytes_hold(entry.info);
        store(to, entry);
    }
}
