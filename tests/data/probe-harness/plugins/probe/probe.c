/* probe - does on each hook what the last user message says: {"reply": "cut", "before_tool":
 * "deny"}. For tests of the worker: every behaviour that a plugin may have, and those that it may
 * not. */
#include "moult.h"

#ifndef PROBE_TRAITS
#define PROBE_TRAITS 0
#endif

struct state {
    uint32_t calls; /* of hooks, in this session */
    uint32_t asked;
};

static moult_text order(moult_turn *turn, const char *hook)
{
    moult_text text = { 0 };
    for (moult_it it = { 0 }; moult_msgs(turn, MOULT_USER, &it);)
        text = it.text;
    return moult_text_of(
        turn, moult_get(turn, moult_parse(turn, text, MOULT_STRICT), moult_str(hook)));
}

static moult_action crash(moult_turn *turn)
{
    volatile uintptr_t nowhere = turn ? 8 : 16;
    return (moult_action) * (volatile int *)nowhere;
}

static moult_action run_forever(moult_turn *turn)
{
    for (volatile uint32_t i = 0; turn; i++)
        ;
    return MOULT_PASS;
}

static uint32_t dive(volatile char *before, uint32_t depth)
{
    volatile char here[4096];
    here[0] = before[0];
    return depth ? dive(here, depth + 1) + (uint32_t)here[1] : 0;
}

static moult_action overflow(moult_turn *turn)
{
    volatile char first[2] = { 0 };
    (void)turn;
    return dive(first, 1) ? MOULT_PASS : MOULT_DONE;
}

static moult_action act_deny(moult_turn *turn)
{
    moult_explain(turn, "denied by the probe");
    return MOULT_DENY;
}

static moult_action act_finish(moult_turn *turn)
{
    moult_explain(turn, "finished by the probe");
    return MOULT_FINISH;
}

static moult_action act_retry(moult_turn *turn)
{
    moult_explain(turn, "once more, please");
    return MOULT_RETRY;
}

static moult_action retry_once(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    if (state->asked++ > 0)
        return MOULT_PASS;
    moult_wait(turn, 700);
    return act_retry(turn);
}

static moult_action retry_later(moult_turn *turn)
{
    moult_wait(turn, 700);
    moult_use_model(turn, 1);
    return act_retry(turn);
}

static moult_action act_invalid(moult_turn *turn)
{
    (void)turn;
    return (moult_action)77;
}

static moult_action act_wait_for_nothing(moult_turn *turn)
{
    (void)turn;
    return MOULT_WAIT;
}

/* Asks twice; what it does to state and text before it waits must leave no trace. */
static moult_action ask_twice(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    struct moult_request first = { MOULT_ASK_MODEL, { 0 }, moult_str("first?") };
    struct moult_request second = { MOULT_ASK_TOOL, moult_str("lookup"), moult_str("{}") };
    moult_text one = { 0 }, two = { 0 };
    state->asked++;
    uint64_t chance = moult_random(turn);
    if (!moult_ask(turn, &first, &one))
        return MOULT_WAIT;
    if (!moult_ask(turn, &second, &two))
        return MOULT_WAIT;
    bool same = chance == moult_random(turn);
    moult_text text = moult_format(turn, "%.*s+%.*s asked %u%s", (int)one.size, one.at,
        (int)two.size, two.at, state->asked, same ? " same" : "");
    moult_body_set(turn, text);
    moult_explain(turn, "%.*s", (int)text.size, text.at);
    return MOULT_PASS;
}

static moult_action cut_leak(moult_turn *turn)
{
    moult_text text = moult_body(turn);
    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {
        const moult_json *args = moult_get(turn, it.value, moult_str("arguments"));
        moult_text name = moult_text_of(turn, moult_get(turn, it.value, moult_str("name")));
        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str("")), args))
            continue;
        moult_call_add(turn, name, args);
        moult_cut(turn, moult_text_grow(turn, text, it.span, MOULT_GROW_PAIR));
    }
    return MOULT_PASS;
}

static moult_action cut_then_fail(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    state->asked = 99;
    moult_cut(turn, (moult_span){ 0, 3 });
    return act_invalid(turn);
}

static moult_action set_body(moult_turn *turn)
{
    moult_body_set(turn, moult_str("the probe's own words"));
    return MOULT_PASS;
}

static moult_action drop_first(moult_turn *turn)
{
    moult_msg_drop(turn, 0);
    moult_msg_add(turn, MOULT_SYSTEM, moult_str("be brief"));
    return MOULT_PASS;
}

/* Leaves a result without its call. */
static moult_action drop_calls(moult_turn *turn)
{
    for (moult_it it = { 0 }; moult_msgs(turn, MOULT_MODEL, &it);)
        moult_msg_drop(turn, it.index);
    return MOULT_PASS;
}

static moult_action hoard(moult_turn *turn)
{
    while (moult_format(turn, "%1000d", 1).size > 0)
        ;
    return MOULT_PASS;
}

static const struct act {
    const char *word;
    moult_action (*run)(moult_turn *turn);
} acts[] = {
    { "deny", act_deny },
    { "finish", act_finish },
    { "retry", act_retry },
    { "retry once", retry_once },
    { "retry later", retry_later },
    { "invalid", act_invalid },
    { "wait for nothing", act_wait_for_nothing },
    { "crash", crash },
    { "loop", run_forever },
    { "overflow", overflow },
    { "ask", ask_twice },
    { "cut leak", cut_leak },
    { "cut and fail", cut_then_fail },
    { "body", set_body },
    { "drop first", drop_first },
    { "drop calls", drop_calls },
    { "hoard", hoard },
};

static moult_action obey(moult_turn *turn, const char *hook)
{
    struct state *state = moult_state(turn);
    moult_text word = order(turn, hook);
    state->calls++;
    for (uint32_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (moult_text_is(turn, word, MOULT_EQUAL, moult_str(acts[i].word)))
            return acts[i].run(turn);
    return MOULT_PASS;
}

static moult_action mend(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (moult_fits(turn, moult_schema_of(turn, call->name, it.key), value))
            moult_arg_set(turn, call, it.key, value);
    }
    return MOULT_PASS;
}

static moult_action guard(moult_turn *turn, moult_call *call)
{
    uint32_t past =
        moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW);
    moult_explain(turn, "failed %u times before", past);
    return past >= 2 ? MOULT_DENY : MOULT_PASS;
}

static moult_action before_tool(moult_turn *turn, moult_call *call)
{
    moult_text word = order(turn, "before_tool");
    if (moult_text_is(turn, word, MOULT_EQUAL, moult_str("mend")))
        return mend(turn, call);
    if (moult_text_is(turn, word, MOULT_EQUAL, moult_str("guard")))
        return guard(turn, call);
    if (moult_text_is(turn, word, MOULT_EQUAL, moult_str("deny lookup")))
        return moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("lookup")) ? act_deny(turn)
                                                                                 : MOULT_PASS;
    return obey(turn, "before_tool");
}

static moult_action after_tool(moult_turn *turn, moult_call *call)
{
    (void)call;
    return obey(turn, "after_tool");
}

#define HOOK(name)                                                                                 \
    static moult_action name(moult_turn *turn)                                                     \
    {                                                                                              \
        return obey(turn, #name);                                                                  \
    }
HOOK(turn_start)
HOOK(context)
HOOK(request)
HOOK(model_error)
HOOK(reply)
HOOK(answer)
HOOK(turn_end)

static moult_action tell_weather(moult_turn *turn, const moult_json *args, moult_text *ret)
{
    moult_text place = moult_text_of(turn, moult_get(turn, args, moult_str("place")));
    *ret = moult_format(turn, "sunny in %.*s", (int)place.size, place.at);
    return MOULT_PASS;
}

static const struct moult_tool tools[] = {
    { "weather", "the weather",
        "{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"}}}", tell_weather },
};

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "probe",
    .summary = "obeys the test",
    .state_size = sizeof(struct state),
    .state_schema = 3,
    .traits = PROBE_TRAITS,
    .tools = tools,
    .tools_count = 1,
    .turn_start = turn_start,
    .context = context,
    .request = request,
    .model_error = model_error,
    .reply = reply,
    .before_tool = before_tool,
    .after_tool = after_tool,
    .answer = answer,
    .turn_end = turn_end,
};
