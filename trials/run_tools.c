/* run_tools - lists of tools, read from either form and printed in one.
 * A tool's schema is kept as a slice, so what a worker gets is what the provider would have got. */
#include "trials/run.h"

#include "base/mem.h"

enum { TOOLS_MAX = 1024 };

/* A provider's own tool (a search, a free-form one) is none that a harness carries out. */
static bool is_other(const struct json *item)
{
    struct str type = json_get(item, "type") ? json_get(item, "type")->raw : (struct str){ 0 };
    return type.size > 0 && !str_equal(type, STR("\"function\""));
}

static int read_tool(
    struct run_tool *ret, const struct json *item, struct arena *arena, struct err *err)
{
    bool openai = json_is(json_get(item, "function"), JSON_OBJECT);
    const struct json *body = openai ? json_get(item, "function") : item;
    ret->name = json_string(arena, json_get(body, "name"));
    ret->parameters = json_get(body, "parameters");
    if (openai && !ret->parameters) /* a function without any */
        ret->parameters =
            json_read(arena, STR("{\"type\":\"object\",\"properties\":{}}"), NULL, NULL);
    if (ret->name.size == 0)
        return err_set(err, ERR_INPUT, "a tool has no name");
    if (!json_is(ret->parameters, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "tool %.*s has no parameters object",
            (int)(ret->name.size < 60 ? ret->name.size : 60), ret->name.at);
    const struct json *read_only = json_get(json_get(item, "annotations"), "readOnlyHint");
    ret->write =
        read_only ? !json_bool(read_only, true) : json_bool(json_get(item, "write"), false);
    return 0;
}

void run_tools_print(struct buf *out, const struct run_tools *tools)
{
    buf_char(out, '[');
    for (uint32_t i = 0; i < tools->tools_count; i++) {
        const struct run_tool *tool = &tools->tools[i];
        buf_text(out, i ? ",{\"type\":\"function\",\"function\":{\"name\":"
                        : "{\"type\":\"function\",\"function\":{\"name\":");
        json_quote(out, tool->name);
        buf_text(out, ",\"parameters\":");
        json_canonical(out, tool->parameters);
        buf_format(out, "},\"annotations\":{\"readOnlyHint\":%s}}", tool->write ? "false" : "true");
    }
    buf_char(out, ']');
}

int run_tools_read(struct run_tools **ret, struct str text, struct arena *arena, struct err *err)
{
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "read tools");
    const struct json *list = json_is(root, JSON_OBJECT) ? json_get(root, "tools") : root;
    if (!json_is(list, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "no list of tools");
    if (list->count > TOOLS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d tools", TOOLS_MAX);
    struct run_tools *tools = arena_alloc(arena, sizeof(*tools));
    tools->tools = arena_alloc(arena, (list->count + 1) * sizeof(*tools->tools));
    JSON_EACH(item, list)
    {
        if (is_other(item))
            continue;
        int status = read_tool(&tools->tools[tools->tools_count++], item, arena, err);
        if (status < 0)
            return err_where(err, "$[%u]", tools->tools_count - 1);
    }
    CLEANUP(buf_done) struct buf printed = { 0 };
    run_tools_print(&printed, tools);
    tools->bytes = (struct str){ arena_string(arena, printed.at, printed.size), printed.size };
    tools->digest = hash_of(tools->bytes);
    *ret = tools;
    return 0;
}

const struct run_tool *run_tool_find(const struct run *run, struct str name)
{
    for (uint32_t i = 0; run->tools && i < run->tools->tools_count; i++)
        if (str_equal(run->tools->tools[i].name, name))
            return &run->tools->tools[i];
    return NULL;
}
