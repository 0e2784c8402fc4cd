/* python - rewrites a Python literal as JSON and reads that.
 *
 * Recursive descent over the grammar of ast.literal_eval as far as JSON has a form for it. Writing
 * JSON text keeps one representation of values in the program: what compares and canonicalises JSON
 * does so for these too. */
#include "trials/python.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 64, TEXT_MAX = 8 << 20 };

struct reader {
    const char *at, *end;
    struct buf out;
    unsigned depth;
};

static bool value(struct reader *reader);

static void blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n\f", *reader->at) && *reader->at)
        reader->at++;
}

static bool take(struct reader *reader, char c)
{
    blanks(reader);
    if (reader->at >= reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static void put_utf8(struct buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_char(out, (char)code);
        return;
    }
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    buf_char(out, (char)(lead[more] | code >> 6 * more));
    while (more-- > 0)
        buf_char(out, (char)(0x80 | (code >> 6 * more & 0x3f)));
}

static bool hex_escape(struct reader *reader, unsigned digits, struct buf *out)
{
    uint32_t code = 0;
    if ((size_t)(reader->end - reader->at) < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        unsigned char c = (unsigned char)*reader->at++;
        if (!isxdigit(c))
            return false;
        code = code << 4 | (uint32_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    if (code > 0x10ffff)
        return false;
    put_utf8(out, code);
    return true;
}

static void octal_escape(struct reader *reader, struct buf *out)
{
    uint32_t code = 0;
    for (unsigned i = 0;
         i < 3 && reader->at < reader->end && strchr("01234567", *reader->at) && *reader->at; i++)
        code = code << 3 | (uint32_t)(*reader->at++ - '0');
    put_utf8(out, code);
}

/* Behind the backslash. An escape that Python does not know stays as it stands. */
static bool escape(struct reader *reader, struct buf *out)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    if (reader->at >= reader->end)
        return false;
    char c = *reader->at;
    const char *simple = c ? strchr(from, c) : NULL;
    if (c >= '0' && c <= '7') {
        octal_escape(reader, out);
        return true;
    }
    reader->at++;
    if (simple)
        buf_char(out, to[simple - from]);
    else if (c == 'x' || c == 'u' || c == 'U')
        return hex_escape(reader, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
    else if (c == 'N')
        return false; /* \N{name} needs the table of character names */
    else if (c != '\n') {
        buf_char(out, '\\');
        buf_char(out, c);
    }
    return true;
}

/* One quoted piece, appended to *out unescaped. */
static bool quoted(struct reader *reader, struct buf *out)
{
    char quote = *reader->at++;
    bool triple = reader->end - reader->at >= 2 && reader->at[0] == quote && reader->at[1] == quote;
    if (triple)
        reader->at += 2;
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if (c == '\\') {
            if (!escape(reader, out))
                return false;
        } else if (c == quote && !triple) {
            return true;
        } else if (c == quote && reader->end - reader->at >= 2 && reader->at[0] == quote &&
                   reader->at[1] == quote) {
            reader->at += 2;
            return true;
        } else if (c == '\n' && !triple) {
            return false;
        } else {
            buf_char(out, c);
        }
    }
    return false;
}

static bool at_quote(struct reader *reader)
{
    blanks(reader);
    return reader->at < reader->end && (*reader->at == '\'' || *reader->at == '"');
}

/* Neighbouring pieces are one string, as in Python. */
static bool string(struct reader *reader)
{
    CLEANUP(buf_done) struct buf text = { .max = TEXT_MAX };
    while (at_quote(reader))
        if (!quoted(reader, &text))
            return false;
    if (text.over || !str_utf8(buf_view(&text)))
        return false;
    json_quote(&reader->out, buf_view(&text));
    return true;
}

/* Items up to `close`; a comma may stand behind the last. Returns their number, -1 for no such
 * list. */
static int items(struct reader *reader, char close, bool pairs, bool *ret_comma)
{
    int count = 0;
    for (*ret_comma = false; !take(reader, close); count++) {
        if (count > 0 && !*ret_comma)
            return -1;
        if (count > 0)
            buf_char(&reader->out, ',');
        if (pairs ? !at_quote(reader) || !string(reader) || !take(reader, ':') : false)
            return -1;
        if (pairs)
            buf_char(&reader->out, ':');
        if (!value(reader))
            return -1;
        *ret_comma = take(reader, ',');
    }
    return count;
}

static bool container(struct reader *reader, char open, char close)
{
    bool comma, pairs = open == '{';
    size_t from = reader->out.size;
    buf_char(&reader->out, pairs ? '{' : '[');
    int count = items(reader, close, pairs, &comma);
    if (count < 0)
        return false;
    if (open == '(' && count == 1 && !comma) { /* a value in parentheses, no tuple */
        memmove(reader->out.at + from, reader->out.at + from + 1, reader->out.size - from - 1);
        reader->out.size--;
        return true;
    }
    buf_char(&reader->out, pairs ? '}' : ']');
    return true;
}

static bool word(struct reader *reader, struct str python, const char *json)
{
    struct str rest = { reader->at, (size_t)(reader->end - reader->at) };
    if (!str_starts(rest, python))
        return false;
    const char *behind = reader->at + python.size;
    if (behind < reader->end && (isalnum((unsigned char)*behind) || *behind == '_'))
        return false;
    reader->at = behind;
    buf_text(&reader->out, json);
    return true;
}

/* Digits as JSON writes them; the JSON reader refuses what is no number. */
static bool number(struct reader *reader)
{
    const char *from = reader->at;
    while (reader->at < reader->end && *reader->at &&
           (isdigit((unsigned char)*reader->at) || strchr("+-.eE", *reader->at)))
        reader->at++;
    buf_add(&reader->out, from, (size_t)(reader->at - from));
    return reader->at > from;
}

static bool value(struct reader *reader)
{
    blanks(reader);
    if (reader->at >= reader->end || reader->depth >= DEPTH_MAX)
        return false;
    static const char open[] = "{[(", close[] = "}])";
    const char *kind = *reader->at ? strchr(open, *reader->at) : NULL;
    if (kind) {
        reader->at++;
        reader->depth++;
        bool ok = container(reader, *kind, close[kind - open]);
        reader->depth--;
        return ok;
    }
    if (at_quote(reader))
        return string(reader);
    return word(reader, STR("True"), "true") || word(reader, STR("False"), "false") ||
           word(reader, STR("None"), "null") || number(reader);
}

const struct json *python_read(struct arena *arena, struct str text)
{
    if (text.size == 0)
        return NULL;
    struct reader reader = {
        .at = text.at, .end = text.at + text.size, .out = { .max = TEXT_MAX }
    };
    const struct json *read = NULL;
    bool ok = value(&reader) && !reader.out.over;
    blanks(&reader);
    if (ok && reader.at == reader.end) {
        struct str json = { arena_string(arena, reader.out.at, reader.out.size), reader.out.size };
        read = json_read(arena, json, &(struct json_limits){ .duplicates = true }, NULL);
    }
    buf_done(&reader.out);
    return read;
}
