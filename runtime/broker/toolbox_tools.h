/* toolbox_tools - what a session's boxes say that they can do, checked, and as the model is offered
 * it.
 *
 * A server may say anything: what is no tool is left out with a line in the log, and the rest is
 * used. */
#pragma once

#include "base/json.h"
#include "wire/config.h"

struct toolbox_tool {
    struct str name, own; /* as the model calls it, and as its box does */
    unsigned box;
};
/* A zeroed struct is an empty list. */
struct toolbox_tools {
    struct toolbox_tool *at;
    unsigned count;
    struct buf offered; /* JSON array, OpenAI chat form; tools that are denied are not in it */
    struct arena arena;
};
void toolbox_tools_done(struct toolbox_tools *tools);
/* Adds what one box has: list is MCP's, of the box that moult.json calls `server`. */
void toolbox_tools_add(struct toolbox_tools *tools, const struct config *config, unsigned box,
    struct str server, const struct json *list);
const struct toolbox_tool *toolbox_tools_find(const struct toolbox_tools *tools, struct str name);
