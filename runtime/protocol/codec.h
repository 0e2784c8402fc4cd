/* codec - what one protocol brings, and what all three share. Inside this folder only.
 *
 * protocol.c does what is the same everywhere (the envelope of a request, model and tools, feeding
 * a reply, the chat message made of it); a codec does the rest: messages of its own format to and
 * from chat messages, and the events of its streams. Bytes that nobody changed are copied from
 * where they were read, so a codec says which members of an object change (codec_object_write) and
 * never prints a document again. */
#pragma once

#include "protocol/protocol.h"
#include "protocol/sse.h"

/* --- objects, spliced */

/* One member of an object that is written again. */
struct codec_change {
    const struct json *member; /* of that object; NULL: a new one behind all others */
    const char *key;           /* of a new one */
    struct str value;          /* JSON; at == NULL: the member is left out */
};
enum { CODEC_CHANGES_MAX = 16 };
struct codec_changes {
    struct codec_change at[CODEC_CHANGES_MAX];
    uint32_t count;
};
/* The last member of that name, as most readers take it (duplicates are allowed), or NULL. */
const struct json *codec_member(const struct json *object, const char *key);
/* Replaces the member of that name, or adds one. The value must stay until the object is written.
 */
void codec_set(
    struct codec_changes *changes, const struct json *object, const char *key, struct str value);
/* Leaves out every member of that name. */
void codec_drop(struct codec_changes *changes, const char *key);
/* The object with its changes; blanks, order and all other members as they were. */
void codec_object_write(
    struct buf *out, const struct json *object, const struct codec_changes *changes);
/* The text of a buffer moved into an arena, the buffer emptied. */
struct str codec_keep(struct arena *arena, struct buf *buf);

/* --- requests */

enum { CODEC_NONE = UINT32_MAX };

/* Where a message of the view stands in the body. protocol.c looks at none of it: it is the codec's
 * own note for the time when the request is edited. */
struct codec_place {
    const struct json *node; /* the element of the conversation's array (the first, if several) */
    struct str raw; /* its bytes: a whole element, neighbouring elements with what is between, or a
                     * run of blocks in one element */
    uint32_t element, elements; /* which of the array, how many; element CODEC_NONE: a top member */
    uint32_t block, blocks;     /* which blocks of that element; blocks 0: all of it */
};
struct codec_tool {
    struct str raw;  /* in the protocol's own form */
    struct str chat; /* in the chat form; empty: none (a server's own tool): it always stays */
};
struct protocol_request {
    struct protocol_view view;
    const struct codec *codec;
    struct arena *arena;
    const struct json *root, *tools_node;
    const struct json *conversation;   /* "messages", "input" (may be a string) */
    const struct json *system;         /* top member: "system", "instructions", or NULL */
    struct protocol_message *messages; /* view.messages */
    struct codec_place *places;        /* one for each message */
    uint32_t messages_room;
    struct codec_tool *tools;
    uint32_t tools_count;
};
/* Adds a message to the view: `chat` (in the arena or the body) with its flags and key; node is its
 * document if it is read already, else NULL. ERR_LIMIT: too many. ERR_INPUT: no object or no role.
 */
int codec_message_add(struct protocol_request *request, struct str chat, const struct json *node,
    bool failed, const struct codec_place *place, struct err *err);
/* ERR_INPUT with the path of node (of the request's document) in `where`. */
int codec_refuse(const struct protocol_request *request, const struct json *node, struct err *err,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* protocol_key of a message that is read already. */
struct digest codec_key(const struct json *message, struct arena *scratch);

/* One message of the conversation as edited. */
struct codec_unit {
    uint32_t from;    /* number in the view; CODEC_NONE: new bytes */
    uint32_t instead; /* new bytes: the message of the same role that stood here, or CODEC_NONE */
    struct str chat;  /* new bytes, one JSON object */
    const struct json *node; /* new bytes, read */
};
struct codec_units {
    const struct codec_unit *at;
    uint32_t count;
};

/* --- replies */

/* A call as it grows. Text is kept as the inside of a JSON string, escapes and all: halves of a
 * surrogate pair that came in two fragments find each other, and nothing is quoted twice. */
struct codec_call {
    uint64_t index;            /* the protocol's number of it */
    struct buf id, name, args; /* insides of JSON strings; args: of the arguments' text */
};
enum { CODEC_CALLS_MAX = 1024 };
struct protocol_reply {
    const struct codec *codec;
    bool stream;
    bool complete;       /* the stream said its own end */
    bool whole;          /* everything of the message is here, its end was not said yet */
    uint8_t error_class; /* an error came in place of a reply, or behind its beginning */
    struct buf raw;
    struct sse sse;
    struct arena arena;   /* lives as long as the reply */
    struct arena scratch; /* one event */
    struct buf text;      /* inside of a JSON string */
    struct buf plain;     /* of a stream: what text says, as far as it is certain */
    size_t plain_at;      /* bytes of text that plain has */
    bool plain_done;      /* text was written anew: plain stays */
    struct codec_call *calls;
    uint32_t calls_count, calls_room;
    struct str id, model, finish; /* in the arena; unescaped */
    struct protocol_usage usage;
    struct err failed; /* the first failure stays */
    void *own;         /* the codec's, in the arena; zeroed: NULL */
};
/* The call with that number, made if it is not there; NULL: there are too many. */
struct codec_call *codec_call(struct protocol_reply *reply, uint64_t index);
/* Adds what a JSON string says to a text (no string: nothing). */
void codec_text_add(struct buf *text, const struct json *string);
/* text is about to be written anew: what was said before stays said. */
void codec_text_settle(struct protocol_reply *reply);
/* Adds plain bytes, quoted. */
void codec_text_quote(struct buf *text, struct str bytes);
/* Sets *text to what a JSON string says, if it is one and says something. */
void codec_note(struct protocol_reply *reply, struct str *text, const struct json *string);
/* Notes an error in place of a reply: class by the error object's type, code and message. */
void codec_reply_error(struct protocol_reply *reply, const struct json *error);
/* The class of an error object ({"type","code","message"}) that came with that status (0: inside a
 * stream). error may be of any kind, or NULL. */
enum protocol_error codec_error_class(
    unsigned status, const struct json *error, struct arena *scratch);

/* --- answers */

/* The provider's own reply to an answer that is written, as far as it is known. */
struct codec_source {
    bool same;               /* it is of the protocol and the kind (stream or not) of the answer */
    bool same_protocol;      /* of the protocol */
    struct str raw;          /* answer->from */
    const struct json *root; /* the reply, or NULL; not for a stream */
    struct protocol_said said;
};
/* One event of raw, which is a stream: the codec's events again, in order. bytes are its lines with
 * the blank one, for passing it on. Returns 0 to go on. */
typedef int codec_event_fn(
    void *user, struct str name, struct str data, struct str bytes, struct err *err);
int codec_events(struct str raw, codec_event_fn *event, void *user, struct err *err);
/* Reads answer->from, which may be empty: then *ret says nothing. */
int codec_source_read(struct codec_source *ret, const struct protocol_answer *answer,
    struct arena *scratch, struct err *err);

/* --- answers, while they are made */

struct protocol_stream {
    const struct codec *codec;
    struct arena arena;
    struct protocol_answer head; /* protocol, stream, model, id, at_s; texts in the arena */
    struct buf said;
    bool begun;
    uint32_t sequence; /* responses: of the next event */
};

/* --- the table */

struct codec {
    const char *done;         /* data of the event that ends a stream and is no JSON, or NULL */
    const char *system;       /* name of the top member with a system text, or NULL */
    const char *conversation; /* name of the top member with the conversation */
    const char *const *with_tools; /* members that go when the last tool goes, NULL at the end */
    /* Envelope, model, stream and the nodes above are read. Fills messages (codec_message_add),
     * view.previous, and tools (each element of tools_node, if there is one). */
    int (*request_read)(struct protocol_request *request, struct err *err);
    /* A tool of the chat form in the protocol's own. */
    void (*tool_write)(struct buf *out, const struct json *tool);
    /* Sets what changes in conversation and system. Called only if a message changed. Values are
     * written to `scratch`. */
    int (*request_edit)(const struct protocol_request *request, struct codec_units units,
        struct codec_changes *changes, struct arena *scratch, struct err *err);
    int (*request_fresh)(struct buf *out, const struct protocol_fresh *fresh,
        const struct json *const *messages, struct arena *scratch, struct err *err);
    /* A whole JSON reply; an error object is codec_reply_error. */
    int (*reply_json)(struct protocol_reply *reply, const struct json *root, struct err *err);
    /* One event; data is an object. */
    int (*reply_event)(
        struct protocol_reply *reply, struct str name, const struct json *data, struct err *err);
    int (*answer_write)(struct buf *out, const struct protocol_answer *answer,
        const struct codec_source *source, struct arena *scratch, struct err *err);
    /* What stands before everything else. */
    void (*stream_begin)(struct buf *out, struct protocol_stream *stream);
    /* More text, never empty; stream->said is what was said before. */
    void (*stream_text)(struct buf *out, struct protocol_stream *stream, struct str more);
    /* All text was said. answer has the stream's head. */
    int (*stream_end)(struct buf *out, struct protocol_stream *stream,
        const struct protocol_answer *answer, const struct codec_source *source,
        struct arena *scratch, struct err *err);
};
extern const struct codec codec_chat, codec_responses, codec_messages;
const struct codec *codec_of(enum protocol protocol);
