/* json_look - looking at what was read: members, numbers, text. See json.h.
 * The reader has checked every byte, so nothing here can fail; a wrong kind gets the fallback. */
#include "base/json.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool json_is(const struct json *value, enum json_kind kind)
{
    return value && value->kind == kind;
}

const struct json *json_first(const struct json *container)
{
    if (!container || (container->kind != JSON_ARRAY && container->kind != JSON_OBJECT))
        return NULL;
    return container->count ? container + 1 : NULL;
}

const struct json *json_next(const struct json *container, const struct json *child)
{
    const struct json *next = child + child->next;
    return next < container + container->next ? next : NULL;
}

const struct json *json_get_str(const struct json *object, struct str key)
{
    if (!json_is(object, JSON_OBJECT))
        return NULL;
    JSON_EACH(child, object)
    {
        if (!child->key_escaped) {
            if (str_equal(child->key, key))
                return child;
            continue;
        }
        struct arena arena = { 0 };
        bool same = str_equal(json_key(&arena, child), key);
        arena_done(&arena);
        if (same)
            return child;
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_str(object, str_of(key));
}

bool json_bool(const struct json *value, bool fallback)
{
    if (json_is(value, JSON_TRUE))
        return true;
    return json_is(value, JSON_FALSE) ? false : fallback;
}

int64_t json_int(const struct json *value, int64_t fallback)
{
    if (!json_is(value, JSON_NUMBER) || value->raw.size > 20)
        return fallback;
    const char *p = value->raw.at, *end = p + value->raw.size;
    bool negative = *p == '-';
    uint64_t n = 0;
    for (p += negative; p < end; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return fallback;
    if (n > (uint64_t)INT64_MAX)
        return negative && n == (uint64_t)INT64_MAX + 1 ? INT64_MIN : fallback;
    return negative ? -(int64_t)n : (int64_t)n;
}

double json_double(const struct json *value, double fallback)
{
    if (!json_is(value, JSON_NUMBER))
        return fallback;
    /* strtod wants a NUL; a number may be as long as its writer likes. */
    char local[64];
    CLEANUP(mem_freep)
    char *heap = value->raw.size < sizeof local ? NULL : mem_alloc(value->raw.size + 1);
    char *text = heap ? heap : local;
    memcpy(text, value->raw.at, value->raw.size);
    text[value->raw.size] = 0;
    double number = strtod(text, NULL);
    return isfinite(number) ? number : fallback;
}

static uint32_t hex_value(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
    return value;
}

/* The text between the quotes, unescaped. The reader has checked the escapes. */
static struct str unescape(struct arena *arena, struct str raw)
{
    static const char plain[256] = {
        ['"'] = '"',
        ['\\'] = '\\',
        ['/'] = '/',
        ['b'] = '\b',
        ['f'] = '\f',
        ['n'] = '\n',
        ['r'] = '\r',
        ['t'] = '\t',
    };
    char *out = arena_take(arena, raw.size + 1), *to = out;
    for (const char *p = raw.at, *end = p + raw.size; p < end;) {
        if (*p != '\\') {
            const char *stop = memchr(p, '\\', (size_t)(end - p));
            size_t size = (size_t)((stop ? stop : end) - p);
            memcpy(to, p, size);
            to += size;
            p += size;
            continue;
        }
        if (p[1] != 'u') {
            *to++ = plain[(unsigned char)p[1]];
            p += 2;
            continue;
        }
        uint32_t point = hex_value(p + 2);
        p += 6;
        if (point >= 0xd800 && point < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            uint32_t low = hex_value(p + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                p += 6;
            }
        }
        to += str_utf8_put(to, point);
    }
    return (struct str){ out, (size_t)(to - out) };
}

struct str json_string(struct arena *arena, const struct json *value)
{
    if (!json_is(value, JSON_STRING))
        return (struct str){ 0 };
    struct str inner = { value->raw.at + 1, value->raw.size - 2 };
    return value->escaped ? unescape(arena, inner) : inner;
}

struct str json_key(struct arena *arena, const struct json *child)
{
    return child->key_escaped ? unescape(arena, child->key) : child->key;
}
