/* What the hub's files share. */
#ifndef DS_HUB_INTERNAL_H
#define DS_HUB_INTERNAL_H

#include <sys/queue.h>

#include "ds/hub.h"

enum { DS_ROOM_BUCKETS = 4096 };

/* A key package that asks to be added. */
struct ds_waiting {
    uint8_t *data; /* NULL: none */
    size_t len;
    uint64_t until_s;
    uint64_t order; /* in which they came */
};

/* A message that has come in part. */
struct ds_partial {
    uint8_t *data;
    size_t len; /* that have come, kept or not */
    size_t cap;
    size_t expected; /* its length, as far as is known */
    uint64_t begun_us;
    uint8_t head[5]; /* its type and its request's number, as far as they have come */
    size_t head_len;
    bool begun;
    bool refused; /* answered already: the rest is not kept */
};

struct ds_peer {
    struct ds_hub *hub;
    void *connection;
    TAILQ_ENTRY(ds_peer) in_hub;
    TAILQ_ENTRY(ds_peer) in_room;
    TAILQ_ENTRY(ds_peer) in_doomed;
    TAILQ_ENTRY(ds_peer) in_unfinished; /* if partial.cap > WIRE_REQUEST_MAX */
    struct ds_partial partial;
    struct ds_member *member; /* NULL: not admitted, or not any more */
    char name[WIRE_ID_MAX + 1];
    bool admin;
    bool greeted;    /* its hello has come */
    unsigned doomed; /* enum wire_refusal: to be ended before the current call returns */
    unsigned ending; /* the same: its last packet is queued */
    uint32_t last_request;
    const char *last_text;
    uint64_t opened_us;
    bool idle;         /* it has taken all there was */
    uint64_t taken_us; /* if not: when it last took something, or there came something */
    uint64_t expires_s;
    uint64_t next_seq;     /* the first entry not pushed yet */
    uint64_t waiting_seen; /* of room->waiting_version */
    struct ds_waiting waiting;
    struct ds_queue queue;
};

/* A participant: what outlives its connection for a while, so that it is held to its rates. */
struct ds_member {
    TAILQ_ENTRY(ds_member) link;
    struct ds_room *room;
    struct ds_peer *peer; /* NULL: not connected */
    char subject[WIRE_ID_MAX + 1];
    struct ds_bucket appends;
    struct ds_bucket append_bytes;
    struct ds_bucket relays;
    struct ds_bucket relay_bytes;
    struct ds_bucket requests;
    struct ds_bucket answer_bytes;
    struct ds_bucket messages;
};

/* Who appended the GroupInfos that are kept, the oldest first, as far as this process has seen it. It is written down
 * nowhere else: neither the database nor any message says who appended what. */
struct ds_infos {
    size_t count;
    struct {
        uint64_t seq; /* its GroupInfo may be gone: the oldest go first, here as in the store */
        char subject[WIRE_ID_MAX + 1];
    } of[DS_GROUP_INFOS_MAX];
};

struct ds_room {
    TAILQ_ENTRY(ds_room) link;
    TAILQ_HEAD(ds_members, ds_member) members;
    TAILQ_HEAD(ds_room_peers, ds_peer) peers; /* those of members */
    size_t member_count;
    size_t peer_count;
    size_t unfinished_bytes; /* of its peers in hub->unfinished */
    char name[WIRE_ID_MAX + 1];
    struct ds_store_room kept;   /* as on disk */
    struct ds_store_room staged; /* as in the open transaction */
    struct ds_infos infos;       /* of what is on disk */
    struct ds_infos staged_infos;
    bool dirty;       /* in the transaction */
    bool touched;     /* nobody is here any more, and the store knows since when */
    uint64_t left_us; /* when the last one went */
    TAILQ_ENTRY(ds_room) in_dirty;
    struct ds_packet *recent[DS_RECENT_ENTRIES]; /* by seq; a packet's own number is in recent_seq */
    uint64_t recent_seq[DS_RECENT_ENTRIES];
    uint16_t waiting_count;
    uint64_t waiting_version; /* counts changes */
};

/* What follows when the transaction is on disk. */
enum ds_effect { DS_EFFECT_NONE, DS_EFFECT_KICK, DS_EFFECT_CLOSE };

struct ds_pending {
    struct ds_peer *peer; /* NULL: it has gone */
    uint32_t request;
    struct ds_packet *answer;
    enum ds_effect effect;
    struct ds_room *room;
    char subject[WIRE_ID_MAX + 1];
};

struct ds_hub {
    struct ds_hub_config config;
    struct ds_time now;
    bool draining;
    TAILQ_HEAD(, ds_peer) peers;
    TAILQ_HEAD(, ds_peer) doomed;
    TAILQ_HEAD(, ds_peer) unfinished; /* with a large message that has come in part, the oldest first */
    size_t unfinished_bytes;          /* of those */
    TAILQ_HEAD(ds_rooms, ds_room) rooms[DS_ROOM_BUCKETS];
    TAILQ_HEAD(, ds_room) dirty;
    uint64_t seed; /* of the rooms' buckets */
    uint64_t waiting_order;
    uint64_t forgotten_us; /* when rooms to forget were last looked for */
    bool open;             /* a transaction is */
    size_t batch_bytes;
    size_t pending_count;
    struct ds_pending pending[DS_BATCH_REQUESTS_MAX];
    uint64_t unsaved_rooms; /* loaded, not in the store */
    uint64_t shares;        /* that half of all bytes is divided into */
    uint64_t beyond_bytes;  /* on disk, of all rooms beyond their shares */
    struct ds_stats stats;
};

static inline struct core_slice ds_text(const char *text)
{
    return (struct core_slice){(const uint8_t *)text, __builtin_strlen(text)};
}

/* --- hub.c: connections --- */

/* Queues a packet, whose reference is taken over, for a peer; one that holds too much already is dropped. NULL, for
 * want of memory, drops the peer. */
void ds_peer_send(struct ds_peer *peer, struct ds_packet *packet);
/* Answers. */
void ds_peer_done(struct ds_peer *peer, uint32_t request);
void ds_peer_refuse(struct ds_peer *peer, uint32_t request, enum wire_refusal code);
void ds_peer_refuse_text(struct ds_peer *peer, uint32_t request, enum wire_refusal code, uint64_t wait_us,
                         const char *text);
struct ds_packet *ds_error_packet(uint32_t request, enum wire_refusal code, uint64_t wait_us, const char *text);
/* Ends the connection before the current call returns. */
void ds_peer_doom(struct ds_peer *peer, enum wire_refusal code);
void ds_peer_doom_malformed(struct ds_peer *peer);
/* The same with an answer to a request as the last word; text is a constant. */
void ds_peer_doom_text(struct ds_peer *peer, uint32_t request, enum wire_refusal code, const char *text);
/* Takes units of a rate; if that is over it, answers so. */
bool ds_peer_may(struct ds_peer *peer, uint32_t request, struct ds_bucket *bucket, const struct ds_rate *rate,
                 uint64_t units);
void ds_wake(struct ds_peer *peer);
/* Ends who was doomed; nothing may walk over a room's peers meanwhile. */
void ds_end_doomed(struct ds_hub *hub);
/* A whole message. */
void ds_peer_receive(struct ds_peer *peer, const uint8_t *data, size_t len);

/* --- fragments.c: messages that come in part --- */

/* Forgets what has come; before the peer's room is taken from it. */
void ds_partial_drop(struct ds_peer *peer);
/* Whether it has been on its way for longer than it may. */
bool ds_partial_is_late(const struct ds_peer *peer);

/* --- room.c --- */

/* The room, loaded or new; NULL with a refusal. */
struct ds_room *ds_room_get(struct ds_hub *hub, const char *name, enum wire_refusal *refusal);
struct ds_room *ds_room_find(struct ds_hub *hub, const char *name);
struct ds_member *ds_room_member(struct ds_room *room, const char *subject);
/* The participant, known or new; NULL if there are as many as may be. */
struct ds_member *ds_room_admit(struct ds_hub *hub, struct ds_room *room, const char *subject);
/* Connects a participant; an older connection is replaced. */
void ds_room_enter(struct ds_peer *peer, struct ds_member *member);
void ds_room_leave(struct ds_peer *peer);
/* Forgets participants and rooms that nothing is lost with. */
void ds_rooms_sweep(struct ds_hub *hub);
void ds_rooms_free(struct ds_hub *hub);
/* To everybody who is connected but one (or NULL). */
void ds_room_push(struct ds_room *room, struct ds_packet *packet, const struct ds_peer *except);
void ds_room_push_presence(struct ds_room *room, enum wire_type type, const char *subject,
                           const struct ds_peer *except);
void ds_room_wake(struct ds_room *room);
void ds_room_drop_recent(struct ds_room *room);

/* --- batch.c: one transaction for many requests --- */

/* Begins one if none is open, and makes sure that the room is in the store. False: the disk failed, and everything in
 * the transaction was answered so, this request too. */
bool ds_batch_stage(struct ds_hub *hub, struct ds_room *room, struct ds_peer *peer, uint32_t request);
/* After a store's error: as above. False, for `return ds_batch_fail(...)`. */
bool ds_batch_fail(struct ds_hub *hub, struct ds_peer *peer, uint32_t request);
/* The request is done once the transaction is on disk; answer's reference is taken over. */
void ds_batch_answer(struct ds_hub *hub, struct ds_peer *peer, uint32_t request, struct ds_packet *answer,
                     enum ds_effect effect, struct ds_room *room, const char *subject, size_t bytes);
void ds_batch_flush(struct ds_hub *hub);
/* What a room may hold now, as the transaction has it. */
struct ds_store_bounds ds_batch_bounds(const struct ds_hub *hub, const struct ds_room *room);
/* Refuses what is over them. */
void ds_batch_over(struct ds_hub *hub, struct ds_peer *peer, uint32_t request);
/* Reads how much all rooms hold; if the store cannot say, what is known stays. */
SOTTO_MUST_CHECK int ds_batch_count(struct ds_hub *hub);
void ds_batch_drop_peer(struct ds_hub *hub, const struct ds_peer *peer);

/* --- requests --- */

void ds_on_hello(struct ds_peer *peer, uint32_t request, const struct wire_hello *hello);
void ds_on_renew(struct ds_peer *peer, uint32_t request, const struct wire_renew *renew);
void ds_on_kick(struct ds_peer *peer, uint32_t request, const struct wire_kick *kick);
void ds_on_close_room(struct ds_peer *peer, uint32_t request);
void ds_on_append(struct ds_peer *peer, uint32_t request, const struct wire_append *append);
void ds_on_read(struct ds_peer *peer, uint32_t request, const struct wire_read *read);
void ds_on_fetch(struct ds_peer *peer, uint32_t request, const struct wire_fetch *fetch);
void ds_on_list(struct ds_peer *peer, uint32_t request, const struct wire_list *list);
void ds_on_relay(struct ds_peer *peer, uint32_t request, const struct wire_relay *relay);
void ds_on_put(struct ds_peer *peer, uint32_t request, const struct wire_put_key_package *put);
void ds_on_take(struct ds_peer *peer, uint32_t request, const struct wire_take_key_packages *take);

/* --- pushes that are made when they can be written --- */

/* The next entry for a peer that follows the log; NULL if it has all. */
struct ds_packet *ds_next_entry(struct ds_peer *peer);
/* key_packages_waiting, if their number has changed since the last. */
struct ds_packet *ds_next_waiting(struct ds_peer *peer);

/* --- key_packages.c --- */
void ds_waiting_drop(struct ds_peer *peer);

#endif
