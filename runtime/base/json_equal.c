/* json_equal - whether two values are the same, however they are written.
 * Numbers are compared as decimals, not as doubles: those would make 2^53 and 2^53+1 one number. */
#include "base/json_members.h"

/* A number as 0.DIGITS times ten to a power, without zeros at either end of the digits. */
struct decimal {
    bool negative, huge; /* huge: an exponent that does not fit; equal only to its own text */
    struct str digits;
    int64_t power;
};

/* Digits of the number without its point; `power` counts those before the point. */
static void split(struct decimal *ret, struct str raw, char *room)
{
    const char *p = raw.at, *end = raw.at + raw.size;
    size_t size = 0;
    bool point = false;
    ret->negative = *p == '-';
    for (p += ret->negative; p < end && (*p | 32) != 'e'; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        ret->power += !point;
        if (size > 0 || *p != '0')
            room[size++] = *p;
        else
            ret->power--;
    }
    while (size > 0 && room[size - 1] == '0')
        size--;
    ret->digits = (struct str){ room, size };
    if (p == end)
        return;
    bool minus = *++p == '-';
    int64_t exponent = 0;
    for (p += minus || *p == '+'; p < end && !ret->huge; p++) {
        exponent = exponent * 10 + (*p - '0');
        ret->huge = exponent > INT64_MAX / 100;
    }
    ret->power += minus ? -exponent : exponent;
}

static bool numbers(struct arena *arena, struct str a, struct str b)
{
    if (str_equal(a, b))
        return true;
    struct decimal x = { 0 }, y = { 0 };
    split(&x, a, arena_take(arena, a.size));
    split(&y, b, arena_take(arena, b.size));
    if (x.digits.size == 0 && y.digits.size == 0)
        return true;
    return !x.huge && !y.huge && x.negative == y.negative && x.power == y.power &&
           str_equal(x.digits, y.digits);
}

static bool equal(struct arena *arena, const struct json *a, const struct json *b);

static bool objects(struct arena *arena, const struct json *a, const struct json *b)
{
    const struct json_member *x = json_members(arena, a), *y = json_members(arena, b);
    for (uint32_t i = 0; i < a->count; i++)
        if (!str_equal(x[i].key, y[i].key) || !equal(arena, x[i].value, y[i].value))
            return false;
    return true;
}

static bool arrays(struct arena *arena, const struct json *a, const struct json *b)
{
    const struct json *y = json_first(b);
    JSON_EACH(x, a)
    {
        if (!equal(arena, x, y))
            return false;
        y += y->next;
    }
    return true;
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
        return numbers(arena, a->raw, b->raw);
    case JSON_STRING:
        return str_equal(a->raw, b->raw) || str_equal(json_string(arena, a), json_string(arena, b));
    case JSON_ARRAY:
        return arrays(arena, a, b);
    case JSON_OBJECT:
        return objects(arena, a, b);
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
