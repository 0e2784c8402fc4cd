/* moult-broker - the only writer of a home's journal, and the service (`moult serve`). */
#include "base/log.h"
#include "base/option.h"
#include "broker/serve.h"
#include "broker/service.h"
#include "wire/verb.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- moult serve */

static const struct verb verb_serve;

static int run_serve(const struct verb_call *call, struct err *err)
{
    struct home home;
    uint64_t ready_fd = UINT64_MAX;
    const struct option options[] = {
        { "--ready-fd", 0, OPTION_NUMBER, "FD", "one byte is written there when it listens",
            &ready_fd },
        { 0 },
    };
    int rc = verb_options(call, &verb_serve, options, NULL, 0, err);
    if (rc == 0)
        rc = home_find(&home, call->dir, err);
    if (rc < 0)
        return rc;
    const struct service_options service = {
        .home = &home, .json = call->json, .ready_fd = ready_fd < 1024 ? (int)ready_fd : -1
    };
    return service_run(&service, err);
}

static const struct verb verb_serve = { "serve", run_serve, "serve",
    "run the broker, its workers and, as moult.json says, the evolver; takes as many "
    "descriptors as the hard limit allows" };

/* --- a broker for as long as somebody uses the journal */

static int run_journal(int argc, char **argv)
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

int main(int argc, char **argv)
{
    static const struct verb *const served = &verb_serve;
    log_init("moult-broker");
    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--home") == 0)
            return run_journal(argc, argv);
    const struct verb table[] = { *served, { 0 } };
    return verb_main("moult-broker", table, argc, argv);
}
