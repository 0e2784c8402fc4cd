/* json_write - canonical form, quoting, printing, and places in a document. See json.h. */
#include "base/json.h"

#include "base/json_members.h"
#include "base/json_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What stands for bytes that are no character. Returns how many of them it stands for. */
typedef size_t stand_in(struct buf *out, struct str bad);

static size_t replacement(struct buf *out, struct str bad)
{
    (void)bad;
    buf_text(out, "\xef\xbf\xbd");
    return 1;
}

/* json_string's three-byte form of a lone surrogate becomes its escape again: with U+FFFD two
 * different documents would have one canonical form, and one digest. */
static size_t lone_surrogate(struct buf *out, struct str bad)
{
    const unsigned char *p = (const unsigned char *)bad.at;
    if (bad.size < 3 || p[0] != 0xED || p[1] < 0xA0)
        return replacement(out, bad);
    buf_format(out, "\\u%04x", 0xD000u | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu));
    return 3;
}

static void quote(struct buf *out, struct str s, stand_in *instead)
{
    buf_char(out, '"');
    const char *from = s.at, *end = s.at + s.size;
    for (const char *p = s.at; p < end && (p = json_skip_plain(p, end)) < end;) {
        const struct str rest = { p, (size_t)(end - p) };
        unsigned char c = (unsigned char)*p;
        size_t n = c < 0x80 ? 1 : str_utf8_char(rest, NULL);
        if (c >= 0x80 && n > 0) {
            p += n;
            continue;
        }
        buf_add(out, from, (size_t)(p - from));
        if (c < 0x80)
            quote_byte(out, c);
        else
            n = instead(out, rest);
        from = p += n;
    }
    if (end > from)
        buf_add(out, from, (size_t)(end - from));
    buf_char(out, '"');
}

void json_quote(struct buf *out, struct str s)
{
    quote(out, s, replacement);
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
        const struct json_member *members = json_members(arena, value);
        buf_char(out, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0)
                buf_char(out, ',');
            quote(out, members[i].key, lone_surrogate);
            buf_char(out, ':');
            canonical(out, arena, members[i].value);
        }
        buf_char(out, '}');
    } else if (value->kind == JSON_STRING && value->escaped) {
        quote(out, json_string(arena, value), lone_surrogate);
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

void json_print(struct buf *out, const cJSON *tree, bool pretty)
{
    char *text = pretty ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);
    if (text)
        buf_text(out, text);
    cJSON_free(text);
}

/* cJSON ends a string at \u0000 without a word: such a document must not be edited through it. */
static const struct json *find_nul(struct arena *arena, const struct json *root)
{
    for (const struct json *node = root; node < root + root->next; node++) {
        if (!node->escaped && !node->key_escaped)
            continue;
        struct str text = json_string(arena, node), key = json_key(arena, node);
        if ((text.size && memchr(text.at, 0, text.size)) ||
            (key.size && memchr(key.at, 0, key.size)))
            return node;
    }
    return NULL;
}

static cJSON *make_tree(
    struct arena *arena, struct str text, const struct json_limits *limits, struct err *err)
{
    char path[100];
    const struct json *root = json_read(arena, text, limits, err);
    const struct json *nul = root ? find_nul(arena, root) : NULL;
    if (nul) {
        err_set(err, ERR_INPUT, "JSON: \\u0000 in a document that is to be edited");
        err_where(err, "%s", json_path(path, sizeof path, root, nul));
    }
    if (!root || nul)
        return NULL;
    cJSON *tree = cJSON_ParseWithLength(root->raw.at, root->raw.size);
    if (!tree)
        err_set(err, ERR_INPUT, "JSON: a lone surrogate or deeper than 1000");
    return tree;
}

cJSON *json_tree(struct str text, const struct json_limits *limits, struct err *err)
{
    struct arena arena = { 0 };
    cJSON *tree = make_tree(&arena, text, limits, err);
    arena_done(&arena);
    return tree;
}

void json_treep(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

/* Behind the comment at p; p itself if there is none; NULL if it has no end. */
static char *comment_end(char *p, char *end)
{
    if (end - p < 2 || p[0] != '/' || (p[1] != '/' && p[1] != '*'))
        return p;
    if (p[1] == '/') {
        char *stop = memchr(p, '\n', (size_t)(end - p));
        return stop ? stop : end;
    }
    char *stop = memmem(p + 2, (size_t)(end - p) - 2, "*/", 2);
    return stop ? stop + 2 : NULL;
}

/* Behind the string whose opening quote is at p. */
static char *string_end(char *p, char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\' && p + 1 < end;
    return p < end ? p + 1 : end;
}

struct str json_uncomment(struct arena *arena, struct str text)
{
    char *out = arena_string(arena, text.at, text.size), *end = out + text.size;
    for (char *p = out; p < end;) {
        char *stop = comment_end(p, end);
        /* The reader will refuse its slash; looking on for other ends would take quadratic time. */
        if (!stop)
            break;
        if (stop == p)
            p = *p == '"' ? string_end(p, end) : p + 1;
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
