#include "moult.h"
int harmless(void) __asm__("x\n.section .interp,\"a\"\n.string \"/tmp/x\"\n.text");

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    harmless();
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
