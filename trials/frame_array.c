/* frame_array - arguments of the wrong form: a string where the tool wants the list that it
 * denotes, and parameters that the schema does not name.
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

static int frame(const struct run *run, uint32_t step, member_rule rule, struct effects *ret,
    struct arena *arena)
{
    const struct run_message *reply = &run->messages[run->steps[step]];
    bool changed = false;
    frame_begin(ret, run, step, arena);
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        struct str args = rewrite(run, &reply->calls[i], rule, arena);
        if (args.size == 0)
            continue;
        if (!reply->calls[i].failed)
            return 0; /* it was accepted: nothing to mend, so no claim */
        ret->calls[i].args = args;
        changed = true;
    }
    ret->same = false;
    effects_seal(ret);
    return changed;
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
    return frame(run, step, list_for_string, ret, arena);
}

/* One of the recorded calls is not handed over any more. */
bool array_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    uint32_t handed = 0;
    for (uint32_t i = 0; i < seen->calls_count; i++)
        handed += !seen->calls[i].denied;
    return handed < run->messages[run->steps[step]].calls_count;
}

/* Somebody said or some tool answered it before. A value that nobody gave is invented. */
static bool given_before(const struct run *run, uint32_t step, struct str value)
{
    for (uint32_t i = 0; i < run->steps[step]; i++) {
        uint8_t role = run->messages[i].role;
        if ((role == RUN_USER || role == RUN_RESULT) && str_find(run->messages[i].text, value) >= 0)
            return true;
    }
    return false;
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
    JSON_EACH(value, args)
    if (json_is(value, JSON_STRING) &&
        !given_before(run, hit->step, json_string(run->arena, value)))
        return false;
    return true;
}

int unknown_param_frame(
    const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame(run, step, known_only, ret, arena);
}
