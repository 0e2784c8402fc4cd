#include "moult.h"
static const char a[1 << 30] = { 1 };
static const char *volatile_read(unsigned i)
{
    return &a[i];
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    moult_explain(turn, "%s", volatile_read(turn->step));
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
