#include "moult.h"
static int one(void)
{
    return 1;
}
static void *pick(void)
{
    return one;
}
int chosen(void) __attribute__((ifunc("pick")));

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)chosen();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
