/* tools - the tools that a session was offered: schemas by name.
 * One list serves thousands of sessions: it is kept as long as somebody has its bytes. */
#pragma once

#include "worker/turn.h"

struct tool {
    struct str name;
    const struct json *parameters;
};
struct tools {
    struct arena arena;
    struct str bytes;
    struct tool *tools;
    uint32_t tools_count;
    uint32_t users;
    struct tools *next;
};
/* Empty bytes: no tools, NULL. ERR_INPUT: no list of tools. */
int tools_get(struct tools **ret, struct str bytes, struct err *err);
void tools_put(struct tools *tools);
const struct json *tools_schema(const struct tools *tools, struct str tool, struct str key);
/* Whether a value is valid by a schema. */
bool tools_fit(const struct json *schema, const struct json *value);
/* The request's list with the tools that plugins offer, or empty: the session's own is enough. */
struct str tools_with_plugins(struct session *session);
/* The plugin that offers a tool of this name, or NULL. */
const struct moult_tool *tools_plugin(
    const struct harness *harness, struct str name, uint32_t *ret_build);
