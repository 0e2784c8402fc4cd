/* effect - every message between a broker and its worker: fields, direction, phase, limit.
 *
 * The worker is a pure function of what it receives here. The other end is the broker, or
 * moult-trial standing in its place; a worker cannot tell. One message is one frame (frame.h).
 * Fields are encoded in the order of the tables in effect.c: integers little endian, bytes as u32
 * length and content, lists as u32 count and elements. A message with bytes left over, a count or
 * length over its bound, or in the wrong phase ends the connection.
 *
 * A conversation is a list of messages numbered from 0, the same on both sides. Messages are the
 * JSON objects of the OpenAI chat format. Each travels once: the model request names them by
 * number, and what the worker hands over unchanged is named, not repeated. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WIRE_VERSION = 1,
    WIRE_FRAME_MAX = 16 << 20, /* bytes of one frame */
    WIRE_BYTES_MAX =
        8 << 20, /* bytes of one message of a conversation, one schema list, one reply */
    WIRE_MESSAGES_MAX = 100000, /* of one conversation */
    WIRE_PLUGINS_MAX = 64,
    WIRE_STATE_MAX = 64 << 10, /* bytes of one plugin's state */
    WIRE_CALLS_MAX = 256,      /* in one reply */
    WIRE_TEXT_MAX = 4096,      /* an explanation, a name, a reason */
    WIRE_COVER_MAX = 1024,     /* bytes of marks, a bit each */
    WIRE_VECTORS_MAX = 4096,
    WIRE_HOLES_MAX = 64
};

enum wire_type {
    WIRE_NONE,
    /* to the worker */
    WIRE_LOAD,    /* start:  the generation's builds; once */
    WIRE_OPEN,    /* ready:  a session */
    WIRE_PUT,     /* ready:  cut the conversation to a length, then add messages */
    WIRE_RUN,     /* ready:  go on from the end of the conversation */
    WIRE_RESULT,  /* ready:  the result of an effect */
    WIRE_CLOSE,   /* ready:  forget a session */
    WIRE_VECTORS, /* ready:  judge candidates on one recorded reply (trial builds only) */
    /* from the worker */
    WIRE_READY,    /* start:  locked; what was loaded */
    WIRE_EFFECT,   /* ready:  asks for an effect, with what the turn has settled so far */
    WIRE_EVENT,    /* ready:  testimony of one hook */
    WIRE_END,      /* ready:  the turn is over, or handed to the client */
    WIRE_FAULT,    /* any:    the worker refuses a message; session 0: it ends */
    WIRE_VERDICTS, /* ready:  answer to VECTORS */
    WIRE_TYPES
};

/* A lease is given by the broker with OPEN and stands in every message of the session after it:
 * what comes from an ended lease is journaled and not delivered. */

struct wire_plugin {
    struct str name;
    struct digest build; /* SHA-256 of the .so */
    uint32_t fd;         /* the inherited descriptor of its sealed memfd */
};
struct wire_load {
    uint32_t version;
    struct digest generation;
    struct str pipeline; /* the name of the plugin that exports moult_pipeline */
    struct wire_plugin *plugins;
    uint32_t plugins_count;
    uint32_t events; /* enum wire_events */
};
enum wire_events { WIRE_EVENTS_NONE, WIRE_EVENTS_DECISIONS, WIRE_EVENTS_ALL };

struct wire_state {
    struct str plugin;
    uint32_t schema;
    struct str bytes;
};
enum wire_session { WIRE_HOSTED, WIRE_GATEWAY };
struct wire_open {
    uint64_t lease;
    uint8_t kind;       /* enum wire_session */
    uint64_t seed;      /* of the turn's random numbers */
    uint32_t steps_max; /* model requests a turn */
    struct str tools;   /* JSON array in the OpenAI form, or empty: none were offered */
    struct str models;  /* JSON array of alias names, the first is the default */
    struct wire_state *states;
    uint32_t states_count;
};

struct wire_message {
    struct str bytes; /* one JSON object: role, content, tool_calls, tool_call_id, ... */
    bool failed;      /* a tool result that is an error, as the broker or the client said */
};
struct wire_put {
    uint64_t lease;
    uint32_t keep; /* messages of the conversation that stay */
    struct wire_message *messages;
    uint32_t messages_count;
};
struct wire_run {
    uint64_t lease;
    uint32_t elapsed_ms; /* since the turn began */
    bool turn_start;     /* a user message has just arrived */
    bool resumed;        /* from a settled point: turn_start and after_tool have run already */
};

enum wire_effect_kind {
    WIRE_MODEL = 1, /* a model request */
    WIRE_HAND,   /* text and calls to the person or the gateway client; ends the run of this turn */
    WIRE_TOOL,   /* a tool call (hosted) */
    WIRE_NESTED, /* what a hook asked for with moult_ask */
    WIRE_PERSON, /* ask the person for permission */
    WIRE_WAIT    /* wait before a retry */
};
enum wire_status {
    WIRE_OK,
    WIRE_REFUSED,
    WIRE_FAILED,
    WIRE_UNKNOWN_OUTCOME,
    WIRE_NO_ANSWER /* a trace has none: the world it belongs to is gone */
};
/* Model error classes are those of moult.h (enum moult_error_class); their words in traces. */
enum { WIRE_ERRORS = 11 };
extern const char *const wire_error_words[WIRE_ERRORS];
struct wire_result {
    uint64_t lease;
    uint32_t effect; /* the number that the worker gave */
    uint8_t status;  /* enum wire_status */
    uint8_t error_class;
    uint32_t retry_after_ms;
    uint32_t elapsed_ms;
    struct str bytes; /* MODEL: the assistant message, JSON; TOOL: the text; else as asked */
};

/* A message that the turn has settled since its last effect. */
enum wire_origin { WIRE_FROM_EFFECT = 1, WIRE_FROM_BUILD };
struct wire_settled {
    uint8_t origin;
    uint32_t effect;     /* FROM_EFFECT, and FROM_BUILD where it replaced that effect's bytes */
    struct digest build; /* FROM_BUILD: who wrote it */
    uint32_t replaces;   /* 0: appended; else 1 + the number of the message whose place it takes
                            (a client's user message or result that a hook edited) */
    struct str bytes;    /* empty: exactly the effect's bytes */
};
/* What the model will see: a run of messages of the conversation, or one that a build wrote. */
struct wire_part {
    uint32_t from, count; /* count 0: bytes instead */
    struct str bytes;
    struct digest build;
};
struct wire_call {
    struct str id, name, args; /* args: the raw text */
    bool same;                 /* id, name and args are those of the reply's call at this place */
};
struct wire_effect {
    uint64_t lease;
    uint32_t number; /* counts from 1 in the life of the lease */
    uint8_t kind;
    uint8_t origin;      /* enum wire_origin: the loop's own or a hook's (NESTED) */
    uint8_t hook;        /* NESTED: enum moult_hook_id */
    struct digest build; /* NESTED */
    /* What tells it from every other of the turn. index: MODEL, how often the model was sent back
     * in this step; TOOL, the call's place in the reply; NESTED, the round, the call in hand and
     * what the hook asked before, in one number. */
    uint32_t step, index, attempt;
    struct wire_settled *settled;
    uint32_t settled_count;
    struct wire_state *states; /* those that changed */
    uint32_t states_count;
    /* MODEL */
    struct wire_part *parts;
    uint32_t parts_count;
    uint32_t model;   /* alias number */
    struct str tools; /* other tools than the session's: JSON array; empty: the session's */
    /* HAND */
    bool same; /* text and calls are exactly the reply of effect `reply` */
    uint32_t reply;
    struct str text;
    struct wire_call *calls; /* HAND: all; TOOL: one */
    uint32_t calls_count;
    /* NESTED, PERSON: name and JSON or prompt (NESTED: `model` 0 asks a model, 1 a tool); WAIT: ms
     */
    struct str name, body;
    uint32_t ms;
    bool refused; /* HAND: a hook refuses the turn, and the text says why */
};

enum { WIRE_ACTION_FAILED = 15 }; /* in the place of an action: the hook failed */
struct wire_event {               /* testimony */
    uint64_t lease;
    uint32_t step;
    uint8_t hook, action; /* enum moult_hook_id, enum moult_action or WIRE_ACTION_FAILED */
    struct digest build;
    struct str why;
};
enum wire_ended {
    WIRE_ENDED_ANSWERED = 1,
    WIRE_ENDED_HANDED,
    WIRE_ENDED_REFUSED,
    WIRE_ENDED_FAILED,
    WIRE_ENDED_LIMIT,
    WIRE_ENDED_DIVERGED
};
struct wire_end {
    uint64_t lease;
    uint8_t how;
    struct str why;
    struct wire_settled *settled;
    uint32_t settled_count;
    struct wire_state *states;
    uint32_t states_count;
    struct str cover; /* of a trial build with marks: bit N, mark N ran in this session since its
                         last END. Testimony */
};
struct wire_close {
    uint64_t lease;
};
struct wire_ready {
    uint32_t version;
    uint32_t layers;   /* bit an enum sandbox_layer: in force in this process */
    struct str *names; /* of the loaded plugins */
    uint32_t names_count;
    /* Bit an enum moult_hook_id: somebody stands there (before_tool: or has a tool of its own); the
     * same bit WIRE_LOOKS higher: and all who do have promised to look only (MOULT_ONLY_LOOKS). */
    uint32_t hooks;
};
enum { WIRE_LOOKS = 16 };
struct wire_fault {
    uint64_t lease;
    uint32_t code; /* enum err_code */
    struct str text;
};

/* Candidates. The session stands before a recorded reply, or before an error in its place
 * (conversation put, not run). For each vector the worker runs the step from there on and digests
 * its effects; nothing is sent as EFFECT, the session's state is put back each time. */
struct wire_vectors {
    uint64_t lease;
    struct str reply;     /* the assistant message, JSON; empty: an error */
    uint16_t *holes;      /* [count][width] */
    uint32_t holes_count; /* count * width */
    uint32_t width;
    uint64_t *decide; /* one a vector: which times the abstract condition holds */
    uint32_t decide_count;
    bool atoms, cover; /* send them back */
    /* Of an error (enum moult_error_class, 0: a reply): as the failed RESULT, how many requests of
     * the step had failed before, and which alias was asked. */
    uint8_t error_class;
    uint32_t retry_after_ms, attempt, model;
    /* From the results that have just come, by way of the request that shows them, and not from
     * what came back. */
    bool asks;
};
struct wire_verdict {
    uint64_t calls, text,
        end;          /* digests of the effects by component (hash_fast of canonical form) */
    uint32_t reached; /* how often the guarded point was reached */
    bool abnormal;    /* the hook failed */
};
struct wire_verdicts {
    uint64_t lease;
    struct wire_verdict *verdicts;
    uint32_t verdicts_count;
    struct str atoms; /* for the last vector: reached (at most 64) rows of bits */
    struct str cover; /* for the last vector: u32 counters */
};

struct wire {
    enum wire_type type;
    union {
        struct wire_load load;
        struct wire_open open;
        struct wire_put put;
        struct wire_run run;
        struct wire_result result;
        struct wire_close close;
        struct wire_vectors vectors;
        struct wire_ready ready;
        struct wire_effect effect;
        struct wire_event event;
        struct wire_end end;
        struct wire_fault fault;
        struct wire_verdicts verdicts;
    };
};

/* Who may send a type, and when. */
enum wire_direction { WIRE_TO_WORKER, WIRE_FROM_WORKER };
extern const char *const wire_words[WIRE_TYPES];

/* Appends the message's payload (without frame) to out. The caller made it: a value over its bound
 * is a defect (assert). */
void wire_encode(struct buf *out, const struct wire *message);
/* Reads one payload. Slices point into `payload`, lists into the arena. ERR_INPUT or ERR_LIMIT name
 * the field. A type of the wrong direction is ERR_DENIED. */
int wire_decode(struct wire *ret, struct arena *arena, struct str payload,
    enum wire_direction direction, struct err *err);
/* One line for people: "EFFECT lease=3 number=2 kind=model ...", printable, bounded. */
void wire_describe(struct buf *out, const struct wire *message);
/* The digests by component that VERDICTS carries: the trial computes the same from what it wants to
 * see. calls: those handed over (not the denied ones), as name and canonical JSON. text: of the
 * reply as it was handed over or settled, without white space. end: how the step ended, which
 * calls of the reply were denied, and what the model was shown otherwise (shown.h). */
enum wire_step_end { /* in the order of enum effects_end of the trials */
    WIRE_STEP_ANSWERED,
    WIRE_STEP_HANDED,
    WIRE_STEP_ASKED,
    WIRE_STEP_REFUSED,
    WIRE_STEP_FAILED,
    WIRE_STEP_ABNORMAL,
    WIRE_STEP_WAITS /* for what a hook asked */
};
uint64_t wire_end_digest(uint8_t end, const uint32_t *denied, uint32_t denied_count);
/* How the model was asked again after an error. It is how the request stands to the one that
 * failed, and no number: which alias, and how long beyond what the provider asked for, is for the
 * person who reads the patch. */
enum wire_again {
    WIRE_AGAIN_NOT,
    WIRE_AGAIN_OTHER, /* another alias, at once or after a pause */
    WIRE_AGAIN_LATER, /* the same, after a pause that is as long as the provider asked for */
    WIRE_AGAIN_SOON,  /* the same, sooner */
    WIRE_AGAIN_LATE   /* either, after more than WIRE_AGAIN_MAX_MS: nobody waits that long */
};
enum { WIRE_AGAIN_MAX_MS = 60000 };
enum wire_again wire_again_of(
    uint32_t failed, uint32_t retry_after_ms, uint32_t model, uint32_t waited_ms);
/* The end component of a step that is an error. */
uint64_t wire_error_digest(uint8_t end, enum wire_again again);
uint64_t wire_calls_digest(const struct wire_call *calls, uint32_t count);
uint64_t wire_text_digest(struct str text);
/* The parts that wire_calls_digest is made of, for who keeps digests of calls: of one call, of one
 * whose arguments are canonical JSON already (or do not parse), and of a list of such digests. */
uint64_t wire_call_digest(struct arena *arena, struct str name, struct str args);
uint64_t wire_call_digest_of(struct str name, struct str canonical);
uint64_t wire_calls_fold(const uint64_t *digests, uint32_t count);
