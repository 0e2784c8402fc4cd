/* candidates - a trial build: one hook of each kind, its choices held open as numbers.
 * hole 0: what is done with the reply, or with the error in its place; hole 1: the marks around a
 * call; hole 2: what is done with a call, with a result, or with what the model is shown. */
#include "moult_trial.h"

enum { HOLES = 3, COVERS = 4, ATOMS = 8 };

static uint16_t holes[HOLES];
static uint32_t cover[COVERS];
static uint64_t decide;
static uint32_t reached, want_atoms;
static uint8_t atoms[64][ATOMS / 8];

static bool guarded(bool plausible)
{
    uint32_t time = reached++;
    if (want_atoms && time < 64)
        atoms[time][0] = (uint8_t)(1 | plausible << 1);
    return time < 64 && (decide >> time & 1);
}

static void add_call(moult_turn *turn, moult_text text, moult_it *it)
{
    const moult_json *args = moult_get(turn, it->value, moult_str("arguments"));
    moult_text name = moult_text_of(turn, moult_get(turn, it->value, moult_str("name")));
    if (!guarded(moult_fits(turn, moult_schema_of(turn, name, moult_str("")), args)))
        return;
    cover[1]++;
    moult_call_add(turn, name, args);
    moult_cut(turn, holes[1] ? moult_text_grow(turn, text, it->span, holes[1]) : it->span);
}

static moult_action reply(moult_turn *turn)
{
    moult_text text = moult_body(turn);
    cover[0]++;
    switch (holes[0]) {
    case 1:
        for (moult_it it = { 0 }; moult_text_json(turn, text, &it);)
            add_call(turn, text, &it);
        return MOULT_PASS;
    case 2:
        return MOULT_RETRY;
    case 3:
        moult_body_set(turn, (moult_text){ 0 });
        return MOULT_PASS;
    case 4:
        return MOULT_DENY; /* not allowed on reply: abnormal */
    case 5:
        __builtin_trap();
    case 6:
        for (volatile uint32_t i = 0; i < 1; i--)
            i++; /* never ends */
        return MOULT_PASS;
    default:
        return MOULT_PASS;
    }
}

static moult_action model_error(moult_turn *turn)
{
    if (!guarded(moult_error(turn, MOULT_ERROR_ATTEMPT) == 0))
        return MOULT_PASS;
    switch (holes[0]) {
    case 1:
        moult_use_model(turn, 1);
        return MOULT_RETRY;
    case 2:
        moult_wait(turn, (uint32_t)moult_error(turn, MOULT_ERROR_RETRY_AFTER_MS));
        return MOULT_RETRY;
    case 3:
        return MOULT_RETRY;
    case 4:
        return MOULT_DENY; /* not allowed on model_error: abnormal */
    case 5:
        moult_explain(turn, "nobody answers");
        return MOULT_FINISH;
    default:
        return MOULT_PASS;
    }
}

static moult_action before_tool(moult_turn *turn, moult_call *call)
{
    uint32_t *count = moult_state(turn);
    cover[2]++;
    if (holes[2] == 1)
        return MOULT_DENY;
    if (holes[2] == 2 && (*count)++ > 0)
        return MOULT_DENY; /* only if an earlier candidate left its state behind */
    if (holes[2] == 3)
        moult_arg_set(turn, call, moult_str("id"), moult_parse(turn, moult_str("9"), MOULT_STRICT));
    return MOULT_PASS;
}

static moult_action after_tool(moult_turn *turn, moult_call *call)
{
    (void)call;
    if (holes[2] == 4)
        moult_body_set(turn, moult_text_head(turn, moult_body(turn), 8192));
    if (holes[2] == 5)
        moult_body_set(turn, moult_str("nothing"));
    return MOULT_PASS;
}

static moult_action context(moult_turn *turn)
{
    for (moult_it it = { 0 }; holes[2] == 6 && moult_msgs(turn, MOULT_ORPHANED, &it);)
        moult_msg_drop(turn, it.index);
    if (holes[2] == 7)
        moult_msg_add(turn, MOULT_USER, moult_str("go on"));
    return holes[2] == 8 ? MOULT_DENY : MOULT_PASS; /* DENY is not allowed here: abnormal */
}

MOULT_EXPORT const struct moult_trial moult_trial = {
    .size = sizeof(struct moult_trial),
    .holes_count = HOLES,
    .cover_count = COVERS,
    .atoms_count = ATOMS,
    .decisions_count = 1,
    .holes = holes,
    .cover = cover,
    .decide = &decide,
    .reached = &reached,
    .atoms = &atoms[0][0],
    .want_atoms = &want_atoms,
};

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "candidates",
    .summary = "candidates behind holes",
    .state_size = sizeof(uint32_t),
    .model_error = model_error,
    .reply = reply,
    .before_tool = before_tool,
    .context = context,
    .after_tool = after_tool,
};
