/* scan - finds what looks like tool calls in a text.
 * An attempt to read an object fails at its first wrong byte and at a bounded depth, so a text of
 * open braces costs no more than a few passes. */
#include "trials/scan.h"

#include <string.h>

static const struct json_limits prefix = { .duplicates = true, .prefix = true };

const struct json *scan_object(struct scan_objects *cursor, struct str text, struct arena *arena)
{
    while (cursor->at < text.size) {
        const char *brace = memchr(text.at + cursor->at, '{', text.size - cursor->at);
        if (!brace)
            break;
        size_t from = (size_t)(brace - text.at);
        struct arena_mark mark = arena_mark(arena);
        struct str rest = { brace, text.size - from };
        const struct json *object = json_read(arena, rest, &prefix, NULL);
        cursor->at = from + (object ? object->raw.size : 1);
        if (object)
            return object;
        arena_release(arena, mark);
    }
    cursor->at = text.size;
    return NULL;
}

const struct json *scan_call(const struct run *run, const struct json *object, struct str *ret_name)
{
    struct str name = json_string(run->arena, json_get(object, "name"));
    if (name.size == 0 || !run_tool_find(run, name))
        return NULL;
    const struct json *args = json_get(object, "arguments");
    if (!json_is(args, JSON_OBJECT))
        args = json_get(object, "parameters");
    if (!json_is(args, JSON_OBJECT))
        return NULL;
    *ret_name = name;
    return args;
}

bool scan_between(struct str text, size_t *at, struct str open, struct str close, struct str *ret)
{
    if (*at >= text.size)
        return false;
    struct str rest = { text.at + *at, text.size - *at };
    ptrdiff_t from = str_find(rest, open);
    if (from < 0)
        return false;
    rest.at += (size_t)from + open.size;
    rest.size -= (size_t)from + open.size;
    ptrdiff_t to = str_find(rest, close);
    *ret = (struct str){ rest.at, to < 0 ? rest.size : (size_t)to };
    *at = (size_t)(ret->at - text.at) + ret->size + (to < 0 ? 0 : close.size);
    return true;
}

const struct json *scan_whole(struct str text, struct arena *arena)
{
    text = str_trim(text);
    if (text.size < 2 || text.at[0] != '{')
        return NULL;
    return json_read(arena, text, &(struct json_limits){ .duplicates = true }, NULL);
}

bool scan_has(struct str text, const char *part)
{
    return str_find(text, str_of(part)) >= 0;
}
