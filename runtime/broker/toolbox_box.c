/* toolbox_box - see toolbox_box.h.
 *
 * A box outlives its process: the queue of calls is the box's, what belongs to one life of the
 * process is a struct run, which stays until its handles are closed. A callback may do anything,
 * freeing the box too: after one only the run is looked at. */
#include "broker/toolbox_box.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/toolbox_command.h"
#include "broker/toolbox_tools.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 9 << 20, /* of moult-tool: a list of tools has 8 MiB at most */
    CHUNK = 1 << 16,
    ROUNDS = 16,     /* chunks before others have their turn */
    SLACK_MS = 2000, /* for moult-tool to say by itself what went wrong */
    START_MS = 30000,
    CALL_MS = 60000,
    SHELL_MS = 630000,
    IDLE_MS = 1800000,
    LAST_WORDS_MS = 500
};

struct call {
    struct call *next;
    struct buf line;
    toolbox_done done;
    void *with;
    bool cancelled, lost; /* lost: the run that it waited for has ended */
};

struct run {
    struct box *box; /* NULL: nobody waits for it */
    struct sandbox *sandbox;
    struct toolbox_holder holder;
    uv_poll_t end, io;
    uv_timer_t timer;
    unsigned handles;
    int fd;
    bool up, sent, hung_up, ending;
    bool quiet;     /* its end is as it should be */
    struct err why; /* it could not be started, or was ended by us */
    struct buf in, out;
    size_t written, searched; /* of out; of in */
};

struct box {
    struct box_plan plan;
    struct run *run;
    struct call *first, **last;
    uint64_t id;
    bool known; /* its tools were told */
};

static const char *name_of(const struct box *box, char out[64])
{
    const struct config_server *server = box->plan.server;
    return server ? str_printable(out, 64, server->name, false) : "the workspace";
}

/* --- handles of a run */

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

static void end_run(struct run *run, bool quiet, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void end_run(struct run *run, bool quiet, const char *format, ...)
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
    if (rc == 0 && (!run->ending || result.limit != LIMIT_NONE))
        say_end(&run->why, &result);
    else if (rc < 0 && !run->ending)
        run->why = err;
    if (rc == 0)
        sandbox_result_done(&result);
}

static struct call *pop(struct box *box)
{
    struct call *call = box->first;
    box->first = call->next;
    if (!box->first)
        box->last = &box->first;
    return call;
}

static void call_free(struct call *call)
{
    buf_done(&call->line);
    free(call);
}

/* The last that is done with a call. */
static void answer(struct call *call, uint8_t status, struct str text)
{
    const struct toolbox_answer given = { status, text };
    toolbox_done done = call->cancelled ? NULL : call->done;
    void *with = call->with;
    call_free(call);
    if (done)
        done(with, &given);
}

static void answer_error(struct call *call, uint8_t status, const struct err *why)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, status == WIRE_UNKNOWN_OUTCOME
                        ? "the outcome is unknown, it may have been carried out: "
                        : "not carried out: ");
    buf_text(&text, why->text);
    if (why->hint[0])
        buf_format(&text, "; %s", why->hint);
    answer(call, status, buf_view(&text));
}

static void begin(struct box *box);

/* The box has no run; each answer may free it, which the run's own pointer tells. */
static void answer_lost(struct run *run, bool ran)
{
    while (run->box && run->box->first && run->box->first->lost) {
        struct call *call = pop(run->box);
        answer_error(call, ran ? WIRE_UNKNOWN_OUTCOME : WIRE_REFUSED, &run->why);
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
        begin(box);
}

static void on_end(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    run_over(handle->data);
}

/* --- calls out */

static void set_timer(struct run *run, uint64_t ms);

static void watch_socket(struct run *run);

static void flush(struct run *run)
{
    while (run->written < run->out.size) {
        ssize_t n = send(run->fd, run->out.at + run->written, run->out.size - run->written,
            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* later, or its end will be seen */
        run->written += (size_t)n;
    }
    buf_clear(&run->out);
    run->written = 0;
}

static uint32_t call_ms(const struct box *box)
{
    uint32_t ms = box->plan.call_ms ? box->plan.call_ms : box->plan.server ? CALL_MS : SHELL_MS;
    return ms + SLACK_MS;
}

/* The next call, or what a box does that has none. */
static void go_on(struct run *run)
{
    struct box *box = run->box;
    if (run->sent || run->ending || run->hung_up || !run->up)
        return;
    if (!box->first) {
        set_timer(run, box->plan.idle_ms ? box->plan.idle_ms : IDLE_MS);
        return;
    }
    run->sent = true;
    buf_format(&run->out, "{\"id\":%llu,", (unsigned long long)++box->id);
    buf_str(&run->out, buf_view(&box->first->line));
    set_timer(run, call_ms(box));
    flush(run);
    watch_socket(run);
}

/* --- lines in */

static void come_up(struct run *run, struct str line)
{
    struct box *box = run->box;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct err err = { 0 };
    const struct json *root = json_read(&arena, line, NULL, &err);
    const struct json *tools = json_get(root, "tools"), *error = json_get(root, "error");
    if (!json_bool(json_get(root, "ready"), false) || !json_is(tools, JSON_ARRAY)) {
        struct str text = json_string(&arena, json_get(error, "text"));
        char words[160];
        end_run(run, false, "not ready: %s",
            text.at ? str_printable(words, sizeof words, text, false) : "what it says is no list");
        return;
    }
    run->up = true;
    go_on(run);
    if (box->known)
        return;
    box->known = true;
    box->plan.on_tools(box->plan.with, box->plan.number, tools, NULL);
}

struct answer_line {
    uint8_t status;
    struct buf text;
    bool again; /* the box is of no more use */
};

static void read_failure(struct answer_line *ret, const struct json *root, struct arena *arena)
{
    const struct json *error = json_get(root, "error");
    struct str hint = json_string(arena, json_get(error, "hint"));
    bool sent = json_bool(json_get(root, "sent"), true);
    ret->status = sent ? WIRE_UNKNOWN_OUTCOME : WIRE_REFUSED;
    ret->again = sent;
    buf_text(&ret->text, sent ? "the outcome is unknown, it may have been carried out: " : "");
    buf_str(&ret->text, json_string(arena, json_get(error, "text")));
    if (hint.size > 0)
        buf_text(&ret->text, "; ");
    buf_str(&ret->text, hint);
}

/* False: it is no answer to the call that is on its way. */
static bool read_answer(
    struct answer_line *ret, const struct box *box, struct str line, struct arena *arena)
{
    const struct json *root = json_read(arena, line, NULL, NULL);
    const struct json *ok = json_get(root, "ok"), *content = json_get(root, "content");
    if (json_int(json_get(root, "id"), -1) != (int64_t)box->id)
        return false;
    if (json_is(ok, JSON_FALSE)) {
        read_failure(ret, root, arena);
        ret->again |= box->plan.server != NULL;
        return true;
    }
    if (!json_is(ok, JSON_TRUE) || !json_is(content, JSON_ARRAY))
        return false;
    ret->status = json_bool(json_get(root, "is_error"), true) ? WIRE_FAILED : WIRE_OK;
    toolbox_text(&ret->text, arena, content);
    return true;
}

static void take_answer(struct run *run, struct str line)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct answer_line said = { 0 };
    if (!run->sent || !read_answer(&said, run->box, line, &arena)) {
        end_run(run, false, "what they answer is no answer");
        buf_done(&said.text);
        return;
    }
    struct call *call = pop(run->box);
    run->sent = false;
    if (said.again)
        end_run(run, true, "a new server is started");
    go_on(run);
    answer(call, said.status, buf_view(&said.text));
    buf_done(&said.text);
}

/* Each line may end the run, and its answer the box. */
static void take_lines(struct run *run)
{
    size_t start = 0;
    while (run->box && !run->ending) {
        size_t from = run->searched > start ? run->searched : start;
        char *end =
            run->in.size > from ? memchr(run->in.at + from, '\n', run->in.size - from) : NULL;
        run->searched = run->in.size;
        if (!end)
            break;
        struct str line = { run->in.at + start, (size_t)(end - run->in.at) - start };
        start += line.size + 1;
        run->searched = start;
        if (run->up)
            take_answer(run, line);
        else
            come_up(run, line);
    }
    if (start > 0) {
        memmove(run->in.at, run->in.at + start, run->in.size - start);
        run->in.size -= start;
        run->searched -= start;
    }
    if (run->box && run->in.size > LINE_MAX_BYTES)
        end_run(run, false, "a line of more than %d bytes", LINE_MAX_BYTES);
}

/* Most often the process has ended, too, and is given the time to be seen ending. */
static void hung_up(struct run *run)
{
    run->hung_up = true;
    uv_poll_stop(&run->io);
    set_timer(run, LAST_WORDS_MS);
}

static void read_some(struct run *run)
{
    for (int round = 0; round < ROUNDS && run->box && !run->ending; round++) {
        ssize_t n = recv(run->fd, buf_reserve(&run->in, CHUNK), CHUNK, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            hung_up(run);
            return;
        }
        run->in.size += (size_t)n;
        take_lines(run);
    }
}

static void on_io(uv_poll_t *handle, int status, int events)
{
    struct run *run = handle->data;
    if (status < 0) {
        hung_up(run);
        return;
    }
    if (events & UV_WRITABLE)
        flush(run);
    if (events & UV_READABLE)
        read_some(run);
    if (run->box && !run->ending && !run->hung_up)
        watch_socket(run);
}

static void watch_socket(struct run *run)
{
    uv_poll_start(&run->io, UV_READABLE | (run->out.size > 0 ? UV_WRITABLE : 0), on_io);
}

/* --- time */

static void on_timer(uv_timer_t *timer)
{
    struct run *run = timer->data;
    if (!run->sandbox)
        run_over(run);
    else if (run->hung_up)
        end_run(run, false, "the tools closed their socket");
    else if (!run->up)
        end_run(run, false, "the tools were not ready in time");
    else if (run->sent)
        end_run(run, false, "the call took longer than %u ms", call_ms(run->box) - SLACK_MS);
    else
        end_run(run, true, "nothing to do");
}

static void set_timer(struct run *run, uint64_t ms)
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
    watch_socket(run);
}

/* What goes wrong here is told from the loop. */
static void begin(struct box *box)
{
    const struct box_plan *plan = &box->plan;
    struct run *run = mem_zero(1, sizeof *run);
    *run = (struct run){ .box = box, .fd = -1, .handles = 1 };
    box->run = run;
    uv_timer_init(plan->loop, &run->timer);
    run->timer.data = run;
    if (spawn(run, &run->why) < 0) {
        set_timer(run, 0);
        return;
    }
    watch(run);
    set_timer(run, (plan->start_ms ? plan->start_ms : START_MS) + SLACK_MS);
    plan->on_change(plan->with);
}

void box_start(struct box *box)
{
    if (!box->run)
        begin(box);
}

struct box *box_new(const struct box_plan *plan)
{
    struct box *box = mem_zero(1, sizeof *box);
    box->plan = *plan;
    box->last = &box->first;
    return box;
}

/* A newline in JSON that was checked is white space. */
static void print_call(struct buf *out, struct str tool, struct str args)
{
    buf_text(out, "\"tool\":");
    json_quote(out, tool);
    buf_text(out, ",\"arguments\":");
    size_t at = out->size;
    buf_str(out, args);
    for (; at < out->size; at++)
        if (out->at[at] == '\n' || out->at[at] == '\r')
            out->at[at] = ' ';
    buf_text(out, "}\n");
}

void box_call(
    struct box *box, struct str tool, const struct json *args, toolbox_done done, void *with)
{
    struct call *call = mem_zero(1, sizeof *call);
    call->done = done;
    call->with = with;
    print_call(&call->line, tool, args->raw);
    *box->last = call;
    box->last = &call->next;
    if (!box->run)
        begin(box);
    else
        go_on(box->run);
}

void box_cancel(struct box *box, void *with)
{
    struct run *run = box->run;
    bool on_its_way = run && run->sent && box->first;
    struct call **place = &box->first;
    if (on_its_way && box->first->with == with)
        box->first->cancelled = true;
    if (on_its_way)
        place = &box->first->next;
    while (*place) {
        struct call *call = *place;
        if (call->with != with) {
            place = &call->next;
            continue;
        }
        *place = call->next;
        call_free(call);
    }
    box->last = place;
    if (on_its_way && box->first->cancelled && !box->first->next)
        end_run(run, true, "the call was cancelled");
}

bool box_holder(const struct box *box, struct toolbox_holder *ret)
{
    if (!box->run || !box->run->sandbox)
        return false;
    *ret = box->run->holder;
    return true;
}

void box_kill(struct box *box)
{
    if (box->run && box->run->sandbox)
        sandbox_kill(box->run->sandbox);
}

void box_free(struct box *box)
{
    if (!box)
        return;
    struct run *run = box->run;
    if (run) {
        run->box = NULL;
        close_handles(run);
        if (run->sandbox) {
            sandbox_kill(run->sandbox);
            reap(run);
        }
    }
    while (box->first)
        call_free(pop(box));
    free(box);
}
