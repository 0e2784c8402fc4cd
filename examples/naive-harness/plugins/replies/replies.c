/* replies - looks at each reply of the model before anything is done with it.
 * Says when a reply is empty, and how many calls came at once. */
#include "moult.h"

struct state {
    uint32_t replies;
    uint32_t empty;
};

static uint32_t count_calls(moult_turn *turn)
{
    uint32_t count = 0;
    for (moult_it it = { 0 }; moult_calls(turn, &it);)
        count++;
    return count;
}

static moult_action look_at_reply(moult_turn *turn)
{
    struct state *state = moult_state(turn);
    uint32_t calls = count_calls(turn);
    state->replies++;
    if (calls == 0 && moult_text_is(turn, moult_body(turn), MOULT_BLANK, moult_str(""))) {
        state->empty++;
        moult_explain(turn, "an empty reply, %u so far", state->empty);
    }
    if (calls > 1)
        moult_explain(turn, "%u calls in one reply", calls);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "replies",
    .summary = "notes empty replies and replies with several calls",
    .state_size = sizeof(struct state),
    .state_schema = 1,
    .traits = MOULT_ONLY_LOOKS,
    .reply = look_at_reply,
};
