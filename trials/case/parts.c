/* parts - see parts.h. Numbers are printed so that they read back as the same double. */
#include "trials/case/parts.h"

#include "base/fields.h"
#include "base/mem.h"
#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct json *root;
    struct arena *arena;
    struct err *err;
};
static int read_object(
    struct reading *r, void *to, const struct part *table, const struct json *object);

/* --- reading */

static int too_many(struct reading *r, const struct json *value, double max)
{
    fields_refuse(r->err, r->root, value, "more than %.0f", max);
    if (r->err)
        r->err->code = ERR_LIMIT;
    return -ERR_LIMIT;
}

static int read_flag(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    (void)part;
    if (!json_is(value, JSON_TRUE) && !json_is(value, JSON_FALSE))
        return fields_refuse(r->err, r->root, value, "not true or false");
    *(bool *)at = json_bool(value, false);
    return 0;
}

static int read_word(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    CLEANUP(buf_done) struct buf known = { .max = 160 };
    int found = name_find(part->words, part->words_count, json_string(r->arena, value));
    for (unsigned i = 0; found < 0 && i < part->words_count; i++)
        buf_format(&known, "%s%s", i ? ", " : "", part->words[i]);
    if (found < 0)
        return fields_refuse(r->err, r->root, value, "none of: %s", known.at);
    *(uint8_t *)at = (uint8_t)found;
    return 0;
}

static int read_number(
    struct reading *r, const struct part *part, const struct json *value, char *at)
{
    int64_t number = json_int(value, -1);
    if (number < part->min || number > part->max)
        return fields_refuse(
            r->err, r->root, value, "not a whole number from %.0f to %.0f", part->min, part->max);
    *(uint32_t *)at = (uint32_t)number;
    return 0;
}

static int read_real(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    double number = json_double(value, NAN);
    if (!isfinite(number) || number < part->min || number > part->max)
        return fields_refuse(
            r->err, r->root, value, "not a number from %g to %g", part->min, part->max);
    *(double *)at = number;
    return 0;
}

static int read_text(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    struct str text = json_string(r->arena, value);
    if (!json_is(value, JSON_STRING))
        return fields_refuse(r->err, r->root, value, "not a string");
    if (text.size > part->max)
        return too_many(r, value, part->max);
    if (part->needed && text.size == 0)
        return fields_refuse(r->err, r->root, value, "empty");
    *(struct str *)at = text;
    return 0;
}

static int read_any(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    if (part->kind == PART_OBJECT && !json_is(value, JSON_OBJECT))
        return fields_refuse(r->err, r->root, value, "not an object");
    *(const struct json **)at = value;
    return 0;
}

static int read_one(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    return read_object(r, at, part->table, value);
}

/* The element of a list, and how large its room is. */
static size_t item_size(const struct part *part)
{
    switch (part->kind) {
    case PART_TEXTS:
        return sizeof(struct str);
    case PART_NUMBERS:
        return sizeof(uint32_t);
    case PART_OBJECTS:
        return sizeof(const struct json *);
    default:
        return part->size;
    }
}

enum { ITEM_TEXT_MAX = 1 << 16 };

static int read_item(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    static const struct part text = { .needed = true, .max = ITEM_TEXT_MAX },
                             number = { .max = UINT32_MAX }, object = { .kind = PART_OBJECT };
    switch (part->kind) {
    case PART_TEXTS:
        return read_text(r, &text, value, at);
    case PART_NUMBERS:
        return read_number(r, &number, value, at);
    case PART_OBJECTS:
        return read_any(r, &object, value, at);
    default:
        return read_object(r, at, part->table, value);
    }
}

static int read_list(struct reading *r, const struct part *part, const struct json *value, char *at)
{
    size_t size = item_size(part);
    if (!json_is(value, JSON_ARRAY))
        return fields_refuse(r->err, r->root, value, "not a list");
    if (value->count > part->max)
        return too_many(r, value, part->max);
    char *items = arena_alloc(r->arena, (value->count + 1) * size), *item = items;
    JSON_EACH(child, value)
    {
        int rc = read_item(r, part, child, item);
        if (rc < 0)
            return rc;
        item += size;
    }
    memcpy(at, &items, sizeof items);
    return 0;
}

typedef int (*read_part)(struct reading *, const struct part *, const struct json *, char *at);
static const read_part readers[] = {
    [PART_FLAG] = read_flag,
    [PART_WORD] = read_word,
    [PART_NUMBER] = read_number,
    [PART_REAL] = read_real,
    [PART_TEXT] = read_text,
    [PART_TEXTS] = read_list,
    [PART_NUMBERS] = read_list,
    [PART_ANY] = read_any,
    [PART_OBJECT] = read_any,
    [PART_OBJECTS] = read_list,
    [PART_ONE] = read_one,
    [PART_LIST] = read_list,
};

static bool is_list(const struct part *part)
{
    return part->kind == PART_TEXTS || part->kind == PART_NUMBERS || part->kind == PART_OBJECTS ||
           part->kind == PART_LIST;
}

static const struct part *find(const struct part *table, struct str key)
{
    for (; table->name; table++)
        if (str_equal(key, str_of(table->name)))
            return table;
    return NULL;
}

static int read_object(
    struct reading *r, void *to, const struct part *table, const struct json *object)
{
    if (!json_is(object, JSON_OBJECT))
        return fields_refuse(r->err, r->root, object, "not an object");
    parts_usual(to, table);
    JSON_EACH(child, object)
    {
        const struct part *part = find(table, json_key(r->arena, child));
        if (!part)
            return fields_refuse(r->err, r->root, child, "unknown key");
        int rc = readers[part->kind](r, part, child, (char *)to + part->offset);
        if (rc < 0)
            return rc;
        if (is_list(part))
            *(uint32_t *)((char *)to + part->count) = child->count;
    }
    for (; table->name; table++)
        if (table->needed && !json_get(object, table->name))
            return fields_refuse(r->err, r->root, object, "\"%s\" is missing", table->name);
    return 0;
}

int parts_read(void *to, const struct part *table, const struct json *root,
    const struct json *object, struct arena *arena, struct err *err)
{
    struct reading reading = { root, arena, err };
    return read_object(&reading, to, table, object);
}

void parts_usual(void *to, const struct part *table)
{
    for (; table->name; table++) {
        char *at = (char *)to + table->offset;
        if (table->kind == PART_NUMBER)
            *(uint32_t *)at = (uint32_t)table->usual;
        else if (table->kind == PART_REAL)
            *(double *)at = table->usual;
        else if (table->kind == PART_ONE)
            parts_usual(at, table->table);
    }
}

/* --- printing */

static void print_real(struct buf *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_text(out, text);
}

static uint32_t count_of(const struct part *part, const void *from)
{
    return *(const uint32_t *)((const char *)from + part->count);
}

/* It has its usual value; in the case of a struct each of its members has. */
static bool is_usual(const struct part *part, const void *from)
{
    const char *at = (const char *)from + part->offset;
    switch (part->kind) {
    case PART_FLAG:
        return !*(const bool *)at;
    case PART_WORD:
        return *(const uint8_t *)at == 0;
    case PART_NUMBER:
        return *(const uint32_t *)at == (uint32_t)part->usual;
    case PART_REAL:
        return *(const double *)at == part->usual;
    case PART_TEXT:
        return ((const struct str *)at)->size == 0;
    case PART_ONE:
        for (const struct part *inner = part->table; inner->name; inner++)
            if (!is_usual(inner, at))
                return false;
        return true;
    case PART_TEXTS:
    case PART_NUMBERS:
    case PART_OBJECTS:
    case PART_LIST:
        return *(const void *const *)at == NULL || (!part->said && count_of(part, from) == 0);
    case PART_ANY:
    case PART_OBJECT:
        return *(const void *const *)at == NULL;
    }
    return true;
}

static void print_item(
    struct buf *out, const struct part *part, const char *items, uint32_t i, unsigned deep)
{
    const char *item = items + i * item_size(part);
    if (part->kind == PART_TEXTS)
        json_quote(out, *(const struct str *)item);
    else if (part->kind == PART_NUMBERS)
        buf_format(out, "%u", *(const uint32_t *)item);
    else if (part->kind == PART_OBJECTS)
        buf_str(out, (*(const struct json *const *)item)->raw);
    else
        parts_print(out, part->table, item, deep);
}

static void print_list(struct buf *out, const struct part *part, const void *from, unsigned deep)
{
    const char *items = *(const char *const *)((const char *)from + part->offset);
    bool lines = deep > 0 && (part->kind == PART_LIST || part->kind == PART_OBJECTS);
    buf_char(out, '[');
    for (uint32_t i = 0; i < count_of(part, from); i++) {
        buf_text(out, i == 0 ? "" : lines ? "," : ", ");
        buf_text(out, lines ? "\n" : "");
        print_item(out, part, items, i, 0);
    }
    buf_char(out, ']');
}

static void print_part(struct buf *out, const struct part *part, const void *from, unsigned deep)
{
    const char *at = (const char *)from + part->offset;
    switch (part->kind) {
    case PART_FLAG:
        buf_text(out, *(const bool *)at ? "true" : "false");
        break;
    case PART_WORD:
        buf_format(out, "\"%s\"", name_of(part->words, part->words_count, *(const uint8_t *)at));
        break;
    case PART_NUMBER:
        buf_format(out, "%u", *(const uint32_t *)at);
        break;
    case PART_REAL:
        print_real(out, *(const double *)at);
        break;
    case PART_TEXT:
        json_quote(out, *(const struct str *)at);
        break;
    case PART_ANY:
    case PART_OBJECT:
        buf_str(out, (*(const struct json *const *)at)->raw);
        break;
    case PART_ONE:
        parts_print(out, part->table, at, deep > 0 ? deep - 1 : 0);
        break;
    default:
        print_list(out, part, from, deep);
    }
}

void parts_print(struct buf *out, const struct part *table, const void *from, unsigned deep)
{
    const char *before = deep > 1 ? "{\n" : "{";
    for (; table->name; table++) {
        if (!table->needed && is_usual(table, from))
            continue;
        buf_format(out, "%s\"%s\": ", before, table->name);
        print_part(out, table, from, deep);
        before = deep > 1 ? ",\n" : ", ";
    }
    buf_text(out, *before == '{' ? "{}" : deep > 1 ? "\n}" : "}");
}
