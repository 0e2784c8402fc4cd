/* one - made for an ABI that no worker has. */
#include "moult.h"

static moult_action pass(moult_turn *turn)
{
    (void)turn;
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = 99,
    .size = sizeof(struct moult_plugin),
    .name = "one",
    .reply = pass,
};
