/* lenient - a literal as models write it by mistake, turned into strict JSON.
 *
 * Single quotes, True, False, None, a comma too many, Python's escapes. The result goes through the
 * strict reader like any other text, so nothing here has to be trusted: what this turns into
 * nonsense is refused there. One pass, bounded depth, at most six bytes out for one in. */
#include "worker/host.h"

#include "base/mem.h"

#include <string.h>

enum { DEPTH_MAX = 64 };

struct reading {
    struct str text;
    size_t at;
    struct buf out;
};

static void skip_blanks(struct reading *r)
{
    while (r->at < r->text.size && strchr(" \t\r\n", r->text.at[r->at]) && r->text.at[r->at])
        r->at++;
}

static char peek(const struct reading *r)
{
    return r->at < r->text.size ? r->text.at[r->at] : 0;
}

static bool take(struct reading *r, char c)
{
    skip_blanks(r);
    if (peek(r) != c || c == 0)
        return false;
    r->at++;
    return true;
}

static int hex_value(struct str text, size_t at, unsigned digits)
{
    int value = 0;
    if (at + digits > text.size)
        return -1;
    for (unsigned i = 0; i < digits; i++) {
        char c = text.at[at + i];
        if (!memchr("0123456789abcdefABCDEF", c, 22))
            return -1;
        value = value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

/* Behind a backslash. */
static bool read_escape(struct reading *r)
{
    static const char plain[] = "\\/\"bfnrt";
    char c = peek(r);
    r->at++;
    if (c == '\'') {
        buf_char(&r->out, '\'');
        return true;
    }
    if (c == '\n') /* Python joins the lines */
        return true;
    if (c && memchr(plain, c, sizeof(plain) - 1)) {
        buf_char(&r->out, '\\');
        buf_char(&r->out, c);
        return true;
    }
    unsigned digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
    int value = digits ? hex_value(r->text, r->at, digits) : -1;
    if (value < 0)
        return false;
    buf_format(&r->out, "\\u%04x", (unsigned)value);
    r->at += digits;
    return true;
}

static bool read_string(struct reading *r)
{
    char quote = peek(r);
    r->at++;
    buf_char(&r->out, '"');
    while (r->at < r->text.size) {
        char c = r->text.at[r->at++];
        if (c == quote) {
            buf_char(&r->out, '"');
            return true;
        }
        if (c == '\\') {
            if (!read_escape(r))
                return false;
        } else if (c == '"') {
            buf_text(&r->out, "\\\"");
        } else if ((unsigned char)c < 0x20) {
            buf_format(&r->out, "\\u%04x", (unsigned char)c);
        } else {
            buf_char(&r->out, c);
        }
    }
    return false;
}

static bool read_word(struct reading *r)
{
    static const struct {
        struct str word;
        const char *json;
    } words[] = {
        { { "True", 4 }, "true" },
        { { "False", 5 }, "false" },
        { { "None", 4 }, "null" },
        { { "true", 4 }, "true" },
        { { "false", 5 }, "false" },
        { { "null", 4 }, "null" },
    };
    struct str rest = { r->text.at + r->at, r->text.size - r->at };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_starts(rest, words[i].word)) {
            r->at += words[i].word.size;
            buf_text(&r->out, words[i].json);
            return true;
        }
    size_t size = 0;
    while (size < rest.size && memchr("+-.0123456789eE", rest.at[size], 15))
        size++;
    buf_add(&r->out, rest.at, size);
    r->at += size;
    return size > 0;
}

static bool read_value(struct reading *r, unsigned depth);

static bool read_list(struct reading *r, unsigned depth, char close, bool keys)
{
    buf_char(&r->out, r->text.at[r->at++]);
    for (bool first = true;; first = false) {
        if (take(r, close))
            break;
        if (!first)
            buf_char(&r->out, ',');
        skip_blanks(r);
        if (keys) {
            if ((peek(r) != '"' && peek(r) != '\'') || !read_string(r) || !take(r, ':'))
                return false;
            buf_char(&r->out, ':');
        }
        if (!read_value(r, depth + 1))
            return false;
        if (take(r, ','))
            continue;
        if (!take(r, close))
            return false;
        break;
    }
    buf_char(&r->out, close);
    return true;
}

static bool read_value(struct reading *r, unsigned depth)
{
    skip_blanks(r);
    char c = peek(r);
    if (depth > DEPTH_MAX || c == 0)
        return false;
    if (c == '{' || c == '[')
        return read_list(r, depth, c == '{' ? '}' : ']', c == '{');
    return c == '"' || c == '\'' ? read_string(r) : read_word(r);
}

struct str lenient_json(struct arena *arena, struct str text)
{
    struct reading r = { .text = text };
    bool good = read_value(&r, 0);
    skip_blanks(&r);
    struct str json = { 0 };
    if (good && r.at == text.size && r.out.size > 0)
        json = (struct str){ arena_copy(arena, r.out.at, r.out.size), r.out.size };
    buf_done(&r.out);
    return json;
}
