/* leaked_calls - calls that a model wrote into its text are made, and the text loses them.
 *
 * Two dialects: between <tool_call> marks, and bare JSON with or without a fence or brackets. What
 * counts is the object, not its markup: a tool that was offered, and arguments that it takes. An
 * object that is quoted in a sentence, is no call, or a mark that is left over, and nothing is
 * touched: half of what a model meant is worse than all of it as text. */
#include "moult.h"

enum { CALLS_MAX = 16, LAYERS_MAX = 4 };

struct leaked {
    moult_text name;
    const moult_json *args;
    moult_span span; /* with its markup */
};
struct leaks {
    struct leaked at[CALLS_MAX];
    uint32_t count;
};

static const moult_json *args_of(moult_turn *turn, const moult_json *object)
{
    const moult_json *args = moult_get(turn, object, moult_str("arguments"));
    return args ? args : moult_get(turn, object, moult_str("parameters"));
}

/* An object with an offered tool's name and arguments that it takes. */
static bool read_call(moult_turn *turn, const moult_json *object, struct leaked *call)
{
    call->name = moult_text_of(turn, moult_get(turn, object, moult_str("name")));
    call->args = args_of(turn, object);
    return moult_kind(turn, call->args) == MOULT_OBJECT &&
           moult_fits(turn, moult_schema_of(turn, call->name, moult_str("")), call->args);
}

/* Fences, tags and brackets around it. */
static moult_span with_markup(moult_turn *turn, moult_text text, moult_span span)
{
    for (uint32_t i = 0; i < LAYERS_MAX; i++) {
        moult_span fence = moult_text_grow(turn, text, span, MOULT_GROW_FENCE);
        moult_span pair = moult_text_grow(turn, text, fence, MOULT_GROW_PAIR);
        if (pair.from == span.from && pair.to == span.to)
            break;
        span = pair;
    }
    return span;
}

/* It stands on lines of its own, or beside another call. */
static bool stands(moult_turn *turn, moult_text text, moult_span span, uint32_t behind)
{
    bool begins = moult_span_edge(turn, text, span, MOULT_LINE_START) || span.from == behind;
    return begins && moult_span_edge(turn, text, span, MOULT_LINE_END);
}

/* Something stands between each pair of marks. */
static bool marks_hold_calls(moult_turn *turn, moult_text text)
{
    moult_it it = { 0 };
    while (
        moult_text_between(turn, text, moult_str("<tool_call>"), moult_str("</tool_call>"), &it)) {
        moult_it inside = { 0 };
        if (!moult_text_json(turn, it.text, &inside))
            return false;
    }
    return true;
}

/* False where something stands in the text that is no call. */
static bool read_calls(moult_turn *turn, moult_text text, struct leaks *leaks)
{
    uint32_t behind = 0;
    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {
        struct leaked call = { .span = with_markup(turn, text, it.span) };
        if (leaks->count == CALLS_MAX || !read_call(turn, it.value, &call) ||
            !stands(turn, text, call.span, behind))
            return false;
        behind = call.span.to;
        leaks->at[leaks->count] = call;
        leaks->count++;
    }
    return marks_hold_calls(turn, text);
}

static moult_action make_leaked(moult_turn *turn)
{
    moult_it made = { 0 };
    struct leaks leaks = { .count = 0 };
    if (moult_calls(turn, &made) || !read_calls(turn, moult_body(turn), &leaks))
        return MOULT_PASS;
    for (uint32_t i = 0; i < leaks.count && i < CALLS_MAX; i++) {
        moult_call_add(turn, leaks.at[i].name, leaks.at[i].args);
        moult_cut(turn, leaks.at[i].span);
    }
    if (leaks.count > 0)
        moult_explain(turn, "%u calls were written into the text", leaks.count);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "leaked_calls",
    .summary = "makes the calls that a model wrote into its text",
    .reply = make_leaked,
};
