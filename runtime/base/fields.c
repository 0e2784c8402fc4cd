/* fields - print and read flat structs by a table.
 *
 * Numbers are printed so that they read back as the same double. */
#include "base/fields.h"

#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_double(struct buf *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_text(out, text);
}

static void print_digest(struct buf *out, const struct digest *digest)
{
    char hex[DIGEST_HEX];
    if (hash_zero(digest))
        buf_text(out, "null");
    else
        buf_format(out, "\"%s\"", hash_hex(hex, digest));
}

static void print_value(struct buf *out, const struct field *field, const char *at)
{
    uint32_t number;
    switch (field->kind) {
    case FIELD_BOOL:
        buf_text(out, *(const bool *)at ? "true" : "false");
        break;
    case FIELD_WORD:
        buf_format(out, "\"%s\"", name_of(field->words, field->words_count, *(const uint8_t *)at));
        break;
    case FIELD_U32:
    case FIELD_STEP:
        memcpy(&number, at, sizeof number);
        if (field->kind == FIELD_STEP && number == UINT32_MAX)
            buf_text(out, "null");
        else
            buf_format(out, "%u", number);
        break;
    case FIELD_DOUBLE:
        print_double(out, *(const double *)at);
        break;
    case FIELD_STR:
        json_quote(out, *(const struct str *)at);
        break;
    case FIELD_DIGEST:
        print_digest(out, (const struct digest *)at);
        break;
    }
}

static bool left_out(const struct field *field, const char *at)
{
    return field->optional && hash_zero((const struct digest *)at);
}

void fields_print(struct buf *out, const struct field *table, unsigned count, const void *from)
{
    for (unsigned i = 0; i < count; i++) {
        const char *at = (const char *)from + table[i].offset;
        if (left_out(&table[i], at))
            continue;
        buf_format(out, "%s\"%s\": ", i ? ", " : "", table[i].name);
        print_value(out, &table[i], at);
    }
}

int fields_refuse(
    struct err *err, const struct json *root, const struct json *node, const char *format, ...)
{
    char text[200], path[120];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(err, ERR_INPUT, "%s", text);
    if (err)
        err_where(err, "%s", json_path(path, sizeof path, root, node));
    return -ERR_INPUT;
}

static int read_u32(
    uint32_t *to, const struct json *root, const struct json *value, struct err *err)
{
    int64_t number = json_int(value, -1);
    if (number < 0 || number > UINT32_MAX)
        return fields_refuse(err, root, value, "not a whole number from 0 to 4294967295");
    *to = (uint32_t)number;
    return 0;
}

static int read_double(double *to, const struct field *field, const struct json *root,
    const struct json *value, struct err *err)
{
    double number = json_double(value, NAN);
    if (!isfinite(number))
        return fields_refuse(err, root, value, "not a number");
    if ((field->min != 0 || field->max != 0) && (number < field->min || number > field->max))
        return fields_refuse(err, root, value, "not from %g to %g", field->min, field->max);
    *to = number;
    return 0;
}

static int read_word(uint8_t *to, const struct field *field, const struct json *root,
    const struct json *value, struct arena *arena, struct err *err)
{
    int found = name_find(field->words, field->words_count, json_string(arena, value));
    if (found < 0)
        return fields_refuse(err, root, value, "not a word that is known here");
    *to = (uint8_t)found;
    return 0;
}

static int read_digest(struct digest *to, const struct json *root, const struct json *value,
    struct arena *arena, struct err *err)
{
    if (json_is(value, JSON_NULL)) {
        *to = (struct digest){ 0 };
        return 0;
    }
    if (!json_is(value, JSON_STRING) || hash_unhex(to, json_string(arena, value), NULL) < 0)
        return fields_refuse(err, root, value, "not a digest (64 lower-case hex digits) or null");
    return 0;
}

static int read_value(char *at, const struct field *field, const struct json *root,
    const struct json *value, struct arena *arena, struct err *err)
{
    switch (field->kind) {
    case FIELD_BOOL:
        if (!json_is(value, JSON_TRUE) && !json_is(value, JSON_FALSE))
            return fields_refuse(err, root, value, "not true or false");
        *(bool *)at = json_bool(value, false);
        return 0;
    case FIELD_WORD:
        return read_word((uint8_t *)at, field, root, value, arena, err);
    case FIELD_STEP:
        if (json_is(value, JSON_NULL)) {
            *(uint32_t *)at = UINT32_MAX;
            return 0;
        }
        return read_u32((uint32_t *)at, root, value, err);
    case FIELD_U32:
        return read_u32((uint32_t *)at, root, value, err);
    case FIELD_DOUBLE:
        return read_double((double *)at, field, root, value, err);
    case FIELD_STR:
        if (!json_is(value, JSON_STRING))
            return fields_refuse(err, root, value, "not a string");
        *(struct str *)at = json_string(arena, value);
        return 0;
    case FIELD_DIGEST:
        return read_digest((struct digest *)at, root, value, arena, err);
    }
    return err_set(err, ERR_DEFECT, "field kind %d", (int)field->kind);
}

static bool is_known(
    struct str key, const struct field *table, unsigned count, const char *const *others)
{
    for (unsigned i = 0; i < count; i++)
        if (str_equal(key, str_of(table[i].name)))
            return true;
    for (; others && *others; others++)
        if (str_equal(key, str_of(*others)))
            return true;
    return false;
}

int fields_read(void *to, const struct field *table, unsigned count, const struct json *root,
    const struct json *object, const char *const *others, struct arena *arena, struct err *err)
{
    if (!json_is(object, JSON_OBJECT))
        return fields_refuse(err, root, object, "not an object");
    JSON_EACH(child, object)
    if (!is_known(json_key(arena, child), table, count, others))
        return fields_refuse(err, root, child, "unknown key");
    for (unsigned i = 0; i < count; i++) {
        const struct json *value = json_get(object, table[i].name);
        if (!value && table[i].optional)
            continue;
        if (!value)
            return fields_refuse(err, root, object, "\"%s\" is missing", table[i].name);
        int code = read_value((char *)to + table[i].offset, &table[i], root, value, arena, err);
        if (code < 0)
            return code;
    }
    return 0;
}

void fields_own(void *to, const struct field *table, unsigned count, struct arena *arena)
{
    for (unsigned i = 0; i < count; i++) {
        struct str *text = (struct str *)((char *)to + table[i].offset);
        if (table[i].kind == FIELD_STR)
            text->at = arena_string(arena, text->at ? text->at : "", text->size);
    }
}
