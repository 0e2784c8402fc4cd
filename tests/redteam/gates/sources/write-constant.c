#include "moult.h"
static const int limit = 1;

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    const void *place = &limit;
    const int *same = place;
    int *other;
    void *lost = moult_alloc(turn, 8);
    const void **hold = lost;
    if (!hold)
        return MOULT_PASS;
    *hold = same;
    int **take = lost;
    other = *take;
    *other = 2;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
