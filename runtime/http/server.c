/* server - see server.h.
 *
 * The daemon polls with an epoll descriptor of its own, which the loop watches; what was woken by a
 * late answer runs before the loop waits again, so that an answer costs no extra round.
 *
 * The daemon does not look at a suspended connection at all. So each one stands in a second epoll
 * from its first byte to its last, for its end only: one system call a connection, none a request.
 */
#include "http/exchange.h"

#include "base/clock.h"
#include "base/fd.h"
#include "http/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROUNDS = 4,                  /* of the daemon, before others on the loop have their turn */
    HANGUPS = 64,                /* ends noticed at a time */
    DROP_MAX = 64 * 1024 * 1024, /* of a body that nobody wants, read so that its sender gets the
                                    answer and not a reset */
    IDLE_MS = 1000,              /* before a connection without a request has to make room */
    FULL_MS = 250,               /* between looks, while there is none */
    ROOM_PART = 8,               /* so much of all connections is made free at a time */
    ANSWER_ROOM = 16 * 1024,     /* of the memory that the daemon clears twice a request: for the
                                    list of headers and an answer's head */
    STEP = 16 * 1024,
};

const struct http_limits http_limits_default = {
    .body_max = 32 * 1024 * 1024,
    .head_max = 16 * 1024,
    .connections_max = 1024,
    .idle_s = 60,
};

/* --- the daemon on the loop */

static void run(struct http_server *server);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void run(struct http_server *server)
{
    server->due = true;
    for (int i = 0; i < ROUNDS && server->due; i++) {
        server->due = false;
        MHD_run(server->daemon);
    }
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (server->due || MHD_get_timeout(server->daemon, &ms) == MHD_YES)
        uv_timer_start(&server->timer, on_timer, server->due ? 0 : ms, 0);
    else
        uv_timer_stop(&server->timer);
}

static void before_wait(uv_prepare_t *prepare)
{
    struct http_server *server = prepare->data;
    if (server->due)
        run(server);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    run(poll->data);
}

bool exchange_suspend(struct http_exchange *exchange)
{
    if (exchange->on->hung || exchange->server->ending)
        return false;
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection);
    return true;
}

void exchange_resume(struct http_exchange *exchange)
{
    if (!exchange->suspended)
        return;
    exchange->suspended = false;
    exchange->server->due = true;
    MHD_resume_connection(exchange->connection);
}

static void break_off(struct http_exchange *exchange)
{
    exchange->broken = true;
    exchange_resume(exchange);
}

static void on_hung(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct http_server *server = poll->data;
    struct epoll_event ends[HANGUPS];
    MHD_run(server->daemon);
    int count = epoll_wait(server->hangups, ends, HANGUPS, 0);
    for (int i = 0; i < count; i++) {
        struct http_connection *on = ends[i].data.ptr;
        on->hung = true;
        /* The daemon misses an end that came together with the last bytes: it gets another edge. */
        shutdown(on->fd, SHUT_RD);
        if (on->exchange && on->exchange->suspended)
            break_off(on->exchange);
    }
}

/* --- connections */

static void link_newest(struct http_server *server, struct http_connection *on)
{
    on->since_ms = clock_mono_ns() / 1000000;
    on->newer = NULL;
    on->older = server->newest;
    *(server->newest ? &server->newest->newer : &server->oldest) = on;
    server->newest = on;
}

static void unlink_connection(struct http_server *server, struct http_connection *on)
{
    *(on->older ? &on->older->newer : &server->oldest) = on->newer;
    *(on->newer ? &on->newer->older : &server->newest) = on->older;
}

static bool asks(const struct http_connection *on)
{
    return on->exchange && on->exchange->headed;
}

/* Ends up to `count` that have a place and ask nothing; how many are left to be ended. */
static uint32_t end_idle(struct http_server *server, bool known, uint32_t count)
{
    uint64_t now = clock_mono_ns() / 1000000;
    for (struct http_connection *on = server->oldest; on && count > 0; on = on->newer) {
        if (now - on->since_ms < IDLE_MS)
            break;
        if (on->hung || on->known != known || asks(on))
            continue;
        on->hung = true;
        shutdown(on->fd, SHUT_RDWR);
        count--;
    }
    return count;
}

static void on_full(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    if (server->connections < server->limits.connections_max) {
        uv_timer_stop(timer);
        return;
    }
    uint32_t wanted = server->limits.connections_max / ROOM_PART + 1;
    end_idle(server, true, end_idle(server, false, wanted));
    run(server);
}

static void open_connection(
    struct http_server *server, struct MHD_Connection *connection, void **context)
{
    struct http_connection *on = mem_zero(1, sizeof *on);
    on->server = server;
    on->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct epoll_event end = { .events = EPOLLET | EPOLLRDHUP };
    end.data.ptr = on;
    on->hung = epoll_ctl(server->hangups, EPOLL_CTL_ADD, on->fd, &end) < 0;
    link_newest(server, on);
    if (++server->connections == server->limits.connections_max)
        uv_timer_start(&server->room, on_full, FULL_MS, FULL_MS);
    *context = on;
}

static void on_connection(void *with, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = with;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(server, connection, context);
        return;
    }
    /* By hand: a child between fork and exec may hold the socket open for longer than `on` lives.
     */
    struct http_connection *on = *context;
    epoll_ctl(server->hangups, EPOLL_CTL_DEL, on->fd, NULL);
    unlink_connection(server, on);
    server->connections--;
    free(on);
    /* If room or descriptors had run out, the daemon listens again when it next runs. */
    server->due = true;
}

/* --- requests */

static void *on_target(void *with, const char *target, struct MHD_Connection *connection)
{
    struct http_exchange *exchange = exchange_new(with, target);
    exchange->connection = connection;
    exchange->on =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    exchange->on->exchange = exchange;
    return exchange;
}

static size_t leave_encoded(void *with, struct MHD_Connection *connection, char *text)
{
    (void)with, (void)connection;
    return strlen(text);
}

static bool is_name(struct str name, const char *word)
{
    return name.size == strlen(word) && !strncasecmp(name.at, word, name.size);
}

/* As the head says; 0 for a chunked one. The daemon has checked that it is a number. */
static unsigned long long body_size(const struct http_exchange *exchange)
{
    struct str length = http_header(exchange, "Content-Length");
    return length.at ? strtoull(length.at, NULL, 10) : 0;
}

/* Whether it is plain where the request ends: the daemon takes any of two lengths, and waits for
 * ever behind a coding that it does not know. */
static bool is_framed(const struct http_exchange *exchange)
{
    const struct http_header *headers;
    unsigned count = http_headers(exchange, &headers), lengths = 0, codings = 0;
    for (unsigned i = 0; i < count; i++) {
        bool coding = is_name(headers[i].name, "Transfer-Encoding");
        lengths += is_name(headers[i].name, "Content-Length");
        codings += coding;
        if (coding && !is_name(headers[i].value, "chunked"))
            return false;
    }
    return lengths + codings <= 1;
}

/* The body is not read at all and the connection ends behind the answer: its sender waits for our
 * word, or it would take too long. Else it is read and dropped. */
static bool leaves_body(const struct http_exchange *exchange)
{
    return http_header(exchange, "Expect").at || body_size(exchange) > DROP_MAX ||
           !is_framed(exchange);
}

static void too_large(struct http_exchange *exchange)
{
    char text[80];
    snprintf(text, sizeof text, "the request's body has more than %zu bytes",
        exchange->server->limits.body_max);
    answer_error(exchange, MHD_HTTP_CONTENT_TOO_LARGE, text);
}

/* Whether the exchange was answered at its head. */
static bool refuse_head(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    size_t size =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
            ->header_size;
    if (!exchange->path)
        answer_error(exchange, MHD_HTTP_BAD_REQUEST, "the path is malformed");
    else if (!is_framed(exchange))
        answer_error(exchange, MHD_HTTP_BAD_REQUEST, "it is not plain where the body ends");
    else if (size > server->limits.head_max)
        answer_error(
            exchange, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's head is too large");
    else if (body_size(exchange) > server->limits.body_max)
        too_large(exchange);
    else if (server->handler->on_head(server->with, exchange) == 0)
        return false;
    return true;
}

static enum MHD_Result take_head(
    struct http_exchange *exchange, const char *method, const char *version)
{
    exchange->seen = true;
    exchange->method = method;
    exchange->old = !strcmp(version, MHD_HTTP_VERSION_1_0);
    exchange->refused = refuse_head(exchange);
    exchange->headed = !exchange->refused;
    exchange->on->known |= exchange->headed;
    return exchange->refused && leaves_body(exchange) ? answer_queue(exchange) : MHD_YES;
}

static enum MHD_Result take_body(struct http_exchange *exchange, const char *bytes, size_t *size)
{
    if (exchange->refused)
        exchange->dropped += *size;
    else
        buf_add(&exchange->body, bytes, *size);
    *size = 0;
    if (exchange->body.over && !exchange->refused) {
        exchange->refused = true;
        buf_clear(&exchange->body);
        too_large(exchange);
    }
    return exchange->dropped > DROP_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_access(void *with, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size,
    void **context)
{
    (void)connection, (void)url;
    struct http_server *server = with;
    struct http_exchange *exchange = *context;
    if (exchange->broken || server->ending)
        return MHD_NO;
    if (!exchange->seen)
        return take_head(exchange, method, version);
    if (*upload_size > 0)
        return take_body(exchange, upload, upload_size);
    if (!exchange->response && !exchange->asked) {
        exchange->asked = true;
        server->handler->on_request(server->with, exchange);
    }
    if (exchange->response)
        return answer_queue(exchange);
    return exchange_suspend(exchange) ? MHD_YES : MHD_NO;
}

static void on_completed(void *with, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode how)
{
    (void)connection;
    struct http_server *server = with;
    struct http_exchange *exchange = *context;
    *context = NULL;
    exchange->on->exchange = NULL;
    unlink_connection(server, exchange->on);
    link_newest(server, exchange->on);
    if (exchange->headed)
        server->handler->on_gone(server->with, exchange,
            how == MHD_REQUEST_TERMINATED_COMPLETED_OK && !exchange->broken);
    exchange_free(exchange);
}

/* --- beginning and end */

static int start_daemon(struct http_server *server, int fd, struct err *err)
{
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_access, server, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)server->limits.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)server->limits.idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        server->limits.head_max + ANSWER_ROOM, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)STEP,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
    return server->daemon ? 0 : err_sys(err, "start the HTTP daemon");
}

static void on_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->open > 0)
        return;
    buf_done(&server->scratch);
    free(server->unix_path);
    free(server);
}

static void own(struct http_server *server, void *handle)
{
    ((uv_handle_t *)handle)->data = server;
    server->open++;
}

static void watch(struct http_server *server)
{
    int daemon = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_poll_init(server->loop, &server->events, daemon);
    uv_poll_init(server->loop, &server->hung, server->hangups);
    uv_timer_init(server->loop, &server->timer);
    uv_timer_init(server->loop, &server->room);
    uv_prepare_init(server->loop, &server->before_wait);
    own(server, &server->events);
    own(server, &server->hung);
    own(server, &server->timer);
    own(server, &server->room);
    own(server, &server->before_wait);
    uv_poll_start(&server->events, UV_READABLE, on_events);
    uv_poll_start(&server->hung, UV_READABLE, on_hung);
    uv_prepare_start(&server->before_wait, before_wait);
}

int http_server_start(struct http_server **ret, uv_loop_t *loop, const struct http_listen *listen,
    const struct http_limits *limits, const struct http_handler *handler, void *with,
    struct err *err)
{
    uint16_t port = 0;
    int fd = listen_open(listen, &port, err);
    if (fd < 0)
        return fd;
    struct http_server *server = mem_zero(1, sizeof *server);
    server->loop = loop;
    server->limits = *limits;
    server->handler = handler;
    server->with = with;
    server->unix_path = listen->unix_path ? mem_string(listen->unix_path) : NULL;
    server->port = port;
    server->hangups = epoll_create1(EPOLL_CLOEXEC);
    int got = server->hangups < 0 ? err_sys(err, "epoll for hang-ups") : 0;
    if (got == 0)
        got = start_daemon(server, fd, err);
    if (got < 0) {
        close(fd);
        fd_closep(&server->hangups);
        free(server->unix_path);
        free(server);
        return got;
    }
    watch(server);
    *ret = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    close(MHD_quiesce_daemon(server->daemon));
    if (server->unix_path)
        unlink(server->unix_path);
    server->ending = true;
    for (struct http_exchange *exchange = server->last; exchange; exchange = exchange->after)
        break_off(exchange);
    /* The daemon must not be stopped while something is suspended. */
    MHD_run(server->daemon);
    uv_close((uv_handle_t *)&server->events, on_closed);
    uv_close((uv_handle_t *)&server->hung, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
    uv_close((uv_handle_t *)&server->room, on_closed);
    uv_close((uv_handle_t *)&server->before_wait, on_closed);
    MHD_stop_daemon(server->daemon);
    close(server->hangups);
}
