/* moult-broker - the only writer of a home's journal. */
#include "base/log.h"
#include "base/option.h"
#include "broker/serve.h"
#include "wire/verb.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct verb_call call = { .program = "moult-broker" };
    struct serve_options options = { .ready_fd = -1 };
    struct home home;
    struct err err = { 0 };
    const char *dir = NULL;
    bool help = false;
    const struct option table[] = {
        { "--home", 0, OPTION_TEXT, "DIR", "the home to serve", &dir },
        { "--while-used", 0, OPTION_FLAG, NULL,
            "say on standard output when it listens, and end with the last client",
            &options.while_used },
        { 0 },
    };
    log_init("moult-broker");
    signal(SIGPIPE, SIG_IGN);
    int count = option_parse(table, argc, argv, false, NULL, 0, &help, &err);
    if (help) {
        option_help("moult-broker --home DIR", "the only writer of a home's journal", table);
        return 0;
    }
    if (count < 0 || home_find(&home, dir, &err) < 0)
        return verb_fail(&call, &err);
    options.home = &home;
    if (options.while_used) {
        /* The client waits for this pipe to close if anything fails before the byte is written. */
        options.ready_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        if (!freopen("/dev/null", "w", stdout))
            return err_exit(ERR_SYS);
    }
    return serve(&options, &err) < 0 ? verb_fail(&call, &err) : 0;
}
