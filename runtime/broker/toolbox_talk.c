/* toolbox_talk - see toolbox_talk.h. */
#include "broker/toolbox_talk.h"

#include "base/mem.h"
#include "broker/toolbox_contacts.h"
#include "wire/tool_line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LINE_MAX_BYTES = 9 << 20, /* of moult-tool: a list of tools has 8 MiB at most */
    CHUNK = 1 << 16,
    ROUNDS = 16, /* chunks before others have their turn */
    IDLE_MS = 1800000,
    LAST_WORDS_MS = 500
};

/* --- calls out */

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

void talk_on(struct run *run)
{
    struct box *box = run->box;
    if (run->sent || run->ending || run->hung_up || !run->up)
        return;
    if (!box->first) {
        run_timer(run, box->plan.idle_ms ? box->plan.idle_ms : IDLE_MS);
        return;
    }
    run->sent = true;
    buf_format(&run->out, "{\"id\":%llu,", (unsigned long long)++box->id);
    buf_str(&run->out, buf_view(&box->first->line));
    run_timer(run, box_call_ms(box) + BOX_SLACK_MS);
    flush(run);
    talk_watch(run);
}

/* --- lines in */

static void come_up(struct run *run, struct str line)
{
    struct box *box = run->box;
    CLEANUP(arena_done) struct arena arena = { 0 };
    char why[160];
    const struct json *tools = line_ready(line, &arena, why);
    if (!tools) {
        run_end(run, false, "not ready: %s", why);
        return;
    }
    run->up = true;
    talk_on(run);
    if (box->known)
        return;
    box->known = true;
    box->plan.on_tools(box->plan.with, box->plan.number, tools, NULL);
}

static void take_answer(struct run *run, struct str line)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct answer_line said = { 0 };
    if (!run->sent ||
        !line_answer(&said, run->box->id, run->box->plan.server != NULL, line, &arena)) {
        run_end(run, false, "what they answer is no answer");
        buf_done(&said.text);
        return;
    }
    contacts_tell(run);
    struct call *call = box_pop(run->box);
    run->sent = false;
    if (said.again)
        run_end(run, true, "a new server is started");
    talk_on(run);
    call_answer(call, said.status, buf_view(&said.text));
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
        run_end(run, false, "a line of more than %d bytes", LINE_MAX_BYTES);
}

/* Most often the process has ended, too, and is given the time to be seen ending. */
static void hung_up(struct run *run)
{
    run->hung_up = true;
    uv_poll_stop(&run->io);
    run_timer(run, LAST_WORDS_MS);
}

/* Whether there may be more. */
static bool read_some(struct run *run)
{
    for (int round = 0; round < ROUNDS && run->box && !run->ending; round++) {
        ssize_t n = recv(run->fd, buf_reserve(&run->in, CHUNK), CHUNK, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (n <= 0) {
            hung_up(run);
            return false;
        }
        run->in.size += (size_t)n;
        take_lines(run);
    }
    return true;
}

void talk_last(struct run *run)
{
    while (run->box && !run->ending && !run->hung_up && read_some(run))
        continue;
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
        talk_watch(run);
}

void talk_watch(struct run *run)
{
    uv_poll_start(&run->io, UV_READABLE | (run->out.size > 0 ? UV_WRITABLE : 0), on_io);
}
