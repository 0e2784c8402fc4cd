/* moult-mcp - moult as an MCP server for agents of others: the tools with which an agent looks at
 * its own harness, and hands in a patch. It has no key and no journal; each call is a command of
 * moult. */
#include "agent/stdio.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/verb.h"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

static const struct verb verb_mcp;

static int run(const struct verb_call *call, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home;
    struct config config;
    char bin[PATH_MAX];
    const struct option options[] = { { 0 } };
    int rc = verb_options(call, &verb_mcp, options, NULL, 0, err);
    if (rc == 0)
        rc = home_find(&home, call->dir, err);
    if (rc == 0)
        rc = config_read(&config, &home, &arena, err);
    if (rc == 0)
        rc = file_program_dir(bin, sizeof bin, err);
    if (rc < 0)
        return rc;
    const struct stdio_plan plan = { &home, &config, bin, STDIN_FILENO, STDOUT_FILENO };
    return stdio_serve(&plan, err);
}

static const struct verb verb_mcp = { "mcp", run, "mcp",
    "an MCP server on standard input and output: failures, sources, proposals, their status" };

int main(int argc, char **argv)
{
    const struct verb table[] = { verb_mcp, { 0 } };
    signal(SIGPIPE, SIG_IGN);
    return verb_main("moult-mcp", table, argc, argv);
}
