#include "moult.h"

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    static const void *const table[] = { &&one, &&two };
    goto *table[turn->step & 1];
one:
    return MOULT_DENY;
two:;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
