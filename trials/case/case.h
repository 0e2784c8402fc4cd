/* case - one task to run again, as a file that a person can read and write.
 *
 * First state, the person's messages, tools, where a model's answers come from, what goes wrong on
 * the way, and how the run is graded: docs/reference/case.md. A case is what its document says and
 * nothing beside it: what it does not name does not happen, and a request that it cannot answer is
 * settled by its own word, never by something near.
 *
 * It is read strictly, since a misspelt grader would pass everything; and what contradicts itself
 * is refused before it is run. Its identity is the digest of all that changes what happens: not of
 * its id, its origin and its tags.
 *
 * Everything of a case lives in the arena that it was read into, and in its text. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

enum {
    CASE_SIZE_MAX = 16 << 20,
    CASE_ID_MAX = 100,
    CASE_TEXT_MAX = 1 << 20,
    CASE_MESSAGES_MAX = 4096,
    CASE_TOOLS_MAX = 256,
    CASE_RULES_MAX = 4096, /* of a tool's script */
    CASE_GRADES_MAX = 64,
    CASE_FAULTS_MAX = 64,
    CASE_REPEATS_MAX = 1000,
    CASE_VOTES_MAX = 15,
};

/* --- where it comes from: of no weight for what happens */

enum case_from { CASE_FROM_FILE, CASE_FROM_TRACE, CASE_FROM_VARIANT };
struct case_origin {
    uint8_t from;       /* enum case_from */
    struct str session; /* of a trace: its id in the journal */
    uint32_t step;      /* of a trace: the reply that it was made for; UINT32_MAX: the run */
    struct str group;   /* that it counts with */
    struct str format;  /* of the source */
    struct str parent;  /* of a variant: the digest of the case that it was made of */
    uint32_t variant;   /* of a variant: its number */
    bool claims;        /* its messages are claims: imported, or brought by a client */
};

/* --- settings */

struct case_limits { /* of one run; 0: the home's */
    uint32_t steps, calls, wall_s, tokens;
    double usd;
};
/* What happens at a request of a model or a call of a tool that the case cannot answer. */
enum case_divergence {
    CASE_INCONCLUSIVE, /* the run ends, and says nothing */
    CASE_FAIL,         /* the run ends, and has failed */
    CASE_GO_ON         /* the model's script or provider answers; a tool answers with an error */
};
/* How a suite of the gate plays it. */
enum case_mode {
    CASE_EITHER, /* by steps where that can be, else as an episode */
    CASE_STEP,
    CASE_EPISODE
};
struct case_settings {
    const struct str *offered; /* tools that are offered natively; NULL: all */
    uint32_t offered_count;
    const struct str *models; /* aliases, in the order of the harness; NULL: one, "main" */
    uint32_t models_count;
    struct case_limits limits;
    uint8_t divergence; /* enum case_divergence */
    uint8_t mode;       /* enum case_mode */
};

/* --- the state that it begins with */

struct case_plugin { /* state that a plugin kept for the session */
    struct str name;
    uint32_t schema;
    struct str bytes; /* hex */
};
struct case_file {
    struct str path, text; /* path: in the workspace, with no way out of it */
};
struct case_state {
    const struct json *const *messages; /* what was said before, in the OpenAI chat format */
    uint32_t messages_count;
    const uint32_t *failed; /* numbers of the results among them that are errors */
    uint32_t failed_count;
    const struct case_plugin *plugins;
    uint32_t plugins_count;
    const struct json *world; /* an object: what scripted tools know; NULL: {} */
    const struct case_file *files;
    uint32_t files_count;
};

/* --- tools */

/* The first rule whose conditions all hold answers a call. */
struct case_rule {
    const struct json *arguments; /* each of its members is the call's; NULL: any */
    bool exact;                   /* and the call has no others */
    const struct json *world;     /* each of its members is the world's; NULL: any */
    uint32_t after, times;        /* behind so many calls that it held for; for so many */
    const struct json *result;    /* a string: that text; else its JSON */
    bool failed;                  /* the result is an error */
    const struct json *set;       /* members that the world has afterwards */
    struct str as;                /* instead: what this tool's script answers */
};
struct case_command { /* a program in the tool sandbox; equal ones are one process */
    const struct str *argv;
    uint32_t argv_count;
    bool once;        /* started for each call: arguments on stdin, result on stdout; else it is
                         an MCP server over stdio */
    bool steady;      /* the same calls in the same order get the same answers, always */
    uint32_t wall_ms; /* of one call */
    uint32_t memory_mb;
};
enum case_tool_source { CASE_TOOL_RECORDED, CASE_TOOL_SCRIPT, CASE_TOOL_COMMAND };
struct case_tool {
    const struct json *schema; /* in the OpenAI form */
    bool recorded;             /* model.recorded has its results */
    const struct case_rule *script;
    uint32_t script_count;
    struct case_command command;
    /* told by the above */
    struct str name;
    uint8_t source; /* enum case_tool_source */
};

/* --- the model */

/* What stands behind the state in the recording, in its order. */
struct case_recorded {
    uint32_t inbox;             /* the person's message of that number; UINT32_MAX: */
    const struct json *message; /* a reply, result or error (docs/reference/trace.md) */
    const struct json *said;    /* a reply that a build changed: what the model had said */
    bool failed;                /* a result that is an error */
};
struct case_live {
    struct str model; /* an alias of the home */
    uint32_t repeats;
    double temperature; /* -1: the provider's own */
    double usd;         /* for all repeats together */
};
struct case_model {
    const struct case_recorded *recorded; /* NULL: none */
    uint32_t recorded_count;
    bool solved;               /* the recorded run came to what it was for */
    const struct json *script; /* docs/reference/script.md; NULL: none */
    struct case_live live;     /* model empty: none */
};

/* --- what goes wrong */

enum case_fault_kind {
    CASE_RATE_LIMIT,
    CASE_OVERLOADED,
    CASE_TIMEOUT,
    CASE_CONNECTION,
    CASE_CUT, /* the stream breaks */
    CASE_SERVER,
    CASE_MALFORMED,
    CASE_TOO_LONG,
    CASE_KILL, /* the worker dies as it asks */
    CASE_TOOL_TIMEOUT,
    CASE_OVERSIZE, /* a result of `bytes` bytes */
    CASE_BINARY,   /* a result of `bytes` bytes that are no text */
    CASE_FAULT_KINDS
};
struct case_fault {
    uint8_t kind;            /* enum case_fault_kind */
    uint32_t step;           /* of the model's request, from 0; UINT32_MAX: it is of a tool's */
    uint32_t call;           /* that is carried out, from 0; UINT32_MAX: it is of a model's */
    uint32_t times;          /* so many attempts in a row */
    uint32_t retry_after_ms; /* that the provider tells; 0: it does not */
    uint32_t bytes;
};
/* What is known of each kind. */
struct case_fault_row {
    bool tool;        /* it is of a call */
    uint8_t class;    /* enum moult_error_class; 0: none */
    uint16_t status;  /* of the provider's answer; 0: none */
    bool sized, told; /* has `bytes`; has retry_after_ms */
};
extern const struct case_fault_row case_fault_rows[CASE_FAULT_KINDS];
extern const char *const case_fault_words[CASE_FAULT_KINDS];

/* --- graders; docs/reference/case.md has what each holds for */

enum case_check {
    CASE_CALLS,
    CASE_ORDER,
    CASE_TEXT,
    CASE_ENDS,
    CASE_STATE,
    CASE_WORKSPACE,
    CASE_DETECTOR,
    CASE_SAME,
    CASE_COMMAND,
    CASE_JUDGE,
    CASE_SECRET, /* from here on floors: broken once, the case has failed */
    CASE_FORBIDDEN,
    CASE_REPLY,
    CASE_MONEY,
    CASE_CHECKS
};
enum case_want { CASE_WANT_RESOLVED, CASE_WANT_GONE, CASE_WANT_PRESENT };
enum case_end { /* how the last turn ended */
    CASE_END_ANSWERED,
    CASE_END_REFUSED,
    CASE_END_FAILED,
    CASE_END_LIMIT,
    CASE_END_HANDED, /* calls wait for a client */
    CASE_ENDS_COUNT
};
struct case_grade {
    uint8_t check;                /* enum case_check */
    struct str tool;              /* calls */
    const struct json *arguments; /* calls: each of its members is the call's */
    uint32_t min, max;            /* calls: so many; UINT32_MAX: not said */
    bool carried;                 /* calls: that were carried out; else that were asked for */
    const struct str *tools;      /* order, forbidden */
    uint32_t tools_count;
    const struct str *has, *lacks; /* text, workspace: parts of it */
    uint32_t has_count, lacks_count;
    const struct str *ends; /* one of these words */
    uint32_t ends_count;
    struct str path;           /* state: JSON pointer; workspace: a file */
    const struct json *equals; /* state: the value there; workspace: the file's text */
    bool loose;                /* text: large and small letters alike, and without commas */
    bool absent;               /* state, workspace: there is no such thing */
    struct str digest;         /* state, workspace: of all of it */
    struct str detector;
    uint8_t want;                /* enum case_want */
    struct case_command command; /* status 0: it holds; 1: it does not; else nobody knows */
    struct str rubric;           /* judge */
    struct str model;            /* judge: an alias of the home */
    uint32_t votes;
    const struct str *values; /* secret: planted ones, beside what the redactor knows */
    uint32_t values_count;
    struct str address; /* reply: the only one */
    double usd;         /* money: at most */
};
extern const char *const case_check_words[CASE_CHECKS];
extern const char *const case_want_words[3];
extern const char *const case_end_words[CASE_ENDS_COUNT];
extern const char *const case_from_words[3];
extern const char *const case_divergence_words[3];
extern const char *const case_mode_words[3];

struct trial_case {
    uint32_t version;
    struct str id;
    struct case_origin origin;
    const struct str *tags;
    uint32_t tags_count;
    struct case_settings settings;
    struct case_state state;
    const struct json *const *inbox; /* messages of the person, in the OpenAI chat format */
    uint32_t inbox_count;
    struct case_tool *tools;
    uint32_t tools_count;
    struct case_model model;
    const struct case_fault *faults;
    uint32_t faults_count;
    const struct case_grade *grades;
    uint32_t grades_count;
};

/* ERR_INPUT, ERR_LIMIT with the path of what is wrong, whether its form or what it says. */
int case_read(struct trial_case *ret, struct str text, struct arena *arena, struct err *err);
/* A zeroed case becomes one whose every part is as usual: for who puts one together. */
void case_begin(struct trial_case *of);
void case_grade_begin(struct case_grade *grade, enum case_check check);
/* In the order of the document, a message a line. Reads back as the same case. */
void case_print(struct buf *out, const struct trial_case *of);
/* Its identity. */
struct digest case_digest(const struct trial_case *of);

/* A JSON value for a part that is put together. NULL with err: it is none. */
const struct json *case_value(struct arena *arena, struct str text, struct err *err);
/* The tool of that name, or NULL. */
const struct case_tool *case_tool_find(const struct trial_case *of, struct str name);
bool case_offers(const struct trial_case *of, struct str name);
bool case_is_id(struct str text);
/* It is a floor. */
bool case_is_floor(const struct case_grade *grade);
/* How many calls a grader of calls wants. */
void case_grade_bounds(const struct case_grade *grade, uint32_t *ret_min, uint32_t *ret_max);

/* The conversation of a case as a run: state, inbox and recording in their order. Replies of the
 * state are steps, too, *ret_first of them: they are what was before, and are not graded.
 * ERR_INPUT, ERR_LIMIT name the message by its path. */
struct run;
int case_run(struct run **ret, uint32_t *ret_first, const struct trial_case *of,
    struct arena *arena, struct err *err);
