/* intake - see intake.h. */
#include "mock/intake.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

enum state { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, IN_TRAILER };

void intake_next(struct intake *intake)
{
    struct buf head = intake->head, body = intake->body;
    buf_clear(&head);
    buf_clear(&body);
    *intake = (struct intake){ .head = head, .body = body };
}

void intake_done(struct intake *intake)
{
    buf_done(&intake->head);
    buf_done(&intake->body);
}

struct str intake_header(const struct intake *intake, const char *name)
{
    const struct ask ask = { .headers = intake->headers, .headers_count = intake->headers_count };
    return ask_header(&ask, str_of(name));
}

/* --- the head */

/* Cuts the text up to `end` off *rest; false: there is no such end. */
static bool cut(struct str *rest, const char *end, struct str *ret)
{
    ptrdiff_t at = str_find(*rest, str_of(end));
    if (at < 0)
        return false;
    *ret = (struct str){ rest->at, (size_t)at };
    rest->at += (size_t)at + strlen(end);
    rest->size -= (size_t)at + strlen(end);
    return true;
}

static int read_line(struct intake *intake, struct str line, struct err *err)
{
    if (!cut(&line, " ", &intake->method) || !cut(&line, " ", &intake->target))
        return err_set(err, ERR_INPUT, "no request line");
    if (!str_equal(line, STR("HTTP/1.1")) && !str_equal(line, STR("HTTP/1.0")))
        return err_set(err, ERR_INPUT, "neither HTTP/1.1 nor HTTP/1.0");
    intake->old = line.at[7] == '0';
    intake->path = intake->target;
    const char *query = intake->path.size ? memchr(intake->path.at, '?', intake->path.size) : NULL;
    if (query)
        intake->path.size = (size_t)(query - intake->path.at);
    return 0;
}

static int read_field(struct intake *intake, struct str line, struct err *err)
{
    struct str name;
    if (!cut(&line, ":", &name) || name.size == 0 || str_trim(name).size != name.size)
        return err_set(err, ERR_INPUT, "a header line without a name");
    if (intake->headers_count == INTAKE_HEADERS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d headers", INTAKE_HEADERS_MAX);
    char *low = intake->head.at + (name.at - intake->head.at);
    for (size_t i = 0; i < name.size; i++)
        low[i] |= low[i] >= 'A' && low[i] <= 'Z' ? 0x20 : 0;
    intake->headers[intake->headers_count++] = (struct ask_header){ name, str_trim(line) };
    return 0;
}

static bool says(struct str value, const char *word)
{
    return value.size == strlen(word) && strncasecmp(value.at, word, value.size) == 0;
}

static int read_length(struct intake *intake, struct str text, struct err *err)
{
    uint64_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || text.size > 18)
            return err_set(err, ERR_INPUT, "a content-length that is no number");
        size = size * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (size > ASK_BODY_MAX)
        return err_set(err, ERR_LIMIT, "a body of more than %d bytes", ASK_BODY_MAX);
    intake->left = size;
    intake->state = IN_BODY;
    intake->whole = size == 0;
    return 0;
}

static int read_head(struct intake *intake, struct err *err)
{
    struct str rest = { intake->head.at, intake->head.size - 2 }, line;
    int rc = cut(&rest, "\r\n", &line) ? read_line(intake, line, err)
                                       : err_set(err, ERR_INPUT, "no request line");
    while (rc == 0 && cut(&rest, "\r\n", &line))
        rc = read_field(intake, line, err);
    if (rc < 0)
        return rc;
    struct str connection = intake_header(intake, "connection");
    intake->keep = intake->old ? says(connection, "keep-alive") : !says(connection, "close");
    intake->wants_100 = !intake->old && says(intake_header(intake, "expect"), "100-continue");
    struct str coding = intake_header(intake, "transfer-encoding");
    if (!coding.at)
        return read_length(intake, intake_header(intake, "content-length"), err);
    if (!says(coding, "chunked"))
        return err_set(err, ERR_INPUT, "a transfer coding that is not chunked");
    intake->state = IN_CHUNK_SIZE;
    return 0;
}

/* --- bytes */

static int add_line_byte(struct intake *intake, char c, struct err *err)
{
    buf_char(&intake->head, c);
    if (intake->head.size > INTAKE_HEAD_MAX)
        return err_set(err, ERR_LIMIT, "a head of more than %d bytes", INTAKE_HEAD_MAX);
    return 0;
}

static bool line_ends(const struct intake *intake, const char *end)
{
    size_t size = strlen(end);
    return intake->head.size >= size &&
           memcmp(intake->head.at + intake->head.size - size, end, size) == 0;
}

/* A chunk's size stands behind the head in its buffer; slices of the head stay where they are,
 * since the buffer was given room for all of it at the start. */
static int read_size(struct intake *intake, struct err *err)
{
    size_t at = intake->head.size - 2, begin = at;
    while (begin > 0 && intake->head.at[begin - 1] != '\n')
        begin--;
    uint64_t size = 0;
    size_t i = begin;
    for (; i < at && intake->head.at[i] != ';'; i++) {
        const char *digit = strchr("0123456789abcdef", intake->head.at[i] | 0x20);
        if (!digit || !intake->head.at[i] || i - begin > 12)
            return err_set(err, ERR_INPUT, "a chunk without a size");
        size = size * 16 + (uint64_t)(digit - "0123456789abcdef");
    }
    if (i == begin)
        return err_set(err, ERR_INPUT, "a chunk without a size");
    if (size > ASK_BODY_MAX || intake->body.size + size > ASK_BODY_MAX)
        return err_set(err, ERR_LIMIT, "a body of more than %d bytes", ASK_BODY_MAX);
    intake->head.size = begin;
    intake->left = size;
    intake->state = size ? IN_CHUNK : IN_TRAILER;
    return 0;
}

static int read_byte(struct intake *intake, char c, struct err *err)
{
    int rc = add_line_byte(intake, c, err);
    if (rc < 0)
        return rc;
    /* Blank lines before a request are passed over (RFC 9112, 2.2). */
    if (intake->state == IN_HEAD && intake->head.size == 2 && line_ends(intake, "\r\n"))
        intake->head.size = 0;
    if (intake->state == IN_HEAD && line_ends(intake, "\r\n\r\n"))
        return read_head(intake, err);
    if (intake->state == IN_CHUNK_SIZE && line_ends(intake, "\r\n"))
        return read_size(intake, err);
    if (intake->state == IN_CHUNK_END && line_ends(intake, "\r\n")) {
        intake->head.size -= 2;
        intake->state = IN_CHUNK_SIZE;
    } else if (intake->state == IN_CHUNK_END && c != '\r') {
        return err_set(err, ERR_INPUT, "a chunk longer than it said");
    } else if (intake->state == IN_TRAILER && line_ends(intake, "\n\r\n")) {
        intake->whole = true;
    }
    return 0;
}

static size_t read_body(struct intake *intake, struct str bytes)
{
    size_t size = bytes.size < intake->left ? bytes.size : (size_t)intake->left;
    buf_add(&intake->body, bytes.at, size);
    intake->left -= size;
    if (intake->left == 0 && intake->state == IN_BODY)
        intake->whole = true;
    else if (intake->left == 0)
        intake->state = IN_CHUNK_END;
    return size;
}

ptrdiff_t intake_feed(struct intake *intake, struct str bytes, struct err *err)
{
    size_t at = 0;
    if (intake->head.size == 0)
        buf_reserve(&intake->head, INTAKE_HEAD_MAX + 1);
    while (at < bytes.size && !intake->whole) {
        bool body = intake->state == IN_BODY || intake->state == IN_CHUNK;
        if (body) {
            at += read_body(intake, (struct str){ bytes.at + at, bytes.size - at });
            continue;
        }
        int rc = read_byte(intake, bytes.at[at++], err);
        if (rc < 0)
            return rc;
    }
    return (ptrdiff_t)at;
}
