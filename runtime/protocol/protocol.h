/* protocol - the three protocols that agents and model providers speak, as pure codecs: OpenAI chat
 * completions, OpenAI responses, Anthropic messages.
 *
 * Inside moult a conversation is a list of messages in the OpenAI chat format ("chat"). A request
 * is read into that list with a note which bytes of its body each message came from, so that what
 * nobody changed goes on byte for byte and only what was changed is written anew. A reply is read
 * into one assistant message in the chat format, and written again only if it was changed. No I/O,
 * no globals; every byte read here may be hostile and goes through the strict reader (base/json.h),
 * with duplicate keys and lone surrogates allowed in what is only passed on. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

enum protocol { PROTOCOL_CHAT, PROTOCOL_RESPONSES, PROTOCOL_MESSAGES, PROTOCOLS };
extern const char *const protocol_words[PROTOCOLS]; /* "chat", "responses", "messages" */
enum { PROTOCOL_MESSAGES_MAX = 100000, PROTOCOL_BODY_MAX = 64 << 20 };

/* --- requests */

struct protocol_message {
    struct str chat;   /* one JSON object; for PROTOCOL_CHAT a slice of the body */
    bool failed;       /* a result that is an error: marked so, or by its text */
    bool model;        /* an assistant message */
    bool user;         /* a user message that a person may have written (not a result) */
    struct digest key; /* protocol_key */
};
struct protocol_request; /* in the arena it was read with; the body must stay */
/* Reads a request. ERR_INPUT or ERR_LIMIT with the path in `where`: the client's fault. */
int protocol_request_read(struct protocol_request **ret, enum protocol protocol, struct str body,
    struct arena *arena, struct err *err);
struct protocol_view {
    enum protocol protocol;
    struct str body, model;
    bool stream;
    struct str tools; /* JSON array in the OpenAI chat form ({"type":"function",...}), or empty */
    uint32_t tokens_max; /* of the answer; 0: none said */
    struct str previous; /* responses: previous_response_id, or empty */
    const struct protocol_message *messages;
    uint32_t messages_count;
};
const struct protocol_view *protocol_request_view(const struct protocol_request *request);
/* What a message says, whoever wrote it down: role, text (trimmed; parts joined), calls (id, name,
 * canonical arguments), call id of a result. The echo of a reply in the next request has the key of
 * the reply that was handed out, whatever the client added or left out. */
struct digest protocol_key(struct str chat, struct arena *scratch);

/* What the model shall see: messages of the request by number, or bytes (chat format). */
struct protocol_part {
    uint32_t from, count; /* count 0: chat instead */
    struct str chat;
};
struct protocol_edit {
    const struct protocol_part *parts;
    uint32_t parts_count;
    struct str model; /* another name; empty: as it was */
    struct str tools; /* another list, chat form; empty: as it was */
};
/* The request as edited: unchanged members, messages and tools are spliced unchanged, so that with
 * parts that are all messages in order, no model and no tools it is the body, byte for byte. */
int protocol_request_edit(struct buf *out, const struct protocol_request *request,
    const struct protocol_edit *edit, struct err *err);
/* A request in `protocol` from chat messages alone: hosted use, and another provider's protocol
 * than the client's. Allow-listed members only. */
struct protocol_fresh {
    enum protocol protocol;
    struct str model;
    const struct str *messages; /* chat format */
    uint32_t messages_count;
    struct str tools; /* chat form, or empty */
    bool stream;
    uint32_t tokens_max; /* 0: none said (Anthropic wants one: 4096) */
    /* The client's request: what else it asks for is carried by the table in members.c, and what
     * cannot be carried and changes what the answer says is ERR_INPUT with its name. NULL: none. */
    const struct protocol_request *like;
    bool hosted; /* the conversation is moult's, not the client's */
    /* By number: not a plugin's, so all that it holds may go up. NULL: none is known to be. What
     * `like` holds may in any case. */
    const bool *given;
    const struct str *drop; /* names of members that may be left out nevertheless */
    uint32_t drop_count;
    struct buf *dropped; /* adds the names of what was left out, "a, b"; NULL: nobody asks */
};
int protocol_request_fresh(struct buf *out, const struct protocol_fresh *fresh, struct err *err);
/* For `like`: asks for this temperature (a number as JSON writes it) and nothing else. */
int protocol_request_warm(const struct protocol_request **ret, struct str temperature,
    struct arena *arena, struct err *err);

/* --- replies of a provider */

struct protocol_usage {
    uint64_t input, output; /* tokens; 0: not said */
};
/* A reply as it comes: bytes in (a JSON body or server-sent events, cut anywhere), then one end. */
struct protocol_reply;
struct protocol_reply *protocol_reply_new(enum protocol protocol, bool stream);
void protocol_reply_free(struct protocol_reply *reply); /* NULL is fine */
/* ERR_INPUT: not what the protocol says (the reply is then of no use); ERR_LIMIT. Bytes are kept.
 */
int protocol_reply_feed(struct protocol_reply *reply, struct str bytes, struct err *err);
/* The stream said its own end ([DONE], message_stop, response.completed): a peer that hangs up
 * behind it has cut nothing. */
bool protocol_reply_complete(const struct protocol_reply *reply);
/* The text that a streamed reply has said so far, parts joined; empty for one that is no stream. It
 * only grows. Gone with the next feed. */
struct str protocol_reply_text(const struct protocol_reply *reply);
/* The reply is whole: the assistant message in chat format (role, content, tool_calls; also
 * finish_reason is told apart). ERR_INPUT: cut off, or not a reply; an error event of the stream is
 * ERR_PEER with ret->error_class set. */
struct protocol_said {
    struct str chat;   /* the assistant message */
    struct str id;     /* the provider's id of the reply */
    struct str model;  /* as the provider says it */
    struct str finish; /* as the provider says it */
    struct str raw;    /* every byte that was fed */
    struct protocol_usage usage;
    uint8_t error_class; /* enum protocol_error */
};
int protocol_reply_end(
    struct protocol_reply *reply, struct arena *arena, struct protocol_said *ret, struct err *err);

/* A reply for a client in the client's protocol that says text and calls, from the provider's own
 * (its ids, usage, thinking and unknown members stay where from->protocol is `protocol`; from may
 * be empty: a made one). stream: a whole sequence of events. */
struct protocol_call {
    struct str id, name, args; /* args: raw text */
};
struct protocol_answer {
    enum protocol protocol;
    bool stream;
    struct str model; /* that the client asked for */
    struct str id;    /* of a made one */
    struct str text;  /* UTF-8 */
    const struct protocol_call *calls;
    uint32_t calls_count;
    enum protocol from_protocol;
    bool from_stream;
    struct str from;                    /* raw bytes of the provider's reply, or empty */
    uint64_t at_s;                      /* "created" of a made one */
    const struct protocol_usage *usage; /* of a made one; NULL: what `from` says */
    bool refused;                       /* it ends as what the protocol's filters let not through */
};
int protocol_answer_write(struct buf *out, const struct protocol_answer *answer, struct err *err);
/* The same answer as events while it is still being made. What was written before stays true: the
 * text at the end must begin with what was said so far (ERR_STATE otherwise). It is a made one: the
 * provider's thoughts are not in it, unless nothing was said before the end. */
struct protocol_stream;
/* Of `answer` only protocol, model, id and at_s are read, and copied. */
struct protocol_stream *protocol_stream_new(const struct protocol_answer *answer);
void protocol_stream_free(struct protocol_stream *stream); /* NULL is fine */
/* More text, whole UTF-8; the first call begins the answer. */
void protocol_stream_text(struct buf *out, struct protocol_stream *stream, struct str more);
/* The rest: of the text, calls, why it ended, usage (from answer->from where there is one). */
int protocol_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, struct err *err);
/* What keeps a client patient in a stream that is held back: an event that every client of the
 * protocol passes over. */
struct str protocol_ping(enum protocol protocol);

/* --- errors */

/* The classes of moult.h (enum moult_error_class), by number. */
enum protocol_error {
    PROTOCOL_NO_ERROR,
    PROTOCOL_RATE_LIMIT,
    PROTOCOL_OVERLOADED,
    PROTOCOL_TOO_LONG,
    PROTOCOL_REFUSED,
    PROTOCOL_MALFORMED,
    PROTOCOL_TIMEOUT,
    PROTOCOL_CONNECTION,
    PROTOCOL_BAD_REQUEST,
    PROTOCOL_UNAUTHORIZED,
    PROTOCOL_SERVER
};
/* Of a provider's answer that is no 2xx: by status, and by what the body says (context length). */
enum protocol_error protocol_error_of(enum protocol protocol, unsigned status, struct str body);
/* "retry-after" (seconds or an HTTP date), "retry-after-ms": milliseconds from now_s, at most a
 * day; 0: nothing usable. */
uint32_t protocol_retry_after(struct str retry_after, struct str retry_after_ms, uint64_t now_s);
/* An error body in the shape that the protocol's clients expect; type by status. */
void protocol_error_write(
    struct buf *out, enum protocol protocol, unsigned status, struct str code, struct str message);
/* The same as an event of a stream that has begun. */
void protocol_error_event(
    struct buf *out, enum protocol protocol, struct str code, struct str message);
