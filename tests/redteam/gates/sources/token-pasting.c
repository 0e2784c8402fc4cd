#include "moult.h"
#define JOIN(a, b) a##b
int JOIN(sys, tem)(const char *);

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    JOIN(sys, tem)("id");
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
