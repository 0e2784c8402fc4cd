/* tools - lists of tools, parsed once, and the check of a value against a schema.
 *
 * Three forms are read: {"type":"function","function":{"name","parameters"}}, the same with
 * "custom" (no parameters: its calls bring plain text), and the bare {"name", "parameters"}. What
 * has no name is a tool that the provider carries out by itself: nobody here can call or check it.
 * Of JSON Schema the check knows what tool schemas use: type, required, properties, items, enum,
 * and additionalProperties where it is false; unknown keywords allow everything. A session's own
 * tool stands before a plugin's of the same name. */
#include "worker/tools.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { IDLE_MAX = 32 };

static struct tools *lists;

static const struct json *bare(const struct json *row)
{
    const struct json *function = json_get(row, "function"), *custom = json_get(row, "custom");
    return json_is(function, JSON_OBJECT) ? function : json_is(custom, JSON_OBJECT) ? custom : row;
}

static int parse(struct tools *tools, struct str bytes, struct err *err)
{
    tools->bytes = (struct str){ arena_copy(&tools->arena, bytes.at, bytes.size), bytes.size };
    const struct json_limits limits = { .size_max = WIRE_BYTES_MAX, .duplicates = true };
    const struct json *root = json_read(&tools->arena, tools->bytes, &limits, err);
    if (!root)
        return -err->code;
    if (!json_is(root, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "the tools are no JSON array");
    tools->tools = arena_alloc(&tools->arena, (root->count + 1) * sizeof(*tools->tools));
    JSON_EACH(row, root)
    {
        const struct json *one = bare(row);
        struct str name = json_string(&tools->arena, json_get(one, "name"));
        if (name.size == 0)
            continue;
        tools->tools[tools->tools_count++] = (struct tool){ name, json_get(one, "parameters") };
    }
    return 0;
}

static void drop_idle(void)
{
    unsigned idle = 0;
    for (struct tools **link = &lists; *link;) {
        struct tools *list = *link;
        if (list->users > 0 || ++idle <= IDLE_MAX) {
            link = &list->next;
            continue;
        }
        *link = list->next;
        arena_done(&list->arena);
        mem_freep(&list);
    }
}

int tools_get(struct tools **ret, struct str bytes, struct err *err)
{
    struct err mine;
    err = err ? err : &mine;
    *ret = NULL;
    if (bytes.size == 0)
        return 0;
    for (struct tools *list = lists; list; list = list->next)
        if (str_equal(list->bytes, bytes)) {
            list->users++;
            *ret = list;
            return 0;
        }
    struct tools *list = mem_zero(1, sizeof(*list));
    int r = parse(list, bytes, err);
    if (r < 0) {
        arena_done(&list->arena);
        mem_freep(&list);
        return r;
    }
    list->users = 1;
    list->next = lists;
    lists = list;
    *ret = list;
    return 0;
}

void tools_put(struct tools *tools)
{
    if (!tools)
        return;
    tools->users--;
    drop_idle();
}

const struct json *tools_schema(const struct tools *tools, struct str tool, struct str key)
{
    for (uint32_t i = 0; tools && i < tools->tools_count; i++) {
        if (!str_equal(tools->tools[i].name, tool))
            continue;
        const struct json *parameters = tools->tools[i].parameters;
        return key.size == 0 ? parameters : json_get_str(json_get(parameters, "properties"), key);
    }
    return NULL;
}

static bool type_is(struct str type, const struct json *value)
{
    static const struct {
        const char *word;
        uint8_t kinds;
    } types[] = {
        { "string", 1 << JSON_STRING },
        { "object", 1 << JSON_OBJECT },
        { "array", 1 << JSON_ARRAY },
        { "number", 1 << JSON_NUMBER },
        { "integer", 1 << JSON_NUMBER },
        { "boolean", 1 << JSON_TRUE | 1 << JSON_FALSE },
        { "null", 1 << JSON_NULL },
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (!str_equal(type, str_of(types[i].word)))
            continue;
        if (!(types[i].kinds >> value->kind & 1))
            return false;
        double number = json_double(value, 0);
        return types[i].word[0] != 'i' || types[i].word[1] != 'n' ||
               (number > -9e18 && number < 9e18 && number == (double)(int64_t)number);
    }
    return true;
}

/* The bytes between the quotes: the words of a schema have no escapes. */
static struct str word_of(const struct json *string)
{
    return (struct str){ string->raw.at + 1, string->raw.size - 2 };
}

static bool type_fits(const struct json *type, const struct json *value)
{
    if (json_is(type, JSON_STRING))
        return type_is(word_of(type), value);
    if (!json_is(type, JSON_ARRAY))
        return true;
    JSON_EACH(one, type)
    if (json_is(one, JSON_STRING) && type_is(word_of(one), value))
        return true;
    return false;
}

static bool enum_fits(const struct json *list, const struct json *value)
{
    if (!json_is(list, JSON_ARRAY))
        return true;
    JSON_EACH(one, list)
    if (json_equal(one, value))
        return true;
    return false;
}

static bool object_fits(const struct json *schema, const struct json *value)
{
    const struct json *properties = json_get(schema, "properties");
    JSON_EACH(name, json_get(schema, "required"))
    if (json_is(name, JSON_STRING) && !name->escaped && !json_get_str(value, word_of(name)))
        return false;
    bool others = !json_is(json_get(schema, "additionalProperties"), JSON_FALSE);
    JSON_EACH(member, value)
    {
        const struct json *one = member->key_escaped ? NULL : json_get_str(properties, member->key);
        if (one ? !tools_fit(one, member) : !others)
            return false;
    }
    return true;
}

bool tools_fit(const struct json *schema, const struct json *value)
{
    if (!value || !schema)
        return false;
    if (!json_is(schema, JSON_OBJECT))
        return !json_is(schema, JSON_FALSE);
    if (!type_fits(json_get(schema, "type"), value) || !enum_fits(json_get(schema, "enum"), value))
        return false;
    if (json_is(value, JSON_OBJECT))
        return object_fits(schema, value);
    const struct json *items = json_get(schema, "items");
    if (!items || !json_is(value, JSON_ARRAY))
        return true;
    JSON_EACH(item, value)
    if (!tools_fit(items, item))
        return false;
    return true;
}

const struct moult_tool *tools_plugin(
    const struct harness *harness, struct str name, uint32_t *ret_build)
{
    for (uint32_t i = 0; i < harness->builds_count; i++) {
        const struct moult_plugin *plugin = harness->builds[i].plugin;
        for (uint32_t k = 0; k < plugin->tools_count; k++)
            if (str_equal(str_of(plugin->tools[k].name), name)) {
                *ret_build = i;
                return &plugin->tools[k];
            }
    }
    return NULL;
}

static void print_tool(struct buf *out, const struct moult_tool *tool)
{
    buf_text(out, "{\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, str_of(tool->name));
    buf_text(out, ",\"description\":");
    json_quote(out, str_of(tool->description));
    buf_text(out, ",\"parameters\":");
    buf_text(out, tool->parameters ? tool->parameters : "{\"type\":\"object\"}");
    buf_text(out, "}}");
}

struct str tools_with_plugins(struct session *session)
{
    const struct harness *harness = session->harness;
    CLEANUP(buf_done) struct buf out = { 0 };
    for (uint32_t i = 0; i < harness->builds_count; i++) {
        const struct moult_plugin *plugin = harness->builds[i].plugin;
        for (uint32_t k = 0; k < plugin->tools_count; k++) {
            if (tools_schema(session->tools, str_of(plugin->tools[k].name), (struct str){ 0 }))
                continue;
            if (out.size > 0)
                buf_char(&out, ',');
            print_tool(&out, &plugin->tools[k]);
        }
    }
    if (out.size == 0)
        return (struct str){ 0 };
    struct str own = session->tools ? str_trim(session->tools->bytes) : STR("[]");
    struct str rows = str_trim((struct str){ own.at + 1, own.size - 2 });
    const char *text = arena_format(
        &session->turn.arena, "[%.*s%s%s]", (int)rows.size, rows.at, rows.size ? "," : "", out.at);
    return str_of(text);
}
