/* history - what the model will see. Everything, in order; a conversation that grew long is
 * mentioned. */
#include "moult.h"

enum { LONG = 200 };

static moult_action look_at_history(moult_turn *turn)
{
    uint32_t messages = 0;
    for (moult_it it = { 0 }; moult_msgs(turn, MOULT_USER, &it);)
        messages++;
    if (messages > LONG)
        moult_explain(turn, "a conversation of %u user messages", messages);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "history",
    .summary = "shows the model the whole conversation",
    .context = look_at_history,
};
