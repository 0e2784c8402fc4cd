#include "moult.h"
static void leave(int *a)
{
    *a = 0;
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    int a __attribute__((cleanup(leave))) = 1;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
