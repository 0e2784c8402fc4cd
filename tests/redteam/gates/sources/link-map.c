#include "moult.h"
struct link_map {
    unsigned long address;
    char *name;
    void *dynamic;
    struct link_map *next;
};
extern struct link_map *_dl_loaded;

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    (void)_dl_loaded;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
