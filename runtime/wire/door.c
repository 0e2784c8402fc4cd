/* door - see door.h.
 *
 * One connection a request, closed by the server, so that an answer is what came until the end; its
 * length is in its head, and an answer that is shorter is none. Neither side may hang: each call
 * that could block stands behind a poll with the time that is left. */
#include "wire/door.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { HEAD_MAX = 32 << 10, NS_A_MS = 1000000, WAIT_MS = 60000 };

static int open_way(struct door_way *ret, struct journal *journal, const char *verb,
    struct str body, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str text;
    *ret = (struct door_way){ 0 };
    int rc = journal_service(journal, verb, body, &arena, &text, err);
    if (rc == -ERR_STATE || rc == -ERR_MISSING) {
        err->code = ERR_LACKS; /* its hint says what to start */
        return -ERR_LACKS;
    }
    if (rc < 0)
        return rc;
    struct str path = json_string(&arena, json_get(json_read(&arena, text, NULL, err), "socket"));
    if (path.size == 0 || path.size >= sizeof ret->socket)
        return err_set(err, ERR_PEER, "the service names no socket");
    memcpy(ret->socket, path.at, path.size);
    ret->journal = journal;
    return 0;
}

int door_way_open(struct door_way *ret, struct journal *journal,
    const struct config_proposer *proposer, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_text(&body, "{\"proposer\":");
    json_quote(&body, proposer->name);
    buf_format(&body, ",\"tokens\":%u,\"usd\":%u}", proposer->tokens, proposer->usd);
    return open_way(ret, journal, "ask", buf_view(&body), err);
}

int door_way_open_live(
    struct door_way *ret, struct journal *journal, uint64_t tokens, double usd, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_format(&body, "{\"tokens\":%" PRIu64 ",\"usd\":%.6f}", tokens, usd);
    return open_way(ret, journal, "ask-live", buf_view(&body), err);
}

void door_way_close(struct door_way *way, struct arena *arena, struct str *ret)
{
    struct str text;
    *ret = (struct str){ 0 };
    if (way->journal &&
        journal_service(way->journal, "ask-end", STR("{}"), arena, &text, NULL) == 0)
        *ret = text;
    *way = (struct door_way){ 0 };
}

/* --- one request */

struct asking {
    int fd;
    uint64_t deadline_ns;
};

static int wait_for(const struct asking *asking, short events, struct err *err)
{
    for (;;) {
        uint64_t now = clock_mono_ns();
        if (now >= asking->deadline_ns)
            return err_set(err, ERR_TIMEOUT, "the model did not answer in its time");
        uint64_t ms = (asking->deadline_ns - now) / NS_A_MS + 1;
        struct pollfd fd = { .fd = asking->fd, .events = events };
        int n = poll(&fd, 1, ms < WAIT_MS ? (int)ms : WAIT_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return err_sys(err, "wait for the service");
    }
}

static int dial(struct asking *asking, const char *path, struct err *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof at.sun_path)
        return err_set(err, ERR_LIMIT, "the path of the home is too long for a socket: %s", path);
    strcpy(at.sun_path, path);
    asking->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (asking->fd < 0)
        return err_sys(err, "socket");
    if (connect(asking->fd, (struct sockaddr *)&at, sizeof at) < 0)
        return err_set(err, ERR_PEER, "the service has closed its door: %s", strerror(errno));
    return 0;
}

static int send_all(const struct asking *asking, struct str bytes, struct err *err)
{
    for (size_t at = 0; at < bytes.size;) {
        int rc = wait_for(asking, POLLOUT, err);
        if (rc < 0)
            return rc;
        ssize_t n = send(asking->fd, bytes.at + at, bytes.size - at, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return err_set(err, ERR_PEER, "the service has gone: %s", strerror(errno));
        at += (size_t)n;
    }
    return 0;
}

static int receive_all(const struct asking *asking, struct buf *out, size_t max, struct err *err)
{
    enum { PART = 64 << 10 };
    for (;;) {
        int rc = wait_for(asking, POLLIN, err);
        if (rc < 0)
            return rc;
        if (out->size > max)
            return err_set(err, ERR_LIMIT, "an answer of more than %zu bytes", max);
        ssize_t n = recv(asking->fd, buf_reserve(out, PART), PART, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return err_set(err, ERR_PEER, "the service has gone: %s", strerror(errno));
        if (n == 0)
            return 0;
        out->size += (size_t)n;
    }
}

/* A header's value by its name with "\r\n" before and ":" behind it; at NULL: there is none. */
static struct str header_of(struct str head, struct str name)
{
    for (size_t i = 0; i + name.size < head.size; i++)
        if (strncasecmp(head.at + i, name.at, name.size) == 0) {
            struct str rest = { head.at + i + name.size, head.size - i - name.size };
            ptrdiff_t end = str_find(rest, STR("\r\n"));
            rest.size = end < 0 ? rest.size : (size_t)end;
            return str_trim(rest);
        }
    return (struct str){ 0 };
}

/* Digits and nothing else; fallback: it is no number. */
static uint64_t number_of(struct str text, uint64_t fallback)
{
    char digits[20];
    if (text.size == 0 || text.size >= sizeof digits)
        return fallback;
    memcpy(digits, text.at, text.size);
    digits[text.size] = 0;
    return strspn(digits, "0123456789") == text.size ? strtoull(digits, NULL, 10) : fallback;
}

static void keep_word(char *ret, size_t size, struct str word)
{
    size_t n = word.size < size ? word.size : size - 1;
    if (n > 0)
        memcpy(ret, word.at, n);
    ret[n] = 0;
}

static void read_head(struct door_head *ret, struct str head)
{
    *ret = (struct door_head){ .tokens = number_of(header_of(head, STR("\r\nx-moult-tokens:")), 0),
        .usd = number_of(header_of(head, STR("\r\nx-moult-usd:")), 0),
        .retry_after_ms = number_of(header_of(head, STR("\r\nretry-after-ms:")), 0) };
    keep_word(ret->refused, sizeof ret->refused, header_of(head, STR("\r\nx-moult-refused:")));
    keep_word(ret->asked, sizeof ret->asked, header_of(head, STR("\r\nx-moult-asked:")));
}

/* "HTTP/1.1 200 OK", lines, an empty one, and as many bytes as the head says. */
static int read_answer(struct str all, struct door_head *ret_head, unsigned *ret_status,
    struct str *ret_body, struct err *err)
{
    ptrdiff_t end = str_find(all, STR("\r\n\r\n"));
    if (end < 0 || end > HEAD_MAX || !str_starts(all, STR("HTTP/1.1 ")))
        return err_set(err, ERR_PEER, "the service's answer is no HTTP, or was cut off");
    /* with the blank line, so that a number at its end is ended */
    struct str head = { all.at, (size_t)end + 2 };
    *ret_body = (struct str){ all.at + end + 4, all.size - (size_t)end - 4 };
    *ret_status = (unsigned)strtoul(all.at + 9, NULL, 10);
    if (number_of(header_of(head, STR("\r\nContent-Length:")), UINT64_MAX) != ret_body->size)
        return err_set(err, ERR_PEER, "the service's answer was cut off");
    read_head(ret_head, head);
    return 0;
}

int door_way_ask(struct door_way *way, struct str body, uint64_t deadline_ns, unsigned *ret_status,
    struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf request = { 0 }, answer = { 0 };
    struct asking asking = { -1, deadline_ns };
    struct str said;
    buf_format(&request,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: door\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        body.size);
    buf_str(&request, body);
    int rc = dial(&asking, way->socket, err);
    if (rc == 0)
        rc = send_all(&asking, buf_view(&request), err);
    if (rc == 0)
        rc = receive_all(&asking, &answer, out->max + HEAD_MAX, err);
    fd_closep(&asking.fd);
    if (rc == 0)
        rc = read_answer(buf_view(&answer), &way->head, ret_status, &said, err);
    if (rc < 0)
        return rc;
    buf_str(out, said);
    return out->over ? err_set(err, ERR_LIMIT, "an answer of more than %zu bytes", out->max) : 0;
}
