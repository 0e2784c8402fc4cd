/* mcp - `/mcp`: moult as an MCP server over HTTP (streamable HTTP: a message a POST, its answer as
 * JSON; there is no stream to listen to, so GET is 405).
 *
 * The owner of the home and operators get the tools that moult.json does not deny; another
 * principal those that it allows, where evolve.agent_tools is set. A browser's page of another
 * origin is refused, whatever token it has. A proposal takes one of the day's rounds, and goes on
 * when its client has gone. */
#pragma once

#include "broker/engine.h"

/* POST, DELETE (the end of a session), anything else. */
void mcp_request(
    struct engine *engine, struct http_exchange *exchange, struct str principal, bool operates);
/* A refusal in the form that this path's clients read. */
void mcp_refuse(struct http_exchange *exchange, unsigned status, const char *text);
