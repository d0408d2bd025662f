/* The database's tables, version by version. Private to the store. */
#ifndef DS_STORE_SCHEMA_H
#define DS_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>

#include "ds/store.h"

/* Brings the database to DS_STORE_VERSION, each version in a transaction of its own. False, and problem says why, for
 * one that is newer, that another program wrote, or that cannot be written. */
bool ds_schema_migrate(sqlite3 *db, char problem[DS_STORE_PROBLEM_MAX]);

#endif
