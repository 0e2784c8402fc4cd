/* turn - what a worker keeps of a session: its conversation, the turn in work, the reply in hand.
 *
 * The conversation owns its bytes and is a stack: it is cut to a length and extended, both in time
 * proportional to what changes. What a turn makes lives in the turn's arena, freed whole when the
 * next run begins. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "wire/frame.h"
#include "worker/load.h"

enum { NONE = UINT32_MAX };

/* A call that the conversation holds. Digests are made when a plugin first asks about the past. */
struct past_call {
    struct str id, name;
    struct str args; /* the raw text, unescaped */
    uint32_t message;
    uint32_t result; /* message number or NONE */
    bool digested, result_digested;
    uint64_t name_digest, args_digest, result_digest;
};
struct message {
    struct str bytes;
    const struct json *root, *content;
    uint8_t role; /* enum moult_role */
    bool failed;
    struct str id, name;              /* of a result */
    uint32_t call;                    /* of a result: which past call it answers, or NONE */
    uint32_t calls_from, calls_count; /* of a reply: its past calls */
    struct arena_mark mark;           /* the conversation's memory before it */
    struct arena *own;                /* memory of a message that was replaced, or NULL */
};
struct conversation {
    struct arena arena;
    struct message *messages;
    uint32_t count, room;
    struct past_call *calls;
    uint32_t calls_count, calls_room;
};
void conversation_done(struct conversation *conversation);
void conversation_cut(struct conversation *conversation, uint32_t keep);
/* ERR_INPUT: not one JSON object with a known role. bytes are copied. */
int conversation_add(
    struct conversation *conversation, struct str bytes, bool failed, struct err *err);
/* Another content for a user message or a result that is there already. */
int conversation_replace(
    struct conversation *conversation, uint32_t at, struct str bytes, struct err *err);
/* Of the message that ends the conversation's last reply: NONE if there is none. */
uint32_t conversation_reply(const struct conversation *conversation);
/* The first message behind the last user message (0 if there is none): where the turn began. */
uint32_t conversation_turn(const struct conversation *conversation);
/* The text of a content node: a string, null, or a list of parts. In the arena if it must be made.
 */
struct str content_text(struct arena *arena, const struct json *content);
/* Whether a call of the reply in hand still wants its result. */
struct call;
bool call_open(const struct conversation *conversation, const struct call *call);
void past_digest(struct conversation *conversation, struct past_call *call, struct arena *scratch);

/* A tool call of the reply in hand. */
struct call {
    moult_call face; /* what plugins see; first, so that one pointer is both */
    struct str id;
    const struct json *node; /* as the model wrote it; NULL: a plugin added it */
    uint64_t name_digest, args_digest;
    uint32_t past; /* a settled call: its number in the conversation, else NONE */
    bool changed;
    bool denied;  /* not handed over: `why` is its result */
    bool carried; /* denied because a plugin's own tool carried it out */
    uint32_t by;  /* build that changed or denied it */
    struct str why;
};
/* An assistant message being worked on. */
struct reply {
    const struct json *root; /* as the model wrote it, or NULL: the harness wrote it */
    const struct json *content;
    struct str bytes, text;
    struct call *calls;
    uint32_t calls_count, calls_room;
    uint32_t effect; /* the model request that it answers */
    uint32_t by;     /* build that changed it last, or NONE */
    bool text_changed, calls_changed;
    bool settled; /* the conversation has it already */
};

struct state {
    char *live, *settled; /* state_size or more bytes each; settled: at the last settled point */
    uint32_t size, schema;
    bool touched, unsent;
};

/* One change that a hook asked for; applied when it ends without failure. */
enum edit_kind {
    EDIT_CALL_ADD,
    EDIT_CALL_SET,
    EDIT_ARG_SET,
    EDIT_ARG_RENAME,
    EDIT_CUT,
    EDIT_BODY,
    EDIT_MSG_DROP,
    EDIT_MSG_ADD,
    EDIT_MODEL,
    EDIT_WAIT
};
struct edit {
    enum edit_kind kind;
    struct call *call;
    struct str key, text;
    const struct json *value;
    uint32_t number;
    moult_span span;
};
struct edits {
    struct edit *at;
    uint32_t count, room;
};
/* A message that a plugin adds to what the model will see. */
struct added {
    struct str bytes;
    uint32_t build;
};
/* What a hook asked for with moult_ask, and its answer. */
struct asked {
    uint32_t what;
    struct str name, text, result;
    struct str sent_name, sent_text; /* as before_tool left it */
    bool answered;
};
enum { ASKS_MAX = 16 };

/* Where a turn stands. */
enum stage {
    STAGE_IDLE,
    STAGE_START,   /* turn_start */
    STAGE_RESULTS, /* after_tool on the results that a client brought */
    STAGE_NEXT,    /* looks at the end of the conversation */
    STAGE_CONTEXT, /* context */
    STAGE_REQUEST, /* request, then the model is asked */
    STAGE_ERROR,   /* model_error */
    STAGE_AGAIN,   /* after a wait: the model is asked again */
    STAGE_REPLY,   /* reply */
    STAGE_CALLS,   /* before_tool */
    STAGE_DENIED,  /* every call was denied: the model is told */
    STAGE_TOOL,    /* a tool's result is here: after_tool */
    STAGE_ANSWER,  /* answer */
    STAGE_HAND,    /* to the person or client */
    STAGE_END,     /* turn_end */
    STAGES
};

struct turn {
    struct moult_turn face; /* what plugins see; first */
    struct session *session;
    struct arena arena;
    struct guarded *guarded; /* sanitised worker: memory that plugins got, each piece by itself */
    enum stage stage;
    uint32_t waiting; /* number of the effect whose result is awaited, or 0 */
    uint32_t elapsed_ms;
    bool started, resumed;
    uint8_t how; /* enum wire_ended, once the turn is ending */
    struct str why;
    /* the hook that runs */
    enum moult_hook_id hook;
    uint32_t place; /* next of its chain */
    const struct build *build;
    struct call *call;
    struct edits edits;
    struct str explanation;
    uint32_t by; /* build that decided last */
    uint32_t randoms, work, memory_from;
    bool state_taken, overdrawn;
    char *state_before;
    struct asked asks[ASKS_MAX];
    uint32_t asks_count, asked; /* given so far; asked in this call of the hook */
    bool pending;
    /* the text in hand */
    struct str body;
    bool body_changed;
    uint32_t body_by; /* whose words they are, where a build changed them: it may have passed */
    /* the request */
    uint8_t *dropped; /* one a message, or NULL */
    struct added *added;
    uint32_t added_count, added_room;
    uint32_t model, attempt, rounds, wait_ms;
    uint32_t waited_ms; /* before the last attempt */
    struct str hint;    /* what a hook that sent the model back has to say */
    uint32_t hint_by;
    uint8_t error_class;
    uint32_t retry_after_ms;
    /* the reply, and what stands in it */
    struct reply reply;
    uint32_t index; /* of the result or call in work */
    struct call result_call;
    uint32_t result_effect; /* the tool effect that is waited for, or whose result is in hand */
    uint32_t tool_attempt;
    bool result_failed, result_begun;
    bool checked;   /* before_tool has passed the call at `index` */
    bool judging;   /* VECTORS: nothing is sent or settled */
    uint64_t shown; /* then: what the model would be shown otherwise (wire/shown.h) */
    bool failed_hook;
};

struct session {
    uint64_t lease;
    const struct harness *harness;
    struct worker *worker;
    uint8_t kind;
    uint64_t seed;
    uint32_t steps_max, models_count, effects;
    struct tools *tools;
    struct state states[WIRE_PLUGINS_MAX];
    struct conversation conversation;
    struct wire_settled *settled; /* since the last effect; bytes in the turn's arena */
    uint32_t settled_count, settled_room;
    struct turn turn;
    uint8_t *cover;       /* [WIRE_COVER_MAX], marks that ran since the last END; NULL: none has */
    struct session *next; /* of the same bucket */
};

/* state.c: plugin state of a session. */
void state_open(struct session *session, const struct wire_state *states, uint32_t count);
void state_done(struct session *session);
/* A settled point: what is live now is what the next effect hands over. */
void state_settle(struct session *session);
/* Lists what was not handed over yet; slices of the session. */
uint32_t state_list(struct session *session, struct wire_state *out);
/* For VECTORS: all as at the last settled point. */
void state_restore(struct session *session);

/* reply_openai.c: a pure codec of the assistant message. */
int reply_parse(struct reply *ret, struct arena *arena, struct str bytes, struct err *err);
/* Canonical digests and parsed arguments of a call whose name and raw arguments are set. */
void call_complete(struct call *call, struct arena *arena, struct str name, struct str raw);
/* The message with the text and calls that it has now; unchanged members as they were written. */
struct str reply_print(const struct reply *reply, struct arena *arena);
struct str message_print(struct arena *arena, const char *role, struct str text);
struct str result_print(struct arena *arena, struct str id, struct str name, struct str text);
/* The same message with another text as its content. */
struct str message_with(struct arena *arena, const struct json *root, struct str text);

/* One process. Memory of turns is handed from session to session: few are in work at once. */
struct worker {
    struct harness harness;
    struct frame_channel *channel;
    struct session *buckets[1024]; /* by lease */
    struct arena inbox;            /* of the message being handled */
    struct arena spare;            /* a turn's memory that no turn uses now */
    uint64_t hooked;               /* lease of the session that was entered last */
};
/* An empty turn; what the last one made is gone. */
void turn_begin(struct session *session);
/* Gives the turn's memory back once it is idle. */
void turn_rest(struct session *session);

/* loop.c */
void loop_run(struct session *session);
void loop_result(struct session *session, const struct wire_result *result);
/* From the results that have just come to the model request. False: none is made, and *ret_end says
 * why. What stood in hand is then the request's, not the reply's. */
bool loop_judge_request(struct session *session, enum wire_step_end *ret_end);
/* The reply in hand, or the error if the turn has one, from its hooks to its end or to the next
 * model request, nothing sent. */
enum wire_step_end loop_judge(struct session *session);

/* serve.c: messages to sessions until the stream ends. lock is called once, between mapping the
 * builds and the first byte of their code; it says which layers are in force. */
typedef int (*worker_lock)(int socket, uint32_t *ret_layers, struct err *err);
int worker_serve(int socket, worker_lock lock, struct err *err);
/* From after READY, with no plugin at all: no code runs that a lock would have to hold. For
 * fuzzing. */
int worker_serve_mapped(int socket, struct err *err);
