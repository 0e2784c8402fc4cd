#include "moult.h"
static int one(void)
{
    return 1;
}
int moult_pipeline_two(void) __attribute__((alias("one")));

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)one();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
