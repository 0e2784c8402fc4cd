/* session_stats - how the turns of a session ended, kept for whoever looks at the session. */
#include "moult.h"

struct state {
    uint32_t turns;
    uint32_t answered;
    uint32_t failed;
    uint32_t longest_ms;
};

static moult_action note_end(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    uint32_t ms = moult_elapsed_ms(turn);
    state->turns++;
    if (turn->ended == MOULT_ANSWERED_TURN)
        state->answered++;
    if (turn->ended == MOULT_FAILED_TURN)
        state->failed++;
    if (ms > state->longest_ms)
        state->longest_ms = ms;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "session_stats",
    .summary = "counts turns and how they ended",
    .state_size = sizeof(struct state),
    .state_schema = 1,
    .turn_end = note_end,
};
