/* request - what came: target, headers, body. See server.h.
 *
 * The path is decoded here and not by the daemon, whose texts end at a NUL: "/a%00b" would be taken
 * for "/a". */
#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path of a target without its %XX; NULL if it is malformed or holds a NUL. */
static char *decode_path(const char *from, size_t size)
{
    CLEANUP(mem_freep) char *path = mem_alloc(size + 1);
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < size ? hex(from[i + 1]) : -1, low = high < 0 ? -1 : hex(from[i + 2]);
            if (low < 0 || (high == 0 && low == 0))
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        path[length++] = c;
    }
    path[length] = '\0';
    return STEAL(path);
}

struct http_exchange *exchange_new(struct http_server *server, const char *target)
{
    struct http_exchange *exchange = mem_zero(1, sizeof *exchange);
    exchange->server = server;
    exchange->target = mem_string(target);
    exchange->body.max = server->limits.body_max;
    size_t size = strcspn(target, "?");
    exchange->path = decode_path(target, size);
    exchange->query = str_of(exchange->target[size] ? exchange->target + size + 1 : NULL);
    exchange->after = server->last;
    if (server->last)
        server->last->before = exchange;
    server->last = exchange;
    return exchange;
}

void exchange_free(struct http_exchange *exchange)
{
    if (exchange->before)
        exchange->before->after = exchange->after;
    else
        exchange->server->last = exchange->after;
    if (exchange->after)
        exchange->after->before = exchange->before;
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    free(exchange->target);
    free(exchange->path);
    free(exchange->headers);
    buf_done(&exchange->body);
    buf_done(&exchange->out);
    free(exchange);
}

struct str http_method(const struct http_exchange *exchange)
{
    return str_of(exchange->method);
}

struct str http_path(const struct http_exchange *exchange)
{
    return str_of(exchange->path);
}

struct str http_target(const struct http_exchange *exchange)
{
    return str_of(exchange->target);
}

struct str http_query(const struct http_exchange *exchange)
{
    return exchange->query;
}

struct str http_body(const struct http_exchange *exchange)
{
    return buf_view(&exchange->body);
}

static enum MHD_Result list_header(void *with, enum MHD_ValueKind kind, const char *key,
    size_t key_size, const char *value, size_t value_size)
{
    (void)kind;
    struct http_exchange *exchange = with;
    unsigned count = exchange->header_count;
    if ((count & (count - 1)) == 0 && (count == 0 || count >= 16))
        exchange->headers =
            mem_grow(exchange->headers, count ? count * 2 : 16, sizeof *exchange->headers);
    /* The daemon leaves blanks behind a value. */
    exchange->headers[exchange->header_count++] = (struct http_header){
        .name = { key, key_size },
        .value = str_trim((struct str){ value ? value : "", value_size }),
    };
    return MHD_YES;
}

unsigned http_headers(const struct http_exchange *exchange, const struct http_header **ret)
{
    if (!exchange->headers_listed) {
        /* Listed when first asked for; what it says does not change by that. */
        struct http_exchange *list = (struct http_exchange *)exchange;
        MHD_get_connection_values_n(list->connection, MHD_HEADER_KIND, list_header, list);
        list->headers_listed = true;
    }
    *ret = exchange->headers;
    return exchange->header_count;
}

struct str http_header(const struct http_exchange *exchange, const char *name)
{
    const struct http_header *headers;
    unsigned count = http_headers(exchange, &headers);
    size_t size = strlen(name);
    for (unsigned i = 0; i < count; i++)
        if (headers[i].name.size == size && !strncasecmp(headers[i].name.at, name, size))
            return headers[i].value;
    return (struct str){ NULL, 0 };
}

bool http_local(const struct http_exchange *exchange)
{
    return exchange->server->unix_path;
}

void http_set_data(struct http_exchange *exchange, void *data)
{
    exchange->data = data;
}

void *http_data(const struct http_exchange *exchange)
{
    return exchange->data;
}
