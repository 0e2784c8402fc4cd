#include "moult.h"
static void run(void)
{
}
static void (*const entry)(void) __attribute__((section(".init_array"))) = run;

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)entry;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
