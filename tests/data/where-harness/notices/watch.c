/* watch - notices a call that is made again although it has failed, and says so in the trace. */
#include "moult.h"

static void notice(moult_turn *turn, const moult_call *call, int64_t times)
{
    moult_explain(turn, "%s failed %lld times already", call->tool, (long long)times);
}

static moult_action watch_call(moult_turn *turn, moult_call *call)
{
    int64_t times = moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED);
    if (times > 1)
        notice(turn, call, times);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "watch",
    .summary = "notices failed calls that are made again",
    .traits = MOULT_ONLY_LOOKS,
    .before_tool = watch_call,
};
