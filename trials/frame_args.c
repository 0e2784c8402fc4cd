/* frame_args - a call whose arguments or name are another way of writing what the tool takes: an
 * argument under another name, arguments wrapped in something, a tool's name in another spelling.
 *
 * Each frame asks for a call that was refused, and for one that the schema takes afterwards: where
 * it is still wrong then, the spelling was not what failed. */
#include "trials/detect_find.h"
#include "trials/frame.h"

#include "base/mem.h"
#include "trials/schema.h"

#include <ctype.h>

static const struct json *parameters_of(const struct run *run, const struct run_call *call)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    return tool ? tool->parameters : NULL;
}

/* --- an argument under another name */

struct alias {
    const struct json *from; /* the one member that the schema does not name */
    struct str to;           /* the one required member that is not there */
};

/* One of each: with more of either nobody can say which stands for which. */
static bool find_alias(const struct run *run, const struct run_call *call, struct alias *ret)
{
    const struct json *schema = parameters_of(run, call);
    unsigned from = 0, to = 0;
    JSON_EACH(member, schema ? call->value : NULL)
    {
        if (schema_property(schema, json_key(run->arena, member)))
            continue;
        ret->from = member;
        from++;
    }
    JSON_EACH(name, from == 1 ? json_get(schema, "required") : NULL)
    {
        struct str key = json_string(run->arena, name);
        if (json_get_str(call->value, key))
            continue;
        ret->to = key;
        to++;
    }
    return from == 1 && to == 1;
}

static bool mend_alias(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct alias alias;
    unsigned written = 0;
    if (!find_alias(run, call, &alias))
        return false;
    buf_char(&out, '{');
    JSON_EACH(member, call->value)
    {
        buf_text(&out, written++ ? "," : "");
        if (member == alias.from) {
            json_quote(&out, alias.to);
        } else {
            buf_char(&out, '"');
            buf_str(&out, member->key);
            buf_char(&out, '"');
        }
        buf_char(&out, ':');
        buf_str(&out, member->raw);
    }
    buf_char(&out, '}');
    to->args = (struct str){ arena_string(arena, out.at, out.size), out.size };
    return frame_fits(run, to, arena) &&
           frame_given(run, step, json_read(arena, to->args, NULL, NULL));
}

void alias_find(const struct run *run, detect_sink sink, void *with)
{
    struct alias alias;
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (find_alias(run, at.call, &alias))
            detect_hit_call(run, &at, sink, with);
}

/* --- arguments that are wrapped */

/* Inside a code fence: what stands between its first line and its end. */
static struct str unfenced(struct str text)
{
    struct str fence = STR("```");
    text = str_trim(text);
    if (!str_starts(text, fence) || text.size < 2 * fence.size)
        return text;
    int64_t line = str_find(text, STR("\n"));
    struct str end = { text.at + text.size - fence.size, fence.size };
    if (line < 0 || (size_t)line + 1 > text.size - fence.size || !str_equal(end, fence))
        return text;
    return str_trim((struct str){ text.at + line + 1, text.size - fence.size - (size_t)line - 1 });
}

/* Without a comma in front of a bracket's end. */
static struct str without_commas(struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        size_t next = i + 1;
        quoted ^= text.at[i] == '"';
        if (quoted && text.at[i] == '\\' && next < text.size)
            buf_char(&out, text.at[i++]);
        while (next < text.size && isspace((unsigned char)text.at[next]))
            next++;
        bool last = next < text.size && (text.at[next] == '}' || text.at[next] == ']');
        if (quoted || text.at[i] != ',' || !last)
            buf_char(&out, text.at[i]);
    }
    return (struct str){ arena_string(arena, out.size ? out.at : "", out.size), out.size };
}

/* They denote an object to nobody. Python takes a comma at the end, too, but what is JSON but for
 * its commas no Python wrote. */
static bool is_wrapped(const struct run_call *call, struct arena *arena)
{
    if (call->value || !call->literal)
        return !call->value;
    return json_is(json_read(arena, without_commas(call->args, arena), NULL, NULL), JSON_OBJECT);
}

/* What is cut off in the middle is not put together again: who knows what it would have said. */
static bool mend_json(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    (void)step;
    if (!is_wrapped(call, arena))
        return false;
    struct str text = unfenced(call->args);
    const struct json *value = json_read(arena, text, NULL, NULL);
    if (json_is(value, JSON_STRING))
        text = json_string(arena, value);
    to->args = without_commas(text, arena);
    return frame_fits(run, to, arena);
}

void bad_json_find(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (is_wrapped(at.call, run->arena))
            detect_hit_call(run, &at, sink, with);
}

void python_find(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->literal && !is_wrapped(at.call, run->arena))
            detect_hit_call(run, &at, sink, with);
}

/* --- a tool's name in another spelling */

/* Letters and digits in one case, behind the last separator of a namespace. */
static struct str plain_name(struct str name, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] == '.' || name.at[i] == ':' || name.at[i] == '/')
            out.size = 0;
        else if (isalnum((unsigned char)name.at[i]))
            buf_char(&out, (char)tolower((unsigned char)name.at[i]));
    }
    return (struct str){ arena_string(arena, out.size ? out.at : "", out.size), out.size };
}

/* The one known tool that it can mean, or NULL. */
static const struct run_tool *meant(
    const struct run *run, const struct run_call *call, struct arena *arena)
{
    const struct run_tool *found = NULL;
    struct str name = plain_name(call->name, arena);
    if (!run->tools || name.size == 0 || run_tool_find(run, call->name))
        return NULL;
    for (uint32_t i = 0; i < run->tools->tools_count; i++) {
        if (!str_equal(plain_name(run->tools->tools[i].name, arena), name))
            continue;
        if (found)
            return NULL;
        found = &run->tools->tools[i];
    }
    return found;
}

static bool mend_name(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    (void)step;
    const struct run_tool *tool = meant(run, call, arena);
    if (!tool)
        return false;
    to->name = tool->name;
    return frame_fits(run, to, arena);
}

void tool_name_find(const struct run *run, detect_sink sink, void *with)
{
    find_unknown_tool(run, sink, with);
}

/* --- which of them are failures */

static bool mendable(const struct run *run, const struct detect_hit *hit, frame_mend mend,
    const char *otherwise, const char **ret_why)
{
    const struct run_call *call = frame_call(run, hit);
    struct effects_call to = { .name = call->name, .args = call->args };
    *ret_why = "the call was accepted as it was";
    if (!call->failed)
        return false;
    *ret_why = otherwise;
    return mend(run, hit->step, call, &to, run->arena);
}

bool alias_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    return mendable(run, hit, mend_alias,
        "under the other name it is no valid call, or names something that nobody named", ret_why);
}

bool bad_json_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    return mendable(run, hit, mend_json, "nobody can say what it would have been", ret_why);
}

bool tool_name_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    return mendable(run, hit, mend_name,
        "there is no known tool that its name is a spelling of and that takes its arguments",
        ret_why);
}

int alias_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, mend_alias, ret, arena);
}

int bad_json_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, mend_json, ret, arena);
}

int tool_name_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, mend_name, ret, arena);
}
