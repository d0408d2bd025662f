/* A call's key state: who is in it, under which keys, decided by its members alone (docs/protocol.md).
 *
 * A state machine without I/O. The caller brings a connection to a delivery service (binary messages, in order), a
 * clock, and what it wants done; out come messages, the roster, keys for SFrame, and the time of the next timeout.
 * It keeps no global state and writes no log. A call is used by one thread at a time.
 *
 *     call_new
 *     connection up, message, time passed:   call_connected, call_receive, call_advance
 *     after each of these, until it says no: call_next_event
 *     then wait until:                       call_timeout
 *
 * All errors are values of enum call_error; out parameters are written on success only. */
#ifndef SOTTO_CALL_H
#define SOTTO_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"
#include "sotto/identity.h"

SOTTO_BEGIN_DECLS

#define CALL_ERROR_MAP(X)                                                                                              \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(MALFORMED, -5, "not well-formed")                                                                                \
    X(AUTH, -6, "sealed under another key, or changed")                                                                \
    X(NUMBER, -7, "sealed under another number of the room's secret")                                                  \
    X(TYPE, -8, "a box of another type than expected")                                                                 \
    X(CREDENTIAL, -9, "not a device certificate of this device, or an expired one")                                    \
    X(STATE, -10, "not possible now")                                                                                  \
    X(FORBIDDEN, -11, "only admins of the room may do this")                                                           \
    X(USER, -12, "no such user in the call")                                                                           \
    X(ROLLBACK, -13, "older than what this device has seen of the call")                                               \
    X(LINK, -14, "of another secret of the room's than the link's")

enum call_error {
#define CALL_ERROR_ENUM(name, value, text) CALL_##name = value,
    CALL_ERROR_MAP(CALL_ERROR_ENUM)
#undef CALL_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *call_strerror(int error);

enum {
    CALL_ROOM_MAX = 63,    /* characters of a room's name */
    CALL_HOST_MAX = 255,   /* characters of a host, its port among them */
    CALL_SECRET_LEN = 16,  /* bytes of a room's secret */
    CALL_LINK_MAX = 384,   /* characters of a link, and NUL */
    CALL_USER_ID_LEN = 32, /* as in sotto/identity.h */
    CALL_ADMINS_MAX = 32,
    CALL_NAME_MAX = 64,   /* bytes of a user's name */
    CALL_DEVICE_MAX = 32, /* bytes of a device's label */
    CALL_TEXT_MAX = 4096, /* bytes of a chat message */
    CALL_GROUP_ID_LEN = 32,
    CALL_BASE_KEY_MAX = 96,
    CALL_EPOCHS_MAX = 8,      /* whose keys live at a time: as many a sender of SFrame has to take */
    CALL_STATE_MAX = 1 << 24, /* bytes that are kept over a restart */
};

/* --- Links ---------------------------------------------------------------------------------------------------------*/

/* sotto://HOST/ROOM#SECRET, or https: for browsers. Whoever has it can join: it is a secret, wipe it. */
struct call_link {
    bool web; /* https: which means to trust the page's origin */
    char host[CALL_HOST_MAX + 1];
    char room[CALL_ROOM_MAX + 1];
    uint32_t number; /* how often the secret was replaced */
    uint8_t secret[CALL_SECRET_LEN];
};

/* CALL_MALFORMED */
SOTTO_MUST_CHECK SOTTO_API int call_link_parse(const char *text, struct call_link *link);
/* Writes it and a NUL to out[0..cap); CALL_LINK_MAX is always enough. CALL_SPACE. */
SOTTO_MUST_CHECK SOTTO_API int call_link_format(const struct call_link *link, char *out, size_t cap);
/* A link with a fresh secret. CALL_INVALID, CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_link_new(const char *host, const char *room, struct call_link *link);
/* 1 to CALL_ROOM_MAX letters, digits, "-", "_", "."; not "." or "..". */
SOTTO_API bool call_room_name_ok(const char *name);

/* --- Life ----------------------------------------------------------------------------------------------------------*/

struct call;

/* Both clocks at once. ms: monotonic, going on while the machine sleeps; unix_s: seconds since 1970. */
struct call_time {
    uint64_t ms;
    uint64_t unix_s;
};

struct call_config {
    const struct call_link *link;
    const uint8_t *certificate; /* of this device: see sotto/identity.h */
    size_t certificate_len;
    const uint8_t *device_seed; /* 32 bytes: the device's private key */
    const uint8_t *token;       /* for the delivery service; may be empty */
    size_t token_len;
    /* of the room, should this be the first to come: */
    uint16_t sframe_suite; /* as in struct call_event; 0: the default */
    uint8_t padding;       /* as there, 15 at most */
    bool locked;
    /* Whether the user has pinned somebody: asked when a joiner has to settle for less than all. NULL: nobody. */
    bool (*pinned)(void *context, const uint8_t user_id[CALL_USER_ID_LEN]);
    void *context;
    bool keeps; /* CALL_EVENT_STATE is wanted: see call_restore() */
    /* what CALL_EVENT_HIGHEST last told, zeros at first: a call that was rolled back is not joined */
    uint8_t highest_group[CALL_GROUP_ID_LEN];
    uint64_t highest_epoch;
};

/* A call that is not connected yet. What config points to is copied. CALL_INVALID, CALL_CREDENTIAL, CALL_MEMORY,
 * CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_new(const struct call_config *config, struct call_time now, struct call **call);
/* Wipes and frees; NULL is allowed. Nobody is told: call_leave() before. */
SOTTO_API void call_free(struct call *call);

/* What CALL_EVENT_STATE last told, before the call is connected for the first time: the client follows the log from
 * where it was, and comes back into its own leaf with a commit, after which media begin. Until then nothing is sealed
 * and nothing opened, whatever the state is: it may be old, or have been used before. Sealed under a key that comes
 * from device_seed and the room's name, so it needs no other protection than that; checked as if a stranger had written
 * it. On any error the call is as before, and comes in anew, its old leaf replaced: CALL_AUTH (changed, or of another
 * device or room), CALL_MALFORMED, CALL_ROLLBACK (older than config's highest epoch), CALL_LINK (config's link is a
 * later one), CALL_CREDENTIAL, CALL_STATE, CALL_MEMORY, CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_restore(struct call *call, const uint8_t *state, size_t len);
/* A connection to the delivery service is up, or down. It may change at any time; messages of an old one are lost. */
SOTTO_API void call_connected(struct call *call, struct call_time now);
SOTTO_API void call_disconnected(struct call *call, struct call_time now);
/* One binary message from the delivery service. CALL_MALFORMED if it is none: close the connection. */
SOTTO_MUST_CHECK SOTTO_API int call_receive(struct call *call, const uint8_t *data, size_t len, struct call_time now);
/* Time has passed; call it at call_timeout(), or earlier. */
SOTTO_API void call_advance(struct call *call, struct call_time now);
/* When something is to be done, in ms; UINT64_MAX: never. */
SOTTO_API uint64_t call_timeout(const struct call *call);
/* Another token, before the old one expires. CALL_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int call_renew(struct call *call, const uint8_t *token, size_t token_len);

/* --- Events --------------------------------------------------------------------------------------------------------*/

enum call_phase {
    CALL_PHASE_OUTSIDE = 1, /* not connected yet, or looking for the room's group */
    CALL_PHASE_FOUNDING,    /* nobody was there: waits for its own founding in the log */
    CALL_PHASE_ASKING,      /* waits to be added */
    CALL_PHASE_ENTERING,    /* makes, or waits for, an external commit of its own */
    CALL_PHASE_MEMBER,      /* in the group */
    CALL_PHASE_LINK_OLD,    /* the room's secret was replaced, or the link is not this room's: another link is needed */
    CALL_PHASE_OUT,         /* left, or was removed: the end */
    CALL_PHASE_RETURNING,   /* restarted: follows the log, until a commit of its own has brought it back */
};

/* Why nothing may be sent. */
enum call_pause {
    CALL_PAUSE_NONE = 0,
    CALL_PAUSE_JOINING,     /* no keys */
    CALL_PAUSE_UNCONFIRMED, /* a newcomer whose presence not enough members have answered yet */
    CALL_PAUSE_LOST,        /* contact with half of the members or more is lost */
    CALL_PAUSE_WITHHELD,    /* a removal was announced 10 s ago, and the log does not show it */
    CALL_PAUSE_SERVER,      /* the delivery service has passed nothing on for 60 s */
    CALL_PAUSE_OUT,
};

/* How somebody went. */
enum call_gone { CALL_GONE_LEFT = 1, CALL_GONE_REMOVED, CALL_GONE_KICKED };

enum call_warning {
    CALL_WARNING_SERVER = 1, /* the delivery service passes nothing on; over again with CALL_WARNING_SERVER_OVER */
    CALL_WARNING_SERVER_OVER,
    CALL_WARNING_KICK, /* somebody announces that it removes a user: who by, and whom */
    /* `by`: who sent the commit that could not be followed; zeros: nobody in particular */
    CALL_WARNING_RESYNC, /* this client could not follow, and comes in anew; by: who sent what it could not, if known */
    CALL_WARNING_REFUSED,  /* the delivery service refuses something: code in `epoch` */
    CALL_WARNING_ROLLBACK, /* a group was offered that is older than what this device has seen */
    /* somebody writes under a later secret of the room's, as this client comes in, or for 10 s at any time after: the
     * link may be old, and those who are here may have been put out of the call; or whoever has a token made that up */
    CALL_WARNING_LINK,
};

enum call_event_type {
    CALL_EVENT_SEND = 1,  /* data: a message for the delivery service */
    CALL_EVENT_RECONNECT, /* the delivery service does not answer: close the connection, and open another */
    CALL_EVENT_PHASE,     /* phase */
    /* SFrame (sotto/sframe.h): epoch, leaf (one's own), leaf_slots, leaves, data: the base key; and how the room's
     * frames are sealed: sframe_suite, sframe_profile, padding */
    CALL_EVENT_EPOCH_ADDED,
    /* SFrame: epoch, leaf, leaf_slots. Its keys are to be wiped, a sender's and a receiver's */
    CALL_EVENT_EPOCH_REMOVED,
    /* SFrame: epoch, leaf. This leaf's receive keys of it are to be wiped at once; it may not have been in it */
    CALL_EVENT_LEAF_REMOVED,
    /* SFrame: epoch, leaf, leaf_slots. From now on frames are sealed under it, as this leaf */
    CALL_EVENT_SEND_WITH,
    CALL_EVENT_SEND_STOPPED, /* nothing may be sealed any more until CALL_EVENT_SEND_WITH; pause says why */
    CALL_EVENT_CLOCK,        /* SFrame: epoch, leaf, clock_ahead_ms: by which the age of this leaf's frames is judged */
    CALL_EVENT_ROSTER,       /* call_get_member() answers otherwise than before */
    CALL_EVENT_GONE,         /* user_id, gone, by (also a user id; zeros where nobody else did it) */
    CALL_EVENT_KNOCK,        /* user_id asks to be let in to a locked room: call_admit() */
    CALL_EVENT_CHAT,         /* user_id, leaf, data: the text, vanish_ms */
    CALL_EVENT_LINK,         /* the room's secret was replaced: call_get_link() */
    CALL_EVENT_HIGHEST,      /* group_id, epoch: to be kept on this device */
    CALL_EVENT_WARNING,      /* warning */
    /* data: what this device is to keep in place of what it kept before, CALL_STATE_MAX bytes at most; empty: nothing
     * is to be kept any more, delete it. On disk before the next event is asked for: a commit is sent only after it.
     * Where that fails go on: a client that dies then comes in anew. */
    CALL_EVENT_STATE,
};

struct call_event {
    enum call_event_type type;
    const uint8_t *data; /* borrowed, as all here, until the next call_next_event() */
    size_t len;
    const uint8_t *leaves; /* bit i, low bits first: leaf i is a member other than this one */
    size_t leaves_len;
    uint64_t epoch;
    uint32_t leaf;
    uint32_t leaf_slots;    /* with epoch and leaf: what sframe_kid_from_leaf() asks for */
    uint64_t vanish_ms;     /* how long it may still be shown; 0: as long as one likes */
    uint16_t sframe_suite;  /* enum sframe_suite_id, of tags of 80 bits or more; the same for all of a group's life */
    uint8_t sframe_profile; /* enum sframe_profile; the same */
    uint8_t padding;        /* 0: none; n: frames are padded to multiples of 2^n bytes */
    int64_t clock_ahead_ms; /* of call_time.ms, which has to be the clock that stamps frames and that judges them */
    enum call_phase phase;
    enum call_pause pause;
    enum call_gone gone;
    enum call_warning warning;
    uint8_t user_id[CALL_USER_ID_LEN];
    uint8_t by[CALL_USER_ID_LEN];
    uint8_t group_id[CALL_GROUP_ID_LEN];
};

/* The next of what has happened, in order; false if that was all. The data of the one before is wiped. */
SOTTO_API bool call_next_event(struct call *call, struct call_event *event);

/* --- Doing ---------------------------------------------------------------------------------------------------------*/

/* Says goodbye and ends: phase OUT at once, the rest remove this leaf. CALL_STATE if not a member. */
SOTTO_MUST_CHECK SOTTO_API int call_leave(struct call *call);
/* Removes all devices of a user and replaces the room's secret, so that the old link admits nobody. For admins.
 * CALL_STATE, CALL_FORBIDDEN, CALL_USER. */
SOTTO_MUST_CHECK SOTTO_API int call_kick(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN]);
/* Replaces the room's secret. For admins. CALL_STATE, CALL_FORBIDDEN. */
SOTTO_MUST_CHECK SOTTO_API int call_rotate(struct call *call);
/* Locks the room, or unlocks it. For admins. CALL_STATE, CALL_FORBIDDEN. */
SOTTO_MUST_CHECK SOTTO_API int call_set_locked(struct call *call, bool locked);
/* Lets a user in who knocked. CALL_STATE, CALL_USER. */
SOTTO_MUST_CHECK SOTTO_API int call_admit(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN]);
/* Puts a revocation list (sotto/identity.h) of a user in the call into the group: the devices that it names are
 * removed, and come in no more. CALL_STATE, CALL_INVALID, CALL_USER (nobody of this root is there), CALL_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int call_revoke(struct call *call, const uint8_t *list, size_t list_len);
/* A later certificate of this device: its leaf has it from the next commit of its own on. CALL_CREDENTIAL. */
SOTTO_MUST_CHECK SOTTO_API int call_set_certificate(struct call *call, const uint8_t *certificate, size_t len);
/* A chat message to all, UTF-8, that every client forgets vanish_s seconds after this (0: when it likes): others are
 * told how much of that is left when it comes, by the sender's clock as heartbeats show it, and of what comes later
 * nothing. CALL_STATE, CALL_INVALID, CALL_MEMORY, CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_say(struct call *call, const char *text, size_t len, uint32_t vanish_s);
/* The user has seen why nothing is sent, and goes on: without whom contact is lost with, who are removed; or although a
 * kick that was announced never came. CALL_STATE. */
SOTTO_MUST_CHECK SOTTO_API int call_go_on(struct call *call);

/* --- Asking --------------------------------------------------------------------------------------------------------*/

struct call_member {
    uint32_t leaf;
    bool self;
    bool admin;
    bool confirmed; /* was heard in this group since this client joined */
    bool lost;      /* not heard for three intervals */
    bool left;      /* said goodbye, which only it can; it is a member until somebody's commit removes it */
    uint8_t user_id[CALL_USER_ID_LEN];
    uint8_t root_key[32];
    char name[CALL_NAME_MAX + 1]; /* a claim of the user's: see pins */
    char device[CALL_DEVICE_MAX + 1];
    int64_t clock_offset_ms; /* about how far its clock is ahead of this one's, where known */
    bool clock_known;
};

SOTTO_API enum call_phase call_get_phase(const struct call *call);
SOTTO_API enum call_pause call_get_pause(const struct call *call);
SOTTO_API uint64_t call_epoch(const struct call *call);
SOTTO_API uint32_t call_member_total(const struct call *call);
/* The i-th member, of the epoch whose keys are in use. CALL_USER beyond the last. */
SOTTO_MUST_CHECK SOTTO_API int call_get_member(const struct call *call, uint32_t i, struct call_member *member);
/* What the code that people read to each other is made from, of the epoch whose keys are in use: the group, its
 * parameters and the members' keys. identity_call_code() makes the code of it, beside the call: it takes too long to be
 * waited for. Show a code only while the digest is the one it was made from. CALL_STATE, CALL_MEMORY, CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_get_digest(const struct call *call, struct identity_call_digest *digest);
/* The room's present link; host is config's. CALL_STATE while its secret is not known to be the present one. */
SOTTO_MUST_CHECK SOTTO_API int call_get_link(const struct call *call, struct call_link *link);

SOTTO_END_DECLS

#endif
