/* host_json - verbs over JSON values and schemas. A value is a node of base/json: immutable, with
 * its own bytes, so that what a plugin passes on is passed on as it was written. */
#include "worker/host.h"

#include "base/mem.h"
#include "worker/tools.h"

#include <string.h>

uint32_t host_kind(moult_turn *turn, const moult_json *value)
{
    static const uint8_t kinds[] = {
        [JSON_NULL] = MOULT_NULL,
        [JSON_FALSE] = MOULT_BOOL,
        [JSON_TRUE] = MOULT_BOOL,
        [JSON_NUMBER] = MOULT_NUMBER,
        [JSON_STRING] = MOULT_STRING,
        [JSON_ARRAY] = MOULT_ARRAY,
        [JSON_OBJECT] = MOULT_OBJECT,
    };
    (void)turn;
    return value ? kinds[host_json(value)->kind] : MOULT_NOTHING;
}

const moult_json *host_get(moult_turn *turn, const moult_json *value, moult_text key)
{
    (void)turn;
    return host_value(json_get_str(host_json(value), host_str(key)));
}

/* it->next is the node behind the container: children stand in document order. */
bool host_each(moult_turn *face, const moult_json *value, moult_it *it)
{
    struct turn *turn = host_turn(face);
    const struct json *container = host_json(value);
    if (!json_is(container, JSON_OBJECT) && !json_is(container, JSON_ARRAY))
        return false;
    uint32_t at = it->next ? it->next : 1;
    if (at >= container->next)
        return false;
    const struct json *child = container + at;
    it->index = it->next ? it->index + 1 : 0;
    it->next = at + child->next;
    it->value = host_value(child);
    it->key = child->key.at ? host_text(json_key(&turn->arena, child)) : (moult_text){ 0 };
    return true;
}

moult_text host_text_of(moult_turn *face, const moult_json *value)
{
    struct turn *turn = host_turn(face);
    const struct json *node = host_json(value);
    if (!node)
        return (moult_text){ 0 };
    if (node->kind != JSON_STRING)
        return host_text(node->raw);
    if (node->escaped && !host_charge(turn, node->raw.size))
        return (moult_text){ 0 };
    return host_text(json_string(&turn->arena, node));
}

const moult_json *host_parse(moult_turn *face, moult_text text, uint32_t mode)
{
    struct turn *turn = host_turn(face);
    if (text.size == 0 || !host_charge(turn, text.size))
        return NULL;
    const struct json *value = json_read(&turn->arena, host_str(text), NULL, NULL);
    if (value || mode != MOULT_LENIENT)
        return host_value(value);
    struct str strict = lenient_json(&turn->arena, host_str(text));
    return strict.at ? host_value(json_read(&turn->arena, strict, NULL, NULL)) : NULL;
}

uint32_t host_length(moult_turn *turn, const moult_json *value)
{
    const struct json *node = host_json(value);
    if (json_is(node, JSON_STRING))
        return host_text_of(turn, value).size;
    return node ? node->count : 0;
}

const moult_json *host_json_set(
    moult_turn *face, const moult_json *value, moult_text key, const moult_json *member)
{
    struct turn *turn = host_turn(face);
    const struct json *object = host_json(value);
    if (!json_is(object, JSON_OBJECT) || key.size == 0 || !host_charge(turn, object->raw.size))
        return NULL;
    struct str text = args_splice(&turn->arena, object, host_str(key), host_json(member));
    return host_value(json_read(&turn->arena, text, NULL, NULL));
}

const moult_schema *host_schema_of(moult_turn *face, moult_text tool, moult_text key)
{
    const struct session *session = host_turn(face)->session;
    if (tool.size == 0)
        return NULL;
    return (const moult_schema *)(const void *)tools_schema(
        session->tools, host_str(tool), host_str(key));
}

bool host_fits(moult_turn *face, const moult_schema *schema, const moult_json *value)
{
    if (!schema || !value || !host_charge(host_turn(face), host_json(value)->raw.size))
        return false;
    return tools_fit((const struct json *)(const void *)schema, host_json(value));
}
