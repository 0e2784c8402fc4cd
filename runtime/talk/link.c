/* link - see link.h. */
#include "talk/link.h"

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/transfer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { DAY_MS = 24 * 3600 * 1000, HEADERS = 3, HEADER_SIZE = 160, ANSWER_MAX = 16 << 20 };

struct link {
    uv_loop_t loop;
    struct transfers *transfers;
    char socket[PATH_MAX];
};

static int no_service(struct err *err)
{
    err_set(err, ERR_STATE, "no service runs for this home");
    return err_hint(err, "start one: moult serve");
}

/* libcurl notices a socket that is not there only when its time for connecting is over. */
static int look(const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, "a socket");
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_LIMIT, "the path of the service's socket is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    return errno == ENOENT || errno == ECONNREFUSED ? no_service(err) : err_sys(err, "%s", path);
}

int link_open(struct link **ret, const struct home *home, struct err *err)
{
    struct link *link = mem_zero(1, sizeof *link);
    home_path(link->socket, home, "run/moult.sock");
    uv_loop_init(&link->loop);
    int rc = look(link->socket, err);
    if (rc == 0)
        rc = transfers_new(&link->transfers, &link->loop, err);
    if (rc < 0) {
        link_close(link);
        return rc;
    }
    *ret = link;
    return 0;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    transfers_free(link->transfers);
    uv_run(&link->loop, UV_RUN_DEFAULT);
    uv_loop_close(&link->loop);
    free(link);
}

uv_loop_t *link_loop(const struct link *link)
{
    return (uv_loop_t *)&link->loop;
}

/* --- what the service refuses */

static const struct {
    unsigned status;
    int code;
} codes[] = {
    { 400, ERR_INPUT },
    { 401, ERR_DENIED },
    { 403, ERR_DENIED },
    { 404, ERR_MISSING },
    { 413, ERR_LIMIT },
    { 429, ERR_LIMIT },
    { 503, ERR_STATE },
    { 504, ERR_TIMEOUT },
};

static int code_of(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].status == status)
            return codes[i].code;
    return ERR_PEER;
}

static void read_refusal(struct ask *ask)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, buf_view(&ask->answer), NULL, NULL);
    struct str text = json_string(&arena, json_get(json_get(root, "error"), "message"));
    if (text.size)
        err_set(&ask->err, code_of(ask->status), "%.*s", (int)text.size, text.at);
    else
        err_set(
            &ask->err, code_of(ask->status), "the service answered with status %u", ask->status);
}

/* --- one request */

static void on_head(void *with, unsigned status)
{
    ((struct ask *)with)->status = status;
}

static void on_header(void *with, struct str name, struct str value)
{
    static const struct str turn = { "x-moult-turn", 12 };
    struct ask *ask = with;
    char number[24] = "";
    if (name.size != turn.size || strncasecmp(name.at, turn.at, turn.size) != 0)
        return;
    if (value.size < sizeof number)
        memcpy(number, value.at, value.size);
    ask->turn = strtoull(number, NULL, 10);
}

static void on_data(void *with, struct str bytes)
{
    struct ask *ask = with;
    if (ask->on_data && ask->status / 100 == 2)
        ask->on_data(ask, bytes);
    else
        buf_str(&ask->answer, bytes);
}

static void on_end(void *with, enum transfer_end end, bool sent, const struct err *err)
{
    struct ask *ask = with;
    (void)sent;
    ask->transfer = NULL;
    ask->going = false;
    if (end == TRANSFER_CONNECT) {
        no_service(&ask->err);
    } else if (end != TRANSFER_DONE) {
        ask->err = *err;
    } else if (ask->status / 100 != 2) {
        read_refusal(ask);
    }
    if (ask->on_end)
        ask->on_end(ask);
}

static const struct transfer_events events = { on_head, on_header, on_data, on_end };

int ask_start(struct link *link, struct ask *ask, struct err *err)
{
    char session[HEADER_SIZE];
    const char *headers[HEADERS] = { "Content-Type: application/json" };
    if (ask->session) {
        snprintf(session, sizeof session, "X-Moult-Session: %s", ask->session);
        headers[1] = session;
    }
    uint32_t limit_ms = ask->limit_ms ? ask->limit_ms : DAY_MS;
    const struct transfer_request request = { .method = ask->method,
        .url = mem_format("http://moult%s", ask->path),
        .headers = headers,
        .body = ask->body,
        .unix_socket = link->socket,
        .limits = { .first_byte_ms = limit_ms,
            .idle_ms = limit_ms,
            .total_ms = limit_ms,
            .body_max = ANSWER_MAX } };
    int rc = transfer_start(&ask->transfer, link->transfers, &request, &events, ask, err);
    free((char *)request.url);
    ask->going = rc == 0;
    return rc;
}

int ask_wait(struct link *link, struct ask *ask, struct err *err)
{
    while (ask->going)
        uv_run(&link->loop, UV_RUN_ONCE);
    if (ask->err.code && err)
        *err = ask->err;
    return -ask->err.code;
}

int ask_once(struct link *link, struct ask *ask, struct err *err)
{
    int rc = ask_start(link, ask, err);
    return rc < 0 ? rc : ask_wait(link, ask, err);
}

int ask_json(const struct json **ret, struct link *link, const char *path, struct arena *arena,
    struct err *err)
{
    CLEANUP(ask_done) struct ask ask = { .method = "GET", .path = path };
    int rc = ask_once(link, &ask, err);
    if (rc < 0)
        return rc;
    const struct str text = {
        arena_string(arena, ask.answer.at ? ask.answer.at : "", ask.answer.size), ask.answer.size
    };
    *ret = json_read(arena, text, NULL, err);
    return *ret ? 0 : err_while(err, "what the service answers");
}

void ask_cancel(struct ask *ask)
{
    if (ask->transfer)
        transfer_cancel(ask->transfer);
}

void ask_done(struct ask *ask)
{
    buf_done(&ask->answer);
}
