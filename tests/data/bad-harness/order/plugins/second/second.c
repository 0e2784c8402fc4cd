/* second - rewrites calls. */
#include "moult.h"

static moult_action pass(moult_turn *turn)
{
    (void)turn;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "second",
    .reply = pass,
    .traits = MOULT_REWRITES_CALLS,
};
