/* Key packages in stock. */
#include <string.h>

#include "store_internal.h"

static int set_size(struct ds_store *store, struct ds_store_room *room, const struct ds_store_room *next)
{
    int error = run(use(store, SQL_SET_SIZE, NUMBERS((uint64_t)next->id, next->bytes, next->oldest)));
    if (!error)
        *room = *next;
    return error;
}

/* A row of the holder's: the oldest of one use, then the last resort; least 1: the last resort only. */
static sqlite3_stmt *find_key_package(struct ds_store *store, int64_t room, const char *holder, uint64_t least,
                                      int *error)
{
    sqlite3_stmt *statement = use(store, SQL_FIND_KEY_PACKAGE, NUMBERS((uint64_t)room));
    bind_text(statement, 2, holder);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)least);
    *error = step_row(statement);
    return statement;
}

/* Whether there is place for the key packages and the newest entry of a room as it would be. */
static int check_packages(struct ds_store *store, const struct ds_store_room *next,
                          const struct ds_store_bounds *bounds)
{
    enum { PACKAGES_PART = 4 };
    uint64_t newest = 0;
    if (next->package_bytes > bounds->bytes / PACKAGES_PART)
        return DS_STORE_OVER;
    if (next->bytes <= bounds->bytes || next->head < next->oldest)
        return DS_STORE_OK;
    int error = ds_store_entry_size(store, next, next->head, &newest);
    return !error && newest + next->package_bytes > bounds->bytes ? DS_STORE_OVER : error;
}

/* Whether a holder may have one more; *replaced is the row of the one that goes for it (0: none), *len its length. */
static int find_replaced(struct ds_store *store, const struct ds_store_room *room, const char *holder,
                         enum wire_use use_of_it, size_t max, uint64_t *replaced, uint64_t *len)
{
    sqlite3_stmt *statement;
    int error;
    if (use_of_it == WIRE_USE_LAST_RESORT) {
        statement = find_key_package(store, room->id, holder, 1, &error);
        if (error)
            return error == DS_STORE_NONE ? DS_STORE_OK : error;
        *replaced = column_number(statement, 0);
        *len = column_bytes(statement, 2).len;
        done(statement);
        return DS_STORE_OK;
    }
    statement = use(store, SQL_COUNT_ONE_USE, NUMBERS((uint64_t)room->id));
    bind_text(statement, 2, holder);
    error = step_row(statement);
    if (error)
        return error;
    bool full = column_number(statement, 0) >= max;
    done(statement);
    return full ? DS_STORE_NONE : DS_STORE_OK;
}

int ds_store_put_key_package(struct ds_store *store, struct ds_store_room *room, const char *holder,
                             enum wire_use use_of_it, struct core_slice data, size_t max,
                             const struct ds_store_bounds *bounds)
{
    struct ds_store_room next = *room;
    uint64_t replaced = 0;
    uint64_t len = 0;
    int error = find_replaced(store, room, holder, use_of_it, max, &replaced, &len);
    if (error)
        return error;
    next.bytes += data.len - len;
    next.package_bytes += data.len - len;
    error = check_packages(store, &next, bounds);
    if (!error && replaced)
        error = run(use(store, SQL_DELETE_KEY_PACKAGE, NUMBERS(replaced)));
    if (error)
        return error;
    sqlite3_stmt *statement = use(store, SQL_ADD_KEY_PACKAGE, NUMBERS((uint64_t)room->id));
    bind_text(statement, 2, holder);
    sqlite3_bind_int64(statement, 3, use_of_it == WIRE_USE_LAST_RESORT);
    bind_bytes(statement, 4, data);
    error = run(statement);
    if (!error)
        error = ds_store_bound_log(store, &next, bounds);
    return error ? error : set_size(store, room, &next);
}

int ds_store_take_key_package(struct ds_store *store, struct ds_store_room *room, const char *holder,
                              void (*take)(void *user, const struct wire_key_package *package), void *user)
{
    int error;
    sqlite3_stmt *statement = find_key_package(store, room->id, holder, 0, &error);
    if (error)
        return error;
    bool last_resort = sqlite3_column_int(statement, 1) != 0;
    uint64_t id = column_number(statement, 0);
    const struct wire_key_package package = {
        .holder = {(const uint8_t *)holder, strlen(holder)},
        .use = last_resort ? WIRE_USE_LAST_RESORT : WIRE_USE_ONE_USE,
        .key_package = column_bytes(statement, 2),
    };
    struct ds_store_room next = *room;
    next.bytes -= package.key_package.len;
    next.package_bytes -= package.key_package.len;
    take(user, &package);
    done(statement);
    if (last_resort)
        return DS_STORE_OK;
    error = run(use(store, SQL_DELETE_KEY_PACKAGE, NUMBERS(id)));
    return error ? error : set_size(store, room, &next);
}
