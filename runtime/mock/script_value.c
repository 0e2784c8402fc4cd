/* script_value - see script_value.h. */
#include "mock/script_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int script_refuse(struct script_reader *reader, const struct json *at, const char *format, ...)
{
    char path[80], text[200];
    uint32_t line, column;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_line(reader->text, (size_t)(at->raw.at - reader->text.at), &line, &column);
    json_path(path, sizeof path, reader->root, at);
    err_set(reader->err, ERR_INPUT, "%s", text);
    return err_where(reader->err, "%.24s:%u: %s", reader->name, line, path);
}

static int wrong(struct script_reader *reader, const struct script_key *key, const struct json *at,
    const char *wants)
{
    return script_refuse(reader, at, "%s wants %s", key->name, wants);
}

static int unknown(
    struct script_reader *reader, const struct json *at, const struct script_key *keys)
{
    char word[64], known[150];
    size_t used = 0;
    known[0] = 0;
    str_printable(word, sizeof word, json_key(reader->arena, at), false);
    script_refuse(reader, at, "unknown key \"%s\"", word);
    for (; keys->name && used + strlen(keys->name) + 4 < sizeof known; keys++)
        used += (size_t)snprintf(
            known + used, sizeof known - used, "%s%s", used ? ", " : "", keys->name);
    return err_hint(reader->err, "known: %s%s", known, keys->name ? ".." : "");
}

int script_object(struct script_reader *reader, const struct json *object,
    const struct script_key *keys, void *to)
{
    JSON_EACH(child, object)
    {
        const struct script_key *key = keys;
        while (key->name && !str_equal(json_key(reader->arena, child), str_of(key->name)))
            key++;
        if (!key->name)
            return unknown(reader, child, keys);
        int rc = key->read(reader, key, child, (char *)to + key->offset);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int script_nested(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    if (!json_is(value, JSON_OBJECT))
        return wrong(reader, key, value, "an object");
    return script_object(reader, value, key->table, to);
}

int script_text(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct str text = json_string(reader->arena, value);
    if (!text.at)
        return wrong(reader, key, value, "a string");
    if (!str_utf8(text))
        return wrong(reader, key, value, "text without lone surrogates");
    *(struct str *)to = text;
    return 0;
}

int script_text_list(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    bool list = json_is(value, JSON_ARRAY);
    uint32_t count = list ? value->count : 1;
    if (count > SCRIPT_ITEMS_MAX)
        return wrong(reader, key, value, "at most 4096 items");
    struct str *texts = arena_alloc(reader->arena, (count + 1) * sizeof *texts);
    struct script_texts *ret = to;
    *ret = (struct script_texts){ texts, count };
    if (!list)
        return script_text(reader, key, value, texts);
    JSON_EACH(item, value)
    {
        int rc = script_text(reader, key, item, texts++);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int number(struct script_reader *reader, const struct script_key *key,
    const struct json *value, uint64_t max, uint64_t *ret)
{
    char wants[64];
    int64_t got = json_int(value, -1);
    if (key->max)
        max = key->max;
    snprintf(wants, sizeof wants, "a whole number from 0 to %llu", (unsigned long long)max);
    if (got < 0 || (uint64_t)got > max)
        return wrong(reader, key, value, wants);
    *ret = (uint64_t)got;
    return 0;
}

int script_u64(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    return number(reader, key, value, UINT64_C(1) << 50, to);
}

int script_u64_or_none(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    int rc = script_u64(reader, key, value, to);
    if (rc == 0)
        ++*(uint64_t *)to;
    return rc;
}

int script_u32(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    uint64_t got = 0;
    int rc = number(reader, key, value, SCRIPT_NUMBER_MAX, &got);
    if (rc == 0)
        *(uint32_t *)to = (uint32_t)got;
    return rc;
}

int script_u32_or_none(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    int rc = script_u32(reader, key, value, to);
    if (rc == 0)
        ++*(uint32_t *)to;
    return rc;
}

static bool is_bool(const struct json *value)
{
    return json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
}

int script_flag(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    if (!is_bool(value))
        return wrong(reader, key, value, "true or false");
    *(bool *)to = json_bool(value, false);
    return 0;
}

int script_either(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    if (!is_bool(value))
        return wrong(reader, key, value, "true or false");
    *(int *)to = json_bool(value, false) ? 2 : 1;
    return 0;
}

int script_word(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    const char *const *words = key->table;
    struct str text = json_string(reader->arena, value);
    char wants[120];
    size_t used = (size_t)snprintf(wants, sizeof wants, "one of");
    for (int i = 0; words[i]; i++) {
        if (text.at && str_equal(text, str_of(words[i]))) {
            *(int *)to = i + 1;
            return 0;
        }
        used += (size_t)snprintf(wants + used, sizeof wants - used, " %s", words[i]);
    }
    return wrong(reader, key, value, wants);
}
