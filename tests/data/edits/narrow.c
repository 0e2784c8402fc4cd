/* calls - lets through what has arguments */
#include "moult.h"

static moult_action mend(moult_turn *turn, moult_call *call)
{
    if (call->args || call->failed)
        return MOULT_PASS;
    moult_explain(turn, "%s: denied", call->tool);
    return MOULT_DENY;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "lets through what has arguments",
    .before_tool = mend,
};
