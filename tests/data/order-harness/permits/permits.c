/* permits - a call to a tool that was offered is permitted, and nobody else has to look at it. */
#include "moult.h"

static moult_action permit(moult_turn *turn, moult_call *call)
{
    if (moult_schema_of(turn, call->name, moult_str("")))
        return MOULT_DONE;
    moult_explain(turn, "%s was not offered", call->tool);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "permits",
    .summary = "permits calls to tools that were offered",
    .before_tool = permit,
};
