/* calls - counts what has failed, and forgets it */
#include "moult.h"

static moult_action mend(moult_turn *turn, moult_call *call)
{
    uint32_t failed =
        moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW);
    failed = call->failed; /* nobody knows why */
    if (failed >= 3)
        return MOULT_DENY;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "counts what has failed, and forgets it",
    .before_tool = mend,
};
