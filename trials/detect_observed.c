/* detect_observed - failures that are named and counted, and that no replay could show mended: what
 * the model is shown, what a person would have wanted, and where more of the same was of no use.
 * Why nothing is proposed stands in their rows. */
#include "trials/detect_find.h"

#include "base/mem.h"
#include "trials/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- calls that change nothing */

enum { NO_PROGRESS = 4 }; /* calls in a row */

static bool new_key(const struct run_call *const *last, unsigned count, const struct run_call *call)
{
    for (unsigned i = 0; i < count; i++)
        if (hash_equal(&last[i]->key, &call->key))
            return false;
    return true;
}

/* Reads that differ, and whose results do not. */
void find_no_progress(const struct run *run, detect_sink sink, void *with)
{
    const struct run_call *last[NO_PROGRESS] = { 0 };
    unsigned count = 0;
    uint32_t message = 0;
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        bool write = detect_class(run, at.call->name) == TOOL_WRITE && !at.call->failed;
        if (detect_spoken(run, &message, at.message_index) || write ||
            (count > 0 && (!detect_same_result(run, last[count - 1], at.call) ||
                              !new_key(last, count, at.call))))
            count = 0;
        if (write)
            continue;
        if (count == NO_PROGRESS)
            memmove(last, last + 1, --count * sizeof(last[0]));
        last[count++] = at.call;
        if (count == NO_PROGRESS)
            detect_hit_call(run, &at, sink, with);
    }
}

/* --- arguments that nobody can mend */

static bool lacks(const struct run *run, const struct run_call *call)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    JSON_EACH(name, tool && call->value ? json_get(tool->parameters, "required") : NULL)
    if (!json_get_str(call->value, json_string(run->arena, name)))
        return true;
    return false;
}

static bool all_known(const struct run *run, const struct run_call *call)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    JSON_EACH(member, call->value)
    if (!schema_property(tool->parameters, json_key(run->arena, member)))
        return false;
    return true;
}

/* Nothing stands in its place under another name. */
void find_param_missing(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->failed && lacks(run, at.call) && all_known(run, at.call))
            detect_hit_call(run, &at, sink, with);
}

static bool denotes(const struct json *schema, const struct json *value, struct arena *arena)
{
    if (!json_is(value, JSON_STRING))
        return false;
    const struct json *meant = json_read(arena, json_string(arena, value), NULL, NULL);
    return (meant && schema_fits(schema, meant)) || detect_list_of(schema, value, arena);
}

static bool another_type(const struct run *run, const struct run_call *call)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    JSON_EACH(member, tool ? call->value : NULL)
    {
        const struct json *of = schema_property(tool->parameters, json_key(run->arena, member));
        if (of && !schema_type_fits(of, member) && !denotes(of, member, run->arena))
            return true;
    }
    return false;
}

/* And no text that denotes what was wanted. */
void find_type_unmendable(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->failed && another_type(run, at.call))
            detect_hit_call(run, &at, sink, with);
}

/* --- what the model is shown */

/* At the reply that was made with it in sight. */
void find_orphan_shown(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t i = 0, step = 0; i < run->messages_count; i++) {
        while (step < run->steps_count && run->steps[step] < i)
            step++;
        if (step < run->steps_count && run->messages[i].role == RUN_RESULT &&
            run->messages[i].answers_message < 0)
            detect_hit_step(step, sink, with);
    }
}

/* The conversation went on without it: with a reply, whether a harness would have asked for it or
 * not. */
void find_call_unanswered(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    uint32_t last = run->messages_count;
    while (last > 0 && run->messages[last - 1].role != RUN_MODEL &&
           run->messages[last - 1].role != RUN_ERROR)
        last--;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->result < 0 && at.message_index + 1 < last)
            detect_hit_call(run, &at, sink, with);
}

/* --- what is said */

static bool has_any(struct str text, const char *const *phrases, unsigned count)
{
    for (size_t at = 0; at < text.size; at++)
        for (unsigned i = 0; i < count; i++)
            if ((text.at[at] | 0x20) == phrases[i][0] && strlen(phrases[i]) <= text.size - at &&
                strncasecmp(text.at + at, phrases[i], strlen(phrases[i])) == 0)
                return true;
    return false;
}

/* Its last sentence, with the mark that ends it. */
static struct str last_sentence(struct str text)
{
    text = str_trim(text);
    size_t from = text.size > 0 ? text.size - 1 : 0;
    while (from > 0 && !strchr(".!?:\n", text.at[from - 1]))
        from--;
    return (struct str){ text.at + from, text.size - from };
}

static bool announces(struct str text)
{
    static const char *const phrases[] = { "i will now", "i'll now", "let me ", "one moment",
        "please hold", "please wait", "give me a moment", "i'll check", "i will check", "i'll look",
        "i will look", "ich werde ", "einen moment", "ich sehe nach" };
    struct str last = last_sentence(text);
    return last.size > 0 && last.at[last.size - 1] != '?' &&
           has_any(last, phrases, COUNT_OF(phrases));
}

/* The turn ended with the word that something will be done now, nothing was, and it is done when
 * the person has written once more. */
void find_premature_finish(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step + 1 < run->steps_count; step++) {
        const struct run_message *reply = run_step(run, step), *next = run_step(run, step + 1);
        if (!reply->error && reply->calls_count == 0 && next->calls_count > 0 &&
            run->steps[step + 1] == run->steps[step] + 2 &&
            run->messages[run->steps[step] + 1].role == RUN_USER && announces(reply->text))
            detect_hit_step(step, sink, with);
    }
}

static bool refuses(struct str text)
{
    static const char *const phrases[] = { "i can't", "i cannot", "i can not", "i am unable",
        "i'm unable", "i'm not able", "i am not able", "i won't", "i'm sorry", "i am sorry",
        "kann ich nicht", "ich kann nicht", "tut mir leid" };
    return has_any(text, phrases, COUNT_OF(phrases));
}

enum { REFUSALS = 3 };

/* At the third reply in the same words, and each behind it. */
void find_refusal_loop(const struct run *run, detect_sink sink, void *with)
{
    struct detect_said *said;
    uint32_t count = detect_said(run, &said);
    for (uint32_t from = 0, to = 0; from < count; from = to) {
        while (to < count && str_equal(said[from].text, said[to].text))
            to++;
        bool loops = to - from >= REFUSALS && refuses(said[from].text);
        for (uint32_t i = from + REFUSALS - 1; loops && i < to; i++)
            detect_hit_step(said[i].step, sink, with);
    }
    free(said);
}

void find_flagged(const struct run *run, detect_sink sink, void *with)
{
    if (run->flagged)
        detect_hit_run(sink, with);
}
