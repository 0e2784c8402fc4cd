/* answers - the text that is about to leave. It leaves as the model wrote it. */
#include "moult.h"

struct state {
    uint32_t answers;
    uint32_t bytes; /* of the longest */
};

static moult_action look_at_answer(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    moult_text text = moult_body(turn);
    state->answers++;
    if (text.size > state->bytes)
        state->bytes = text.size;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "answers",
    .summary = "counts answers",
    .state_size = sizeof(struct state),
    .state_schema = 1,
    .traits = MOULT_ONLY_LOOKS,
    .answer = look_at_answer,
};
