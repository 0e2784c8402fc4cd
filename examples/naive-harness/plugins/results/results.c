/* results - follows what tools answer. Results go to the model as they are; failures are counted.
 */
#include "moult.h"

struct state {
    uint32_t results;
    uint32_t failed;
    uint32_t failed_in_a_row;
};

static moult_action look_at_result(moult_turn *turn, moult_call *call)
{
    struct state *state = moult_state(turn);
    state->results++;
    if (!call->failed) {
        state->failed_in_a_row = 0;
        return MOULT_PASS;
    }
    state->failed++;
    state->failed_in_a_row++;
    moult_explain(turn, "%s failed, %u in a row", call->tool, state->failed_in_a_row);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "results",
    .summary = "counts results and failures of tools",
    .state_size = sizeof(struct state),
    .state_schema = 1,
    .after_tool = look_at_result,
};
