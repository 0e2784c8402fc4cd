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
    struct str tools; /* a list in the OpenAI form, where the source has one; else empty */
    bool offered;
};
struct import_sink {
    void *with;
    /* A negative answer ends the import. */
    int (*session)(void *with, const struct import_session *session, struct err *err);
    void (*skipped)(void *with, const char *where, const char *why);
    /* Something of a session that was taken has no place in it; NULL: nobody asks. */
    void (*unmapped)(void *with, struct str kind);
};
void import_unmapped(const struct import_sink *sink, const char *kind, struct str detail);
struct import_options {
    const struct run_tools *tools; /* known tools, or NULL */
    int offered;                   /* 0 no, 1 yes, -1: told from the system text */
};

/* One file of a format. Returns 0 at its end, however much was skipped; an error when it cannot be
 * opened or the sink says so. */
typedef int (*import_file)(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
struct import_format {
    const char *name, *files; /* files: what is read, for a person */
    import_file read;
    bool named;  /* a session has a name that stays while its log grows: `session` of the meta */
    bool agents; /* a file is one agent's, which only the file's name tells: files of one import
                    that agree word for word are two agents' */
};
/* All formats, as docs/reference/trace.md has them; ends with a zeroed row. */
extern const struct import_format import_formats[];
/* NULL: there is none of that name. */
const struct import_format *import_format_find(const char *name);

/* tau-bench and tau2-bench, told apart by content. */
int import_tau(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* Logs of chat completions and rows for fine-tuning; requests that go on with a conversation of
 * the same file are one session. */
int import_openai(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* Trajectories of ATIF v1. */
int import_atif(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* Spans of OpenTelemetry's GenAI conventions. */
int import_otlp(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* What moult trace --export writes: entries, and whole sessions. */
int import_moult(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* Session logs of agents. */
int import_claude(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
int import_codex(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
int import_pi(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
int import_gemini(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
int import_swe(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
int import_openhands(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err);
/* One run: fills *ret in the arena. For who has a run's text already. ERR_INPUT, ERR_LIMIT. */
int import_tau_run(struct import_session *ret, struct str text, struct str origin,
    const struct import_options *options, struct arena *arena, struct err *err);
/* The session as a run, as if read back from the journal (benchmarks, tests). */
int import_run(struct run **ret, const struct import_session *session,
    const struct run_tools *tools, struct arena *arena, struct err *err);

/* What rules of redact.h hit is cut out of all that will be stored; group and origin stay names
 * that tell sessions apart, by the home's key. The slices of the session are changed, their bytes
 * not. ERR_LIMIT: a message grew over its bound. */
struct redact;
int import_redact(struct import_session *session, struct redact *redact, struct str key,
    struct arena *arena, struct err *err);

/* The meta says group and origin too: with another value for one of them, in the arena. As it is
 * where it has no such member. */
struct str import_rename(struct str meta, const char *name, struct str value, struct arena *arena);

/* "dir/log.jsonl.gz" is the origin "log", its name "log.jsonl.gz". */
struct str import_stem(const char *path);
const char *import_name(const char *path);
/* A piece as JSON, within the bounds of a run. */
const struct json *import_json(struct str text, struct arena *arena, struct err *err);
/* Each piece of a file, one after the other, in an arena that is emptied behind it. What `each`
 * refuses is skipped and said, unless it sets *stop: then that is the end, with its error. */
typedef int (*import_piece)(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err);
int import_pieces(const char *path, const struct import_sink *sink, import_piece each, void *with,
    bool *stop, struct err *err);

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
