/* tool_line - what moult-tool says, a line each: that it is ready, or what came of a call. Whoever
 * is inside may have written it. */
#pragma once

#include "base/json.h"
#include "base/mem.h"

/* The list of tools, good as long as the arena; NULL with a why: it is not ready. */
const struct json *line_ready(struct str line, struct arena *arena, char why[160]);

struct answer_line {
    uint8_t status; /* enum wire_status */
    struct buf text;
    bool again; /* the box is of no more use */
};
/* False: it is no answer to the call with this id. server: an MCP server's, not the built-in tools.
 */
bool line_answer(
    struct answer_line *ret, uint64_t id, bool server, struct str line, struct arena *arena);
