/* What the rooms of a call share: its state. Each file owns the struct that is named after it. */
#ifndef CALL_STATE_H
#define CALL_STATE_H

#include "kicks.h"
#include "policy.h"
#include "retreat.h"
#include "seal.h"
#include "sotto/identity.h"
#include "wire/envelope.h"

/* Every time and bound of a call, in milliseconds where nothing else is said. */
enum {
    CALL_BATCH_MS = 250,           /* Adds and leaves are gathered */
    CALL_BACKOFF_MS = 300,         /* for each rank */
    CALL_ASK_MIN_MS = 1000,        /* a joiner waits this long to be added, */
    CALL_ASK_SPREAD_MS = 2000,     /* and up to this much longer */
    CALL_ASK_MAX_MS = 30000,       /* as the wait doubles */
    CALL_ASK_EXTENSIONS = 3,       /* waits more while the log moves */
    CALL_ADD_ROUND_TRIPS = 3,      /* that somebody waits is told, its key package taken, and the commit made */
    CALL_ROUND_TRIP_MAX_MS = 2000, /* a service that is slow to admit has nobody wait for long */
    CALL_KEYS_MAX_MS = 30000,      /* an init key is kept */
    CALL_TRIAL_MS = 3000,          /* for an earlier member's word */
    CALL_RETURN_MS = 10000,        /* for the way back into one's own leaf */
    CALL_RETURN_TRIES = 3,
    CALL_CONFIRM_MS = 3000, /* then more than half suffice */
    CALL_APPEND_RETRY_MS = 4000,
    CALL_SWITCH_MS = 500,
    CALL_GRACE_MS = 3000,
    CALL_GRACE_REMOVED_MS = 2000,
    CALL_INTERVAL_MS = 5000,    /* between heartbeats, at least */
    CALL_INTERVAL_EACH_MS = 50, /* for each member */
    CALL_INTERVALS_LOST = 3,
    CALL_ECHO_SLACK_MS = 2000,
    CALL_SERVER_SILENT_MS = 60000,
    CALL_WITHHELD_MS = 10000,
    CALL_DEFER_MS = 2000, /* nobody else commits while a kick is announced */
    CALL_TURN_MIN_MS = 5000,
    CALL_TURN_MAX_MS = 60000,
    CALL_TURN_ROUND_MS = 300000,
    CALL_TURN_BACKOFF_MS = 1000,
    CALL_TICK_MS = 500,                    /* how often contact is judged */
    CALL_SILENT_MS = 2 * CALL_INTERVAL_MS, /* nobody is there who has this secret: one heartbeat may get lost */
    CALL_LOOK_AGAIN = 3,                   /* of those first in rank */
    CALL_ADDS_MAX = 128,                   /* in one commit */
    CALL_ADDS_KEPT = 256,
    CALL_HELD_MAX = 512, /* relayed messages of an epoch not reached yet */
    CALL_HELD_BYTES_MAX = 1 << 20,
    CALL_HELD_MS = 5000,
    CALL_INFOS_MAX = 8,
    CALL_REQUESTS_MAX = 64,
    CALL_ANSWER_MS =
        15000, /* for an answer, before another connection is tried, and what the request takes to leave: */
    CALL_LEAVES_SLOWEST = 8, /* bytes a millisecond, of the slowest line that is waited for; but not for longer */
    CALL_LEAVES_MS = 30000,  /* than the delivery service waits, which is so long, */
    CALL_LEAVES_LONG = 65,   /* and a millisecond for so many bytes: docs/protocol.md, Framing */
    CALL_WELCOMES_MAX = 16,
    CALL_ECHOES = 16, /* in a heartbeat */
    CALL_CLOCK_SLACK_MS =
        2000,                /* by which a frame may seem older than it is, as its sender's clock is not known better */
    CALL_CLOCK_NEWS_MS = 20, /* by which an estimate differs from the one that was told */
    CALL_SENT_KEPT = 8,
    CALL_ASKED_KEPT = 8, /* nonces of one's own key packages */
    CALL_PAGE = 64,      /* entries read at once */
};

#define CALL_NEVER UINT64_MAX

/* --- Timers: when something is due, each in the file of its name --- */

enum call_timer {
    CALL_TIMER_JOIN,
    CALL_TIMER_TRIAL,
    CALL_TIMER_TAKE,
    CALL_TIMER_COMMIT,
    CALL_TIMER_TURN,
    CALL_TIMER_APPEND,
    CALL_TIMER_HEARTBEAT,
    CALL_TIMER_TICK,
    CALL_TIMER_SWITCH,
    CALL_TIMER_GRACE,
    CALL_TIMER_ANSWER,
    CALL_TIMER_FETCH,
    CALL_TIMERS,
};

/* --- connection.c: requests that wait for an answer --- */

enum call_request_kind {
    CALL_ASKED_NOTHING = 0,
    CALL_ASKED_HELLO,
    CALL_ASKED_PAGE,
    CALL_ASKED_WELCOME,
    CALL_ASKED_INFO,
    CALL_ASKED_LIST,
    CALL_ASKED_APPEND,
    CALL_ASKED_PUT,
    CALL_ASKED_TAKE,
    CALL_ASKED_RELAY,
    CALL_ASKED_RENEW,
};

struct call_request {
    enum call_request_kind kind;
    uint32_t number;
    uint64_t seq;
    uint8_t append_id[WIRE_APPEND_ID_LEN]; /* of an append */
    uint64_t due_ms;                       /* when its answer is overdue */
};

/* A Welcome or GroupInfo that comes piece by piece. */
struct call_pieces {
    uint32_t request; /* for the next one; 0: none is waited for */
    size_t total;     /* of all, as the first one said */
    size_t len;       /* that have come */
    uint8_t *data;    /* total bytes */
};

struct call_connection {
    bool up;
    bool admitted;
    uint32_t last_request;
    uint64_t hello_ms;      /* when this connection began */
    uint64_t round_trip_ms; /* that hello last took */
    struct call_request requests[CALL_REQUESTS_MAX];
    uint32_t append; /* the request by which what is on its way was last sent */
    uint8_t log_id[WIRE_LOG_ID_LEN];
    bool log_known;
    struct call_pieces welcome;
    struct call_pieces info;
};

/* --- log.c --- */

/* What an entry's commit says of the entry to who is outside; the more it is worth, the later it stands here. */
enum call_entry_kind {
    CALL_ENTRY_CLOSED, /* nothing that opens: who wrote it need not have the room's secret */
    CALL_ENTRY_LATE,   /* another commit of its epoch stands before it: it was skipped, as long as that one was valid */
    CALL_ENTRY_UNKNOWN, /* it was not seen, or is sealed under the secret before, as a rotation's */
    CALL_ENTRY_FIRST,   /* the first of its epoch */
};

/* An entry with a GroupInfo. */
struct call_info {
    uint64_t seq;
    enum call_entry_kind kind; /* closed: or the GroupInfo itself does not open, or is not kept any more */
};

struct call_log {
    uint64_t next;                          /* the entry that is to be taken next; 0: none is waited for */
    uint64_t head;                          /* the last that is known to exist */
    bool reading;                           /* a page was asked for */
    bool searching;                         /* for the founding */
    struct call_info infos[CALL_INFOS_MAX]; /* newest last */
    size_t info_count;
    uint64_t ended;         /* epochs below this one: a commit was seen for them, or for one that follows */
    uint32_t number;        /* the latest of the room's secret that stands on any box, whoever wrote it */
    uint64_t later_ms;      /* when a later one than this client's last came; 0: none has */
    uint64_t later_from_ms; /* and since when they keep coming */
    uint64_t listens_ms;    /* since when this connection stands */
    uint64_t heard_ms;      /* when a message of another's last opened under this client's secret; 0: never */
    bool misled;            /* by such messages, into a group in which nobody confirmed it */
};

/* --- joins.c --- */

struct call_joining {
    struct mls_key_package_keys *keys;
    struct mls_output package; /* theirs, sealed */
    uint64_t keys_until;       /* ms */
    uint64_t wait_left_ms;     /* of the time it asks, while there is no connection */
    uint32_t wait_factor;
    unsigned extensions;
    unsigned info_back;      /* how many GroupInfos before the newest is tried */
    unsigned closed;         /* GroupInfos that did not open, since it asked */
    bool flooded;            /* since there was one: what is kept is asked for before each attempt, */
    bool listed;             /* and once it is known, what comes later displaces nothing of it */
    uint64_t info_seq;       /* that the external commit stands on */
    bool overtaken;          /* another commit came between */
    bool locked;             /* so the GroupInfo says */
    struct mls_group *group; /* of an external commit, or a founding, that is on its way */
    struct mls_output box;
    struct mls_output info;
    uint8_t append_id[WIRE_APPEND_ID_LEN];
    uint8_t nonce[CALL_NONCE_LEN];
    uint64_t welcomes[CALL_WELCOMES_MAX]; /* entries whose Welcome may be for this client: the first is tried next */
    size_t welcome_count;
    bool fetching;
    uint64_t joined_ms;
    uint64_t joined_seq;
    uint64_t failed[CALL_INFOS_MAX]; /* entries of its own that came to nothing */
    size_t failed_next;
    uint64_t joined_epoch;
    bool by_welcome;
    uint64_t welcome_seq;
};

/* --- clock.c: what is known of another's clock --- */

/* How far it is ahead of this client's: the two bounds that its heartbeats prove. */
struct call_clock {
    bool known;   /* low_ms stands */
    bool bounded; /* and high_ms: an echo came back */
    int64_t low_ms;
    int64_t high_ms;
    uint64_t at_ms; /* when they held */
    bool told;      /* by CALL_EVENT_CLOCK: */
    int64_t told_ms;
};

/* --- roster.c: what is known of each leaf, beside the tree --- */

struct call_peer {
    bool present;
    uint8_t nonce[CALL_NONCE_LEN]; /* of its stay */
    struct identity_certificate certificate;
    uint8_t signature_key[IDENTITY_KEY_LEN];
    uint64_t leaf_epoch; /* that its last commit ended; 0 for none */
    bool committed;      /* its leaf came with a commit */
    bool heard;          /* in this group, since this client joined */
    bool earlier;        /* says that it joined before this client */
    bool later;          /* or after it */
    bool was_there;      /* when this client joined */
    uint64_t heard_at;   /* by the contact clock */
    bool lost;
    bool leaving; /* it sent its token: */
    uint8_t left_signature[CALL_SIGNATURE_LEN];
    uint64_t counter; /* of its last heartbeat */
    uint64_t their_time_ms;
    uint64_t heard_ms; /* by this clock */
    struct call_clock clock;
    bool revoked; /* by a list in the group */
    bool failed;  /* a commit of its did not open here, in: */
    uint64_t failed_epoch;
};

struct call_roster {
    struct call_peer *peers; /* by leaf */
    uint32_t count;          /* of them */
    uint32_t members;
    uint32_t lost;
};

/* --- commits.c --- */

/* Somebody who wants to be added. */
struct call_add {
    struct mls_output package;
    uint8_t user_id[CALL_USER_ID_LEN];
    uint8_t signature_key[IDENTITY_KEY_LEN];
    uint8_t nonce[CALL_NONCE_LEN];
    uint64_t time_s; /* when it was made, it says */
    uint64_t since_ms;
    bool admitted;
};

/* What the user wants done, until it is: also by a client that has to come in anew meanwhile. */
struct call_wishes {
    bool kick;
    uint8_t kicked[CALL_USER_ID_LEN];
    bool rotate;
    bool lock_wanted;
    bool lock_value;
    struct mls_output revocations; /* a list that is to be put into the group; empty: none */
};

struct call_commits {
    struct call_add adds[CALL_ADDS_KEPT];
    size_t add_count;
    bool waiting; /* key packages wait at the delivery service */
    bool taking;
    struct call_wishes wishes;
    bool turn; /* the next commit is this client's turn */
    uint64_t last_turn_ms;
    uint64_t deferred_until;
    bool suspected; /* a commit of this epoch failed here: others may have taken it */
    /* on its way */
    struct mls_staged *staged;
    bool rotating;
    struct mls_output box;
    struct mls_output welcome;
    struct mls_output info;
    uint8_t append_id[WIRE_APPEND_ID_LEN];
};

/* --- restart.c --- */

struct call_returning {
    bool made;     /* the commit on its way was made by this process */
    bool appended; /* it was sent on this connection */
    unsigned tries;
};

/* --- epochs.c --- */

struct call_live_epoch {
    uint64_t epoch;
    uint64_t until;      /* ms; CALL_NEVER: the present one */
    uint32_t leaf;       /* this client's */
    uint32_t leaf_slots; /* of its tree */
};

struct call_epochs {
    struct call_live_epoch live[CALL_EPOCHS_MAX];
    size_t count;
    bool sending;
    uint64_t sending_epoch;
};

/* --- heartbeat.c, contact.c --- */

struct call_held {
    struct mls_output message;
    uint64_t since_ms;
};

/* A message of one's own that the relay should give back. */
struct call_sent {
    uint8_t nonce[CORE_XCHACHA_NONCE_LEN];
    uint64_t at_ms;
};

struct call_contact {
    uint64_t clock_ms; /* runs while the delivery service passes on what this client sends */
    uint64_t last_tick_ms;
    uint64_t last_echo_ms; /* when the newest of its own messages that came back was sent */
    uint64_t counter;
    uint32_t echo_from;
    struct call_sent sent[CALL_SENT_KEPT];
    size_t sent_next;
    bool server_warned;
    bool link_judged;     /* that somebody may have gone on under a later secret, since this client came in */
    bool link_told;       /* and its user told so */
    uint32_t link_number; /* under this one of the room's own */
    uint8_t suspect[CALL_USER_ID_LEN]; /* who last sent a commit that failed here; zeros: nobody */
    uint64_t suspect_ms;
    uint64_t unopened_since; /* ms; 0: everything opens, or nothing comes */
    uint64_t unopened_at;    /* ms: the last message of an epoch like this one or later that did not open; 0: none */
    uint32_t unopened_count; /* of them in this interval, and in the one before */
    uint32_t unopened_before;
    uint64_t unopened_from; /* ms: when this interval began */
    struct call_held held[CALL_HELD_MAX];
    size_t held_count;
    size_t held_bytes;
    bool confirmed;
    bool accepted; /* the user goes on without who is lost */
    enum call_pause pause;
};

/* --- events.c --- */

struct call_queued {
    struct call_event event;
    struct mls_output data;
    struct mls_output leaves;
};

struct call_events {
    struct call_queued *items;
    size_t first;
    size_t count;
    size_t cap;
    struct call_queued given;
    struct call_event lost; /* what there was no memory for: filled in, and read by nobody */
};

/* --- The whole --- */

struct call {
    struct call_link link;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct identity_certificate self;
    uint8_t seed[IDENTITY_KEY_LEN];
    struct mls_output token;
    bool keeps; /* what CALL_EVENT_STATE tells is wanted */
    bool kept;  /* the device may have something of it */
    uint16_t sframe_suite;
    uint8_t padding;
    bool locked;
    bool (*pinned)(void *context, const uint8_t user_id[CALL_USER_ID_LEN]);
    void *context;
    uint8_t highest_group[CALL_GROUP_ID_LEN];
    uint64_t highest_epoch;
    uint8_t asked[CALL_ASKED_KEPT][CALL_NONCE_LEN]; /* of the key packages that this client has posted */
    size_t asked_next;

    struct call_time now;
    uint64_t timers[CALL_TIMERS]; /* ms */
    enum call_phase phase;
    struct call_room room;
    struct call_policy policy;
    struct mls_policy callbacks;
    struct mls_group *group; /* of a member */
    struct call_params params;
    bool group_known; /* which group is the room's: group_id */
    uint8_t group_id[CALL_GROUP_ID_LEN];

    struct call_connection connection;
    struct call_log log;
    struct call_joining joining;
    struct call_roster roster;
    struct call_commits commits;
    struct call_returning returning;
    struct call_epochs epochs;
    struct call_contact contact;
    struct call_kicks kicks;
    struct call_retreat retreat;
    struct call_events events;
};

#endif
