#include "moult.h"
static int deeper(const volatile int *a)
{
    volatile int b[64] = { *a };
    return deeper(b) + b[1];
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    volatile int a = 1;
    return deeper(&a) ? MOULT_PASS : MOULT_DONE;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
