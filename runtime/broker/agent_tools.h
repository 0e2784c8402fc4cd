/* agent_tools - harness_failures, harness_source, harness_propose, harness_status: what an agent
 * may do about its own harness, where moult.json says so (evolve.agent_tools).
 *
 * It may read and propose; there is nothing here with which it could approve. Each is a command of
 * moult run as a child, with the arguments that the table names and no others. */
#pragma once

#include "broker/engine.h"

/* Is this one of them, and are they on? */
bool agent_tool(const struct engine *engine, struct str name);
/* Their definitions, OpenAI chat form, to be added to a session's list, without what moult.json's
 * `tools` denies; empty when off. In the arena. */
struct str agent_tools(const struct engine *engine, struct arena *arena);
void agent_tool_call(
    struct turn *turn, struct str name, struct str args, toolbox_done done, void *with);
/* The same for who comes otherwise (mcp.h). args: raw JSON object; by: who a candidate says made
 * it. done comes once, later, unless the call is cancelled before: its command is ended then.
 * ERR_INPUT: not what the tool's schema says. */
struct agent_call;
struct agent_ask {
    struct str tool, args, principal, by;
};
int agent_call_start(struct agent_call **ret, struct engine *engine, const struct agent_ask *ask,
    toolbox_done done, void *with, struct err *err);
void agent_call_cancel(struct agent_call *call);
/* Ends the children, once no turn is left that could hear of it. */
void agent_tools_end(struct engine *engine);
