/* otlp_value - see otlp_value.h. */
#include "trials/otlp_value.h"

#include "base/mem.h"

enum { NESTS_MAX = 32 };

static const struct json *attribute(const struct json *span, const char *key)
{
    const struct json *all = json_get(span, "attributes");
    if (json_is(all, JSON_OBJECT))
        return json_get(all, key);
    JSON_EACH(pair, json_is(all, JSON_ARRAY) ? all : NULL)
    {
        CLEANUP(arena_done) struct arena arena = { 0 };
        if (str_equal(json_string(&arena, json_get(pair, "key")), str_of(key)))
            return json_get(pair, "value");
    }
    return NULL;
}

static bool is_listed(const struct json *span)
{
    return json_is(json_get(span, "attributes"), JSON_ARRAY);
}

const struct json *otlp_value(const struct json *span, const char *key)
{
    const struct json *value = attribute(span, key);
    return is_listed(span) ? json_first(value) : value;
}

struct str otlp_text(const struct json *span, const char *key, struct arena *arena)
{
    const struct json *value = otlp_value(span, key);
    if (json_is(value, JSON_NUMBER))
        return value->raw;
    return json_string(arena, value);
}

/* OTLP's typed value as plain JSON. */
static void plain(struct buf *out, const struct json *value, unsigned nests)
{
    const struct json *typed = json_first(value);
    const struct json *list = json_get(typed, "values");
    struct str type = typed ? typed->key : (struct str){ 0 };
    bool array = str_equal(type, STR("arrayValue")), object = str_equal(type, STR("kvlistValue"));
    if ((!array && !object) || nests == NESTS_MAX) {
        buf_str(out, typed ? typed->raw : STR("null"));
        return;
    }
    buf_char(out, array ? '[' : '{');
    JSON_EACH(item, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        const struct json *key = json_get(item, "key");
        if (item != json_first(list))
            buf_char(out, ',');
        if (object) {
            buf_str(out, json_is(key, JSON_STRING) ? key->raw : STR("\"\""));
            buf_char(out, ':');
        }
        plain(out, object ? json_get(item, "value") : item, nests + 1);
    }
    buf_char(out, array ? ']' : '}');
}

const struct json *otlp_json(const struct json *span, const char *key, struct arena *arena)
{
    static const struct json_limits lenient = { .duplicates = true };
    const struct json *value = otlp_value(span, key);
    if (json_is(value, JSON_STRING))
        return json_read(arena, json_string(arena, value), &lenient, NULL);
    if (!value || !is_listed(span))
        return value;
    CLEANUP(buf_done) struct buf out = { 0 };
    plain(&out, attribute(span, key), 0);
    struct str text = { arena_string(arena, out.at ? out.at : "", out.size), out.size };
    return json_read(arena, text, &lenient, NULL);
}

bool otlp_failed(const struct json *span)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *status = json_get(span, "status");
    const struct json *code = json_get(status, "code");
    struct str word = json_string(&arena, code ? code : json_get(status, "status_code"));
    return json_int(code, 0) == 2 || str_equal(word, STR("error")) ||
           str_equal(word, STR("ERROR")) || str_equal(word, STR("STATUS_CODE_ERROR"));
}
