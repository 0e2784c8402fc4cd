/* toolbox_run - see toolbox_run.h. */
#include "broker/toolbox_run.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/toolbox_command.h"
#include "broker/toolbox_contacts.h"
#include "broker/toolbox_talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { START_MS = 30000 };

/* --- handles */

static void on_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;
    if (--run->handles > 0)
        return;
    fd_closep(&run->fd);
    buf_done(&run->in);
    buf_done(&run->out);
    free(run);
}

static void close_one(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_handles(struct run *run)
{
    close_one((uv_handle_t *)&run->timer);
    if (!run->sandbox)
        return;
    close_one((uv_handle_t *)&run->end);
    close_one((uv_handle_t *)&run->io);
}

/* --- ending */

static void mark_lost(struct box *box)
{
    for (struct call *call = box->first; call; call = call->next)
        call->lost = true;
}

/* What was not wholly written was not read as a call. */
static bool may_have_run(const struct run *run)
{
    return run->sent && run->out.size == 0;
}

void run_end(struct run *run, bool quiet, const char *format, ...)
{
    va_list args;
    char text[200];
    if (run->ending)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(&run->why, ERR_PEER, "%s", text);
    run->ending = true;
    run->quiet = quiet;
    if (run->box && (run->sent || !quiet))
        mark_lost(run->box);
    uv_timer_stop(&run->timer);
    uv_poll_stop(&run->io);
    sandbox_kill(run->sandbox);
}

static void say_end(struct err *err, const struct sandbox_result *result)
{
    if (result->limit != LIMIT_NONE)
        err_set(err, ERR_PEER, "the tools passed a limit: %s", sandbox_limit_words[result->limit]);
    else if (result->signal != 0)
        err_set(err, ERR_PEER, "the tools were ended by signal %d", result->signal);
    else
        err_set(err, ERR_PEER, "the tools ended with exit code %d", result->exit_code);
}

/* Its processes are gone when this returns. */
static void reap(struct run *run)
{
    struct sandbox_result result;
    struct err err = { 0 };
    int rc = sandbox_wait(run->sandbox, &result, &err);
    run->sandbox = NULL;
    if (rc == 0)
        contacts_tell_last(run, &result);
    if (rc == 0 && (!run->ending || result.limit != LIMIT_NONE))
        say_end(&run->why, &result);
    else if (rc < 0 && !run->ending)
        run->why = err;
    if (rc == 0)
        sandbox_result_done(&result);
}

static const char *name_of(const struct box *box, char out[64])
{
    const struct config_server *server = box->plan.server;
    return server ? str_printable(out, 64, server->name, false) : "the workspace";
}

/* The box has no run; each answer may free it, which the run's own pointer tells. */
static void answer_lost(struct run *run, bool ran)
{
    while (run->box && run->box->first && run->box->first->lost) {
        struct call *call = box_pop(run->box);
        call_answer_error(call, ran ? WIRE_UNKNOWN_OUTCOME : WIRE_REFUSED, &run->why);
        ran = false;
    }
}

/* From the loop only. */
static void run_over(struct run *run)
{
    struct box *box = run->box;
    bool ran = may_have_run(run);
    char name[64];
    close_handles(run);
    if (run->sandbox)
        reap(run);
    if (!box)
        return;
    if (!run->quiet)
        log_line(LOG_WARN, "tools of %s: %s", name_of(box, name), run->why.text);
    if (!run->ending)
        mark_lost(box);
    run->ending = true;
    run->sent = false;
    box->plan.on_change(box->plan.with);
    if (box->known)
        answer_lost(run, ran);
    else
        box->plan.on_tools(box->plan.with, box->plan.number, NULL, &run->why);
    if (!run->box)
        return;
    run->box = NULL;
    box->run = NULL;
    if (box->first)
        run_begin(box);
}

static void on_end(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct run *run = handle->data;
    talk_last(run);
    if (run->sandbox) /* an answer may have dropped the run */
        run_over(run);
}

void run_drop(struct run *run)
{
    contacts_tell(run);
    run->box = NULL;
    close_handles(run);
    if (!run->sandbox)
        return;
    sandbox_kill(run->sandbox);
    reap(run);
}

/* --- time */

static void on_timer(uv_timer_t *timer)
{
    struct run *run = timer->data;
    if (!run->sandbox)
        run_over(run);
    else if (run->hung_up)
        run_end(run, false, "the tools closed their socket");
    else if (!run->up)
        run_end(run, false, "the tools were not ready in time");
    else if (run->sent)
        run_end(run, false, "the call took longer than %u ms", box_call_ms(run->box));
    else
        run_end(run, true, "nothing to do");
}

void run_timer(struct run *run, uint64_t ms)
{
    uv_update_time(run->timer.loop); /* a start takes a while, in which the loop stands */
    uv_timer_start(&run->timer, on_timer, ms, 0);
}

/* --- starting */

static int spawn(struct run *run, struct err *err)
{
    const struct box_plan *plan = &run->box->plan;
    CLEANUP(command_done) struct command command = { 0 };
    int pair[2];
    int rc = toolbox_command(&command, plan, err);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socket of a tool box");
    run->fd = pair[0];
    rc = toolbox_command_start(&run->sandbox, &command, plan, pair[1], err);
    close(pair[1]);
    return rc;
}

static void watch(struct run *run)
{
    uv_loop_t *loop = run->box->plan.loop;
    run->holder = toolbox_holder_of(sandbox_pid(run->sandbox));
    uv_poll_init(loop, &run->end, sandbox_pidfd(run->sandbox));
    uv_poll_init(loop, &run->io, run->fd);
    run->end.data = run->io.data = run;
    run->handles += 2;
    uv_poll_start(&run->end, UV_READABLE, on_end);
    talk_watch(run);
}

void run_begin(struct box *box)
{
    const struct box_plan *plan = &box->plan;
    struct run *run = mem_zero(1, sizeof *run);
    *run = (struct run){ .box = box, .fd = -1, .handles = 1 };
    box->run = run;
    uv_timer_init(plan->loop, &run->timer);
    run->timer.data = run;
    if (spawn(run, &run->why) < 0) {
        run_timer(run, 0);
        return;
    }
    watch(run);
    run_timer(run, (plan->start_ms ? plan->start_ms : START_MS) + BOX_SLACK_MS);
    plan->on_change(plan->with);
}
