/* head - see head.h. */
#include "sandbox/proxy/head.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

enum { METHOD_MAX = 32, HTTP_PORT = 80 };
#define BLANK "\r\n\r\n"

/* For one hop only, or for the proxy. */
static const char *const dropped[] = { "host", "connection", "keep-alive", "proxy-connection",
    "proxy-authorization", "proxy-authenticate", "te", "trailer", "upgrade" };

size_t head_size(struct str text)
{
    ptrdiff_t at = str_find(text, STR(BLANK));
    return at < 0 ? 0 : (size_t)at + sizeof BLANK - 1;
}

/* The line at the start of *text, which moves behind it. Every line has its end: head_size saw to
 * that. */
static struct str take_line(struct str *text)
{
    ptrdiff_t size = str_find(*text, STR("\r\n"));
    struct str line = { text->at, (size_t)size };
    text->at += size + 2;
    text->size -= (size_t)size + 2;
    return line;
}

static struct str take_word(struct str *line)
{
    const char *blank = line->size > 0 ? memchr(line->at, ' ', line->size) : NULL;
    struct str word = { line->at, blank ? (size_t)(blank - line->at) : line->size };
    size_t used = word.size + (blank ? 1 : 0);
    line->at += used;
    line->size -= used;
    return word;
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct str word)
{
    for (size_t i = 0; i < word.size; i++) {
        unsigned char c = (unsigned char)word.at[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return word.size > 0;
}

/* No byte that could end a line for somebody else. */
static bool is_plain(struct str text, bool tabs)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < ' ' && !(tabs && c == '\t')) || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_dropped(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (strlen(dropped[i]) == name.size && strncasecmp(dropped[i], name.at, name.size) == 0)
            return true;
    return false;
}

static int copy_fields(struct str text, struct buf *out, struct err *err)
{
    while (text.size > 2) {
        struct str line = take_line(&text);
        const char *colon = line.size > 0 ? memchr(line.at, ':', line.size) : NULL;
        struct str name = { line.at, colon ? (size_t)(colon - line.at) : 0 };
        if (!is_token(name) || !is_plain(line, true))
            return err_set(err, ERR_INPUT, "a line of the request is no header field");
        if (is_dropped(name))
            continue;
        buf_str(out, line);
        buf_text(out, "\r\n");
    }
    return 0;
}

/* http://HOST[:PORT][/PATH][?QUERY] */
static int read_url(struct place *ret, struct str url, struct str *ret_path, struct err *err)
{
    static const struct str scheme = { "http://", 7 };
    if (url.size < scheme.size || strncasecmp(url.at, scheme.at, scheme.size) != 0) {
        err_set(err, ERR_DENIED, "only CONNECT and http:// are for this proxy");
        return err_hint(err, "use CONNECT HOST:PORT");
    }
    struct str rest = { url.at + scheme.size, url.size - scheme.size };
    size_t host = 0;
    while (host < rest.size && !strchr("/?#", rest.at[host]))
        host++;
    int rc = place_read(ret, (struct str){ rest.at, host }, err);
    *ret_path = (struct str){ rest.at + host, rest.size - host };
    if (rc == 0 && ret->port == 0)
        ret->port = HTTP_PORT;
    return rc;
}

static void add_host(struct buf *out, const struct place *place)
{
    bool six = place->family == AF_INET6;
    buf_format(out, "Host: %s%s%s", six ? "[" : "", place->host, six ? "]" : "");
    if (place->port != HTTP_PORT)
        buf_format(out, ":%u", place->port);
    buf_text(out, "\r\n");
}

int head_read(struct head *ret, struct str text, struct buf *out, struct err *err)
{
    struct str line = take_line(&text), path = { 0 };
    struct str method = take_word(&line), target = take_word(&line);
    struct head head = { .tunnel = str_equal(method, STR("CONNECT")) };
    CLEANUP(buf_done) struct buf unused = { 0 };
    bool known = str_equal(line, STR("HTTP/1.1")) || str_equal(line, STR("HTTP/1.0"));
    if (!known || !is_token(method) || method.size > METHOD_MAX || !is_plain(target, false))
        return err_set(err, ERR_INPUT, "that is no request of HTTP/1.1");
    int rc = head.tunnel ? place_read(&head.place, target, err)
                         : read_url(&head.place, target, &path, err);
    if (rc == 0 && head.place.port == 0)
        rc = err_set(err, ERR_INPUT, "CONNECT wants a port: HOST:PORT");
    if (rc == 0 && !head.tunnel) {
        const char *slash = path.size > 0 && *path.at == '/' ? "" : "/";
        buf_format(out, "%.*s %s", (int)method.size, method.at, slash);
        buf_str(out, path);
        buf_format(out, " %.*s\r\n", (int)line.size, line.at);
        add_host(out, &head.place);
    }
    if (rc == 0)
        rc = copy_fields(text, head.tunnel ? &unused : out, err);
    if (rc < 0)
        return rc;
    if (!head.tunnel)
        buf_text(out, "Connection: close\r\n\r\n");
    *ret = head;
    return 0;
}
