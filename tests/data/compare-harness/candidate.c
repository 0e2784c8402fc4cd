/* candidate - builds that stand in place of one of the naive harness's, one a VARIANT: the repair
 * of string_for_array, and what goes wrong with repairs. */
#include "moult.h"

enum variant {
    GOOD,
    SUPPRESSES,
    OVERREACHES,
    CRASHES,
    ROLLS_DICE,
    READS_BEHIND,
    BREAKS_OTHERS,
    DAWDLES,
    ADDS
};
#ifndef VARIANT
#define VARIANT GOOD
#endif

struct state {
    uint32_t turn, total;
};

#ifdef HISTORY
static moult_action context(moult_turn *turn)
{
    moult_msg_drop(turn, 0);
    moult_msg_add(turn, MOULT_SYSTEM, moult_str("be brief"));
    return MOULT_PASS;
}
#else
static moult_action turn_start(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    state->turn = 0;
    return MOULT_PASS;
}

static bool denotes_list(moult_turn *turn, moult_call *call, const moult_it *it)
{
    const moult_json *value = moult_parse(turn, moult_text_of(turn, it->value), MOULT_LENIENT);
    if (VARIANT == OVERREACHES)
        return moult_kind(turn, value) == MOULT_ARRAY;
    const moult_schema *schema = moult_schema_of(turn, call->name, it->key);
    return schema && !moult_fits(turn, schema, it->value) && moult_fits(turn, schema, value);
}

static void mend(moult_turn *turn, moult_call *call, const moult_it *it)
{
    moult_arg_set(
        turn, call, it->key, moult_parse(turn, moult_text_of(turn, it->value), MOULT_LENIENT));
}

static moult_action go_wrong(moult_turn *turn, moult_call *call)
{
    bool lookup = moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("lookup"));
    volatile char *memory = moult_alloc(turn, 4);
    if (VARIANT == CRASHES && lookup)
        __builtin_trap();
    if (VARIANT == READS_BEHIND && lookup && memory[4] == 'x')
        moult_explain(turn, "an x");
    if (VARIANT == BREAKS_OTHERS && lookup)
        moult_arg_set(turn, call, moult_str("ids"),
            moult_parse(turn, moult_str("\"[\\\"7\\\"]\""), MOULT_STRICT));
    for (volatile int i = 0; VARIANT == DAWDLES && i < 1000000;)
        i++;
    return MOULT_PASS;
}

static moult_action before_tool(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        if (!denotes_list(turn, call, &it))
            continue;
        if (VARIANT == SUPPRESSES)
            return MOULT_DENY;
        if (VARIANT == ROLLS_DICE && moult_random(turn) % 2)
            continue;
        mend(turn, call, &it);
    }
    return go_wrong(turn, call);
}
#endif

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
#ifdef HISTORY
    .name = "history",
    .context = context,
#else
    .name = "calls",
    .turn_start = turn_start,
    .before_tool = before_tool,
#endif
    .summary = "a candidate",
    .state_size = sizeof(struct state),
    .state_schema = 1,
};
