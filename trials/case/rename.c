/* rename - see rename.h. Names are words, and a word is renamed wherever it stands, in schemas,
 * calls, results and texts, so that what was one thing stays one. Words that a message or a schema
 * is made of keep their meaning, and so their name. */
#include "trials/case/rename.h"

#include "base/mem.h"
#include "trials/vary.h"

#include <stdlib.h>

enum { NAME_MIN = 3, DEPTH_MAX = 16 };

static const char *const kept[] = { "role", "content", "name", "arguments", "parameters",
    "function", "type", "tool", "tool_calls", "tool_call_id", "text", "user", "assistant", "system",
    "error", "class", "status", "model", "models", "then", "attempt", "object", "string", "number",
    "integer", "boolean", "array", "null", "true", "false", "properties", "required", "items",
    "enum", "description", "default", "annotations", "readOnlyHint", "tool_call", "kwargs" };

struct names {
    struct str *list;
    uint32_t count, room;
};

static void add_name(struct names *names, struct str name)
{
    bool keep = name.size < NAME_MIN;
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        keep |= str_equal(name, str_of(kept[i]));
    if (keep)
        return;
    if (names->count == names->room) {
        names->room = names->room ? 2 * names->room : 64;
        names->list = mem_grow(names->list, names->room, sizeof *names->list);
    }
    names->list[names->count++] = name;
}

/* The fields of a schema, and of the schemas in it. */
static void add_fields(
    struct names *names, const struct json *schema, struct arena *arena, unsigned depth)
{
    if (depth == DEPTH_MAX)
        return;
    JSON_EACH(field, json_get(schema, "properties"))
    {
        add_name(names, json_key(arena, field));
        add_fields(names, field, arena, depth + 1);
    }
    const struct json *items = json_get(schema, "items");
    if (items)
        add_fields(names, items, arena, depth + 1);
}

static int by_text(const void *left, const void *right)
{
    return str_compare(*(const struct str *)left, *(const struct str *)right);
}

static void put_word(void *with, struct buf *out, struct str word)
{
    const struct names *names = with;
    buf_str(out, word);
    if (bsearch(&word, names->list, names->count, sizeof word, by_text))
        buf_text(out, "_too");
}

static struct str renamed(struct names *names, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    vary_words(&out, text, put_word, names);
    return (struct str){ arena_string(arena, out.at ? out.at : "", out.size), out.size };
}

/* Last things first. */
static int rename_tools(
    struct run *made, struct names *names, const struct run_tools *tools, struct err *err)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    struct run_tools turned = { 0 }, *read;
    turned.tools = arena_alloc(made->arena, (tools->tools_count + 1) * sizeof *turned.tools);
    for (uint32_t i = tools->tools_count; i-- > 0;)
        turned.tools[turned.tools_count++] = tools->tools[i];
    run_tools_print(&list, &turned);
    int rc = run_tools_read(&read, renamed(names, buf_view(&list), made->arena), made->arena, err);
    if (rc == 0)
        made->tools = read;
    return rc;
}

static int add_messages(
    struct run *made, struct names *names, const struct run *run, struct err *err)
{
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        bool stays = message->role == RUN_ERROR;
        struct str bytes = stays ? message->bytes : renamed(names, message->bytes, made->arena);
        int rc = run_add(made, bytes, message->failed, err);
        if (rc < 0)
            return rc;
        if (message->own.size > 0)
            made->messages[i].own = renamed(names, message->own, made->arena);
    }
    run_seal(made);
    return 0;
}

static void find_names(struct names *names, const struct run *run, struct arena *arena)
{
    for (uint32_t i = 0; i < run->tools->tools_count; i++) {
        add_name(names, run->tools->tools[i].name);
        add_fields(names, run->tools->tools[i].parameters, arena, 0);
    }
    if (names->count > 0)
        qsort(names->list, names->count, sizeof *names->list, by_text);
}

int run_rename(struct run **ret, const struct run *run, struct arena *arena, struct err *err)
{
    struct names names = { 0 };
    *ret = NULL;
    if (run->tools)
        find_names(&names, run, arena);
    if (names.count == 0)
        return 0;
    struct run *made = run_like(run, arena);
    int rc = rename_tools(made, &names, run->tools, err);
    if (rc == 0)
        rc = add_messages(made, &names, run, err);
    free(names.list);
    if (rc == 0)
        *ret = made;
    return rc;
}
