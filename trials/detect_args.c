/* detect_args - arguments against the schema of their tool: rows c and e_unknown_tool. */
#include "trials/detect_find.h"

#include "trials/python.h"
#include "trials/schema.h"

typedef bool (*call_test)(const struct run *run, const struct run_call *call);

static void find_calls(const struct run *run, call_test test, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (test(run, at.call))
            detect_hit_call(run, &at, sink, with);
}

static const struct json *args_of(const struct run_call *call)
{
    return call->value ? call->value : call->literal;
}

static const struct json *schema_of(const struct run *run, const struct run_call *call)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    return tool ? tool->parameters : NULL;
}

static bool bad_json(const struct run *run, const struct run_call *call)
{
    (void)run;
    return !call->value;
}

static bool python_repr(const struct run *run, const struct run_call *call)
{
    (void)run;
    return !call->value && call->literal;
}

static bool missing_required(const struct run *run, const struct run_call *call)
{
    if (!args_of(call))
        return false;
    JSON_EACH(name, json_get(schema_of(run, call), "required"))
    if (!json_get_str(args_of(call), json_string(run->arena, name)))
        return true;
    return false;
}

static bool unknown_param(const struct run *run, const struct run_call *call)
{
    const struct json *schema = schema_of(run, call);
    JSON_EACH(member, schema ? args_of(call) : NULL)
    if (!schema_property(schema, json_key(run->arena, member)))
        return true;
    return false;
}

static bool wrong_type(const struct run *run, const struct run_call *call)
{
    const struct json *schema = schema_of(run, call);
    JSON_EACH(member, schema ? args_of(call) : NULL)
    {
        const struct json *of = schema_property(schema, json_key(run->arena, member));
        if (of && !schema_type_fits(of, member))
            return true;
    }
    return false;
}

const struct json *detect_list_of(
    const struct json *schema, const struct json *value, struct arena *arena)
{
    if (!json_is(value, JSON_STRING) || !schema_type_is(schema, STR("array")))
        return NULL;
    struct str text = json_string(arena, value);
    const struct json *list =
        json_read(arena, text, &(struct json_limits){ .duplicates = true }, NULL);
    if (!list)
        list = python_read(arena, text);
    return json_is(list, JSON_ARRAY) && schema_fits(schema, list) ? list : NULL;
}

static bool string_for_array(const struct run *run, const struct run_call *call)
{
    const struct json *schema = schema_of(run, call);
    JSON_EACH(member, schema ? args_of(call) : NULL)
    if (detect_list_of(schema_property(schema, json_key(run->arena, member)), member, run->arena))
        return true;
    return false;
}

static bool enum_violation(const struct run *run, const struct run_call *call)
{
    const struct json *schema = schema_of(run, call);
    JSON_EACH(member, schema ? args_of(call) : NULL)
    {
        const struct json *of = schema_property(schema, json_key(run->arena, member));
        if (of && json_get(of, "enum") && schema_type_fits(of, member) && !schema_fits(of, member))
            return true;
    }
    return false;
}

static bool unknown_tool(const struct run *run, const struct run_call *call)
{
    return run->tools && !run_tool_find(run, call->name);
}

void find_bad_json(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, bad_json, sink, with);
}

void find_python_repr(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, python_repr, sink, with);
}

void find_missing_required(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, missing_required, sink, with);
}

void find_unknown_param(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, unknown_param, sink, with);
}

void find_wrong_type(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, wrong_type, sink, with);
}

void find_string_for_array(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, string_for_array, sink, with);
}

void find_enum_violation(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, enum_violation, sink, with);
}

void find_unknown_tool(const struct run *run, detect_sink sink, void *with)
{
    find_calls(run, unknown_tool, sink, with);
}
