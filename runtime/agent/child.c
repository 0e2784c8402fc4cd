/* child - see child.h. */
#include "agent/child.h"

#include "base/mem.h"
#include "wire/verb.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

struct child {
    uv_process_t process;
    uv_pipe_t out, in;
    uv_timer_t timer;
    uv_write_t writing;
    struct buf output, input;
    size_t output_max;
    child_done done;
    void *with;
    int exit_code;
    bool killed, started, exited, out_ended, told;
    unsigned open; /* handles that are not closed yet */
};

static void on_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;
    if (--child->open > 0)
        return;
    buf_done(&child->output);
    buf_done(&child->input);
    free(child);
}

static void close_one(struct child *child, uv_handle_t *handle)
{
    (void)child;
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_all(struct child *child)
{
    close_one(child, (uv_handle_t *)&child->out);
    close_one(child, (uv_handle_t *)&child->in);
    close_one(child, (uv_handle_t *)&child->timer);
    close_one(child, (uv_handle_t *)&child->process);
}

static void end(struct child *child)
{
    if (child->started && !child->exited)
        kill(-child->process.pid, SIGKILL);
}

static void settle(struct child *child)
{
    if (!child->exited || !child->out_ended || child->told)
        return;
    child->told = true;
    const struct child_result result = { child->exit_code, child->killed,
        buf_view(&child->output) };
    child->done(child->with, &result);
    close_all(child);
}

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data;
    child->exited = true;
    child->killed = child->exit_code == 0 && signal != 0;
    if (child->killed) /* what it had started goes with it */
        kill(-process->pid, SIGKILL);
    if (child->exit_code == 0)
        child->exit_code = signal ? -1 : (int)status;
    settle(child);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char chunk[CHUNK];
    (void)handle;
    (void)suggested;
    *ret = uv_buf_init(chunk, sizeof chunk);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct child *child = stream->data;
    if (n > 0 && child->output.size + (size_t)n <= child->output_max) {
        buf_add(&child->output, bytes->base, (size_t)n);
    } else if (n > 0) {
        child->exit_code = -1;
        end(child);
    } else if (n < 0) {
        child->out_ended = true;
        uv_read_stop(stream);
        settle(child);
    }
}

static void on_time(uv_timer_t *timer)
{
    struct child *child = timer->data;
    child->exit_code = -1;
    end(child);
}

static void on_written(uv_write_t *request, int status)
{
    struct child *child = request->data;
    (void)status;
    close_one(child, (uv_handle_t *)&child->in);
}

static void write_input(struct child *child)
{
    uv_buf_t piece = uv_buf_init(child->input.at, (unsigned)child->input.size);
    child->writing.data = child;
    if (child->input.size == 0 ||
        uv_write(&child->writing, (uv_stream_t *)&child->in, &piece, 1, on_written) < 0)
        close_one(child, (uv_handle_t *)&child->in);
}

static void init(struct child *child, uv_loop_t *loop)
{
    uv_pipe_init(loop, &child->out, 0);
    uv_pipe_init(loop, &child->in, 0);
    uv_timer_init(loop, &child->timer);
    child->out.data = child->in.data = child->timer.data = child->process.data = child;
    child->open = 4;
}

/* This process's own, and whose child it is (wire/verb.h). Freed by the caller, with its first. */
static char **child_env(void)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **env = mem_zero(count + 2, sizeof *env);
    env[0] = mem_format(VERB_PARENT "=%d", (int)getpid());
    memcpy(env + 1, environ, count * sizeof *env);
    return env;
}

int child_start(
    struct child **ret, const struct child_plan *plan, child_done done, void *with, struct err *err)
{
    struct child *child = mem_zero(1, sizeof *child);
    child->done = done;
    child->with = with;
    child->output_max = plan->output_max;
    buf_str(&child->input, plan->input);
    init(child, plan->loop);
    uv_stdio_container_t stdio[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&child->in },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->out },
        { .flags = UV_INHERIT_FD, .data.fd = 2 },
    };
    char **env = child_env();
    const uv_process_options_t options = { .exit_cb = on_ended,
        .file = plan->argv[0],
        .args = (char **)plan->argv,
        .env = env,
        .flags = UV_PROCESS_DETACHED, /* a process group of its own */
        .stdio_count = COUNT_OF(stdio),
        .stdio = stdio };
    int rc = uv_spawn(plan->loop, &child->process, &options);
    free(env[0]);
    free(env);
    if (rc < 0) {
        child->told = true;
        close_all(child);
        return err_set(err, ERR_SYS, "start %s: %s", plan->argv[0], uv_strerror(rc));
    }
    child->started = true;
    setpriority(PRIO_PROCESS, (id_t)child->process.pid, plan->nice);
    write_input(child);
    uv_read_start((uv_stream_t *)&child->out, on_alloc, on_output);
    uv_timer_start(&child->timer, on_time, plan->wall_ms, 0);
    *ret = child;
    return 0;
}

void child_free(struct child *child)
{
    if (!child)
        return;
    child->told = true;
    end(child);
    close_all(child);
}
