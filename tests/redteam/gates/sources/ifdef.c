#include "moult.h"
#ifdef __SANITIZE_ADDRESS__
static const int tested = 1;
#else
static const int tested = 0;
#endif

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    if (!tested)
        return MOULT_DONE;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
