/* rpc - JSON-RPC 2.0 as MCP speaks it: what a client writes, and what a server's line means.
 *
 * A line of a server is hostile bytes. What is read is slices of the line, checked for type and
 * size; nothing of it is interpreted beyond that. */
#pragma once

#include "base/json.h"

enum rpc_kind { RPC_RESULT, RPC_ERROR, RPC_REQUEST, RPC_NOTIFICATION };

struct rpc_message {
    enum rpc_kind kind;
    uint64_t id;               /* result, error: of the request that it answers; 0: none (null) */
    struct str request_id;     /* request: the server's own id, raw */
    struct str method;         /* request, notification */
    const struct json *result; /* result: an object */
    int64_t code;              /* error */
    struct str text;           /* error: the server's words */
};
/* Reads one line, without its end. Slices live as long as the line and the arena. ERR_INPUT: no
 * JSON-RPC 2.0 message that a server may send; ERR_LIMIT: too deep or too many values. */
int rpc_read(struct rpc_message *ret, struct str line, struct arena *arena, struct err *err);

/* Each adds one line with its end. params: raw JSON object. */
void rpc_request(struct buf *out, uint64_t id, const char *method, struct str params);
void rpc_notification(struct buf *out, const char *method);
void rpc_pong(struct buf *out, struct str request_id);
void rpc_refusal(struct buf *out, struct str request_id); /* "this client has no such method" */
