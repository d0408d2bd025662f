#include "ds/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store_internal.h"
#include "store_schema.h"

/* --- Opening --- */

static bool complain(char problem[DS_STORE_PROBLEM_MAX], const char *what, const char *detail)
{
    snprintf(problem, DS_STORE_PROBLEM_MAX, "%s: %s", what, detail);
    return false;
}

static bool prepare(struct ds_store *store, char problem[DS_STORE_PROBLEM_MAX])
{
    static const char *const sql[] = {
#define X(name, text) (text),
        STATEMENTS(X)
#undef X
    };
    for (size_t i = 0; i < SQL_COUNT; i++)
        if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL))
            return complain(problem, "the database cannot be used", sqlite3_errmsg(store->db));
    return true;
}

/* WAL with a sync at each commit: what was committed survives the loss of power. One process at a time, so that no log
 * gets two heads. What a process that was killed had written and not synced is found here, and would be answered as if
 * it were on disk: so it is brought there first. */
static bool configure(struct ds_store *store, bool file, char problem[DS_STORE_PROBLEM_MAX])
{
    static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                   "PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA journal_size_limit = 16777216;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA trusted_schema = OFF;"
                                   "BEGIN EXCLUSIVE; COMMIT;" /* takes the lock now */
                                   "PRAGMA wal_checkpoint(TRUNCATE);";
    if (sqlite3_exec(store->db, file ? settings : "", NULL, NULL, NULL) != SQLITE_OK)
        return complain(problem,
                        sqlite3_errcode(store->db) == SQLITE_BUSY ? "the database is in use"
                                                                  : "the database cannot be opened",
                        sqlite3_errmsg(store->db));
    return true;
}

struct ds_store *ds_store_open(const char *path, char problem[DS_STORE_PROBLEM_MAX])
{
    struct ds_store *store = calloc(1, sizeof(*store));
    if (!store) {
        complain(problem, "the database cannot be opened", "out of memory");
        return NULL;
    }
    /* sizes and times are nobody else's affair either */
    mode_t before = umask(S_IRWXG | S_IRWXO);
    int code =
        sqlite3_open_v2(path ? path : ":memory:", &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    bool ok = code == SQLITE_OK || complain(problem, "the database cannot be opened", sqlite3_errmsg(store->db));
    ok = ok && configure(store, path != NULL, problem) && ds_schema_migrate(store->db, problem) &&
         prepare(store, problem);
    umask(before);
    if (!ok) {
        ds_store_close(store);
        return NULL;
    }
    return store;
}

void ds_store_close(struct ds_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store);
}

const char *ds_store_problem(const struct ds_store *store)
{
    return sqlite3_errmsg(store->db);
}

/* --- Transactions --- */

int ds_store_begin(struct ds_store *store)
{
    return run(store->statements[SQL_BEGIN]);
}

int ds_store_commit(struct ds_store *store)
{
    return run(store->statements[SQL_COMMIT]);
}

void ds_store_rollback(struct ds_store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* --- Rooms --- */

int ds_store_find_room(struct ds_store *store, const char *name, struct ds_store_room *room)
{
    sqlite3_stmt *statement = store->statements[SQL_FIND_ROOM];
    bind_text(statement, 1, name);
    int error = step_row(statement);
    if (error)
        return error;
    struct core_slice log_id = column_bytes(statement, 1);
    struct ds_store_room found = {.id = sqlite3_column_int64(statement, 0),
                                  .oldest = column_number(statement, 2),
                                  .head = column_number(statement, 3),
                                  .bytes = column_number(statement, 4),
                                  .closed_until_s = column_number(statement, 5),
                                  .package_bytes = (uint64_t)sqlite3_column_double(statement, 6)};
    if (log_id.len == sizeof(found.log_id))
        memcpy(found.log_id, log_id.data, sizeof(found.log_id));
    else
        error = DS_STORE_FAILED;
    done(statement);
    if (!error)
        *room = found;
    return error;
}

int ds_store_add_room(struct ds_store *store, const char *name, uint64_t now_s, struct ds_store_room *room)
{
    sqlite3_stmt *statement = store->statements[SQL_ADD_ROOM];
    bind_text(statement, 1, name);
    bind_bytes(statement, 2, (struct core_slice){room->log_id, sizeof(room->log_id)});
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)now_s);
    int error = run(statement);
    if (!error)
        room->id = sqlite3_last_insert_rowid(store->db);
    return error;
}

int ds_store_touch_room(struct ds_store *store, int64_t id, uint64_t now_s)
{
    return run(use(store, SQL_TOUCH_ROOM, NUMBERS((uint64_t)id, now_s)));
}

/* All that a room has, but for its own row. */
static int empty_room(struct ds_store *store, int64_t id)
{
    static const enum statement steps[] = {SQL_DELETE_ENTRIES, SQL_DELETE_PARTS, SQL_DELETE_KEY_PACKAGES,
                                           SQL_DELETE_BANS};
    int error = DS_STORE_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !error; i++)
        error = run(use(store, steps[i], NUMBERS((uint64_t)id)));
    return error;
}

int ds_store_close_room(struct ds_store *store, struct ds_store_room *room, uint64_t until_s)
{
    int error = empty_room(store, room->id);
    if (error)
        return error;
    sqlite3_stmt *statement = use(store, SQL_CLOSE_ROOM, NUMBERS((uint64_t)room->id, until_s));
    bind_bytes(statement, 3, (struct core_slice){room->log_id, sizeof(room->log_id)});
    error = run(statement);
    if (error)
        return error;
    room->oldest = 1;
    room->head = room->bytes = room->package_bytes = 0;
    room->closed_until_s = until_s;
    return DS_STORE_OK;
}

int ds_store_forget_rooms(struct ds_store *store, uint64_t touched_s, uint64_t now_s, size_t max,
                          bool (*keep)(void *user, int64_t id), void *user, size_t *count)
{
    enum { AT_ONCE = 64 };
    int64_t ids[AT_ONCE];
    size_t found = 0;
    sqlite3_stmt *statement = use(store, SQL_OLD_ROOMS, NUMBERS(touched_s, now_s));
    int code = SQLITE_DONE;
    while (found < max && found < AT_ONCE && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);
        if (!keep(user, id))
            ids[found++] = id;
    }
    int error = error_of(code);
    done(statement);
    for (size_t i = 0; i < found && !error; i++) {
        error = empty_room(store, ids[i]);
        if (!error)
            error = run(use(store, SQL_DELETE_ROOM, NUMBERS((uint64_t)ids[i])));
    }
    if (!error)
        *count = found;
    return error;
}

int ds_store_totals(struct ds_store *store, uint64_t share, struct ds_store_totals *totals)
{
    sqlite3_stmt *statement = use(store, SQL_TOTALS, NUMBERS(share));
    int error = step_row(statement);
    if (error)
        return error;
    *totals = (struct ds_store_totals){.rooms = column_number(statement, 0),
                                       .bytes = (uint64_t)sqlite3_column_double(statement, 1),
                                       .beyond = (uint64_t)sqlite3_column_double(statement, 2)};
    done(statement);
    return DS_STORE_OK;
}

/* --- The log --- */

static int add_part(struct ds_store *store, const struct ds_store_room *room, enum wire_part part,
                    struct core_slice data)
{
    sqlite3_stmt *statement = use(store, SQL_ADD_PART, NUMBERS((uint64_t)room->id, part, room->head));
    bind_bytes(statement, 4, data);
    return run(statement);
}

/* Deletes a part, if it is kept. */
static int drop_part(struct ds_store *store, struct ds_store_room *room, enum wire_part part, uint64_t seq)
{
    const uint64_t id = (uint64_t)room->id;
    sqlite3_stmt *statement = use(store, SQL_PART_SIZE, NUMBERS(id, part, seq));
    int error = step_row(statement);
    if (error)
        return error == DS_STORE_NONE ? DS_STORE_OK : error;
    const uint64_t size = column_number(statement, 0);
    done(statement);
    error = run(use(store, SQL_DELETE_PART, NUMBERS(id, part, seq)));
    if (!error)
        room->bytes -= size;
    return error;
}

/* Of one kind only the newest `max` stay. */
static int bound_parts(struct ds_store *store, struct ds_store_room *room, enum wire_part part, uint32_t max)
{
    for (;;) {
        sqlite3_stmt *statement = use(store, SQL_OLDEST_PART, NUMBERS((uint64_t)room->id, part, max));
        int error = step_row(statement);
        if (error)
            return error == DS_STORE_NONE ? DS_STORE_OK : error;
        const uint64_t seq = column_number(statement, 0);
        done(statement);
        error = drop_part(store, room, part, seq);
        if (error)
            return error;
    }
}

int ds_store_entry_size(struct ds_store *store, const struct ds_store_room *room, uint64_t seq, uint64_t *size)
{
    sqlite3_stmt *statement = use(store, SQL_ENTRY_SIZE, NUMBERS((uint64_t)room->id, seq));
    int error = step_row(statement);
    if (error)
        return error == DS_STORE_NONE ? DS_STORE_FAILED : error;
    *size = (uint64_t)sqlite3_column_double(statement, 0);
    done(statement);
    return DS_STORE_OK;
}

static int delete_oldest(struct ds_store *store, struct ds_store_room *room)
{
    const uint64_t id = (uint64_t)room->id;
    uint64_t size = 0;
    int error = ds_store_entry_size(store, room, room->oldest, &size);
    if (error)
        return error;
    error = run(use(store, SQL_DELETE_ENTRY, NUMBERS(id, room->oldest)));
    if (!error)
        error = run(use(store, SQL_DELETE_PART, NUMBERS(id, WIRE_PART_WELCOME, room->oldest)));
    if (!error)
        error = run(use(store, SQL_DELETE_PART, NUMBERS(id, WIRE_PART_GROUP_INFO, room->oldest)));
    room->bytes -= size;
    room->oldest++;
    return error;
}

/* The newest entry stays, which was seen to fit; and Welcomes, which are large where there are many members, go before
 * entries, which all have to follow. */
int ds_store_bound_log(struct ds_store *store, struct ds_store_room *room, const struct ds_store_bounds *bounds)
{
    enum { WELCOMES_LEAST = 8 };
    int error = bound_parts(store, room, WIRE_PART_WELCOME, bounds->welcomes);
    if (!error)
        error = bound_parts(store, room, WIRE_PART_GROUP_INFO, bounds->group_infos);
    for (uint32_t kept = bounds->welcomes; !error && room->bytes > bounds->bytes && kept > WELCOMES_LEAST;)
        error = bound_parts(store, room, WIRE_PART_WELCOME, --kept);
    while (!error && room->oldest < room->head &&
           (room->head - room->oldest >= bounds->entries || room->bytes > bounds->bytes))
        error = delete_oldest(store, room);
    return error;
}

static int add_entry(struct ds_store *store, struct ds_store_room *room, struct core_slice key,
                     const struct wire_append *append)
{
    room->head++;
    sqlite3_stmt *statement = use(store, SQL_ADD_ENTRY, NUMBERS((uint64_t)room->id, room->head));
    bind_bytes(statement, 3, key);
    bind_bytes(statement, 4, append->commit);
    int error = run(statement);
    room->bytes += append->commit.len;
    if (!error && append->has_welcome) {
        error = add_part(store, room, WIRE_PART_WELCOME, append->welcome);
        room->bytes += append->welcome.len;
    }
    if (!error && append->has_group_info) {
        error = add_part(store, room, WIRE_PART_GROUP_INFO, append->group_info);
        room->bytes += append->group_info.len;
    }
    return error;
}

int ds_store_append(struct ds_store *store, struct ds_store_room *room, const uint8_t key[DS_STORE_APPEND_KEY_LEN],
                    const struct wire_append *append, uint64_t instead, const struct ds_store_bounds *bounds,
                    uint64_t now_s, uint64_t *seq)
{
    const struct core_slice key_bytes = {key, DS_STORE_APPEND_KEY_LEN};
    sqlite3_stmt *statement = use(store, SQL_FIND_APPEND, NUMBERS((uint64_t)room->id));
    bind_bytes(statement, 2, key_bytes);
    int error = step_row(statement);
    if (error == DS_STORE_OK) {
        *seq = column_number(statement, 0);
        done(statement);
        return DS_STORE_OK;
    }
    if (error != DS_STORE_NONE)
        return error;
    if (append->commit.len + append->welcome.len + append->group_info.len + room->package_bytes > bounds->bytes)
        return DS_STORE_OVER;
    struct ds_store_room next = *room;
    error = add_entry(store, &next, key_bytes, append);
    if (!error && instead != 0)
        error = drop_part(store, &next, WIRE_PART_GROUP_INFO, instead);
    if (!error)
        error = ds_store_bound_log(store, &next, bounds);
    if (!error)
        error = run(use(store, SQL_SET_LOG, NUMBERS((uint64_t)next.id, next.bytes, next.oldest, next.head, now_s)));
    if (error)
        return error;
    *seq = next.head;
    *room = next;
    return DS_STORE_OK;
}

int ds_store_read(struct ds_store *store, int64_t room, uint64_t from, uint64_t to,
                  bool (*take)(void *user, const struct wire_entry *entry), void *user)
{
    sqlite3_stmt *statement = use(store, SQL_READ, NUMBERS((uint64_t)room, from, to));
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct wire_entry entry = {.seq = column_number(statement, 0),
                                         .has_welcome = sqlite3_column_int(statement, 1) != 0,
                                         .has_group_info = sqlite3_column_int(statement, 2) != 0,
                                         .commit = column_bytes(statement, 3)};
        if (!take(user, &entry))
            break;
    }
    done(statement);
    return error_of(code);
}

int ds_store_fetch(struct ds_store *store, int64_t room, uint64_t seq, enum wire_part part,
                   void (*take)(void *user, struct core_slice data), void *user)
{
    sqlite3_stmt *statement = part == WIRE_PART_COMMIT ? use(store, SQL_FETCH_COMMIT, NUMBERS((uint64_t)room, seq))
                                                       : use(store, SQL_FETCH_PART, NUMBERS((uint64_t)room, part, seq));
    int error = step_row(statement);
    if (error)
        return error;
    take(user, column_bytes(statement, 0));
    done(statement);
    return DS_STORE_OK;
}

int ds_store_list(struct ds_store *store, int64_t room, enum wire_part part, uint64_t to, size_t max, uint64_t *seqs,
                  size_t *count)
{
    sqlite3_stmt *statement = use(store, SQL_LIST, NUMBERS((uint64_t)room, part, to, max));
    size_t found = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && found < max)
        seqs[found++] = column_number(statement, 0);
    done(statement);
    if (error_of(code))
        return error_of(code);
    for (size_t i = 0; i < found / 2; i++) {
        uint64_t seq = seqs[i];
        seqs[i] = seqs[found - 1 - i];
        seqs[found - 1 - i] = seq;
    }
    *count = found;
    return DS_STORE_OK;
}

/* --- Who is kept out --- */

int ds_store_ban(struct ds_store *store, int64_t room, const char *subject, uint64_t until_s)
{
    sqlite3_stmt *statement = use(store, SQL_BAN, NUMBERS((uint64_t)room));
    bind_text(statement, 2, subject);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)until_s);
    return run(statement);
}

int ds_store_find_ban(struct ds_store *store, int64_t room, const char *subject, uint64_t now_s)
{
    sqlite3_stmt *statement = use(store, SQL_FIND_BAN, NUMBERS((uint64_t)room));
    bind_text(statement, 2, subject);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)now_s);
    int error = step_row(statement);
    if (!error)
        done(statement);
    return error;
}
