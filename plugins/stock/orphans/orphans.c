/* orphans - a result whose call is not in the conversation is left out of what the model sees.
 * Clients cut old messages off and cut through a pair; providers refuse such a request as a whole.
 * The conversation keeps it. */
#include "moult.h"

static moult_action leave_out(moult_turn *turn)
{
    uint32_t count = 0;
    for (moult_it it = { 0 }; moult_msgs(turn, MOULT_RESULT | MOULT_ORPHANED, &it);)
        count += moult_msg_drop(turn, it.index);
    if (count > 0)
        moult_explain(turn, "%u results without their calls are not shown", count);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "orphans",
    .summary = "leaves results without their calls out",
    .context = leave_out,
};
