/* detect_text - what replies say: leaked calls, empty and repeated texts, text beside calls (rows
 * e, h, l). */
#include "trials/detect_find.h"

#include "base/mem.h"
#include "trials/scan.h"

typedef bool (*reply_test)(const struct run *run, const struct run_message *reply);

static void find_replies(const struct run *run, reply_test test, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step < run->steps_count; step++)
        if (!run_step_error(run, step) && test(run, run_step(run, step)))
            detect_hit_step(step, sink, with);
}

static bool empty(const struct run *run, const struct run_message *reply)
{
    (void)run;
    return reply->calls_count == 0 && str_trim(reply->text).size == 0;
}

static bool markup(const struct run *run, const struct run_message *reply)
{
    static const char *const marks[] = { "<tool_call>", "</tool_call>",
        "<function=", "<|python_tag|>", "<|tool", "[TOOL_CALLS]", "<tool_response>", "```tool",
        "functions." };
    (void)run;
    for (unsigned i = 0; i < COUNT_OF(marks); i++)
        if (scan_has(reply->text, marks[i]))
            return true;
    return false;
}

static bool json_call(const struct run *run, const struct run_message *reply)
{
    const struct json *object;
    struct str name;
    for (struct scan_objects at = { 0 }; (object = scan_object(&at, reply->text, run->arena));)
        if (scan_call(run, object, &name))
            return true;
    return false;
}

static bool any_leak(const struct run *run, const struct run_message *reply)
{
    return markup(run, reply) || json_call(run, reply);
}

static bool json_only(const struct run *run, const struct run_message *reply)
{
    return reply->calls_count == 0 && scan_whole(reply->text, run->arena);
}

static bool multi_call(const struct run *run, const struct run_message *reply)
{
    (void)run;
    return reply->calls_count > 1;
}

static bool text_beside_call(const struct run *run, const struct run_message *reply)
{
    (void)run;
    return reply->calls_count > 0 && str_trim(reply->text).size > 0;
}

/* One hit for each block (or each whose body is no JSON object). */
static void find_blocks(const struct run *run, bool bad_only, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step < run->steps_count; step++) {
        struct str text = run->messages[run->steps[step]].text, body;
        for (size_t at = 0;
             scan_between(text, &at, STR("<tool_call>"), STR("</tool_call>"), &body);)
            if (!bad_only || !scan_whole(body, run->arena))
                detect_hit_step(step, sink, with);
    }
}

/* One hit for each text that `least` replies without a call have, at the first of them. */
static void find_same_text(const struct run *run, uint32_t least, detect_sink sink, void *with)
{
    for (uint32_t i = 0; i < run->steps_count; i++) {
        const struct run_message *reply = &run->messages[run->steps[i]];
        struct str text = str_trim(reply->text);
        uint32_t count = 0, before = 0;
        if (reply->calls_count > 0 || text.size == 0)
            continue;
        for (uint32_t k = 0; k < run->steps_count; k++) {
            const struct run_message *other = &run->messages[run->steps[k]];
            if (other->calls_count > 0 || !str_equal(text, str_trim(other->text)))
                continue;
            count++;
            before += k < i;
        }
        if (before == 0 && count >= least)
            detect_hit_step(i, sink, with);
    }
}

void find_empty_assistant(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, empty, sink, with);
}

void find_leak_markup(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, markup, sink, with);
}

void find_leak_json_call(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, json_call, sink, with);
}

void find_leak_any(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, any_leak, sink, with);
}

void find_leak_blocks(const struct run *run, detect_sink sink, void *with)
{
    find_blocks(run, false, sink, with);
}

void find_leak_block_bad_json(const struct run *run, detect_sink sink, void *with)
{
    find_blocks(run, true, sink, with);
}

void find_json_only_text(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, json_only, sink, with);
}

void find_multi_call(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, multi_call, sink, with);
}

void find_text_beside_call(const struct run *run, detect_sink sink, void *with)
{
    find_replies(run, text_beside_call, sink, with);
}

void find_same_text2(const struct run *run, detect_sink sink, void *with)
{
    find_same_text(run, 2, sink, with);
}

void find_same_text3(const struct run *run, detect_sink sink, void *with)
{
    find_same_text(run, 3, sink, with);
}
