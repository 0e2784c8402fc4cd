#include "moult.h"
#undef MOULT_EXPORT
#define MOULT_EXPORT

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
