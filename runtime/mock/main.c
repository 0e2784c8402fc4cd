/* moult-mock - a scripted model over the real protocols: `moult mock-model`. */
#include "base/log.h"
#include "base/mem.h"
#include "mock/serve.h"
#include "wire/verb.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static int mock_model(const struct verb_call *call, struct err *err);
static const struct verb table[] = {
    { "mock-model", mock_model, "mock-model SCRIPT [--listen ADDR] [--log FILE]",
        "a scripted model over the real protocols, for tests and demos" },
    { 0 },
};

static void engine_freep(struct engine **engine)
{
    engine_free(*engine);
}

/* For who starts a model of its own, and may be killed. */
static int end_with_parent(struct err *err)
{
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return err_sys(err, "ask for a signal at the parent's end");
    return getppid() == parent ? 0 : err_set(err, ERR_PEER, "the parent has ended");
}

static int mock_model(const struct verb_call *call, struct err *err)
{
    CLEANUP(engine_freep) struct engine *engine = NULL;
    struct serve_options serve_options = { .listen = "127.0.0.1:0", .json = call->json };
    uint64_t ready_fd = UINT64_MAX;
    bool with_parent = false;
    const char *script;
    const struct option options[] = {
        { "--listen", 0, OPTION_TEXT, "ADDR", "127.0.0.1:PORT (0: a free one), or unix:PATH",
            &serve_options.listen },
        { "--log", 0, OPTION_TEXT, "FILE", "add a line of JSON for each request and each answer",
            &serve_options.log },
        { "--ready-fd", 0, OPTION_NUMBER, "N", "write the line that says where to this descriptor",
            &ready_fd },
        { "--with-parent", 0, OPTION_FLAG, NULL, "end when the process that started it has ended",
            &with_parent },
        { 0 },
    };
    int count = verb_options(call, table, options, &script, 1, err);
    if (count == VERB_HELPED)
        return 0;
    if (count == 0)
        return err_set(err, ERR_USAGE, "mock-model wants a script");
    serve_options.ready_fd = ready_fd > 1 << 20 ? -1 : (int)ready_fd;
    if (count > 0 && with_parent && end_with_parent(err) < 0)
        return -err->code;
    int rc = count < 0 ? count : engine_open(&engine, script, err);
    return rc < 0 ? rc : serve(engine, &serve_options, err);
}

int main(int argc, char **argv)
{
    log_init("moult-mock");
    signal(SIGPIPE, SIG_IGN);
    return verb_main("moult-mock", table, argc, argv);
}
