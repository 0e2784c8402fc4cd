/* json_write - comparing, canonical form, quoting, printing. See json.h. */
#include "base/json.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool number_equal(const struct json *a, const struct json *b)
{
    if (str_equal(a->raw, b->raw))
        return true;
    int64_t x = json_int(a, INT64_MIN), y = json_int(b, INT64_MIN);
    if (x != INT64_MIN && y != INT64_MIN)
        return x == y;
    double d = json_double(a, NAN), e = json_double(b, NAN);
    return d == e && fabs(d) < 9007199254740992.0;
}

static bool equal(struct arena *arena, const struct json *a, const struct json *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return false;
    switch ((enum json_kind)a->kind) {
    case JSON_NULL:
    case JSON_TRUE:
    case JSON_FALSE:
        return true;
    case JSON_NUMBER:
        return number_equal(a, b);
    case JSON_STRING:
        return str_equal(a->raw, b->raw) || str_equal(json_string(arena, a), json_string(arena, b));
    case JSON_ARRAY: {
        const struct json *y = json_first(b);
        JSON_EACH(x, a)
        {
            if (!equal(arena, x, y))
                return false;
            y += y->next;
        }
        return true;
    }
    case JSON_OBJECT:
        JSON_EACH(x, a)
        {
            const struct json *y = json_get_str(b, json_key(arena, x));
            if (!y || !equal(arena, x, y))
                return false;
        }
        return true;
    }
    return false;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (!a || !b)
        return a == b;
    struct arena arena = { 0 };
    bool same = equal(&arena, a, b);
    arena_done(&arena);
    return same;
}

struct member {
    struct str key;
    const struct json *value;
};

static int compare_members(const void *a, const void *b)
{
    return str_compare(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void canonical(struct buf *out, struct arena *arena, const struct json *value)
{
    if (value->kind == JSON_ARRAY) {
        buf_char(out, '[');
        JSON_EACH(child, value)
        {
            if (child != value + 1)
                buf_char(out, ',');
            canonical(out, arena, child);
        }
        buf_char(out, ']');
    } else if (value->kind == JSON_OBJECT) {
        struct member *members = arena_alloc(arena, (value->count + 1) * sizeof *members);
        uint32_t count = 0;
        JSON_EACH(child, value)
        members[count++] = (struct member){ json_key(arena, child), child };
        qsort(members, count, sizeof *members, compare_members);
        buf_char(out, '{');
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0)
                buf_char(out, ',');
            json_quote(out, members[i].key);
            buf_char(out, ':');
            canonical(out, arena, members[i].value);
        }
        buf_char(out, '}');
    } else if (value->kind == JSON_STRING && value->escaped) {
        json_quote(out, json_string(arena, value));
    } else {
        buf_str(out, value->raw);
    }
}

void json_canonical(struct buf *out, const struct json *value)
{
    struct arena arena = { 0 };
    canonical(out, &arena, value);
    arena_done(&arena);
}

/* Bytes of the valid UTF-8 sequence at p, or 0. */
static size_t sequence(const char *p, size_t size)
{
    for (size_t n = 1; n <= 4 && n <= size; n++)
        if (str_utf8((struct str){ p, n }))
            return n;
    return 0;
}

static void quote_byte(struct buf *out, unsigned char c)
{
    static const char shorts[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    if (c == '"' || c == '\\') {
        buf_char(out, '\\');
        buf_char(out, (char)c);
    } else if (shorts[c]) {
        buf_char(out, '\\');
        buf_char(out, shorts[c]);
    } else {
        buf_format(out, "\\u%04x", c);
    }
}

void json_quote(struct buf *out, struct str s)
{
    buf_char(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.size;) {
        unsigned char c = (unsigned char)s.at[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t n = c < 0x80 ? 0 : sequence(s.at + i, s.size - i);
        if (n > 0) {
            i += n;
            continue;
        }
        buf_add(out, s.at + from, i - from);
        if (c < 0x80)
            quote_byte(out, c);
        else
            buf_text(out, "\xef\xbf\xbd");
        from = ++i;
    }
    buf_add(out, s.at + from, s.size - from);
    buf_char(out, '"');
}

void json_print(struct buf *out, const cJSON *tree, bool pretty)
{
    char *text = pretty ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);
    if (text)
        buf_text(out, text);
    cJSON_free(text);
}

cJSON *json_tree(struct str text, const struct json_limits *limits, struct err *err)
{
    struct arena arena = { 0 };
    const struct json *root = json_read(&arena, text, limits, err);
    cJSON *tree = NULL;
    if (root) {
        tree = cJSON_ParseWithLength(root->raw.at, root->raw.size);
        if (!tree)
            err_set(err, ERR_INPUT, "JSON: not a document that can be edited");
    }
    arena_done(&arena);
    return tree;
}

void json_treep(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

/* Steps over one comment at p, or returns p. */
static char *comment_end(char *p, char *end)
{
    if (end - p < 2 || p[0] != '/' || (p[1] != '/' && p[1] != '*'))
        return p;
    if (p[1] == '/') {
        char *stop = memchr(p, '\n', (size_t)(end - p));
        return stop ? stop : end;
    }
    char *stop = memmem(p + 2, (size_t)(end - p) - 2, "*/", 2);
    return stop ? stop + 2 : p;
}

struct str json_uncomment(struct arena *arena, struct str text)
{
    char *out = arena_string(arena, text.at, text.size), *end = out + text.size;
    bool in_string = false;
    for (char *p = out; p < end;) {
        char *stop = in_string ? p : comment_end(p, end);
        if (stop == p) {
            if (in_string && *p == '\\' && p + 1 < end)
                p++;
            else if (*p == '"')
                in_string = !in_string;
            p++;
        }
        for (; p < stop; p++)
            if (*p != '\n')
                *p = ' ';
    }
    return (struct str){ out, text.size };
}

static bool path_to(struct buf *path, const struct json *from, const struct json *node)
{
    if (from == node)
        return true;
    uint32_t index = 0;
    JSON_EACH(child, from)
    {
        if (node >= child && node < child + child->next) {
            char key[64];
            if (from->kind == JSON_ARRAY)
                buf_format(path, "[%u]", index);
            else
                buf_format(path, ".%s", str_printable(key, sizeof key, child->key, false));
            return path_to(path, child, node);
        }
        index++;
    }
    return false;
}

char *json_path(char *out, size_t size, const struct json *root, const struct json *node)
{
    struct buf path = { 0 };
    buf_char(&path, '$');
    path_to(&path, root, node);
    snprintf(out, size, "%s", path.at);
    buf_done(&path);
    return out;
}

void json_line(struct str text, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        column++;
        if (text.at[i] == '\n') {
            line++;
            column = 1;
        }
    }
    *ret_line = line;
    *ret_column = column;
}
