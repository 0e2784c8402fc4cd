/* answer - what goes: whole answers and streamed ones. See server.h.
 *
 * A streamed answer lies in a buffer that the daemon asks for; when it is empty the connection is
 * suspended and http_push wakes it. Bytes count as queued until the daemon asks for more, since
 * it does so when the last ones are in the socket. */
#include "http/exchange.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { BLOCK = 8192, COMPACT = 64 * 1024, BAD_GATEWAY = 502 };

const struct http_header http_json = { STR("Content-Type"), STR("application/json") };

/* HTTP's own: what they say is true of one connection only. */
static const char *const owned[] = { "connection", "content-length", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade" };

static bool is_owned(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(owned); i++)
        if (strlen(owned[i]) == name.size && !strncasecmp(owned[i], name.at, name.size))
            return true;
    return false;
}

/* A token of RFC 9110, 5.6.2. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return name.size > 0;
}

/* No byte that ends a line or a text: such a value would be two headers. */
static bool is_value(struct str value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] == '\r' || value.at[i] == '\n' || value.at[i] == '\0')
            return false;
    return true;
}

static void add_headers(
    struct http_exchange *exchange, const struct http_header *headers, unsigned count)
{
    struct buf *text = &exchange->server->scratch;
    for (unsigned i = 0; i < count; i++) {
        if (!is_name(headers[i].name) || is_owned(headers[i].name) || !is_value(headers[i].value))
            continue;
        buf_clear(text);
        buf_str(text, headers[i].name);
        buf_char(text, '\0');
        buf_str(text, headers[i].value);
        MHD_add_response_header(exchange->response, text->at, text->at + headers[i].name.size + 1);
    }
}

/* The answer is there: the daemon takes it when it next looks at the exchange. */
static void answer(struct http_exchange *exchange, unsigned status, struct MHD_Response *response,
    const struct http_header *headers, unsigned count)
{
    assert(response && !exchange->response && !exchange->queued);
    exchange->response = response;
    exchange->status = status >= 200 && status <= 999 ? status : BAD_GATEWAY;
    add_headers(exchange, headers, count);
    exchange_resume(exchange);
}

void http_reply(struct http_exchange *exchange, unsigned status, const struct http_header *headers,
    unsigned count, struct str body)
{
    answer(exchange, status,
        MHD_create_response_from_buffer(body.size, (void *)body.at, MHD_RESPMEM_MUST_COPY), headers,
        count);
}

void answer_error(struct http_exchange *exchange, unsigned status, const char *text)
{
    const struct http_server *server = exchange->server;
    if (server->handler->on_refused)
        server->handler->on_refused(server->with, exchange, status, text);
    else
        http_reply(exchange, status, NULL, 0, str_of(text));
}

enum MHD_Result answer_queue(struct http_exchange *exchange)
{
    struct MHD_Response *response = STEAL(exchange->response);
    exchange->queued = true;
    enum MHD_Result queued = MHD_queue_response(exchange->connection, exchange->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* A chunked answer without its last chunk is cut for whoever reads it. One that ends where the
 * connection does would look whole: that one gets a reset. */
static ssize_t cut(struct http_exchange *exchange)
{
    if (exchange->old && !http_local(exchange))
        connect(exchange->on->fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
            sizeof(struct sockaddr));
    exchange->broken = true;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void settle(struct http_exchange *exchange)
{
    exchange->out_at += exchange->lent;
    exchange->lent = 0;
    if (exchange->out.size == 0 || exchange->out_at < exchange->out.size)
        return;
    buf_clear(&exchange->out);
    exchange->out_at = 0;
    const struct http_handler *handler = exchange->server->handler;
    if (!exchange->ended && handler->on_drained)
        handler->on_drained(exchange->server->with, exchange);
}

static ssize_t lend(void *with, uint64_t position, char *to, size_t max)
{
    (void)position;
    struct http_exchange *exchange = with;
    settle(exchange);
    size_t left = exchange->out.size - exchange->out_at;
    if (exchange->broken || (left == 0 && exchange->ended && !exchange->whole))
        return cut(exchange);
    if (left == 0 && exchange->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0)
        return exchange_suspend(exchange) ? 0 : cut(exchange);
    exchange->lent = left < max ? left : max;
    memcpy(to, exchange->out.at + exchange->out_at, exchange->lent);
    return (ssize_t)exchange->lent;
}

void http_begin(struct http_exchange *exchange, unsigned status, const struct http_header *headers,
    unsigned count)
{
    exchange->streamed = true;
    /* The daemon would send a last chunk behind the head, and a client take it for an answer. */
    bool none = !strcmp(exchange->method, MHD_HTTP_METHOD_HEAD);
    answer(exchange, status,
        none ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
             : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, lend, exchange, NULL),
        headers, count);
}

void http_push(struct http_exchange *exchange, struct str bytes)
{
    assert(exchange->streamed && !exchange->ended);
    struct buf *out = &exchange->out;
    if (exchange->out_at > COMPACT && exchange->out_at > out->size / 2) {
        memmove(out->at, out->at + exchange->out_at, out->size - exchange->out_at);
        out->size -= exchange->out_at;
        exchange->out_at = 0;
    }
    buf_str(out, bytes);
    exchange_resume(exchange);
}

size_t http_queued(const struct http_exchange *exchange)
{
    return exchange->out.size - exchange->out_at;
}

void http_end(struct http_exchange *exchange, bool whole)
{
    assert(exchange->streamed && !exchange->ended);
    exchange->ended = true;
    exchange->whole = whole;
    exchange_resume(exchange);
}
