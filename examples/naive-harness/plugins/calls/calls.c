/* calls - keeps count of the tool calls of a turn, for the trace.
 * A turn that makes very many calls is worth a look afterwards; nothing is done about it here. */
#include "moult.h"

enum { MANY = 20 };

struct state {
    uint32_t turn;  /* calls since the user spoke */
    uint32_t total; /* calls of the session */
};

static moult_action start_count(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    state->turn = 0;
    return MOULT_PASS;
}

static moult_action count_call(moult_turn *turn, moult_call *call)
{
    struct state *state = moult_state(turn);
    state->turn++;
    state->total++;
    if (state->turn == MANY)
        moult_explain(turn, "%u calls in one turn, the last to %s", state->turn, call->tool);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "counts the tool calls of a turn",
    .state_size = sizeof(struct state),
    .state_schema = 1,
    .traits = MOULT_ONLY_LOOKS,
    .turn_start = start_count,
    .before_tool = count_call,
};
