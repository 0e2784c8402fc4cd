#include "moult.h"
__attribute__((target("avx512f"))) static void run(void)
{
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    run();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
