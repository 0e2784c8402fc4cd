/* mcp_sessions - who an MCP client over HTTP said it is, by the id that it was given for it.
 *
 * In memory only: a client whose session is not known any more gets 404 and begins anew, as the
 * protocol says. A session is of its principal; who begins many loses the oldest of its own. */
#pragma once

#include "agent/mcp.h"

enum { MCP_SESSION_ID = 32, MCP_SESSIONS_MAX = 256, MCP_SESSIONS_EACH = 16 };

struct mcp_sessions;
struct mcp_sessions *mcp_sessions_new(void);
void mcp_sessions_free(struct mcp_sessions *sessions);
/* Its id, which lives until the session is forgotten; NULL: there is no chance to be had. */
const char *mcp_sessions_begin(
    struct mcp_sessions *sessions, struct str principal, const struct mcp_client *client);
/* NULL: there is none, or it is another principal's. */
const struct mcp_client *mcp_sessions_find(
    struct mcp_sessions *sessions, struct str principal, struct str id);
/* false: there was none. */
bool mcp_sessions_end(struct mcp_sessions *sessions, struct str principal, struct str id);
