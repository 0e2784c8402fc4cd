/* recall - what is known of the sessions that were mined before, in a file of the home.
 *
 * The file is no evidence and no record: without it, or with one that is cut short or another
 * program's, the sessions are read again and the result is the same. Records are added at its end,
 * each with a checksum; the newest of a session counts. */
#pragma once

#include "trials/mined.h"
#include "wire/journal.h"

struct recall_record {
    uint64_t number, last;
    uint32_t flags;
    struct str bytes; /* of the mined run */
};
struct recall {
    char *path;
    struct buf file, added;
    struct recall_record *records; /* by number, each once */
    uint32_t count, stale;
    bool whole; /* false: the file is written anew */
};
enum { RECALL_FILE_MAX = 1 << 30 };

/* `program`: digest of who finds: another one's findings are not known. path is copied. */
void recall_open(struct recall *ret, const char *path, const struct digest *program);
/* Is it known as it stands now, and not another of its number (a journal may be another one)? Fills
 * *ret; its lists are in the arena, its texts the file's. */
bool recall_find(const struct recall *recall, const struct journal_session *session,
    struct mined *ret, struct arena *arena);
void recall_add(
    struct recall *recall, const struct journal_session *session, const struct mined *mined);
/* Writes what was added. */
int recall_save(struct recall *recall, const struct digest *program, struct err *err);
void recall_done(struct recall *recall);
