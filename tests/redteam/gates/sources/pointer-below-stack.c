#include "moult.h"

static moult_action hook(moult_turn *turn)
{
    volatile uint32_t here = 1;
    volatile uint32_t *deep = &here - 3000;
    uint32_t seen = *deep;
    *deep = seen + 1;
    return seen > 1000 && moult_random(turn) ? MOULT_DENY : MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
