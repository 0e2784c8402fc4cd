/* moult-tool - carries out calls that come in by line: on an MCP server that it starts, or by tools
 * of its own on the files of one folder.
 *
 * Runs inside the tool sandbox together with the server, so that MCP's framing is read where there
 * are no keys and nothing else to be had. */
#include "base/fd.h"
#include "base/option.h"
#include "tool/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char about[] =
    "Reads calls {\"id\", \"tool\", \"arguments\"} from standard input, one a line,\n"
    "and writes their answers to standard output. COMMAND is an MCP server; with\n"
    "--builtin the tools are read_file, write_file, edit_file, list_files and shell.";

struct lines { /* where calls come from and answers go to */
    int in, out;
};

static int read_ms(uint32_t *ret, const char *name, uint64_t ms, struct err *err)
{
    if (ms == 0 || ms > 3600000)
        return err_set(err, ERR_USAGE, "%s is 1 to 3600000", name);
    *ret = (uint32_t)ms;
    return 0;
}

/* The socket is for this process: what it starts must not speak on it. */
static int choose_lines(struct lines *ret, uint64_t socket, struct err *err)
{
    enum { FD_MAX = 1 << 20 };
    *ret = (struct lines){ STDIN_FILENO, STDOUT_FILENO };
    if (socket == UINT64_MAX)
        return 0;
    if (socket <= STDERR_FILENO || socket > FD_MAX)
        return err_set(err, ERR_USAGE, "--socket is the number of an inherited descriptor");
    *ret = (struct lines){ (int)socket, (int)socket };
    return fd_cloexec((int)socket, true, err);
}

static int check_words(bool builtin, const char *workspace, int count, struct err *err)
{
    if (builtin && !workspace)
        return err_set(err, ERR_USAGE, "--builtin needs --workspace DIR");
    if (builtin && count > 0)
        return err_set(err, ERR_USAGE, "--builtin starts no server");
    if (!builtin && count == 0)
        return err_set(err, ERR_USAGE, "which server? moult-tool COMMAND [ARG]...");
    return 0;
}

static int run(int argc, char **argv, struct err *err)
{
    struct client_limits limits = client_limits_default;
    uint64_t start_ms = limits.start_ms, call_ms = limits.call_ms, socket = UINT64_MAX;
    const char *command[64] = { 0 }, *workspace = NULL, *network = NULL;
    struct lines lines = { 0 };
    bool help = false, builtin = false;
    const struct option table[] = {
        { "--start-ms", 0, OPTION_NUMBER, "MS", "time until the server has listed its tools",
            &start_ms },
        { "--call-ms", 0, OPTION_NUMBER, "MS", "time for one call", &call_ms },
        { "--builtin", 0, OPTION_FLAG, NULL, "moult's own tools instead of a server", &builtin },
        { "--workspace", 0, OPTION_TEXT, "DIR", "the folder that they work in", &workspace },
        { "--network", 0, OPTION_TEXT, "WORDS", "what a model is told that the shell reaches",
            &network },
        { "--socket", 0, OPTION_NUMBER, "FD", "lines over this socket instead", &socket },
        { 0 },
    };
    int count = option_parse(table, argc, argv, true, command, 63, &help, err);
    if (count < 0)
        return count;
    if (help) {
        option_help("moult-tool [OPTION]... COMMAND [ARG]...\n"
                    "       moult-tool [OPTION]... --builtin --workspace DIR",
            about, table);
        return 0;
    }
    int rc = read_ms(&limits.start_ms, "--start-ms", start_ms, err);
    if (rc == 0)
        rc = read_ms(&limits.call_ms, "--call-ms", call_ms, err);
    if (rc == 0)
        rc = check_words(builtin, workspace, count, err);
    if (rc == 0)
        rc = choose_lines(&lines, socket, err);
    if (rc < 0)
        return rc;
    signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of the write */
    return builtin ? serve_builtin(lines.in, lines.out, workspace, network, err)
                   : serve(lines.in, lines.out, (char *const *)command, &limits, err);
}

int main(int argc, char **argv)
{
    struct err err = { 0 };
    if (run(argc, argv, &err) == 0)
        return 0;
    fprintf(stderr, "moult-tool: %s%s%s\n", err.text, err.hint[0] ? "; " : "", err.hint);
    return err_exit(err.code);
}
