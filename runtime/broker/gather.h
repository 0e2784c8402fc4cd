/* gather - the write-ahead log of SQLite with one write for all pages of a commit.
 *
 * SQLite writes each page of its log by two system calls, one for 24 bytes of header, and a commit
 * of the journal has ten pages and more. Behind this the pieces are gathered and written when they
 * are synced, read, or too many. Only with synchronous = FULL: there nobody is told of a page
 * before it was synced. */
#pragma once

/* The name of a VFS for sqlite3_open_v2: the default one but for that. NULL is fine there: it could
 * not be registered. */
const char *gather_vfs(void);
