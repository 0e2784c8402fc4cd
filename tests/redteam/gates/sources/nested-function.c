#include "moult.h"
static int apply(int (*f)(int))
{
    return f(1);
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    int kept = 2;
    int add(int a)
    {
        return a + kept;
    }
    (void)apply(add);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
