#include "moult.h"
void *malloc(unsigned long size)
{
    (void)size;
    return (void *)0;
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)malloc(1);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
