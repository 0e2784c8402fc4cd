/* lineage - the harness's history in git: source only, with trailers that are digests.
 *
 * refs/heads/active is what runs; it moves only by compare-and-swap. Candidates live under
 * refs/moult/candidates/ID, generations under refs/moult/generations/N. A promotion is a commit
 * with the candidate's tree and the old active as its one parent; a rejected candidate is never a
 * parent. HEAD is detached at active, and the work tree follows only when it is clean. Nothing
 * free-form stands in a message: it could forge a trailer. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

enum { LINEAGE_FILES_MAX = 1000, LINEAGE_FILE_MAX = 1 << 20, LINEAGE_ID_MAX = 65 };

struct lineage; /* an open repository */
struct lineage_id {
    char hex[LINEAGE_ID_MAX]; /* of a commit or tree, lower case */
};

/* From digits that somebody kept; whether there is such a commit shows where it is used. */
struct lineage_id lineage_id_of(struct str hex);

/* A new repository at `harness` with the files of `from` (regular files and folders only: a link is
 * ERR_DENIED) as the first commit, active, and generation 0. ERR_STATE if there is a repository. */
int lineage_create(
    const char *harness, const char *from, uint64_t at_s, struct lineage_id *ret, struct err *err);
int lineage_open(struct lineage **ret, const char *harness, struct err *err);
void lineage_free(struct lineage *lineage);

int lineage_active(struct lineage *lineage, struct lineage_id *ret, struct err *err);
/* A file of a commit's tree. ERR_MISSING, or ERR_LIMIT beyond LINEAGE_FILE_MAX. */
int lineage_file(struct lineage *lineage, const struct lineage_id *commit, const char *path,
    struct buf *ret, struct err *err);
/* Every file of a commit, in tree order: the callback's negative answer ends the walk. */
typedef int (*lineage_each)(void *with, const char *path, struct str content, struct err *err);
int lineage_files(struct lineage *lineage, const struct lineage_id *commit, lineage_each each,
    void *with, struct err *err);

/* A commit on top of `parent` in which the one file `path` has other content, as candidate `id`
 * (hex digits). The same content again gives the same commit. */
int lineage_candidate(struct lineage *lineage, const char *id, const struct lineage_id *parent,
    const char *path, struct str content, uint64_t at_s, struct lineage_id *ret, struct err *err);

/* Trailers are names of a closed list and digests. */
struct lineage_trailer {
    const char
        *name; /* "Candidate", "Batch", "Build", "Report", "Approval", "Mandate", "Admission" */
    struct digest digest;
};
enum lineage_kind { LINEAGE_PROMOTION, LINEAGE_ROLLBACK };
struct lineage_step {
    enum lineage_kind kind;
    const struct lineage_id *active;  /* its one parent */
    const struct lineage_id *tree_of; /* the commit whose tree it has */
    const char *path;                 /* but with this content of this file; NULL: as it is */
    struct str content;
    uint64_t generation, at_s;
    const struct lineage_trailer *trailers;
    unsigned trailers_count;
};
/* Makes the commit. No reference moves: an admission does not depend on whether git's references
 * followed. The same step again gives the same commit. */
int lineage_commit(struct lineage *lineage, const struct lineage_step *step, struct lineage_id *ret,
    struct err *err);
/* Moves active by compare-and-swap (ERR_STATE when it has moved), adds refs/moult/generations/N,
 * and updates the work tree if that is clean. */
int lineage_move(struct lineage *lineage, const struct lineage_id *from,
    const struct lineage_id *to, uint64_t generation, struct err *err);
/* Did a move begin that was never ended, by a kill? Then lineage_repair ends it. */
bool lineage_unfinished(const struct lineage *lineage);
/* Puts active and generation N to a commit that an admission names, wherever they are: recovery
 * after a kill between the admission and the refs. */
int lineage_repair(
    struct lineage *lineage, const struct lineage_id *commit, uint64_t generation, struct err *err);

/* The unified diff from one commit to another. */
int lineage_diff(struct lineage *lineage, const struct lineage_id *from,
    const struct lineage_id *to, struct buf *out, struct err *err);
/* The content of `path` after a unified diff over the commit `to`. ERR_DENIED: it changes, adds or
 * removes another file; ERR_INPUT: not a diff, or it does not fit. */
int lineage_apply(struct lineage *lineage, const struct lineage_id *to, struct str patch,
    const char *path, struct buf *ret, struct err *err);

/* Who made each line: runs of lines of a file with the commit that they came with. */
typedef int (*lineage_lines)(
    void *with, uint32_t from, uint32_t count, const struct lineage_id *commit, struct err *err);
int lineage_blame(struct lineage *lineage, const struct lineage_id *at, const char *path,
    lineage_lines each, void *with, struct err *err);
