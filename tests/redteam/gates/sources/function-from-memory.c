#include "moult.h"
struct call {
    void (*volatile function)(void);
};

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    volatile uint64_t *number = moult_alloc(turn, sizeof(uint64_t));
    volatile struct call *call;
    if (!number)
        return MOULT_PASS;
    *number = 0x1000;
    volatile void *same = number;
    call = same;
    call->function();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
