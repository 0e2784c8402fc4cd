#include "moult.h"

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    int a = 0;
    __atomic_fetch_add(&a, 1, 5);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
