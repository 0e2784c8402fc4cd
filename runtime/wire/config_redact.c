/* config_redact - the key `redact`: which rules are off, and what an operator wants cut as well.
 *
 * Own rules are rows like the built-in ones: how a text begins, and how much of a token follows.
 * Regular expressions are not taken: what a foreign trace costs to read must not depend on the
 * shape of a pattern, and the C library's matcher backtracks. */
#include "wire/config_value.h"

#include "base/names.h"

enum { OWN_MAX = 64, NAME_MAX_HERE = 32, PREFIX_LEAST = 3, PREFIX_MOST = 200, TOKEN_MOST = 400 };

const char *const config_redact_words[REDACT_RULES] = {
    [REDACT_OWN] = "own",
    [REDACT_PRIVATE_KEY] = "private_key",
    [REDACT_API_KEY] = "api_key",
    [REDACT_GITHUB] = "github",
    [REDACT_SLACK] = "slack",
    [REDACT_AWS] = "aws",
    [REDACT_BEARER] = "bearer",
    [REDACT_JWT] = "jwt",
    [REDACT_SECRET] = "secret",
    [REDACT_URL_PASSWORD] = "url_password",
    [REDACT_EMAIL] = "email",
    [REDACT_CARD] = "card",
};

#define ROW(name, read, member, wants)                                                             \
    {                                                                                              \
        name, read, offsetof(struct config_redact_own, member), NULL, wants                        \
    }
static const struct config_key own_keys[] = {
    ROW("name", value_text, name, "a string"),
    ROW("text", value_text, prefix, "a string"),
    ROW("prefix", value_text, prefix, "a string"),
    ROW("least", value_number, least, "a number"),
    { 0 },
};

static int read_off(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct config_redact *redact = to;
    int rc = config_items(reader, key, value, JSON_ARRAY);
    JSON_EACH(item, rc < 0 ? NULL : value)
    {
        struct str word = json_string(reader->arena, item);
        int rule = word.size > 0 ? NAME_FIND(config_redact_words, word) : -1;
        if (rule < 0)
            return config_refuse(reader, item, "redact has no rule of that name");
        redact->off[rule] = true;
    }
    return rc;
}

/* Its first three bytes find it, also in JSON that nobody has unescaped: plain characters only. */
static bool begins_plainly(struct str prefix)
{
    for (size_t i = 0; i < PREFIX_LEAST; i++) {
        char c = i < prefix.size ? prefix.at[i] : 0;
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '/')
            return false;
    }
    return prefix.size <= PREFIX_MOST;
}

static int check_own(
    struct config_reader *reader, const struct json *item, const struct config_redact_own *own)
{
    for (const struct config_redact_own *other = reader->config->redact.own; other < own; other++)
        if (str_equal(other->name, own->name))
            return config_refuse(reader, item, "two own rules of one name");
    bool text = json_get(item, "text"), prefix = json_get(item, "prefix");
    if (!str_is_name(own->name, NAME_MAX_HERE))
        return config_refuse(reader, item, "an own rule needs a name of letters, digits, . _ - @");
    if (NAME_FIND(config_redact_words, own->name) >= 0)
        return config_refuse(reader, item, "a built-in rule has that name");
    if (text == prefix || (prefix && own->least == 0) || (text && own->least > 0))
        return config_refuse(reader, item, "an own rule has `text`, or `prefix` and `least`");
    if (own->least > TOKEN_MOST)
        return config_refuse(reader, item, "least is at most 400");
    return begins_plainly(own->prefix)
               ? 0
               : config_refuse(reader, item,
                     "it begins with three printable ASCII characters, none of them \" \\ / or a "
                     "blank, and has at most 200 bytes");
}

static int read_own(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    struct config_redact *redact = to;
    int rc = config_items(reader, key, value, JSON_ARRAY);
    if (rc < 0)
        return rc;
    if (value->count > OWN_MAX)
        return config_refuse(reader, value, "more than 64 own rules");
    redact->own = arena_alloc(reader->arena, (value->count + 1) * sizeof *redact->own);
    JSON_EACH(item, value)
    {
        struct config_redact_own *own = &redact->own[redact->own_count++];
        if (!json_is(item, JSON_OBJECT))
            return config_wrong(reader, key, item);
        if ((rc = config_keys(reader, item, own_keys, own)) < 0 ||
            (rc = check_own(reader, item, own)) < 0)
            return rc;
    }
    return 0;
}

static const struct config_key redact_keys[] = {
    { "off", read_off, 0, NULL, "a list of rules" },
    { "own", read_own, 0, NULL, "a list of objects" },
    { 0 },
};

int config_read_redact(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to)
{
    (void)to;
    if (!json_is(value, JSON_OBJECT))
        return config_wrong(reader, key, value);
    return config_keys(reader, value, redact_keys, &reader->config->redact);
}
