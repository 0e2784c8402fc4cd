/* client - a session with one MCP server: begun, its tools listed, calls carried out one by one.
 *
 * A server that broke the protocol, its bounds or its deadline is ended: what state it is in nobody
 * knows. Every later call is then refused with the same words. */
#pragma once

#include "tool/rpc.h"
#include "tool/server.h"

#include <stdbool.h>

struct client_limits {
    uint32_t start_ms; /* from the start to the list of tools */
    uint32_t call_ms;  /* for one call */
    struct server_limits server;
};
extern const struct client_limits client_limits_default;

/* A zeroed struct is a client that never began. */
struct client {
    struct client_limits limits;
    struct server server;
    struct arena arena; /* of the answer that is being read */
    uint64_t last_id;
    struct buf name;  /* of the server: JSON string */
    struct buf tools; /* JSON list, as the server wrote them */
    uint32_t tools_count;
    struct err broken; /* why there is no session any more */
};

/* Starts the server and lists its tools. err must not be NULL. After an error only client_end. */
int client_begin(
    struct client *client, char *const *argv, const struct client_limits *limits, struct err *err);

struct client_answer {
    bool is_error;      /* the tool said no; content says what */
    struct str content; /* JSON list of MCP content blocks, as the server wrote it */
};
/* args: a raw JSON object. *ret is good until the next call. *ret_sent (set in any case): the
 * server may have got the call; after an error its outcome is then unknown. */
int client_call(struct client *client, struct str tool, struct str args, struct client_answer *ret,
    bool *ret_sent, struct err *err);
/* A server that kept to the protocol gets a moment to end by itself. */
void client_end(struct client *client);

/* What a server answers, checked. Separate, so that hostile answers can be tested without a server.
 * client_read_tools adds to the list, whatever a tool says of itself: who offers it judges that
 * (broker/toolbox_tools.h). *ret_cursor is raw, and empty at the last page. */
int client_read_begin(
    const struct json *result, struct arena *arena, struct buf *name, struct err *err);
int client_read_tools(const struct json *result, struct buf *tools, uint32_t *count,
    struct str *ret_cursor, struct err *err);
int client_read_call(const struct rpc_message *message, struct arena *arena,
    struct client_answer *ret, struct err *err);
