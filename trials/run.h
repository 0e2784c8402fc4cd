/* run - one recorded conversation in the form that detectors, frames and replay share.
 *
 * A run is read from the journal (or straight from an importer, for benchmarks) into one arena.
 * Nothing is copied that can be a slice. A step is one answer of a provider: a reply, or an error
 * where the reply would be. Message `steps[k]` is an assistant message or an error, everything
 * before it is its recorded context, what follows up to the next step are results and user
 * messages. An error is in no context: a model never sees it.
 *
 * A reply straight behind another, or behind a call without its result, is no step: put there, the
 * loop does not ask a model (worker/loop.c, next), so no harness can be held against it. Clients
 * bring such histories, and all APIs take them. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

enum run_role { RUN_SYSTEM, RUN_USER, RUN_MODEL, RUN_RESULT, RUN_ERROR };

/* A model request that failed, and what the harness did then. */
struct run_error {
    uint8_t class; /* enum moult_error_class */
    uint32_t status, retry_after_ms;
    uint32_t attempt;       /* requests of this step that had failed before it */
    uint32_t model, models; /* alias that was asked, and how many there were */
    bool again;             /* it asked again; else the turn ended */
    uint32_t again_model, again_ms;
};
enum { RUN_MODELS_MAX = 1000, RUN_ATTEMPTS_MAX = 64 };

/* What a live turn's rows say beyond its messages, in their order. No grade and no verdict rests on
 * it: much is testimony, and what was imported has none. */
enum run_event_kind {
    RUN_EVENT_HOOK,    /* a hook's word */
    RUN_EVENT_REQUEST, /* a model was asked */
    RUN_EVENT_NESTED,  /* a hook asked for something itself */
    RUN_EVENT_ASKED,   /* any other effect was asked for */
    RUN_EVENT_GIVEN,   /* the worker got an effect's result */
    RUN_EVENT_END      /* of a turn */
};
struct run_part { /* of a request: messages of the conversation, or one that a build wrote */
    uint32_t from, count;
    struct str bytes; /* count 0 */
};
struct run_event {
    uint8_t kind;         /* enum run_event_kind */
    uint8_t hook, action; /* HOOK: enum moult_hook_id, enum moult_action or WIRE_ACTION_FAILED */
    uint8_t how;          /* END: enum wire_ended */
    uint32_t turn;        /* its ordinal */
    uint32_t requests;    /* of its turn, this one included */
    uint32_t step;        /* the run's step about which it is, or UINT32_MAX: none came of it */
    uint32_t model;       /* REQUEST: the alias */
    uint64_t at_ms;
    uint64_t tokens;              /* that the turn had used when it handed over last */
    const struct run_part *parts; /* REQUEST */
    uint32_t parts_count;
};

struct run_call {
    struct str id, name, args;  /* args: raw text as the model wrote it */
    const struct json *value;   /* args parsed strictly as an object, or NULL */
    const struct json *literal; /* else parsed as a Python dict literal, or NULL */
    struct digest key;          /* of name and canonical arguments (census: "key") */
    int32_t result;             /* message index of its result, or -1 */
    bool failed;                /* its result is an error */
};
struct run_message {
    uint8_t role;     /* enum run_role */
    struct str bytes; /* the JSON object, as the journal has it */
    struct str own;   /* a reply that a build changed: what the model had said; or empty */
    struct str text;  /* content as text, unescaped; empty if null */
    uint32_t told;    /* messages before it that a model sees */
    uint32_t turn;    /* of a live session: its ordinal */
    bool built;       /* of a live session: a build wrote it */
    const struct run_error *error; /* of an error */
    struct run_call *calls;
    uint32_t calls_count;
    struct str tool_call_id, name;         /* results */
    bool failed;                           /* result: an error (text or flag) */
    int32_t answers_message, answers_call; /* result: which call it belongs to, or -1 */
};
struct run_tool {
    struct str name;
    const struct json *parameters; /* JSON Schema */
    bool write;
};
struct run_tools { /* one list, shared by all runs that have its digest */
    struct digest digest;
    struct str bytes;
    struct run_tool *tools;
    uint32_t tools_count;
};
struct run {
    struct str session;   /* id in the journal */
    struct str group;     /* the customer, task or origin that it counts with */
    struct str origin;    /* which agent or file it came from */
    struct str source;    /* format */
    struct str principal; /* whose session it was: who may read it, nothing else */
    uint8_t split;        /* enum split (split.h) */
    bool past;            /* held-out, of an older shard of the ledger (set by the gate) */
    bool claims;          /* messages are claims: imported, or brought by a client */
    bool solved, graded;  /* reward >= 1; there was a reward at all */
    bool step_limit;      /* the source says that it ended at a limit */
    bool ended_by_source; /* the source says how it ended (tau2: termination_reason) */
    bool provider_error;
    bool flagged;                  /* a person looked at it, and says that it went wrong */
    const struct json *meta;       /* what the source says of the run (reward, task, ...) */
    const struct run_tools *tools; /* known tools, or NULL */
    bool offered; /* they were offered natively in the request (not described in text) */
    struct run_message *messages;
    uint32_t messages_count, messages_room;
    uint32_t *steps; /* message index of each reply or error that a harness asks for there */
    uint32_t steps_count;
    uint32_t unasked; /* the others: behind a reply, or while a call has no result */
    uint32_t *told;   /* message index of each message that a model sees: all but errors */
    uint32_t told_count;
    uint32_t models; /* aliases that there were; 1 where nothing says so */
    struct run_event *events;
    uint32_t events_count, events_room;
    struct arena *arena;
};

/* Building a run: meta and tools first (they say what a message cannot), then each message in
 * order, then the seal, which pairs results with calls and finds the steps. Everything lives in the
 * arena; the bytes given must live as long. ERR_INPUT or ERR_LIMIT name the message; the run is
 * then of no use. */
struct run *run_new(struct arena *arena);
/* One that has all of `run` but its messages: for the same conversation told in another way. What
 * it has is run's. */
struct run *run_like(const struct run *run, struct arena *arena);
/* Session facts as one JSON object: see docs/reference/trace.md, "Session". */
int run_set_meta(struct run *run, struct str text, struct err *err);
int run_add(struct run *run, struct str bytes, bool failed, struct err *err);
void run_seal(struct run *run);
/* The message of a step; the error that it is, or NULL; how many messages its context has. */
const struct run_message *run_step(const struct run *run, uint32_t step);
const struct run_error *run_step_error(const struct run *run, uint32_t step);
uint32_t run_context(const struct run *run, uint32_t step);
/* What the model said there: what a replay puts to a harness, which then makes of it what it makes.
 */
struct str run_said(const struct run_message *reply);

/* The key of a call: its name and its arguments in canonical form, else their raw text. Also fills
 * value and literal. */
void run_call_read(struct run_call *call, struct arena *arena);

/* Tools as `--tools` gives them ({"tools": [{name, write, parameters}]}) or in the OpenAI form (a
 * list of {"type": "function", "function": {...}}, where annotations.readOnlyHint says what
 * writes). */
int run_tools_read(struct run_tools **ret, struct str text, struct arena *arena, struct err *err);
/* The list in the OpenAI form, the one that sessions keep and workers get. */
void run_tools_print(struct buf *out, const struct run_tools *tools);
const struct run_tool *run_tool_find(const struct run *run, struct str name);

/* Calls of all messages in the order in which the model made them. */
struct run_at {
    const struct run_message *message;
    const struct run_call *call;
    uint32_t message_index, call_index, step;
};
/* A zeroed cursor begins; false at the end. Valid on sealed runs. */
struct run_cursor {
    uint32_t step, call;
};
bool run_next_call(const struct run *run, struct run_cursor *cursor, struct run_at *ret);
