/* request - one request, set up for libcurl.
 *
 * Most of it is a table of what libcurl must not do by itself: what is not asked for is not sent,
 * what comes is not changed, and nothing of the environment counts. */
#include "transfer/transfers.h"

#include <string.h>
#include <strings.h>

static const struct fixed {
    CURLoption option;
    long value;
} fixed[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
    { CURLOPT_HTTP09_ALLOWED, 0 },
    { CURLOPT_TCP_NODELAY, 1 },
    { CURLOPT_PATH_AS_IS, 1 },
    { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_NETRC, CURL_NETRC_IGNORED },
    /* A cancelled transfer does not wait for a name server. */
    { CURLOPT_QUICK_EXIT, 1 },
};

/* Headers that libcurl makes, by the request or not at all. */
static const char *const own[] = { "connection", "content-length", "expect", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade" };
/* Sent only if the request has them: libcurl has values of its own. "Name:" means none to it. */
static const char *const unasked[] = { "Accept:", "Accept-Encoding:", "Content-Type:", "Expect:" };

static bool is(struct str name, const char *word)
{
    return strlen(word) == name.size && !strncasecmp(word, name.at, name.size);
}

static bool in(struct str name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(name, words[i]))
            return true;
    return false;
}

static bool has(const char *const *headers, const char *name)
{
    size_t size = strlen(name);
    for (; headers && *headers; headers++)
        if (!strncasecmp(*headers, name, size))
            return true;
    return false;
}

static bool is_formed(const char *line)
{
    size_t size = strcspn(line, ":");
    return size > 0 && line[size] && !strpbrk(line, "\r\n") && !memchr(line, ' ', size);
}

/* libcurl takes a list; this one is a single block, since it is made for each request: the nodes,
 * then their texts. */
struct lines {
    struct curl_slist *node;
    char *text;
};

static void add(struct lines *lines, const char *text, size_t size)
{
    memcpy(lines->text, text, size);
    lines->text[size] = 0;
    *lines->node = (struct curl_slist){ lines->text, lines->node + 1 };
    lines->node++;
    lines->text += size + 1;
}

/* "Name: value"; an empty one is "Name;" to libcurl. */
static void add_header(struct lines *lines, const char *line)
{
    size_t size = strcspn(line, ":");
    bool empty = !line[size + 1 + strspn(line + size + 1, " \t")];
    add(lines, line, empty ? size + 1 : strlen(line));
    if (empty)
        lines->text[-2] = ';';
}

static bool is_sent(const struct transfer_request *request, const char *name)
{
    return has(request->headers, name) && strcmp(name, "Expect:") != 0;
}

static int set_headers(
    struct transfer *transfer, const struct transfer_request *request, struct err *err)
{
    size_t count = COUNT_OF(unasked), room = 0;
    for (const char *const *line = request->headers; line && *line; line++, count++) {
        if (!is_formed(*line))
            return err_set(
                err, ERR_INPUT, "a header is malformed: %.*s", (int)strcspn(*line, ":"), *line);
        room += strlen(*line) + 1;
    }
    for (size_t i = 0; i < COUNT_OF(unasked); i++)
        room += strlen(unasked[i]) + 1;
    transfer->headers = mem_alloc(count * sizeof *transfer->headers + room);
    struct lines lines = { transfer->headers, (char *)(transfer->headers + count) };
    for (const char *const *line = request->headers; line && *line; line++)
        if (!in((struct str){ *line, strcspn(*line, ":") }, own, COUNT_OF(own)))
            add_header(&lines, *line);
    for (size_t i = 0; i < COUNT_OF(unasked); i++)
        if (!is_sent(request, unasked[i]))
            add(&lines, unasked[i], strlen(unasked[i]));
    lines.node[-1].next = NULL; /* there is one: Expect is never sent */
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return 0;
}

static void set_method(CURL *easy, const struct transfer_request *request)
{
    static const char *const with_body[] = { "PATCH", "POST", "PUT" };
    struct str method = str_of(request->method);
    if (is(method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request->body.size > 0 || in(method, with_body, COUNT_OF(with_body))) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.size ? request->body.at : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

int request_set(struct transfer *transfer, const struct transfer_request *request, struct err *err)
{
    CURL *easy = transfer->easy;
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        curl_easy_setopt(easy, fixed[i].option, fixed[i].value);
    /* Ours is sooner and says more. */
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->limits.connect_ms + 1000L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    /* libcurl decodes only what it asked for: it is set up to ask, and set_headers takes the header
     * away. */
    if (request->decode)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    set_method(easy, request);
    return set_headers(transfer, request, err);
}
