/* watch - two guards against calls that fail again and again, and both come too late. */
#include "moult.h"

enum { OUTER = 30, INNER = 30 };

static moult_action watch_call(moult_turn *turn, moult_call *call)
{
    int64_t times = moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED);
    if (times >= OUTER) {
        moult_explain(turn, "%s fails again and again", call->tool);
        return MOULT_DENY;
    }
    if (times > 1) {
        moult_explain(turn, "%s failed before", call->tool);
        if (times >= INNER)
            return MOULT_DENY;
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "watch",
    .summary = "two guards that come too late",
    .before_tool = watch_call,
};
