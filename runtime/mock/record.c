/* record - see record.h. */
#include "mock/record.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <strings.h>

enum { LOGGED_BODY_MAX = 16 << 20 };

int record_open(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(err, "open the log %.160s", path) : fd;
}

static bool secret(struct str name)
{
    static const char *const secrets[] = { "authorization", "proxy-authorization", "x-api-key",
        "api-key", "cookie", "x-goog-api-key" };
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        if (str_equal(name, str_of(secrets[i])))
            return true;
    return false;
}

/* Which kinds of credential came. */
static void put_credentials(struct buf *out, const struct intake *intake)
{
    struct str bearer = intake_header(intake, "authorization");
    bool is_bearer = bearer.size > 7 && strncasecmp(bearer.at, "Bearer ", 7) == 0;
    buf_text(out, ",\"credentials\":[");
    const char *comma = "";
    if (bearer.at) {
        buf_text(out, is_bearer ? "\"bearer\"" : "\"authorization\"");
        comma = ",";
    }
    if (intake_header(intake, "x-api-key").at) {
        buf_format(out, "%s\"x-api-key\"", comma);
        comma = ",";
    }
    if (intake_header(intake, "api-key").at)
        buf_format(out, "%s\"api-key\"", comma);
    buf_char(out, ']');
}

static void put_headers(struct buf *out, const struct intake *intake)
{
    buf_text(out, ",\"headers\":[");
    for (uint32_t i = 0; i < intake->headers_count; i++) {
        const struct ask_header *header = &intake->headers[i];
        buf_text(out, i ? ",[" : "[");
        json_quote(out, header->name);
        buf_char(out, ',');
        json_quote(out, secret(header->name) ? STR("(hidden)") : header->value);
        buf_char(out, ']');
    }
    buf_char(out, ']');
}

static void write_line(int fd, struct buf *line)
{
    struct err err = { 0 };
    buf_char(line, '\n');
    if (write_all(fd, line->at, line->size, &err) < 0)
        log_line(LOG_WARN, "the log: %s", err.text);
}

void record_request(int fd, uint64_t number, const struct intake *intake)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str body = buf_view(&intake->body);
    if (fd < 0)
        return;
    buf_format(&out, "{\"request\":%llu,\"method\":", (unsigned long long)number);
    json_quote(&out, intake->method);
    buf_text(&out, ",\"target\":");
    json_quote(&out, intake->target);
    put_credentials(&out, intake);
    put_headers(&out, intake);
    buf_format(&out, ",\"size\":%zu,\"body\":", body.size);
    if (body.size > LOGGED_BODY_MAX)
        buf_text(&out, "null");
    else
        json_quote(&out, body);
    buf_char(&out, '}');
    write_line(fd, &out);
}

void record_end(int fd, const struct play *play, uint64_t sent, const char *end)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (fd < 0)
        return;
    buf_format(&out, "{\"answered\":%llu,\"rule\":%u,\"status\":%u,\"sent\":%llu,\"end\":\"%s\"}",
        (unsigned long long)play->number, play->rule, play->status, (unsigned long long)sent, end);
    write_line(fd, &out);
}
