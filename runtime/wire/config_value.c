/* config_value - see config_value.h. */
#include "wire/config_value.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 1000000000, USD_MAX = 4000 };

int config_refuse(struct config_reader *reader, const struct json *at, const char *what)
{
    char path[100];
    uint32_t line, column;
    json_line(reader->text, (size_t)(at->raw.at - reader->text.at), &line, &column);
    json_path(path, sizeof path, reader->root, at);
    err_set(reader->err, ERR_INPUT, "%s", what);
    return err_where(reader->err, "moult.json:%u: %s", line, path);
}

int config_wrong(struct config_reader *reader, const struct config_key *key, const struct json *at)
{
    char text[160];
    snprintf(text, sizeof text, "%s wants %s", key->name, key->wants);
    return config_refuse(reader, at, text);
}

static const struct config_key *key_find(const struct config_key *keys, struct str name)
{
    for (; keys->name; keys++)
        if (str_equal(name, str_of(keys->name)))
            return keys;
    return NULL;
}

static void list_keys(char *out, size_t size, const struct config_key *keys)
{
    size_t used = 0;
    out[0] = 0;
    for (; keys->name && used + 24 < size; keys++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", keys->name);
}

int config_keys(struct config_reader *reader, const struct json *object,
    const struct config_key *keys, void *to)
{
    JSON_EACH(child, object)
    {
        struct str name = json_key(reader->arena, child);
        const struct config_key *key = key_find(keys, name);
        if (!key) {
            char word[64], text[160], known[140];
            snprintf(text, sizeof text, "unknown key \"%s\"",
                str_printable(word, sizeof word, name, false));
            config_refuse(reader, child, text);
            list_keys(known, sizeof known, keys);
            return err_hint(reader->err, "known here: %s", known);
        }
        int rc = key->read(reader, key, child, (char *)to + key->offset);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int config_items(struct config_reader *reader, const struct config_key *key,
    const struct json *value, enum json_kind kind)
{
    if (!json_is(value, kind))
        return config_wrong(reader, key, value);
    if (value->count > CONFIG_ITEMS_MAX)
        return config_refuse(reader, value, "more than 256 items");
    return 0;
}

bool config_is_path(struct str path)
{
    return path.size > 1 && *path.at == '/' && path.at[path.size - 1] != '/' &&
           str_find(path, STR("//")) < 0 && str_find(path, STR("/../")) < 0 &&
           str_find(path, STR("/./")) < 0 && !memchr(path.at, 0, path.size);
}

int value_object(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    if (!json_is(value, JSON_OBJECT))
        return config_wrong(reader, key, value);
    return config_keys(reader, value, key->table, to);
}

/* Shape only: what a later version of moult reads. */
int value_shape(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    return json_is(value, JSON_OBJECT) ? 0 : config_wrong(reader, key, value);
}

int value_text(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct str text = json_string(reader->arena, value);
    if (!text.at || memchr(text.at, 0, text.size))
        return config_wrong(reader, key, value);
    *(struct str *)to = text;
    return 0;
}

/* A list of strings: `to` points at the pointer, the count stands behind it. */
struct texts {
    struct str *at;
    uint32_t count;
};

int value_texts(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct texts *texts = to;
    int rc = config_items(reader, key, value, JSON_ARRAY);
    if (rc < 0)
        return rc;
    texts->at = arena_alloc(reader->arena, (value->count + 1) * sizeof *texts->at);
    texts->count = 0;
    JSON_EACH(item, value)
    {
        rc = value_text(reader, key, item, &texts->at[texts->count]);
        if (rc < 0)
            return rc;
        texts->count++;
    }
    return 0;
}

int value_number(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int64_t number = json_int(value, -1);
    if (number < 0 || number > NUMBER_MAX)
        return config_wrong(reader, key, value);
    *(uint32_t *)to = (uint32_t)number;
    return 0;
}

int value_bool(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    if (!json_is(value, JSON_TRUE) && !json_is(value, JSON_FALSE))
        return config_wrong(reader, key, value);
    *(bool *)to = json_bool(value, false);
    return 0;
}

int config_one_of(
    struct config_reader *reader, const struct config_key *key, const struct json *value)
{
    const char *const *words = key->table;
    struct str text = json_string(reader->arena, value);
    for (int i = 0; text.at && words[i]; i++)
        if (str_equal(text, str_of(words[i])))
            return i;
    return config_wrong(reader, key, value);
}

int value_word(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = config_one_of(reader, key, value);
    if (rc >= 0)
        *(struct str *)to = json_string(reader->arena, value);
    return rc < 0 ? rc : 0;
}

int value_choice(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    int rc = config_one_of(reader, key, value);
    if (rc >= 0)
        *(int *)to = rc;
    return rc < 0 ? rc : 0;
}

/* A written amount above nothing must not be rounded to nothing, which would say "no limit". */
static int read_money(struct config_reader *reader, const struct config_key *key,
    const struct json *value, double scale, uint32_t *ret)
{
    double usd = json_double(value, -1);
    if (!(usd >= 0) || usd > USD_MAX)
        return config_wrong(reader, key, value);
    double units = usd * scale;
    *ret = units > 0 && units < 1 ? 1 : (uint32_t)(units + 0.5);
    return 0;
}

/* Micro-dollars. */
int value_usd(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    return read_money(reader, key, value, 1e6, to);
}

/* Dollars a million tokens, as providers print it; kept as micro-dollars a thousand. */
int value_price(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    return read_money(reader, key, value, 1e3, to);
}
