/* moult.h - what a plugin of the harness sees. Plain C11, no libraries.
 *
 * A plugin exports one constant, `moult_plugin`, and imports nothing: the functions below call the
 * host through the table in the turn. A hook is a pure function of the turn and of its state: it
 * has no globals that change, no clock, no files. All memory that the host hands out lives as long
 * as the turn; a plugin never frees. ABI 0 may still change; from 1 on it only grows (tables and
 * structs at their ends, each with its size in front). */
#ifndef MOULT_H
#define MOULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOULT_ABI = 0 };

typedef struct moult_turn moult_turn;
typedef struct moult_json moult_json;     /* a JSON value, immutable */
typedef struct moult_schema moult_schema; /* a JSON Schema, immutable */
typedef struct moult_call moult_call;
typedef struct moult_it moult_it;

/* Bytes, not NUL-terminated; UTF-8 where they came from JSON. { 0, 0 } is the empty text. */
typedef struct moult_text {
    const char *at;
    uint32_t size;
} moult_text;

/* Offsets into the text in hand, as the model wrote it: edits do not move it. Empty if from == to.
 */
typedef struct moult_span {
    uint32_t from, to;
} moult_span;

/* What a hook decides. Which hook may return which is the table of docs/reference/sdk.md. */
typedef enum moult_action {
    MOULT_PASS,   /* nothing to say, or edited: ask the next plugin */
    MOULT_DONE,   /* settled: ask no other plugin of this hook */
    MOULT_RETRY,  /* once more: the model with the explanation as a hint, or the tool */
    MOULT_DENY,   /* not this call, or not this turn: the explanation says why */
    MOULT_FINISH, /* end the turn here */
    MOULT_WAIT    /* an effect that was asked for is pending: call again with its result */
} moult_action;

enum moult_kind {
    MOULT_NOTHING,
    MOULT_NULL,
    MOULT_BOOL,
    MOULT_NUMBER,
    MOULT_STRING,
    MOULT_ARRAY,
    MOULT_OBJECT
};
enum moult_role { MOULT_SYSTEM = 1, MOULT_USER = 2, MOULT_MODEL = 4, MOULT_RESULT = 8 };
/* Filter of moult_msgs: roles, or'ed; and these. */
enum moult_msgs_filter { MOULT_ANY_ROLE = 15, MOULT_ORPHANED = 16, MOULT_ANSWERED = 32 };
/* Filter of moult_past: all named ways must hold. AGO: instead of the count, how many calls ago the
 * latest such call was (1 is the one before; 0 is never). */
enum moult_past_filter {
    MOULT_SAME_NAME = 1,
    MOULT_SAME_ARGS = 2,
    MOULT_SAME_RESULT = 4,
    MOULT_FAILED = 8,
    MOULT_IN_A_ROW = 16,
    MOULT_THIS_TURN = 32,
    MOULT_AGO = 64
};
enum moult_parse_mode { MOULT_STRICT, MOULT_LENIENT };
enum moult_grow { MOULT_GROW_PAIR = 1, MOULT_GROW_LINE = 2, MOULT_GROW_FENCE = 3 };
enum moult_is { MOULT_EQUAL, MOULT_HAS, MOULT_BEGINS, MOULT_BLANK };
enum moult_edge { MOULT_LINE_START, MOULT_LINE_END, MOULT_TEXT_START, MOULT_TEXT_END };
enum moult_error_what { MOULT_ERROR_CLASS, MOULT_ERROR_ATTEMPT, MOULT_ERROR_RETRY_AFTER_MS };
enum moult_error_class {
    MOULT_NO_ERROR,
    MOULT_RATE_LIMIT,
    MOULT_OVERLOADED,
    MOULT_TOO_LONG,
    MOULT_REFUSED,
    MOULT_MALFORMED,
    MOULT_TIMEOUT,
    MOULT_CONNECTION,
    MOULT_BAD_REQUEST,
    MOULT_UNAUTHORIZED,
    MOULT_SERVER
};
/* Why `context` is asked, and how the turn ended (turn->ended in turn_end). */
enum moult_reason { MOULT_FOR_REQUEST, MOULT_FOR_LENGTH };
enum moult_end {
    MOULT_RUNNING,
    MOULT_ANSWERED_TURN,
    MOULT_HANDED_OVER,
    MOULT_REFUSED_TURN,
    MOULT_FAILED_TURN,
    MOULT_LIMIT_REACHED
};

/* One tool call. Plugins read it; verbs change it. */
struct moult_call {
    const char *tool;       /* name, NUL-terminated, as the model wrote it */
    moult_text name;        /* the same, as a text */
    const moult_json *args; /* the arguments if they parse, else null */
    moult_text raw;         /* the arguments as the model wrote them */
    uint64_t digest;        /* of name and arguments: equal calls have equal digests */
    moult_text result;      /* in after_tool: what came back */
    bool failed;            /* in after_tool: the result is an error */
};

/* Where an iteration stands. Begins as { 0 }; the verb says which members it fills. */
struct moult_it {
    uint32_t next; /* the host's: do not touch */
    uint32_t index;
    uint32_t role;
    moult_span span;
    moult_text key, text;
    const moult_json *value;
    moult_call *call;
};

/* An effect that a hook asks for itself: a model request with one prompt, or a tool call. */
struct moult_request {
    enum { MOULT_ASK_MODEL, MOULT_ASK_TOOL } what;
    moult_text name; /* tool name, or model alias ("" is the turn's) */
    moult_text text; /* prompt, or JSON arguments */
};

#include "verbs.h"

/* The table that plugins call. It grows at its end; size says how far it reaches. */
struct moult_host {
    uint32_t abi, size;
    void *(*state)(moult_turn *turn);
    void (*explain)(moult_turn *turn, const char *format, va_list args);
    void *(*alloc)(moult_turn *turn, uint32_t size);
    moult_text (*format)(moult_turn *turn, const char *format, va_list args);
    uint32_t (*elapsed_ms)(moult_turn *turn);
    uint64_t (*random)(moult_turn *turn);
    bool (*ask)(moult_turn *turn, const struct moult_request *request, moult_text *ret_result);
#define MOULT_MEMBER(returns, name, params, args, sig, purity, effect, cost, summary)              \
    returns(*name) params;
    MOULT_VERBS(MOULT_MEMBER)
#undef MOULT_MEMBER
};

struct moult_turn {
    const struct moult_host *host;
    uint32_t size;   /* of this struct */
    uint32_t reason; /* enum moult_reason, in `context` */
    uint32_t ended;  /* enum moult_end, in `turn_end` */
    uint32_t step;   /* settled steps of this turn so far */
};

#define MOULT_FUNCTION(returns, name, params, args, sig, purity, effect, cost, summary)            \
    static inline returns moult_##name params                                                      \
    {                                                                                              \
        return turn->host->name args;                                                              \
    }
MOULT_VERBS(MOULT_FUNCTION)
#undef MOULT_FUNCTION

/* This session's state of this plugin: state_size bytes, kept by the host, zeroed at first. */
static inline void *moult_state(moult_turn *turn)
{
    return turn->host->state(turn);
}
/* Memory of the turn, cleared. Null beyond the turn's bound. */
static inline void *moult_alloc(moult_turn *turn, uint32_t size)
{
    return turn->host->alloc(turn, size);
}
/* Time since the turn began, as the trace has it. */
static inline uint32_t moult_elapsed_ms(moult_turn *turn)
{
    return turn->host->elapsed_ms(turn);
}
/* The turn's own random numbers: the same in a replay. */
static inline uint64_t moult_random(moult_turn *turn)
{
    return turn->host->random(turn);
}
/* Asks for an effect. False: pending; return MOULT_WAIT. The hook's state, edits and random numbers
 * are then put back to its entry, and it is called again with the results so far. */
static inline bool moult_ask(moult_turn *turn, const struct moult_request *request, moult_text *ret)
{
    return turn->host->ask(turn, request, ret);
}
/* Why the hook decides as it does: for the trace; behind MOULT_DENY and MOULT_RETRY also for the
 * model. printf-like: %s %.*s %c %d %u %lld %llu %zu %%. */
__attribute__((format(printf, 2, 3))) static inline void moult_explain(
    moult_turn *turn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    turn->host->explain(turn, format, args);
    va_end(args);
}
/* A text of the turn's memory, made as above. */
__attribute__((format(printf, 2, 3))) static inline moult_text moult_format(
    moult_turn *turn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    moult_text text = turn->host->format(turn, format, args);
    va_end(args);
    return text;
}
/* The text of a C string. */
static inline moult_text moult_str(const char *string)
{
    return (moult_text){ string, (uint32_t)__builtin_strlen(string) };
}

typedef moult_action (*moult_hook)(moult_turn *turn);
typedef moult_action (*moult_call_hook)(moult_turn *turn, moult_call *call);

/* A tool that the plugin offers to the model. run answers the result; its effects are nested. */
struct moult_tool {
    const char *name, *description, *parameters; /* parameters: a JSON Schema */
    moult_action (*run)(moult_turn *turn, const moult_json *args, moult_text *ret_result);
};

/* What a plugin does to a call, for the check of the order. ONLY_LOOKS: in reply, before_tool and
 * answer it edits nothing and always passes, so that what the model says need not wait for it: it
 * leaves as it comes. A hook that promised that and does otherwise has failed. */
enum moult_traits { MOULT_REWRITES_CALLS = 1, MOULT_WANTS_FINAL_CALLS = 2, MOULT_ONLY_LOOKS = 4 };

struct moult_plugin {
    uint32_t abi, size;
    const char *name, *summary;
    uint32_t state_size, state_schema; /* state only grows at its end, else a new state_schema */
    uint32_t traits;
    const char *const *before,
        *const *after; /* plugins that stand there if present; null-terminated */
    const struct moult_tool *tools;
    uint32_t tools_count;
    moult_hook turn_start, context, request, model_error, reply;
    moult_call_hook before_tool, after_tool;
    moult_hook answer, turn_end;
};

enum moult_hook_id {
    MOULT_TURN_START,
    MOULT_CONTEXT,
    MOULT_REQUEST,
    MOULT_MODEL_ERROR,
    MOULT_REPLY,
    MOULT_BEFORE_TOOL,
    MOULT_AFTER_TOOL,
    MOULT_ANSWER,
    MOULT_TURN_END,
    MOULT_HOOKS
};

/* Which plugin stands where: the one export of pipeline/. A plugin that no row names is not called.
 */
struct moult_place {
    enum moult_hook_id hook;
    const char *plugin;
};
struct moult_pipeline {
    uint32_t abi, size;
    const struct moult_place *places; /* in the order of calling, hook by hook */
    uint32_t places_count;
};

#define MOULT_EXPORT __attribute__((visibility("default")))
extern MOULT_EXPORT const struct moult_plugin moult_plugin;
extern MOULT_EXPORT const struct moult_pipeline moult_pipeline;

#endif
