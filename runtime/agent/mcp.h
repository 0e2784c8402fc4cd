/* mcp - what moult is as an MCP server: messages of a client come in; out come their answers, or
 * the calls that they ask for.
 *
 * Pure, and the same for both transports. Bytes of a client are hostile: bounded, checked for type,
 * and nothing of them is written back but its own id. There are tools and nothing else: no
 * resources, no prompts, and no tool that decides (command.c). Who the client says it is, is a
 * claim: it becomes a word behind "mcp:", and gives no right. */
#pragma once

#include "base/json.h"

enum {
    MCP_MESSAGE_MAX = 1 << 20,
    MCP_NAME_MAX = 40,
    MCP_ID_MAX = 256,
    MCP_CALLS_MAX = 4,
    MCP_BATCH_MAX = 32
};
enum mcp_code { /* JSON-RPC's */
    MCP_UNREAD = -32700,
    MCP_INVALID = -32600,
    MCP_NO_METHOD = -32601,
    MCP_BAD_PARAMS = -32602,
    MCP_CANCELLED = -32800
};

struct mcp_client { /* a zeroed one has not said who it is */
    char by[sizeof "mcp:" + MCP_NAME_MAX];
    const char *version; /* of the protocol, agreed on or taken for its own; or NULL */
    bool begun;          /* by `initialize` */
};
/* "mcp:NAME" of who has said it, "mcp:unnamed" of who has not. */
struct str mcp_by(const struct mcp_client *client);

enum mcp_kind {
    MCP_ANSWERED,
    MCP_REFUSED, /* answered, and there was no request that it answers */
    MCP_NOTED,   /* a notification or an answer: nothing goes back */
    MCP_CALL,    /* a tool: answered later, by mcp_result or mcp_error */
    MCP_CANCEL   /* of the call with this id */
};
struct mcp_message {
    enum mcp_kind kind;
    bool begins;           /* it was `initialize`, and was answered well */
    struct str answer;     /* one line without its end; empty: nothing goes back, or not yet */
    struct str id;         /* raw: a string or a number */
    struct str tool, args; /* CALL; args: raw object */
};
/* What came at once: a message or, in the one version of the protocol that has them, a batch. */
struct mcp_sent {
    struct mcp_message *messages;
    uint32_t count; /* 1 and more */
    bool batch;
};
/* tools: what tools/list says, a JSON array (mcp_tools). All of it lives as long as text and arena.
 */
struct mcp_sent mcp_read(
    struct mcp_client *client, struct str text, struct str tools, struct arena *arena);

/* What goes back for what was sent, once everything is answered: behind a batch a list. Zeroed but
 * for `batch`: ready. */
struct mcp_answers {
    struct buf out;
    bool batch;
};
void mcp_answers_add(struct mcp_answers *answers, struct str answer);
/* Empty: nothing goes back. */
struct str mcp_answers_end(struct mcp_answers *answers);
void mcp_result(struct buf *out, struct str id, bool failed, struct str text);
void mcp_error(struct buf *out, struct str id, enum mcp_code code, const char *text);

/* The tools in MCP's form, those that `offered` is true of. */
void mcp_tools(
    struct buf *out, bool (*offered)(const void *with, struct str tool), const void *with);
/* NULL: none that is spoken. */
const char *mcp_version(struct str version);
/* The one that has batches, and that a client over HTTP speaks which names none. */
extern const char mcp_version_batches[];
