/* Many calls in one process: a virtual clock, a network that delays and breaks connections, and a delivery service that
 * keeps sotto-ds's promises (docs/protocol.md), or breaks them where a test tells it to. All of it repeats with its
 * seed, the calls' own randomness too; one simulation at a time. */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "sotto/call.h"
#include "sotto/identity.h"
#include "wire/envelope.h"

enum { SIM_START_S = 1750000000, SIM_EPOCHS = 16, SIM_SERVERS = 2, SIM_OUTSIDER = 1 << 30 };

/* --- Bytes that many hold --- */

struct sim_bytes {
    size_t holders;
    size_t len;
    uint8_t data[];
};

struct sim;

/* --- The delivery service --- */

struct sim_entry {
    struct sim_bytes *commit;
    struct sim_bytes *welcome; /* NULL: none */
    struct sim_bytes *info;    /* NULL: none, or not kept any more */
    unsigned appender;         /* a client, or SIM_OUTSIDER */
    uint8_t append_id[WIRE_APPEND_ID_LEN];
};

/* What a server sends, by what it is for. */
enum sim_kind {
    SIM_COMMITS, /* pushed to all */
    SIM_RELAYED, /* heartbeats and the like, passed on to all */
    SIM_WAITING, /* notices that key packages wait */
    SIM_WELCOMES,
    SIM_GROUP_INFOS,
    SIM_PAGES, /* of the log, and key packages taken */
    SIM_OTHER, /* answers that only say that something was done */
    SIM_KINDS,
};

struct sim_traffic {
    uint64_t messages;
    uint64_t bytes;
};

/* A test's hand in what is fetched: so many more are refused as too many, with a word of when to come again. */
struct sim_fetches {
    unsigned refuse;
    unsigned refuse_lists; /* and of the lists of what is kept */
    uint32_t retry_after_ms;
    uint64_t refused_ms; /* the last that was */
    uint64_t given_ms;   /* the first that was not */
    uint64_t given_seq;
};

struct sim_server {
    uint8_t log_id[WIRE_LOG_ID_LEN];
    struct sim_entry *entries; /* seq 1 is the first */
    size_t count;
    size_t cap;
    struct sim_bytes **waiting; /* key packages, by client; NULL: none */
    bool down;
    size_t piece_max; /* bytes of a part at once; 0: as many as there may be */
    struct sim_fetches fetches;
    struct sim_traffic sent[SIM_KINDS];
    struct sim_traffic relayed_in_turn;     /* taken in: a sender's first, or a full interval after its last */
    struct sim_traffic relayed_out_of_turn; /* sooner: answers to newcomers, and what users do */
    uint64_t appended_bytes;
};

/* --- Clients --- */

struct sim_epoch {
    uint64_t epoch;
    uint16_t suite;
    uint8_t padding;
    size_t key_len;
    uint8_t key[CALL_BASE_KEY_MAX];
    uint32_t leaf;
    bool live;
};

/* A base key that a client has sealed under, and in which of its lives: a second life with it begins its counters anew.
 */
struct sim_use {
    size_t key_len;
    uint8_t key[CALL_BASE_KEY_MAX];
    unsigned life;
};

struct sim_client {
    struct identity_key root;
    struct identity_key device;
    struct identity_certificate content;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct call_link link;
    char name[16];     /* pseudonym */
    struct call *call; /* NULL: not running */
    uint64_t timeout_ms;
    int64_t clock_skew_s;
    uint64_t clock_ahead_ms;                  /* of its monotonic clock, of the network's */
    uint8_t highest_group[CALL_GROUP_ID_LEN]; /* what a device keeps */
    uint64_t highest_epoch;
    uint8_t *state; /* what CALL_EVENT_STATE told; NULL: nothing */
    size_t state_len;
    int restored;       /* how reading it ended; 1: nothing was there */
    uint64_t events;    /* that were taken; */
    uint64_t dies_at;   /* the process dies after so many; 0: it does not */
    unsigned phases[9]; /* how often each was entered, by enum call_phase, since its start */
    unsigned life;      /* of its process, counted */
    struct sim_use *uses;
    size_t use_count;
    /* the network */
    unsigned server;
    bool connected;
    uint64_t session; /* messages of an older one are lost */
    bool deaf;        /* told to open another connection */
    uint64_t up_ms;   /* when the last message in each direction arrives: they keep their order */
    uint64_t down_ms;
    uint32_t uplink_bytes_s; /* what its line takes in a second; 0: as much as there is */
    uint64_t uplink_free_ms; /* when all that it has sent so far has left */
    uint64_t uplink_bytes;   /* that it has sent */
    bool admitted;
    uint64_t relayed_ms; /* when its last message to all came in; 0: none did */
    uint64_t reconnect_ms;
    bool cut; /* stays disconnected */
    /* what its application would have */
    struct sim_epoch epochs[SIM_EPOCHS];
    bool sending;
    uint64_t sending_epoch;
    uint64_t epochs_seen;
    uint64_t member_ms;               /* since when it is one; 0: it is not */
    uint64_t confirmed_ms;            /* since when it may send */
    unsigned gone[4];                 /* by enum call_gone, seen of others */
    unsigned warnings[8];             /* by enum call_warning */
    uint8_t blamed[CALL_USER_ID_LEN]; /* by the last CALL_WARNING_RESYNC */
    unsigned chats;
    char chat[64];
    uint64_t chat_vanish_ms;
    unsigned rosters;
    unsigned knocks;
    uint8_t knocked[CALL_USER_ID_LEN];
};

struct sim_message {
    uint64_t at_ms;
    uint64_t order;
    unsigned client;
    uint64_t session;
    bool to_server;
    struct sim_bytes *bytes;
};

struct sim_config {
    unsigned clients;
    uint32_t latency_ms; /* one way */
    uint32_t jitter_ms;
    uint32_t breaks_permyriad; /* of messages, on which their connection breaks */
    uint64_t seed;
    bool locked;
    /* What many members check alike, a signature of the same bytes under the same key, is worked out once and not by
     * each. All other cryptography is as real as ever. */
    bool shared_verdicts;
    uint16_t sframe_suite; /* of who founds; 0: the default */
    uint8_t padding;
    bool keeps; /* devices keep what CALL_EVENT_STATE tells */
};

/* A test's hand in the server: false drops what would be pushed to a client. */
typedef bool sim_filter(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope);

/* A test's ear at a client: each event, before the simulation takes it. */
typedef void sim_watch(void *context, struct sim *sim, unsigned client, const struct call_event *event);

struct sim {
    struct sim_config config;
    uint64_t now_ms;
    uint64_t random;
    struct sim_client *clients;
    struct sim_server servers[SIM_SERVERS];
    struct sim_message *queue; /* a heap: the next first */
    size_t queue_len;
    size_t queue_cap;
    uint64_t order;
    uint64_t next_session;
    unsigned repeats; /* keys that somebody has sealed under in two lives */
    sim_filter *filter;
    sim_filter
        *request; /* the same for what a client asks of the server: false leaves it unanswered; it may crash it */
    void *context;
    sim_watch *watch;
    void *watch_context;
    bool (*pinned)(void *context, const uint8_t *user_id);
    bool traced; /* by $SIM_TRACE: what happens is printed */
};

/* Ends the program if memory ends, as all here. Nobody has started yet. */
struct sim *sim_new(const struct sim_config *config);
void sim_free(struct sim *sim);
/* Client i opens the room's link. */
void sim_start(struct sim *sim, unsigned i);
/* Its process dies: nobody is told. What its device keeps is kept, and read by the next sim_start(). */
void sim_crash(struct sim *sim, unsigned i);
/* Its connection breaks, and comes back after some time; cut: not before sim_uncut(). */
void sim_break(struct sim *sim, unsigned i);
void sim_cut(struct sim *sim, unsigned i);
void sim_uncut(struct sim *sim, unsigned i);
/* The server's process dies and is back after down_ms; the log stays. */
void sim_server_stop(struct sim *sim, unsigned server);
void sim_server_start(struct sim *sim, unsigned server);
/* The first server closes the room while nobody is connected: its log is gone, and what is written next is another. */
void sim_close_room(struct sim *sim);
/* The second server becomes a copy of the first as it is now; and which of them a client talks to. */
void sim_server_copy(struct sim *sim);
void sim_move(struct sim *sim, unsigned i, unsigned server);

void sim_run_for(struct sim *sim, uint64_t ms);
/* Whether all that run are members of one epoch under one key, know each other, and may send. */
bool sim_agree(const struct sim *sim);
/* Runs until they agree, at most so long. The time it took; UINT64_MAX if they do not. */
uint64_t sim_settle(struct sim *sim, uint64_t max_ms);
/* Tells of each client that runs where it stands, for a test that fails. */
void sim_print(const struct sim *sim);

unsigned sim_running(const struct sim *sim);
const struct sim_epoch *sim_key(const struct sim_client *client, uint64_t epoch);
/* A client begins to seal under this key. */
void sim_use_key(struct sim *sim, unsigned i, const struct sim_epoch *key);
/* After something was done to a client's call directly: its events. */
void sim_drain(struct sim *sim, unsigned i);
/* What its device keeps of the call is lost; or is this instead. */
void sim_keep(struct sim *sim, unsigned i, const uint8_t *state, size_t len);
/* What a test lets through of a client's own messages. */
void sim_send_up(struct sim *sim, unsigned i, const uint8_t *data, size_t len);
struct call_time sim_time(const struct sim *sim, unsigned i);
/* Appends to a server's log what a test made up, as one participant more, SIM_OUTSIDER; and the same with a Welcome and
 * a GroupInfo beside it, where those are not empty. */
void sim_append(struct sim *sim, unsigned server, const uint8_t *commit, size_t len);
void sim_append_parts(struct sim *sim, unsigned server, struct core_slice commit, struct core_slice welcome,
                      struct core_slice info);

#endif
