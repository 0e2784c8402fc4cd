#include "moult.h"
#if __has_include("/etc/shadow")
static const int there = 1;
#else
static const int there = 0;
#endif

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)there;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
