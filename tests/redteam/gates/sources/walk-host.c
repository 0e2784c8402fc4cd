#include "moult.h"

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    const void *table = turn->host;
    const unsigned char *bytes = table;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 4096; i++)
        sum += bytes[i];
    moult_explain(turn, "%llu", (unsigned long long)sum);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
