/* toolbox_tools - see toolbox_tools.h. */
#include "broker/toolbox_tools.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/toolbox.h"

#include <stdlib.h>

enum {
    NAME_MAX_BYTES = 64, /* of providers */
    TOOLS_MAX = 512,
    OFFERED_MAX = 4 << 20,
    SCHEMA_MAX = 256 << 10,
    WORDS_MAX = 64
};

void toolbox_tools_done(struct toolbox_tools *tools)
{
    free(tools->at);
    buf_done(&tools->offered);
    arena_done(&tools->arena);
    *tools = (struct toolbox_tools){ 0 };
}

const struct toolbox_tool *toolbox_tools_find(const struct toolbox_tools *tools, struct str name)
{
    for (unsigned i = 0; i < tools->count; i++)
        if (str_equal(tools->at[i].name, name))
            return &tools->at[i];
    return NULL;
}

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-')
            return false;
    }
    return name.size > 0 && name.size <= NAME_MAX_BYTES;
}

static void leave_out(struct str server, struct str name, const char *why)
{
    char words[WORDS_MAX], of[WORDS_MAX];
    log_line(LOG_WARN, "tool \"%s\" of %s is left out: %s",
        str_printable(words, sizeof words, name, false),
        str_printable(of, sizeof of, server, false), why);
}

static bool says_twice(const struct toolbox_tools *tools, unsigned box, struct str own)
{
    for (unsigned i = 0; i < tools->count; i++)
        if (tools->at[i].box == box && str_equal(tools->at[i].own, own))
            return true;
    return false;
}

/* The tool's own name, or SERVER__NAME where another has it; empty: both are taken or no names. */
static struct str free_name(struct toolbox_tools *tools, struct str server, struct str own)
{
    if (!toolbox_tools_find(tools, own))
        return own;
    struct str name = { arena_format(&tools->arena, "%.*s__%.*s", (int)server.size, server.at,
                            (int)own.size, own.at),
        server.size + 2 + own.size };
    return is_name(name) && !toolbox_tools_find(tools, name) ? name : (struct str){ 0 };
}

static void offer(struct toolbox_tools *tools, struct str name, const struct json *tool)
{
    const struct json *about = json_get(tool, "description");
    struct buf *out = &tools->offered;
    buf_text(out, out->size > 1 ? "," : "");
    buf_text(out, "{\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, name);
    if (json_is(about, JSON_STRING) && about->raw.size <= SCHEMA_MAX) {
        buf_text(out, ",\"description\":");
        buf_str(out, about->raw);
    }
    buf_text(out, ",\"parameters\":");
    buf_str(out, json_get(tool, "inputSchema")->raw);
    buf_text(out, "}}");
}

/* Why it cannot be used, or NULL. */
static const char *fault_of(
    const struct toolbox_tools *tools, unsigned box, struct str own, const struct json *tool)
{
    const struct json *schema = json_get(tool, "inputSchema");
    if (!is_name(own))
        return "its name is not 1 to 64 letters, digits, '_' or '-'";
    if (says_twice(tools, box, own))
        return "the server lists it twice";
    if (!json_is(schema, JSON_OBJECT))
        return "its inputSchema is no object";
    if (schema->raw.size > SCHEMA_MAX)
        return "its inputSchema is too large";
    if (tools->count == TOOLS_MAX || tools->offered.size + schema->raw.size > OFFERED_MAX)
        return "there are too many tools";
    return NULL;
}

static void add(struct toolbox_tools *tools, const struct config *config, unsigned box,
    struct str server, const struct json *tool)
{
    struct str own = json_string(&tools->arena, json_get(tool, "name"));
    const char *fault = fault_of(tools, box, own, tool);
    struct str name = fault ? own : free_name(tools, server, own);
    if (!fault && name.size == 0)
        fault = "other tools have its name, with the server's and without";
    if (fault) {
        leave_out(server, own, fault);
        return;
    }
    if (toolbox_permission(config, name) == TOOL_DENY)
        return;
    tools->at = mem_grow(tools->at, tools->count + 1, sizeof *tools->at);
    tools->at[tools->count++] =
        (struct toolbox_tool){ { arena_string(&tools->arena, name.at, name.size), name.size },
            { arena_string(&tools->arena, own.at, own.size), own.size }, box };
    offer(tools, name, tool);
}

void toolbox_tools_add(struct toolbox_tools *tools, const struct config *config, unsigned box,
    struct str server, const struct json *list)
{
    if (tools->offered.size > 0)
        tools->offered.size--; /* the bracket at its end */
    else
        buf_char(&tools->offered, '[');
    JSON_EACH(tool, list)
    add(tools, config, box, server, tool);
    buf_char(&tools->offered, ']');
}
