/* sse - the reader of event streams, line by line. See sse.h.
 * A line that lies whole in the bytes at hand is read where it is; only one that is cut is put
 * together first. */
#include "protocol/sse.h"

#include <string.h>

static int too_long(struct err *err)
{
    return err_set(err, ERR_LIMIT, "event stream: an event of more than %d bytes", SSE_EVENT_MAX);
}

static void event_clear(struct sse *sse)
{
    buf_clear(&sse->name);
    buf_clear(&sse->data);
    sse->data_seen = false;
}

/* The blank line behind an event. One without data is none. */
static int event_end(struct sse *sse, sse_event_fn *event, void *user, struct err *err)
{
    if (!sse->data_seen) {
        event_clear(sse);
        return 0;
    }
    struct str data = buf_view(&sse->data);
    data.size--;
    int rc = event(user, buf_view(&sse->name), data, err);
    event_clear(sse);
    return rc;
}

static int field(struct sse *sse, struct str name, struct str value, struct err *err)
{
    if (str_equal(name, STR("event"))) {
        buf_clear(&sse->name);
        buf_str(&sse->name, value);
    } else if (str_equal(name, STR("data"))) {
        if (sse->data.size + value.size >= SSE_EVENT_MAX)
            return too_long(err);
        buf_str(&sse->data, value);
        buf_char(&sse->data, '\n');
        sse->data_seen = true;
    }
    return 0;
}

static int line_end(
    struct sse *sse, struct str line, sse_event_fn *event, void *user, struct err *err)
{
    if (!sse->begun && str_starts(line, STR("\xef\xbb\xbf")))
        line = (struct str){ line.at + 3, line.size - 3 };
    sse->begun = true;
    if (line.size == 0)
        return event_end(sse, event, user, err);
    const char *colon = memchr(line.at, ':', line.size);
    if (!colon)
        return field(sse, line, (struct str){ "", 0 }, err);
    struct str name = { line.at, (size_t)(colon - line.at) };
    struct str value = { colon + 1, line.size - name.size - 1 };
    if (value.size > 0 && value.at[0] == ' ')
        value = (struct str){ value.at + 1, value.size - 1 };
    return field(sse, name, value, err);
}

/* The next line end of either kind, looked for once each: the bytes may be full of one of them. */
struct line_ends {
    const char *lf, *cr;
};

static const char *find_next(const char *found, const char *p, const char *end, char c)
{
    if (found && found >= p)
        return found;
    found = memchr(p, c, (size_t)(end - p));
    return found ? found : end;
}

static const char *find_line_end(struct line_ends *ends, const char *p, const char *end)
{
    ends->lf = find_next(ends->lf, p, end, '\n');
    ends->cr = find_next(ends->cr, p, end, '\r');
    return ends->lf < ends->cr ? ends->lf : ends->cr;
}

int sse_feed(struct sse *sse, struct str bytes, sse_event_fn *event, void *user, struct err *err)
{
    const char *end = bytes.at + bytes.size;
    struct line_ends ends = { NULL, NULL };
    for (const char *p = bytes.at; p < end;) {
        if (sse->after_cr && *p == '\n') {
            sse->after_cr = false;
            sse->at++;
            p++;
            continue;
        }
        sse->after_cr = false;
        const char *stop = find_line_end(&ends, p, end);
        size_t size = (size_t)(stop - p);
        sse->at += size;
        if (sse->line.size + size > SSE_EVENT_MAX)
            return too_long(err);
        if (stop == end || sse->line.size > 0)
            buf_add(&sse->line, p, size);
        if (stop == end)
            return 0;
        /* Both bytes of CRLF at once where they are at hand, so that `at` stands behind them. */
        bool pair = *stop == '\r' && stop + 1 < end && stop[1] == '\n';
        sse->after_cr = *stop == '\r' && !pair;
        sse->at += pair ? 2 : 1;
        struct str line = sse->line.size > 0 ? buf_view(&sse->line) : (struct str){ p, size };
        int rc = line_end(sse, line, event, user, err);
        buf_clear(&sse->line);
        if (rc < 0)
            return rc;
        p = stop + (pair ? 2 : 1);
    }
    return 0;
}

void sse_done(struct sse *sse)
{
    buf_done(&sse->line);
    buf_done(&sse->name);
    buf_done(&sse->data);
    *sse = (struct sse){ 0 };
}

void sse_write(struct buf *out, struct str name, struct str data)
{
    if (name.size > 0) {
        buf_text(out, "event: ");
        buf_str(out, name);
        buf_char(out, '\n');
    }
    struct line_ends ends = { NULL, NULL };
    const char *end = data.at + data.size;
    for (const char *p = data.at;; p++) {
        const char *stop = find_line_end(&ends, p, end);
        buf_text(out, "data: ");
        buf_add(out, p, (size_t)(stop - p));
        buf_char(out, '\n');
        p = stop;
        if (p == end)
            break;
    }
    buf_char(out, '\n');
}
