/* What has to outlive the process: rooms, their logs, key packages in stock, who was kicked. One file of SQLite here; a
 * cluster would put another store behind the same functions.
 *
 * Writes happen between ds_store_begin() and ds_store_commit(), and are on disk, synced, once commit has returned
 * DS_STORE_OK. Reads see what was written, committed or not. After an error inside a transaction roll it back: whether
 * the store did so itself cannot be told. One thread at a time. All byte strings are opaque. */
#ifndef DS_STORE_H
#define DS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/provider.h"
#include "sotto/export.h"
#include "wire/envelope.h"

enum { DS_STORE_VERSION = 2, DS_STORE_APPEND_KEY_LEN = 16, DS_STORE_PROBLEM_MAX = 256 };

enum ds_store_error {
    DS_STORE_OK = 0,
    DS_STORE_NONE = -1,   /* there is no such thing */
    DS_STORE_FULL = -2,   /* the disk is */
    DS_STORE_FAILED = -3, /* the disk, the file or memory failed */
    DS_STORE_OVER = -4,   /* it is over the room's bounds, whatever else would go; nothing has changed */
};

struct ds_store;

/* What is kept of one room: never more. For what comes the oldest goes. */
struct ds_store_bounds {
    uint64_t entries;
    uint64_t bytes;    /* a quarter of it may be key packages */
    uint32_t welcomes; /* at most WIRE_SEQS_MAX */
    uint32_t group_infos;
};

struct ds_store_room {
    int64_t id; /* 0: not in the store yet */
    uint8_t log_id[WIRE_LOG_ID_LEN];
    uint64_t oldest; /* head + 1 without any entry */
    uint64_t head;
    uint64_t bytes;          /* of entries and key packages */
    uint64_t package_bytes;  /* of these, in key packages */
    uint64_t closed_until_s; /* 0: open */
};

/* Opens or makes the file, for this process alone, and migrates it to DS_STORE_VERSION. path NULL: in memory. NULL on
 * failure; problem says why. */
struct ds_store *ds_store_open(const char *path, char problem[DS_STORE_PROBLEM_MAX]);
void ds_store_close(struct ds_store *store);
/* What went wrong last, for the log; good until the next call. */
const char *ds_store_problem(const struct ds_store *store);

SOTTO_MUST_CHECK int ds_store_begin(struct ds_store *store);
SOTTO_MUST_CHECK int ds_store_commit(struct ds_store *store);
void ds_store_rollback(struct ds_store *store);

/* DS_STORE_NONE if there is no such room. */
SOTTO_MUST_CHECK int ds_store_find_room(struct ds_store *store, const char *name, struct ds_store_room *room);
/* Makes a room of room->log_id; sets room->id. */
SOTTO_MUST_CHECK int ds_store_add_room(struct ds_store *store, const char *name, uint64_t now_s,
                                       struct ds_store_room *room);
/* A room is forgotten some time after it was last touched. */
SOTTO_MUST_CHECK int ds_store_touch_room(struct ds_store *store, int64_t id, uint64_t now_s);
/* Deletes all that a room has, and closes it until then; after that its log begins anew, as room->log_id says. Updates
 * room. */
SOTTO_MUST_CHECK int ds_store_close_room(struct ds_store *store, struct ds_store_room *room, uint64_t until_s);
/* Deletes rooms not touched since touched_s and not closed at now_s, at most max; *count of them. keep says which must
 * stay. */
SOTTO_MUST_CHECK int ds_store_forget_rooms(struct ds_store *store, uint64_t touched_s, uint64_t now_s, size_t max,
                                           bool (*keep)(void *user, int64_t id), void *user, size_t *count);
struct ds_store_totals {
    uint64_t rooms;
    uint64_t bytes;
    uint64_t beyond; /* of those, beyond the first `share` of each room */
};
SOTTO_MUST_CHECK int ds_store_totals(struct ds_store *store, uint64_t share, struct ds_store_totals *totals);

/* Appends to the room's log and keeps it within bounds; updates room. instead: the entry whose GroupInfo, if it is
 * kept, goes for this one's (0: none). If an entry of that key is kept already, nothing is stored, nothing goes, and
 * *seq is its number. DS_STORE_OVER if entry and key packages alone are over the bounds. */
SOTTO_MUST_CHECK int ds_store_append(struct ds_store *store, struct ds_store_room *room,
                                     const uint8_t key[DS_STORE_APPEND_KEY_LEN], const struct wire_append *append,
                                     uint64_t instead, const struct ds_store_bounds *bounds, uint64_t now_s,
                                     uint64_t *seq);
/* Reads entries from a number on, in order: each is given to take, until it returns false; what entry points to lives
 * until then. */
SOTTO_MUST_CHECK int ds_store_read(struct ds_store *store, int64_t room, uint64_t from, uint64_t to,
                                   bool (*take)(void *user, const struct wire_entry *entry), void *user);
/* One part, given to take once; DS_STORE_NONE if it is not kept. */
SOTTO_MUST_CHECK int ds_store_fetch(struct ds_store *store, int64_t room, uint64_t seq, enum wire_part part,
                                    void (*take)(void *user, struct core_slice data), void *user);
/* The newest entries up to `to` that have the part, at most max, oldest first; *count of them. */
SOTTO_MUST_CHECK int ds_store_list(struct ds_store *store, int64_t room, enum wire_part part, uint64_t to, size_t max,
                                   uint64_t *seqs, size_t *count);

/* One more key package of one use, or the last resort instead of the one before; the log's oldest entries make place
 * for it, but not the newest. DS_STORE_NONE if the holder has max of one use already, DS_STORE_OVER if it does not fit.
 */
SOTTO_MUST_CHECK int ds_store_put_key_package(struct ds_store *store, struct ds_store_room *room, const char *holder,
                                              enum wire_use use, struct core_slice data, size_t max,
                                              const struct ds_store_bounds *bounds);
/* The holder's oldest of one use, which is deleted, or else its last resort, which is not; given to take once.
 * DS_STORE_NONE without either. */
SOTTO_MUST_CHECK int ds_store_take_key_package(struct ds_store *store, struct ds_store_room *room, const char *holder,
                                               void (*take)(void *user, const struct wire_key_package *package),
                                               void *user);

/* Keeps somebody out of a room until then. */
SOTTO_MUST_CHECK int ds_store_ban(struct ds_store *store, int64_t room, const char *subject, uint64_t until_s);
/* DS_STORE_NONE if nobody keeps them out at now_s. */
SOTTO_MUST_CHECK int ds_store_find_ban(struct ds_store *store, int64_t room, const char *subject, uint64_t now_s);

#endif
