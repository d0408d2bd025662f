#include "store_schema.h"

#include <stdio.h>

/* "sods": a database of another program is not touched */
enum { APPLICATION_ID = 0x736f6473 };

/* migrations[i] makes version i + 1 of version i. What has once been released is never changed here. */
static const char *const migrations[DS_STORE_VERSION] = {
    "CREATE TABLE rooms ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE,"
    "  log_id BLOB NOT NULL,"
    "  oldest INTEGER NOT NULL DEFAULT 1,"
    "  head INTEGER NOT NULL DEFAULT 0,"
    "  bytes INTEGER NOT NULL DEFAULT 0,"
    "  touched_s INTEGER NOT NULL) STRICT;"
    "CREATE INDEX rooms_touched ON rooms (touched_s);"
    "CREATE TABLE entries ("
    "  id INTEGER PRIMARY KEY,"
    "  room INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  append_key BLOB NOT NULL,"
    "  content BLOB NOT NULL," /* the commit */
    "  UNIQUE (room, seq),"
    "  UNIQUE (room, append_key)) STRICT;"
    "CREATE TABLE parts (" /* Welcomes and GroupInfos */
    "  id INTEGER PRIMARY KEY,"
    "  room INTEGER NOT NULL,"
    "  part INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  content BLOB NOT NULL,"
    "  UNIQUE (room, part, seq)) STRICT;"
    "CREATE TABLE key_packages ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT," /* in the order in which they came */
    "  room INTEGER NOT NULL,"
    "  holder TEXT NOT NULL,"
    "  last_resort INTEGER NOT NULL,"
    "  content BLOB NOT NULL) STRICT;"
    "CREATE INDEX key_packages_holder ON key_packages (room, holder, last_resort, id);",

    "ALTER TABLE rooms ADD COLUMN closed_until_s INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE bans ("
    "  room INTEGER NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  until_s INTEGER NOT NULL,"
    "  PRIMARY KEY (room, subject)) STRICT, WITHOUT ROWID;",
};

static bool complain(char problem[DS_STORE_PROBLEM_MAX], const char *what, const char *detail)
{
    snprintf(problem, DS_STORE_PROBLEM_MAX, "%s%s%s", what, detail ? ": " : "", detail ? detail : "");
    return false;
}

static bool read_pragma(sqlite3 *db, const char *sql, int *value)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return ok;
}

static bool migrate_one(sqlite3 *db, int version)
{
    char set[96];
    snprintf(set, sizeof(set), "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID, version + 1);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, migrations[version], NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, set, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return false;
}

bool ds_schema_migrate(sqlite3 *db, char problem[DS_STORE_PROBLEM_MAX])
{
    int application = 0;
    int version = 0;
    int tables = 0;
    if (!read_pragma(db, "PRAGMA application_id", &application) || !read_pragma(db, "PRAGMA user_version", &version) ||
        !read_pragma(db, "SELECT count(*) FROM sqlite_schema", &tables))
        return complain(problem, "the database cannot be read", sqlite3_errmsg(db));
    if (tables > 0 && application != APPLICATION_ID)
        return complain(problem, "the database is another program's", NULL);
    if (version < 0 || version > DS_STORE_VERSION)
        return complain(problem, "the database is of a newer version of sotto-ds", NULL);
    for (; version < DS_STORE_VERSION; version++) {
        if (!migrate_one(db, version)) {
            complain(problem, "the database cannot be migrated", sqlite3_errmsg(db));
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return false;
        }
    }
    return true;
}
