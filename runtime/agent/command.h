/* command - what the agent's own tools are: their definitions, and which command of moult
 * each one runs. Pure: a call in, an argument vector out.
 *
 * The table in command.c is all that an agent can do to its harness. A value never becomes an
 * option: each stands behind the "=" of the one that the table names. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { AGENT_ARGS_MAX = 8 };

struct agent_command {
    const char *program;                  /* beside the running one */
    const char *args[AGENT_ARGS_MAX + 1]; /* behind the home; ends with NULL */
    struct str input;                     /* of the child, or empty */
    uint32_t wall_ms;
    bool proposes; /* it takes a candidate through the pipeline */
};
bool agent_command_known(struct str tool);
/* JSON array, OpenAI chat form. */
extern const char agent_command_definitions[];
/* Does it only look? */
bool agent_command_looks(struct str tool);
/* principal: whose session asks; by: who a candidate says made it. Strings are in the arena or
 * args. ERR_INPUT: args are not what the tool's schema says. */
int agent_command(struct agent_command *ret, struct str tool, struct str args, struct str principal,
    struct str by, struct arena *arena, struct err *err);
