/* watch - a guard against calls that fail again and again, which comes too late. */
#include "moult.h"

enum { TOO_OFTEN = 30 };

static moult_action watch_call(moult_turn *turn, moult_call *call)
{
    if (moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED) < TOO_OFTEN)
        return MOULT_PASS;
    moult_explain(turn, "%s fails again and again", call->tool);
    return MOULT_DENY;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "watch",
    .summary = "a guard that comes too late",
    .before_tool = watch_call,
};
