#include "moult.h"
static const unsigned char code[] = { 0x0f, 0x05, 0xc3 };

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    ((void (*)(void))code)();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
