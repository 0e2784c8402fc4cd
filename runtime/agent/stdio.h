/* stdio - moult as an MCP server on standard input and output: a message a line, each way.
 *
 * Nothing else is written to the output. A line that is too long is refused and left out. Calls are
 * commands of moult as children (run.h), at most MCP_CALLS_MAX at once; at the end of the input
 * those that are at work are waited for, so that a client may send all it has and close. A client
 * that hears no more gets nothing begun. */
#pragma once

#include "base/err.h"
#include "wire/config.h"
#include "wire/home.h"

struct stdio_plan {
    const struct home *home;
    const struct config *config;
    const char *bin; /* folder of the programs */
    int in, out;
};
int stdio_serve(const struct stdio_plan *plan, struct err *err);
