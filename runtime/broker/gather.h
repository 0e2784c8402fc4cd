/* gather - the write-ahead log of SQLite with one write for all pages of a commit.
 *
 * SQLite writes each page of its log by two system calls, one for 24 bytes of header, and a commit
 * of the journal has ten pages and more. Behind this the pieces are gathered and written when they
 * are synced, read, or too many. Only with synchronous = FULL: there nobody is told of a page
 * before it was synced.
 *
 * A commit's sync can be left to the caller, who then tells nobody before it is done: the loop goes
 * on meanwhile. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

/* The name of a VFS for sqlite3_open_v2: the default one but for that. NULL is fine there: it could
 * not be registered. */
const char *gather_vfs(void);
/* From here on commits of db leave their sync to the caller. A checkpoint must not: off before it.
 */
void gather_defer(sqlite3 *db, bool defer);
/* The descriptor that is to be synced (fdatasync) for what was committed up to now, or -1: nothing
 * is. It is the log's own, and stays. */
int gather_owed(sqlite3 *db);
/* Syncs the log at once; by a descriptor of its own, since the system tells a failure to each only
 * once. */
bool gather_sync(sqlite3 *db);
