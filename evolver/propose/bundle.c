/* bundle - see bundle.h. */
#include "propose/bundle.h"

#include "base/mem.h"
#include "base/names.h"

#include <string.h>

enum { SECONDS_DEFAULT = 40 };

static const char *const kind_words[] = {
    [BUNDLE_FAIL] = "fail",
    [BUNDLE_PASS] = "pass",
    [BUNDLE_OVERREACH] = "overreach",
    [BUNDLE_BEHIND] = "behind",
};

static struct str text_of(struct arena *arena, const struct json *object, const char *key)
{
    struct str text = json_string(arena, json_get(object, key));
    return text.at ? text : (struct str){ "", 0 };
}

/* Sixteen hex digits. */
static bool hex(struct str text, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *digits = "0123456789abcdef", *digit = memchr(digits, text.at[i], 16);
        if (!digit)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *ret = value;
    return text.size == 16;
}

static bool read_want(struct proposer_verdict *ret, struct arena *arena, const struct json *want)
{
    return hex(text_of(arena, want, "calls"), &ret->calls) &&
           hex(text_of(arena, want, "text"), &ret->text) &&
           hex(text_of(arena, want, "end"), &ret->end);
}

static const struct json *find_tool(struct arena *arena, const struct json *tools, struct str name)
{
    JSON_EACH(tool, tools)
    {
        const struct json *function = json_get(tool, "function");
        if (str_equal(text_of(arena, function, "name"), name))
            return function;
    }
    return NULL;
}

/* Calls of a message ({"function": {"name", "arguments"}}) or of a list ({"name", "args"}). */
static struct bundle_call *read_calls(struct arena *arena, const struct json *list,
    const struct json *tools, const char *args, uint32_t *ret_count)
{
    uint32_t count = 0;
    struct bundle_call *calls = arena_alloc(arena, ((list ? list->count : 0) + 1) * sizeof(*calls));
    JSON_EACH(item, list)
    {
        const struct json *function = json_get(item, "function");
        const struct json *from = function ? function : item;
        struct str name = text_of(arena, from, "name");
        calls[count++] = (struct bundle_call){
            .name = name,
            .args = json_read(arena, text_of(arena, from, args), NULL, NULL),
            .tool = find_tool(arena, tools, name),
        };
    }
    *ret_count = count;
    return calls;
}

struct groups {
    struct str *at;
    uint32_t count;
};

static uint32_t group_number(struct groups *groups, struct str name)
{
    for (uint32_t i = groups->count; i-- > 0;)
        if (str_equal(groups->at[i], name))
            return i;
    groups->at[groups->count] = name;
    return groups->count++;
}

static const struct json *tools_at(const struct json *lists, const struct json *number)
{
    int64_t at = json_int(number, -1);
    JSON_EACH(list, lists)
    if (at-- == 0)
        return list;
    return NULL;
}

static int read_step(struct bundle_step *ret, struct arena *arena, const struct json *tools,
    struct groups *groups, const struct json *item, struct err *err)
{
    int kind = NAME_FIND(kind_words, text_of(arena, item, "kind"));
    int64_t id = json_int(json_get(item, "id"), -1);
    if (kind < 0 || id < 0 || id > UINT32_MAX ||
        !read_want(&ret->want, arena, json_get(item, "want")))
        return err_set(err, ERR_INPUT, "a step of the bundle without its id, kind or digests");
    ret->id = (uint32_t)id;
    ret->from = item;
    ret->kind = (enum bundle_kind)kind;
    ret->group = group_number(groups, text_of(arena, item, "group"));
    ret->tools = tools_at(tools, json_get(item, "tools"));
    const struct json *reply = json_get(item, "reply"), *wanted = json_get(item, "wanted");
    ret->text = text_of(arena, reply, "content");
    ret->calls = read_calls(
        arena, json_get(reply, "tool_calls"), ret->tools, "arguments", &ret->calls_count);
    ret->wanted =
        read_calls(arena, json_get(wanted, "calls"), ret->tools, "args", &ret->wanted_count);
    JSON_EACH(call, json_get(wanted, "calls"))
    ret->denies |= json_bool(json_get(call, "denied"), false);
    return 0;
}

static struct bundle_plugin *read_plugins(
    struct arena *arena, const struct json *list, uint32_t *ret_count)
{
    struct bundle_plugin *plugins =
        arena_alloc(arena, ((list ? list->count : 0) + 1) * sizeof(*plugins));
    *ret_count = 0;
    JSON_EACH(item, list)
    plugins[(*ret_count)++] = (struct bundle_plugin){
        .name = text_of(arena, item, "name"),
        .path = text_of(arena, item, "path"),
        .source = text_of(arena, item, "source"),
        .hooks = json_get(item, "hooks"),
        .build = text_of(arena, item, "build"),
    };
    return plugins;
}

static void read_without(struct bundle *ret, struct arena *arena, const struct json *list)
{
    ret->without = arena_alloc(arena, ((list ? list->count : 0) + 1) * sizeof(*ret->without));
    JSON_EACH(item, list)
    {
        struct str name = json_string(arena, item);
        if (name.at)
            ret->without[ret->without_count++] = arena_string(arena, name.at, name.size);
    }
}

int bundle_read(struct bundle *ret, struct arena *arena, struct str text, struct err *err)
{
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "evidence bundle");
    if (json_int(json_get(root, "schema"), 0) != 1)
        return err_set(err, ERR_INPUT, "the evidence bundle is not of schema 1");
    const struct json *steps = json_get(root, "steps"), *tools = json_get(root, "tools");
    struct bundle bundle = {
        .cluster = text_of(arena, root, "cluster"),
        .hook = text_of(arena, root, "hook"),
        .pipeline = text_of(arena, json_get(root, "pipeline"), "source"),
        .pipeline_path = text_of(arena, json_get(root, "pipeline"), "path"),
        .past = json_get(root, "past"),
        .seconds =
            (uint32_t)json_int(json_get(json_get(root, "budget"), "seconds"), SECONDS_DEFAULT),
        .rounds = (uint32_t)json_int(json_get(json_get(root, "budget"), "rounds"), 0),
        .lines = (uint32_t)json_int(json_get(json_get(root, "budget"), "lines"), 0),
        .tools = tools,
    };
    bundle.plugins = read_plugins(arena, json_get(root, "plugins"), &bundle.plugins_count);
    bundle.stock = read_plugins(arena, json_get(root, "stock"), &bundle.stock_count);
    bundle.earlier = read_plugins(arena, json_get(root, "earlier"), &bundle.earlier_count);
    read_without(&bundle, arena, json_get(root, "without"));
    uint32_t room = (steps ? steps->count : 0) + 1;
    struct groups groups = { arena_alloc(arena, room * sizeof(*groups.at)), 0 };
    bundle.steps = arena_alloc(arena, room * sizeof(*bundle.steps));
    JSON_EACH(item, steps)
    {
        int r = read_step(&bundle.steps[bundle.steps_count++], arena, tools, &groups, item, err);
        if (r < 0)
            return r;
    }
    bundle.groups_count = groups.count;
    *ret = bundle;
    return 0;
}

bool bundle_lost(
    const struct bundle *bundle, struct arena *arena, struct str plugin, const struct json *edits)
{
    JSON_EACH(past, bundle->past)
    {
        const struct json *theirs = json_get(past, "edits");
        if (theirs && edits && json_equal(theirs, edits) &&
            str_equal(text_of(arena, past, "plugin"), plugin))
            return true;
    }
    return false;
}

bool bundle_stands_on(const struct bundle_plugin *plugin, struct str hook)
{
    JSON_EACH(item, plugin->hooks)
    if (str_equal(hook, (struct str){ item->raw.at + 1, item->raw.size - 2 }))
        return true;
    return false;
}
