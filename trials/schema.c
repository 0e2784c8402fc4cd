/* schema - checks values against the schemas of tools.
 * A boolean is no number, as in JSON Schema (and unlike in Python). Unknown keywords allow
 * everything: a checker that guessed at them would call valid calls wrong. */
#include "trials/schema.h"

#include <string.h>

/* A word of the schema. One with escapes is no keyword and no name that a tool has. */
static struct str plain(const struct json *word)
{
    return json_is(word, JSON_STRING) && !word->escaped ? json_string(NULL, word)
                                                        : (struct str){ 0 };
}

static bool kind_fits(struct str type, const struct json *value)
{
    static const struct {
        const char *type;
        uint8_t kinds; /* bits of enum json_kind */
    } types[] = {
        { "null", 1 << JSON_NULL },
        { "boolean", 1 << JSON_FALSE | 1 << JSON_TRUE },
        { "number", 1 << JSON_NUMBER },
        { "integer", 1 << JSON_NUMBER },
        { "string", 1 << JSON_STRING },
        { "array", 1 << JSON_ARRAY },
        { "object", 1 << JSON_OBJECT },
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!str_equal(type, str_of(types[i].type)))
            continue;
        if (!(types[i].kinds >> value->kind & 1))
            return false;
        double number = json_double(value, 0);
        return strcmp(types[i].type, "integer") != 0 || number == __builtin_trunc(number);
    }
    return true;
}

static bool has_type(const struct json *schema, const struct json *value)
{
    const struct json *type = json_get(schema, "type");
    if (json_is(type, JSON_STRING))
        return kind_fits(plain(type), value);
    if (!json_is(type, JSON_ARRAY))
        return true;
    JSON_EACH(one, type)
    if (json_is(one, JSON_STRING) && kind_fits(plain(one), value))
        return true;
    return false;
}

bool schema_type_is(const struct json *schema, struct str type)
{
    const struct json *word = json_get(schema, "type");
    return json_is(word, JSON_STRING) && str_equal(plain(word), type);
}

bool schema_type_fits(const struct json *schema, const struct json *value)
{
    if (!value || !has_type(schema, value))
        return false;
    const struct json *items = json_get(schema, "items");
    if (json_is(value, JSON_ARRAY) && json_is(items, JSON_OBJECT))
        JSON_EACH(item, value)
    if (!schema_type_fits(items, item))
        return false;
    return true;
}

const struct json *schema_property(const struct json *schema, struct str key)
{
    return json_get_str(json_get(schema, "properties"), key);
}

static bool in_enum(const struct json *schema, const struct json *value)
{
    const struct json *allowed = json_get(schema, "enum");
    if (!json_is(allowed, JSON_ARRAY))
        return true;
    JSON_EACH(one, allowed)
    if (json_equal(one, value))
        return true;
    return false;
}

static bool has_required(const struct json *schema, const struct json *value)
{
    JSON_EACH(name, json_get(schema, "required"))
    if (json_is(name, JSON_STRING) && !json_get_str(value, plain(name)))
        return false;
    return true;
}

bool schema_fits(const struct json *schema, const struct json *value)
{
    if (!value || !has_type(schema, value) || !in_enum(schema, value))
        return false;
    if (json_is(value, JSON_ARRAY) && json_is(json_get(schema, "items"), JSON_OBJECT))
        JSON_EACH(item, value)
    if (!schema_fits(json_get(schema, "items"), item))
        return false;
    if (!json_is(value, JSON_OBJECT))
        return true;
    const struct json *properties = json_get(schema, "properties");
    if (!has_required(schema, value))
        return false;
    JSON_EACH(member, value)
    {
        const struct json *of = properties ? json_get_str(properties, member->key) : NULL;
        if (of ? !schema_fits(of, member) : json_is(properties, JSON_OBJECT))
            return false; /* a parameter that the schema does not name */
    }
    return true;
}
