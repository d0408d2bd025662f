/* What the store's files share: its statements, and how one is used. */
#ifndef DS_STORE_INTERNAL_H
#define DS_STORE_INTERNAL_H

#include <sqlite3.h>

#include "ds/store.h"

/* Every statement, prepared once. */
#define STATEMENTS(X)                                                                                                  \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(COMMIT, "COMMIT")                                                                                                \
    X(FIND_ROOM, "SELECT id, log_id, oldest, head, bytes, closed_until_s, (SELECT total(length(content)) "             \
                 "FROM key_packages WHERE room = rooms.id) FROM rooms WHERE name = ?1")                                \
    X(ADD_ROOM, "INSERT INTO rooms (name, log_id, touched_s) VALUES (?1, ?2, ?3)")                                     \
    X(TOUCH_ROOM, "UPDATE rooms SET touched_s = ?2 WHERE id = ?1")                                                     \
    X(SET_SIZE, "UPDATE rooms SET bytes = ?2, oldest = ?3 WHERE id = ?1")                                              \
    X(SET_LOG, "UPDATE rooms SET bytes = ?2, oldest = ?3, head = ?4, touched_s = ?5 WHERE id = ?1")                    \
    X(CLOSE_ROOM,                                                                                                      \
      "UPDATE rooms SET closed_until_s = ?2, touched_s = ?2, bytes = 0, oldest = 1, head = 0, log_id = ?3 "            \
      "WHERE id = ?1")                                                                                                 \
    X(OLD_ROOMS, "SELECT id FROM rooms WHERE touched_s < ?1 AND closed_until_s <= ?2 ORDER BY touched_s")              \
    X(DELETE_ROOM, "DELETE FROM rooms WHERE id = ?1")                                                                  \
    X(DELETE_ENTRIES, "DELETE FROM entries WHERE room = ?1")                                                           \
    X(DELETE_PARTS, "DELETE FROM parts WHERE room = ?1")                                                               \
    X(DELETE_KEY_PACKAGES, "DELETE FROM key_packages WHERE room = ?1")                                                 \
    X(DELETE_BANS, "DELETE FROM bans WHERE room = ?1")                                                                 \
    X(TOTALS, "SELECT count(*), total(bytes), total(max(bytes - ?1, 0)) FROM rooms")                                   \
    X(FIND_APPEND, "SELECT seq FROM entries WHERE room = ?1 AND append_key = ?2")                                      \
    X(ADD_ENTRY, "INSERT INTO entries (room, seq, append_key, content) VALUES (?1, ?2, ?3, ?4)")                       \
    X(ADD_PART, "INSERT INTO parts (room, part, seq, content) VALUES (?1, ?2, ?3, ?4)")                                \
    X(OLDEST_PART, "SELECT seq FROM parts WHERE room = ?1 AND part = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3")          \
    X(PART_SIZE, "SELECT length(content) FROM parts WHERE room = ?1 AND part = ?2 AND seq = ?3")                       \
    X(DELETE_PART, "DELETE FROM parts WHERE room = ?1 AND part = ?2 AND seq = ?3")                                     \
    X(ENTRY_SIZE, "SELECT length(content) + (SELECT total(length(p.content)) FROM parts AS p WHERE p.room = ?1 AND "   \
                  "p.part IN (1, 2) AND p.seq = ?2) FROM entries WHERE room = ?1 AND seq = ?2")                        \
    X(DELETE_ENTRY, "DELETE FROM entries WHERE room = ?1 AND seq = ?2")                                                \
    X(READ, "SELECT e.seq, EXISTS (SELECT 1 FROM parts WHERE room = ?1 AND part = 1 AND seq = e.seq), "                \
            "EXISTS (SELECT 1 FROM parts WHERE room = ?1 AND part = 2 AND seq = e.seq), e.content "                    \
            "FROM entries AS e WHERE e.room = ?1 AND e.seq BETWEEN ?2 AND ?3 ORDER BY e.seq")                          \
    X(FETCH_COMMIT, "SELECT content FROM entries WHERE room = ?1 AND seq = ?2")                                        \
    X(FETCH_PART, "SELECT content FROM parts WHERE room = ?1 AND part = ?2 AND seq = ?3")                              \
    X(LIST, "SELECT seq FROM parts WHERE room = ?1 AND part = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT ?4")            \
    X(COUNT_ONE_USE, "SELECT count(*) FROM key_packages WHERE room = ?1 AND holder = ?2 AND last_resort = 0")          \
    X(FIND_KEY_PACKAGE, "SELECT id, last_resort, content FROM key_packages WHERE room = ?1 AND holder = ?2 "           \
                        "AND last_resort >= ?3 ORDER BY last_resort, id LIMIT 1")                                      \
    X(ADD_KEY_PACKAGE, "INSERT INTO key_packages (room, holder, last_resort, content) VALUES (?1, ?2, ?3, ?4)")        \
    X(DELETE_KEY_PACKAGE, "DELETE FROM key_packages WHERE id = ?1")                                                    \
    X(BAN, "INSERT OR REPLACE INTO bans (room, subject, until_s) VALUES (?1, ?2, ?3)")                                 \
    X(FIND_BAN, "SELECT 1 FROM bans WHERE room = ?1 AND subject = ?2 AND until_s > ?3")

enum statement {
#define X(name, sql) SQL_##name,
    STATEMENTS(X)
#undef X
        SQL_COUNT
};

struct ds_store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
};

/* --- One statement --- */

/* Binds numbers to ?1, ?2, ... */
static inline sqlite3_stmt *use(struct ds_store *store, enum statement which, const uint64_t *values, size_t count)
{
    sqlite3_stmt *statement = store->statements[which];
    for (size_t i = 0; i < count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, (sqlite3_int64)values[i]);
    return statement;
}

#define NUMBERS(...) ((const uint64_t[]){__VA_ARGS__}), sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

static inline void bind_bytes(sqlite3_stmt *statement, int at, struct core_slice bytes)
{
    sqlite3_bind_blob64(statement, at, bytes.data, bytes.len, SQLITE_STATIC);
}

static inline void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static inline struct core_slice column_bytes(sqlite3_stmt *statement, int at)
{
    const void *data = sqlite3_column_blob(statement, at);
    return (struct core_slice){data, data ? (size_t)sqlite3_column_bytes(statement, at) : 0};
}

static inline uint64_t column_number(sqlite3_stmt *statement, int at)
{
    return (uint64_t)sqlite3_column_int64(statement, at);
}

/* Ends the use of a statement; nothing that was bound is kept. */
static inline void done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

static inline int error_of(int code)
{
    if (code == SQLITE_ROW || code == SQLITE_DONE || code == SQLITE_OK)
        return DS_STORE_OK;
    return (code & 0xff) == SQLITE_FULL ? DS_STORE_FULL : DS_STORE_FAILED;
}

/* For a row: DS_STORE_OK, and the statement is to be ended by done(). For none or an error it is ended. */
static inline int step_row(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return DS_STORE_OK;
    done(statement);
    return code == SQLITE_DONE ? DS_STORE_NONE : error_of(code);
}

static inline int run(sqlite3_stmt *statement)
{
    int error = error_of(sqlite3_step(statement));
    done(statement);
    return error;
}

/* --- store.c --- */

/* The bytes of an entry that is kept, with its parts. */
int ds_store_entry_size(struct ds_store *store, const struct ds_store_room *room, uint64_t seq, uint64_t *size);
/* Deletes what is over the bounds, the newest entry excepted; updates room alone. */
int ds_store_bound_log(struct ds_store *store, struct ds_store_room *room, const struct ds_store_bounds *bounds);

#endif
