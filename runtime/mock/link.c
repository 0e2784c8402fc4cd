/* link - see link.h. */
#include "mock/link.h"

#include "base/mem.h"
#include "mock/intake.h"
#include "mock/output.h"
#include "mock/record.h"

#include <stdlib.h>
#include <string.h>

enum { READ_SIZE = 64 << 10, PENDING_MAX = 1 << 20 };

struct link {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } socket;
    uv_timer_t timer;
    uv_write_t write;
    struct links *links;
    struct link *next, **back; /* of links->first */
    struct intake intake;
    struct buf pending; /* came while an answer is under way */
    struct play play;
    struct output output;
    struct buf out;
    enum output_end end; /* of what is being written */
    uint32_t wait_ms;
    bool busy, told, closing; /* told: the log has its end */
    uint8_t open;             /* handles */
    char input[READ_SIZE];
};

/* --- the end */

static void on_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    if (--link->open > 0)
        return;
    intake_done(&link->intake);
    play_done(&link->play);
    buf_done(&link->pending);
    buf_done(&link->out);
    free(link);
}

static void close_link(struct link *link)
{
    if (link->closing)
        return;
    link->closing = true;
    if (link->busy && !link->told)
        record_end(link->links->log, &link->play, link->output.sent, "gone");
    *link->back = link->next;
    if (link->next)
        link->next->back = link->back;
    uv_close(&link->socket.handle, on_closed);
    uv_close((uv_handle_t *)&link->timer, on_closed);
}

void link_close_all(struct links *links)
{
    while (links->first)
        close_link(links->first);
}

/* --- the answer */

static void take(struct link *link, struct str bytes);

static void finish(struct link *link)
{
    link->busy = link->told = false;
    play_done(&link->play);
    link->play = (struct play){ 0 };
    if (!link->output.keep) {
        close_link(link);
        return;
    }
    intake_next(&link->intake);
    struct buf pending = link->pending;
    link->pending = (struct buf){ 0 };
    take(link, buf_view(&pending));
    buf_done(&pending);
}

static void step(struct link *link);

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

static void on_written(uv_write_t *write, int status)
{
    struct link *link = write->data;
    if (link->closing)
        return;
    if (status < 0)
        close_link(link);
    else if (link->end != OUTPUT_GOES_ON)
        finish(link);
    else if (link->wait_ms)
        uv_timer_start(&link->timer, on_timer, link->wait_ms, 0);
    else
        step(link);
}

/* Told before the last bytes leave: a client that has its answer finds it in the log. */
static void tell_end(struct link *link)
{
    const char *end = link->end == OUTPUT_CUT ? "cut" : "whole";
    record_end(link->links->log, &link->play, link->output.sent, end);
    link->told = true;
}

static void step(struct link *link)
{
    buf_clear(&link->out);
    link->end = output_next(&link->output, &link->out, &link->wait_ms);
    if (link->end != OUTPUT_GOES_ON)
        tell_end(link);
    uv_buf_t buf = uv_buf_init(link->out.at, (unsigned)link->out.size);
    link->write.data = link;
    if (uv_write(&link->write, &link->socket.stream, &buf, 1, on_written) < 0)
        close_link(link);
}

static void start(struct link *link, bool keep)
{
    const struct script_fault *fault = &link->play.fault;
    link->busy = true;
    record_request(link->links->log, link->play.number, &link->intake);
    output_begin(&link->output, &link->play, link->intake.old, keep);
    if (fault->close) {
        link->busy = false;
        record_end(link->links->log, &link->play, 0, "cut");
        close_link(link);
    } else if (link->play.delay_ms && !fault->silent) {
        uv_timer_start(&link->timer, on_timer, link->play.delay_ms, 0);
    } else if (!fault->silent) {
        step(link);
    }
}

/* --- the request */

static void refuse(struct link *link, const struct err *err)
{
    engine_refuse(link->links->engine, err->code == ERR_LIMIT ? 413 : 400, err->text, &link->play);
    start(link, false);
}

static void answer(struct link *link)
{
    const struct intake *intake = &link->intake;
    const struct engine_request request = { intake->method, intake->path, intake->headers,
        intake->headers_count, buf_view(&intake->body) };
    engine_play(link->links->engine, &request, &link->play);
    start(link, intake->keep);
}

/* A client that waits for it sends no body before. The socket of one that has said this much has
 * room for a line. */
static void say_continue(struct link *link)
{
    static char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buf = uv_buf_init(line, sizeof line - 1);
    link->intake.wants_100 = false;
    uv_try_write(&link->socket.stream, &buf, 1);
}

static void take(struct link *link, struct str bytes)
{
    struct err err = { 0 };
    ptrdiff_t used = intake_feed(&link->intake, bytes, &err);
    if (used < 0) {
        refuse(link, &err);
        return;
    }
    if (link->intake.whole) {
        buf_add(&link->pending, bytes.at + used, bytes.size - (size_t)used);
        answer(link);
    } else if (link->intake.wants_100) {
        say_continue(link);
    }
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct link *link = handle->data;
    (void)size;
    *buf = uv_buf_init(link->input, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct link *link = stream->data;
    struct str bytes = { buf->base, size > 0 ? (size_t)size : 0 };
    if (size < 0) {
        close_link(link);
    } else if (!link->busy) {
        take(link, bytes);
    } else {
        buf_str(&link->pending, bytes);
        if (link->pending.size > PENDING_MAX)
            close_link(link);
    }
}

void link_accept(struct links *links, uv_stream_t *listener, bool unix_socket)
{
    struct link *link = mem_zero(1, sizeof *link);
    link->links = links;
    if (unix_socket)
        uv_pipe_init(links->loop, &link->socket.pipe, 0);
    else
        uv_tcp_init(links->loop, &link->socket.tcp);
    uv_timer_init(links->loop, &link->timer);
    link->socket.handle.data = link->timer.data = link;
    link->open = 2;
    link->next = links->first;
    link->back = &links->first;
    if (link->next)
        link->next->back = &link->next;
    links->first = link;
    if (uv_accept(listener, &link->socket.stream) < 0 ||
        uv_read_start(&link->socket.stream, on_room, on_read) < 0)
        close_link(link);
    else if (!unix_socket)
        uv_tcp_nodelay(&link->socket.tcp, 1);
}
