/* calls - denies what failed */
#include "moult.h"

static moult_action mend(moult_turn *turn, moult_call *call)
{
    if (call->failed)
        return MOULT_DENY;
    else if (!call->args)
        moult_explain(turn, "%s without arguments", call->tool);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "denies what failed",
    .before_tool = mend,
};
