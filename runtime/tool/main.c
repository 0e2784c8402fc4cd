/* moult-tool - the client of one MCP server: starts it, and carries out calls that come in by line.
 *
 * Runs inside the tool sandbox together with the server, so that MCP's framing is read where there
 * are no keys and nothing else to be had. */
#include "base/option.h"
#include "tool/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char about[] =
    "Reads calls {\"id\", \"tool\", \"arguments\"} from standard input, one a line,\n"
    "and writes their answers to standard output.";

static int read_ms(uint32_t *ret, const char *name, uint64_t ms, struct err *err)
{
    if (ms == 0 || ms > 3600000)
        return err_set(err, ERR_USAGE, "%s is 1 to 3600000", name);
    *ret = (uint32_t)ms;
    return 0;
}

static int run(int argc, char **argv, struct err *err)
{
    struct client_limits limits = client_limits_default;
    uint64_t start_ms = limits.start_ms, call_ms = limits.call_ms;
    const char *command[64] = { 0 };
    bool help = false;
    const struct option table[] = {
        { "--start-ms", 0, OPTION_NUMBER, "MS", "time until the server has listed its tools",
            &start_ms },
        { "--call-ms", 0, OPTION_NUMBER, "MS", "time for one call", &call_ms },
        { 0 },
    };
    int count = option_parse(table, argc, argv, true, command, 63, &help, err);
    if (count < 0)
        return count;
    if (help) {
        option_help("moult-tool [OPTION]... COMMAND [ARG]...", about, table);
        return 0;
    }
    int rc = read_ms(&limits.start_ms, "--start-ms", start_ms, err);
    if (rc == 0)
        rc = read_ms(&limits.call_ms, "--call-ms", call_ms, err);
    if (rc == 0 && count == 0)
        rc = err_set(err, ERR_USAGE, "which server? moult-tool COMMAND [ARG]...");
    if (rc < 0)
        return rc;
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of the write */
    return serve(STDIN_FILENO, STDOUT_FILENO, (char *const *)command, &limits, err);
}

int main(int argc, char **argv)
{
    struct err err = { 0 };
    if (run(argc, argv, &err) == 0)
        return 0;
    fprintf(stderr, "moult-tool: %s%s%s\n", err.text, err.hint[0] ? "; " : "", err.hint);
    return err_exit(err.code);
}
