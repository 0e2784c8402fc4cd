/* detect_text - what replies say: leaked calls, empty and repeated texts, text beside calls (rows
 * e, h, l). */
#include "trials/detect_find.h"

#include "base/mem.h"
#include "trials/scan.h"

#include <stdlib.h>

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

static int by_text(const void *a, const void *b)
{
    const struct detect_said *x = a, *y = b;
    int order = str_compare(x->text, y->text);
    return order ? order : x->step < y->step ? -1 : x->step > y->step;
}

uint32_t detect_said(const struct run *run, struct detect_said **ret)
{
    struct detect_said *said = mem_zero(run->steps_count + 1, sizeof(*said));
    uint32_t count = 0;
    for (uint32_t step = 0; step < run->steps_count; step++) {
        const struct run_message *reply = run_step(run, step);
        struct str text = str_trim(reply->text);
        if (!reply->error && reply->calls_count == 0 && text.size > 0)
            said[count++] = (struct detect_said){ text, step };
    }
    qsort(said, count, sizeof(*said), by_text);
    *ret = said;
    return count;
}

/* One hit for each text that `least` replies without a call have, at the first of them. */
static void find_same_text(const struct run *run, uint32_t least, detect_sink sink, void *with)
{
    struct detect_said *said;
    uint32_t count = detect_said(run, &said);
    for (uint32_t from = 0, to = 0; from < count; from = to) {
        while (to < count && str_equal(said[from].text, said[to].text))
            to++;
        if (to - from >= least)
            detect_hit_step(said[from].step, sink, with);
    }
    free(said);
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
