/* x - the plugin of which the objects of objects.c are made: relocations, constants, code. */
#include "moult.h"

static const char *const words[] = { "one", "two" };

static moult_action hook(moult_turn *turn)
{
    moult_explain(turn, "%s", words[turn->step & 1]);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
    .reply = hook,
};
