/* mcp_method - a request of an MCP client, between who reads it (mcp_read.c) and who does what it
 * says (mcp.c). Inside these two only. */
#pragma once

#include "agent/mcp.h"

struct mcp_taking {
    struct mcp_client *client;
    const struct json *params; /* an object, or NULL */
    struct str tools;
    struct arena *arena;
    bool batch;
    struct mcp_message message;
    struct buf *out;
};
void mcp_method(struct mcp_taking *taking, struct str name);
