/* plugin - one of twelve that pass; the build gives its name. */
#include "moult.h"

static moult_action pass(moult_turn *turn)
{
    (void)turn;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = BENCH_NAME,
    .summary = "passes",
    .answer = pass,
};
