/* The delivery service without sockets and clock: rooms, their participants, logs, limits.
 *
 * A transport gives it messages, in fragments as they come, and takes packets from it; time is a parameter. Everything
 * is bounded. Appends and what else must be on disk are gathered in one transaction until ds_hub_flush(), and answered
 * once that is synced: so while one sync goes on, the next batch gathers. One thread. */
#ifndef DS_HUB_H
#define DS_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/provider.h"
#include "ds/packet.h"
#include "ds/rate.h"
#include "ds/store.h"
#include "sotto/export.h"

/* Bounds that no operator sets; the others are in struct ds_limits. */
enum {
    DS_QUEUE_PACKETS_MAX = 4096,
    DS_QUEUE_BYTES_MAX = 2 * 1024 * 1024, /* more waits for one client: it is dropped */
    DS_QUEUE_PAUSE = 256 * 1024,          /* more waits: nothing further is read from it */
    DS_BATCH_REQUESTS_MAX = 1024,         /* answered by one transaction */
    DS_BATCH_BYTES_MAX = 8 * 1024 * 1024,
    DS_RECENT_ENTRIES = 16, /* kept encoded for each room, up to DS_RECENT_BYTES_MAX each */
    DS_RECENT_BYTES_MAX = 64 * 1024,
    DS_GROUP_INFOS_MAX = 8,      /* kept of a room, the oldest goes first; */
    DS_GROUP_INFOS_EACH = 2,     /* and of each participant of it, so that who floods displaces little but his own */
    DS_INFOS_LIFE_S = 300,       /* for which a room that was left knows whose they are */
    DS_ONE_USE_MAX = 16,         /* key packages of one use for each holder in a room */
    DS_WAITING_LIFE_S = 30,      /* of a key package that waits */
    DS_BAN_S = 3600,             /* after a kick or a closing: the longest that a token lives */
    DS_HELLO_TIMEOUT_S = 10,     /* for a connection to be admitted */
    DS_STUCK_TIMEOUT_S = 30,     /* for a client to take what waits for it */
    DS_FORGET_INTERVAL_S = 60,   /* between two searches for rooms to forget */
    DS_MESSAGE_TIMEOUT_S = 30,   /* for a message to come whole, and a second more for each DS_MESSAGE_RATE of it */
    DS_MESSAGE_RATE = 64 * 1024, /* bytes a second that a client can send at least */
    DS_MESSAGE_TURN_S = 10,      /* after this an unfinished message gives way to others, where memory is short */
    DS_MESSAGE_RETRY_S = 2,      /* for one that was refused unfinished */
    DS_FULL_RETRY_S = 10,        /* for what there was no place for */
    DS_UNLIMITED_S = 0xffffffff, /* token_left_s of who needs none */
};

struct ds_limits {
    uint32_t rooms;        /* in the store, and with a connection */
    uint32_t participants; /* in one room; at most WIRE_PRESENT_MAX */
    uint64_t stored_bytes; /* in all rooms together, never more; each has its share of half of it for itself */
    uint32_t retention_s;  /* a room without connection and append is forgotten */
    /* Held of messages over WIRE_REQUEST_MAX that have come in part: of all rooms, and of one. Shorter ones are bounded
     * by the number of connections. */
    size_t unfinished_bytes;
    size_t unfinished_room_bytes;
    struct ds_store_bounds room;
    struct ds_rate appends; /* rates are for each participant of each room */
    struct ds_rate append_bytes;
    struct ds_rate relays;
    struct ds_rate relay_bytes;
    struct ds_rate requests;
    struct ds_rate answer_bytes;
    struct ds_rate messages; /* beyond it nothing is read for a while */
};
/* The defaults, which docs/protocol.md names. */
extern const struct ds_limits ds_limits_default;

struct ds_time {
    uint64_t now_us; /* monotonic */
    uint64_t wall_s; /* since 1970 */
};

/* What a token says. */
struct ds_grant {
    char room[WIRE_ID_MAX + 1];
    char subject[WIRE_ID_MAX + 1];
    bool signal;
    bool admin;
    uint64_t expires_s; /* UINT64_MAX: never */
};

struct ds_hub;
struct ds_peer; /* one connection */

struct ds_hub_config {
    struct ds_store *store; /* the caller's, outlives the hub */
    struct ds_limits limits;
    bool dev; /* an empty token is as good as any */
    /* Checks a token. NULL, and grant written, if it is valid; otherwise why not, as a constant. */
    const char *(*check_token)(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant);
    /* There is something to ask ds_peer_next() for. */
    void (*wake)(void *user, void *connection);
    void *user;
};

struct ds_stats {
    uint64_t connections;
    uint64_t participants;
    uint64_t rooms;        /* with a participant, or left lately */
    uint64_t stored_rooms; /* in the store */
    uint64_t stored_bytes;
    uint64_t unfinished_bytes; /* held of messages that have come in part */
    uint64_t appends;          /* those below count from the start */
    uint64_t append_bytes;
    uint64_t repeated_appends; /* answered, not stored again */
    uint64_t commits;          /* transactions synced */
    uint64_t storage_failures;
    uint64_t entries_pushed;
    uint64_t relays;
    uint64_t key_packages;
    uint64_t refused_tokens;
    uint64_t rate_limited;
    uint64_t malformed;
    uint64_t dropped_slow;
    uint64_t dropped_late;       /* for a message that did not become whole in time */
    uint64_t refused_full;       /* appends and key packages, for want of place in all rooms together or in one */
    uint64_t refused_unfinished; /* messages, for want of memory for what had come of them */
};

/* NULL without memory or if the store cannot be read. */
struct ds_hub *ds_hub_new(const struct ds_hub_config *config, struct ds_time now);
/* All peers must be gone. What is not flushed is lost, and was never acknowledged. NULL is allowed. */
void ds_hub_free(struct ds_hub *hub);

/* Ends the transaction that is open, if any: its requests are answered, its entries pushed. To be called whenever there
 * is nothing else to read. */
void ds_hub_flush(struct ds_hub *hub, struct ds_time now);
/* Once a second: what ends by time. */
void ds_hub_tick(struct ds_hub *hub, struct ds_time now);
/* Ends all connections with DRAINING, and refuses new ones. */
void ds_hub_drain(struct ds_hub *hub, struct ds_time now);
void ds_hub_stats(const struct ds_hub *hub, struct ds_stats *stats);

/* A connection has come. name: the pseudonym of who shows no token (dev), NULL: one at random. NULL without memory. */
struct ds_peer *ds_peer_new(struct ds_hub *hub, void *connection, const char *name, struct ds_time now);
/* It has gone. */
void ds_peer_free(struct ds_peer *peer, struct ds_time now);
/* It has sent the next bytes of a message; announced: so many more are said to follow, at least; last: with these it is
 * whole. What has come of a message is kept until then, within bounds: its length, its time, and what all may hold
 * together. */
void ds_peer_fragment(struct ds_peer *peer, const uint8_t *data, size_t len, size_t announced, bool last,
                      struct ds_time now);
/* It has sent what is no binary message. */
void ds_peer_malformed(struct ds_peer *peer, struct ds_time now);
/* Its hello was answered by `admitted`, and it is still here. */
bool ds_peer_is_admitted(const struct ds_peer *peer);
/* How long nothing is to be read from it; 0: go on. UINT64_MAX: until more was taken by ds_peer_next(). */
uint64_t ds_peer_pause_us(const struct ds_peer *peer, struct ds_time now);
/* The next packet for it, whose reference is the caller's; NULL if there is none. */
struct ds_packet *ds_peer_next(struct ds_peer *peer, struct ds_time now);
/* Why it is to be closed, once ds_peer_next() has no more; 0: it is not. */
unsigned ds_peer_ending(const struct ds_peer *peer);

#endif
