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
    CALL_BATCH_MS = 250,       /* Adds and leaves are gathered */
    CALL_BACKOFF_MS = 300,     /* for each rank */
    CALL_ASK_MIN_MS = 1000,    /* a joiner waits this long to be added, */
    CALL_ASK_SPREAD_MS = 2000, /* and up to this much longer */
    CALL_ASK_MAX_MS = 30000,   /* as the wait doubles */
    CALL_ASK_EXTENSIONS = 3,   /* waits more while the log moves */
    CALL_KEYS_MAX_MS = 30000,  /* an init key is kept */
    CALL_TRIAL_MS = 3000,      /* for an earlier member's word */
    CALL_RETURN_MS = 10000,    /* for the way back into one's own leaf */
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

static inline struct mls_bytes call_bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}
static inline bool call_same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}
static inline void call_timer_set(struct call *call, enum call_timer timer, uint64_t delay_ms)
{
    call->timers[timer] = call->now.ms + delay_ms;
}
static inline void call_timer_stop(struct call *call, enum call_timer timer)
{
    call->timers[timer] = CALL_NEVER;
}
/* 0 to below - 1, at random; 0 if there is no randomness. */
uint64_t call_random_below(uint64_t below);
void call_set_phase(struct call *call, enum call_phase phase);
/* Whether the log is followed as a member of the group: in it, or on the way back. */
static inline bool call_follows(const struct call *call)
{
    return call->phase == CALL_PHASE_MEMBER || call->phase == CALL_PHASE_RETURNING;
}
/* Out of the group: its keys, what was on its way, and what the device keeps of it, are gone. */
void call_drop_group(struct call *call);
/* Nothing can be opened with this link any more. */
void call_link_is_old(struct call *call);
/* The end. */
void call_end(struct call *call);

int call_token_set(struct call *call, const uint8_t *token, size_t token_len);

/* events.c: an event to be filled in; its data is copied. */
struct call_event *call_event_push(struct call *call, enum call_event_type type, struct mls_bytes data,
                                   struct mls_bytes leaves);
void call_event_plain(struct call *call, enum call_event_type type);
void call_warn(struct call *call, enum call_warning warning, uint64_t detail);
void call_events_wipe(struct call_events *events);

/* connection.c */
void call_send_read(struct call *call, uint64_t from);
void call_send_fetch(struct call *call, uint64_t seq, enum wire_part part);
/* Which GroupInfos are kept. */
void call_send_list(struct call *call);
void call_send_append(struct call *call, const uint8_t *append_id, struct mls_output commit, struct mls_output welcome,
                      struct mls_output info);
/* What was appended last is not to be repeated: it is in the log, or given up. */
void call_append_forget(struct call *call);
/* How long what was appended last is waited for before its answer is overdue, on this connection; 0: it is, or nothing
 * is waited for. */
uint64_t call_append_left_ms(const struct call *call);
void call_send_package(struct call *call, struct mls_bytes box);
void call_send_take(struct call *call);
void call_send_relay(struct call *call, struct mls_bytes box);
void call_connection_lost(struct call *call);
/* A request was not answered in time, perhaps. */
void call_answer_timer(struct call *call);

/* log.c */
void call_log_entry(struct call *call, const struct wire_entry *entry);
void call_log_page(struct call *call, const struct wire_entries *page);
/* Begins to read: as a newcomer after hello, or from the next entry on as a member. */
void call_log_admitted(struct call *call, const struct wire_admitted *admitted);
/* A number stands outside its box, and who has a token can write any: that there is a later secret than this client's
 * is no more than suspected. */
void call_log_number(struct call *call, struct mls_bytes box);
bool call_log_shows_later(const struct call *call);
/* Whether somebody goes on writing under one now: one box is easily left somewhere. */
bool call_log_keeps_showing_later(const struct call *call);
/* Whether somebody else was heard lately who has the secret that this client has. */
bool call_log_is_alive(const struct call *call);
/* Whether nobody was, although this client listened. */
bool call_log_is_silent(const struct call *call);
/* Whether the room has gone on under a later secret: one was seen, and nobody is heard under this one, or nobody who
 * would confirm this client. */
bool call_log_is_left(const struct call *call);
/* Whether everything that is known to be in the log was taken. */
bool call_log_caught_up(const struct call *call);
/* A member from this entry on. */
void call_log_follow(struct call *call, uint64_t seq);

/* infos.c */
/* What an entry's commit is worth. Remembers its epoch: each entry once, in the order in which they come. */
SOTTO_MUST_CHECK enum call_entry_kind call_entry_judge(struct call *call, struct mls_bytes box);
/* An entry with a GroupInfo has come; those that are there, the oldest first, as the delivery service lists them. */
void call_infos_entry(struct call *call, uint64_t seq, enum call_entry_kind kind);
void call_infos_list(struct call *call, struct core_slice seqs);
/* It is of no use, now and for ever: nobody made it who has the room's secret, or it is not kept any more. */
void call_infos_close(struct call *call, uint64_t seq);
/* The newest of a commit that likely counted; after each other failure another one, since it may have been bad luck,
 * and not a bad GroupInfo. False if there is none that may open. */
SOTTO_MUST_CHECK bool call_infos_choose(const struct call *call, uint64_t *seq);

/* welcomes.c */
/* An entry with a Welcome has come; late: its commit likely was skipped. */
void call_welcomes_note(struct call_joining *joining, uint64_t seq, bool late);
/* Asks for the first of them, if none is on its way. */
void call_welcomes_fetch(struct call *call);
/* The first is of no use. */
void call_welcomes_next(struct call *call);
void call_welcomes_take(struct call *call, uint64_t seq, struct mls_bytes box);

/* attempt.c: what is made is kept in joining, false with nothing in it */
SOTTO_MUST_CHECK bool call_attempt_found(struct call *call);
/* From a GroupInfo. */
SOTTO_MUST_CHECK bool call_attempt_enter(struct call *call, struct mls_bytes info);
void call_attempt_forget(struct call_joining *joining);

/* joins.c */
/* Whether the group is the room's, and no older than what this device has seen of it. */
SOTTO_MUST_CHECK bool call_may_enter(struct call *call, const struct mls_group *group);
void call_found(struct call *call);
/* The founding that counts was read: this client's own, or another's. */
void call_founded(struct call *call, struct mls_bytes box, uint64_t seq);
void call_ask(struct call *call);
void call_joining_entry(struct call *call, const struct wire_entry *entry, enum call_entry_kind kind);
void call_joining_info(struct call *call, uint64_t seq, struct mls_bytes box);
/* A piece of a part that was asked for has come, and is not the last: whether the rest is still wanted. */
SOTTO_MUST_CHECK bool call_joining_goes_on(struct call *call, enum wire_part part);
void call_joining_missing(struct call *call, enum wire_part part);
/* These GroupInfos are kept, the oldest first. */
void call_joining_listed(struct call *call, struct core_slice seqs);
/* The server has it, but does not give it out before retry_ms. */
void call_joining_later(struct call *call, enum wire_part part, uint64_t retry_ms);
void call_joining_timer(struct call *call);
void call_fetch_timer(struct call *call);
void call_trial_timer(struct call *call);
void call_joining_connected(struct call *call);
void call_joining_disconnected(struct call *call);
void call_joining_append(struct call *call);
/* An external commit of its own, by the append's id, is in the log. */
void call_joining_appended(struct call *call, const uint8_t append_id[WIRE_APPEND_ID_LEN], uint64_t seq);
void call_joining_wipe(struct call *call);
/* A member, from the entry at seq on. The call takes the group. */
void call_enter(struct call *call, struct mls_group *group, uint64_t seq);
void call_resync(struct call *call);

/* leaf.c: what this client says of itself in a leaf */
struct call_leaf_data {
    uint8_t bytes[64];
    struct mls_extension_item item;
};
struct mls_leaf_config call_leaf_config(const struct call *call, uint64_t time_s, uint64_t epoch, uint32_t number,
                                        const uint8_t *nonce, struct call_leaf_data *data);

/* roster.c */
void call_roster_refresh(struct call *call);
void call_roster_wipe(struct call_roster *roster);
struct call_peer *call_peer(const struct call *call, uint32_t leaf); /* NULL if there is none */
bool call_is_self(const struct call *call, uint32_t leaf);
uint64_t call_interval_ms(const struct call *call);

/* commits.c */
void call_commits_merged(struct call *call, const struct call_change *change, bool own);
bool call_commits_own_entry(struct call *call, struct mls_bytes box);
void call_commits_take_timer(struct call *call);
void call_commits_timer(struct call *call);
void call_commits_turn_timer(struct call *call);
void call_commits_append_timer(struct call *call);
void call_commits_waiting(struct call *call, uint16_t waiting);
void call_commits_packages(struct call *call, const struct wire_key_packages *packages);
void call_commits_connected(struct call *call);
/* All but the user's wishes; and these. */
void call_commits_wipe(struct call *call);
void call_wishes_wipe(struct call *call);
void call_commits_forget_own(struct call *call);
/* A commit is wanted soon; at once: without waiting for one's rank. */
void call_commits_want(struct call *call, bool at_once);

/* This client's place among those who might commit. */
uint32_t call_commits_rank(const struct call *call);
/* Whether the device of who wanted to be added has come in by another way since. */
bool call_add_is_old(const struct call *call, const struct call_add *add);
/* Whether a list in the group says more of its root than this one, or the same. */
bool call_revocations_known(const struct call *call, struct mls_bytes list);
/* Whether leaf a is to renew its path before leaf b. */
bool call_goes_before(const struct call *call, uint32_t a, uint32_t b);
void call_commits_plan_turn(struct call *call);

/* propose.c: makes the commit that is wanted, to be appended; false if there is none now */
bool call_propose(struct call *call);
/* The commit by which a client comes back into its own leaf after a restart: it renews the path, and the leaf's nonce.
 */
bool call_propose_return(struct call *call);
void call_take_package(struct call *call, struct mls_bytes box);
bool call_user_present(const struct call *call, const uint8_t *user_id);

/* follow.c: commits that are taken */
void call_follow(struct call *call, struct mls_bytes box);
void call_merged(struct call *call, const struct call_change *change, bool own);
/* Parameters and secret of the room as the group has them by now. */
void call_take_context(struct call *call, const struct call_change *change);
int call_merge(struct call *call, struct mls_staged *staged);
/* What the device is to keep: the highest epoch that was others' too. */
void call_remember_highest(struct call *call);

/* restart.c: what the device keeps is to be replaced, or deleted */
void call_keep(struct call *call);
void call_keep_nothing(struct call *call);
/* Contact was judged anew: by that it is to be kept, or not. */
void call_keep_judged(struct call *call);
/* It was kept of another log: the room was closed since, or the delivery service has lost it. */
void call_returning_elsewhere(struct call *call);
/* Some of the log was taken: goes on, once that was all. */
void call_returning_step(struct call *call);
void call_returning_merged(struct call *call, const struct call_change *change, bool own);
void call_returning_timer(struct call *call);

/* epochs.c */
void call_epochs_enter(struct call *call, const struct call_change *change);
void call_epochs_leaf_gone(struct call *call, uint32_t leaf);
void call_epochs_switch_timer(struct call *call);
void call_epochs_grace_timer(struct call *call);
void call_epochs_wipe(struct call *call);
/* Sends, or stops, after what contact.c says. */
void call_epochs_pause(struct call *call, enum call_pause pause);

/* heartbeat.c */
void call_heartbeat_timer(struct call *call);
void call_heartbeat_answer(struct call *call);
void call_relayed(struct call *call, struct mls_bytes box);
void call_held_retry(struct call *call);
void call_held_wipe(struct call *call);
void call_held_expire(struct call *call);
int call_send_left(struct call *call);
void call_send_kick(struct call *call);

/* contact.c */
void call_contact_begin(struct call *call);
void call_contact_tick(struct call *call);
void call_contact_judge(struct call *call);
/* Whether others go on in an epoch that this client cannot follow: its path was broken, or it took what they skipped.
 */
bool call_contact_left_behind(const struct call *call);
/* A message of somebody's did not open. */
void call_contact_unopened(struct call *call);
/* Whether a member that was there before this client has answered it: the group is the one that others are in. */
bool call_contact_earlier(const struct call *call);
/* Whether none is left of those who were there before it. */
bool call_contact_eldest(const struct call *call);

#endif
