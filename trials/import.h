/* import - foreign traces, run by run: bounded reading, and one session a run.
 *
 * A file is read as a stream; at most one run of it is in memory. What cannot be read is skipped
 * and said (where, why); the runs before and behind it are still taken where they can be told
 * apart. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "trials/run.h"

enum {
    IMPORT_RUN_MAX = 64 << 20, /* bytes of one run (a line, or an element of the array) */
    IMPORT_DEPTH_MAX = 128
};

/* One run on its way into the journal. Valid in the call only. */
struct import_session {
    struct str meta;      /* JSON object: docs/reference/trace.md, "Session" */
    struct str *messages; /* JSON objects in the OpenAI chat form */
    bool *failed;         /* results that are errors, as the source says */
    bool *user;           /* messages of the person: a turn begins */
    uint32_t messages_count, turns;
    struct str group, origin, format;
    bool offered;
};
struct import_sink {
    void *with;
    /* A negative answer ends the import. */
    int (*session)(void *with, const struct import_session *session, struct err *err);
    void (*skipped)(void *with, const char *where, const char *why);
};
struct import_options {
    const struct run_tools *tools; /* known tools, or NULL */
    int offered;                   /* 0 no, 1 yes, -1: told from the system text */
};

/* tau-bench and tau2-bench, told apart by content. Returns 0 at the end of the file, however much
 * was skipped; an error when it cannot be opened or the sink says so. */
int import_tau(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* One run: fills *ret in the arena. For who has a run's text already. ERR_INPUT, ERR_LIMIT. */
int import_tau_run(struct import_session *ret, struct str text, struct str origin,
    const struct import_options *options, struct arena *arena, struct err *err);
/* The session as a run, as if read back from the journal (benchmarks, tests). */
int import_run(struct run **ret, const struct import_session *session,
    const struct run_tools *tools, struct arena *arena, struct err *err);

/* pieces: the runs of one file as texts, from plain or gzip data. */
struct pieces;
int pieces_open(struct pieces **ret, const char *path, struct err *err);
void pieces_free(struct pieces *pieces);
void pieces_freep(struct pieces **pieces);
/* Returns 1 with the next text (valid until the next call), 0 at the end, or an error for a piece
 * that was skipped (the next call goes on behind it; err->where says where). */
int pieces_next(struct pieces *pieces, struct str *ret, struct err *err);
/* "file.jsonl.gz:12" of the last piece. */
const char *pieces_where(const struct pieces *pieces);
