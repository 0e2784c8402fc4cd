/* frame_array - arguments of the wrong form: a string where the tool wants the list, the number or
 * the truth value that it denotes, and parameters that the schema does not name.
 *
 * The frame changes those arguments and nothing else. A call that was accepted as it was is no
 * failure, whatever the schema says: some harnesses write their traces in another form than they
 * call. */
#include "trials/frame.h"

#include "base/mem.h"
#include "trials/detect_find.h"
#include "trials/schema.h"

/* What becomes of a member: itself, another value, or NULL: it is left out. */
typedef const struct json *(*member_rule)(
    const struct json *schema, const struct json *member, struct arena *arena);

static const struct json *list_for_string(
    const struct json *schema, const struct json *member, struct arena *arena)
{
    const struct json *of = schema_property(schema, json_key(arena, member));
    const struct json *list = detect_list_of(of, member, arena);
    return list ? list : member;
}

static const struct json *scalar_for_string(
    const struct json *schema, const struct json *member, struct arena *arena)
{
    const struct json *of = schema_property(schema, json_key(arena, member));
    if (!json_is(member, JSON_STRING) || schema_type_fits(of, member))
        return member;
    const struct json *value = json_read(arena, json_string(arena, member), NULL, NULL);
    bool scalar =
        json_is(value, JSON_NUMBER) || json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
    return scalar && schema_fits(of, value) ? value : member;
}

static const struct json *known_only(
    const struct json *schema, const struct json *member, struct arena *arena)
{
    return schema_property(schema, json_key(arena, member)) ? member : NULL;
}

/* The arguments under a rule; the empty view when it changes nothing. */
static struct str rewrite(
    const struct run *run, const struct run_call *call, member_rule rule, struct arena *arena)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    CLEANUP(buf_done) struct buf out = { 0 };
    bool changed = false;
    unsigned written = 0;
    buf_char(&out, '{');
    JSON_EACH(member, tool ? call->value : NULL)
    {
        const struct json *value = rule(tool->parameters, member, arena);
        changed |= value != member;
        if (!value)
            continue;
        buf_text(&out, written++ ? ", \"" : "\"");
        buf_str(&out, member->key);
        buf_text(&out, "\": ");
        buf_str(&out, value->raw);
    }
    buf_char(&out, '}');
    if (!changed)
        return (struct str){ 0 };
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

static bool mend_by(const struct run *run, const struct run_call *call, member_rule rule,
    struct effects_call *to, struct arena *arena)
{
    struct str args = rewrite(run, call, rule, arena);
    if (args.size > 0)
        to->args = args;
    return args.size > 0;
}

static bool mend_list(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    (void)step;
    return mend_by(run, call, list_for_string, to, arena);
}

/* What is left must be a call, and of nothing that was invented. */
static bool drop_unknown(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    return mend_by(run, call, known_only, to, arena) && frame_fits(run, to, arena) &&
           frame_given(run, step, json_read(arena, to->args, NULL, NULL));
}

/* Where something else is wrong with the call, too, mending this is not the repair. */
static bool mend_scalar(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena)
{
    (void)step;
    return mend_by(run, call, scalar_for_string, to, arena) && frame_fits(run, to, arena);
}

void array_find(const struct run *run, detect_sink sink, void *with)
{
    find_string_for_array(run, sink, with);
}

bool array_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    const struct run_call *call = frame_call(run, hit);
    *ret_why = "the call was accepted as it was";
    if (!call->failed)
        return false;
    *ret_why = "its arguments are no JSON: the trace does not say what the tool got";
    return call->value != NULL;
}

int array_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, mend_list, ret, arena);
}

void scalar_find(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (rewrite(run, at.call, scalar_for_string, run->arena).size > 0)
            detect_hit_call(run, &at, sink, with);
}

bool scalar_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    const struct run_call *call = frame_call(run, hit);
    struct effects_call to = { .name = call->name };
    *ret_why = "the call was accepted as it was";
    if (!call->failed)
        return false;
    *ret_why = "something else is wrong with the call, too";
    return mend_scalar(run, hit->step, call, &to, run->arena);
}

int scalar_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, mend_scalar, ret, arena);
}

/* One of the recorded calls is not handed over any more. */
bool array_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    uint32_t handed = 0;
    for (uint32_t i = 0; i < seen->calls_count; i++)
        handed += !seen->calls[i].denied;
    return handed < run->messages[run->steps[step]].calls_count;
}

bool unknown_param_mendable(
    const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    const struct run_call *call = frame_call(run, hit);
    const struct run_tool *tool = run_tool_find(run, call->name);
    *ret_why = "the call was accepted as it was";
    if (!call->failed)
        return false;
    struct str left = rewrite(run, call, known_only, run->arena);
    const struct json *args = json_read(run->arena, left, NULL, NULL);
    *ret_why = "what is left without it is no valid call";
    if (!tool || !args || !schema_fits(tool->parameters, args))
        return false;
    *ret_why = "what is left names something that nobody in the conversation named";
    return frame_given(run, hit->step, args);
}

int unknown_param_frame(
    const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_calls(run, step, drop_unknown, ret, arena);
}
