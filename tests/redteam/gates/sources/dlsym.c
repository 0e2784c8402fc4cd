#include "moult.h"
void *dlsym(void *, const char *);

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    void *p = dlsym((void *)0, "system");
    (void)p;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
