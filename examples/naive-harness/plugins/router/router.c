/* router - which model is asked. One model does everything here: the first of the configuration. */
#include "moult.h"

enum { MAIN_MODEL = 0 };

static moult_action choose_model(moult_turn *turn)
{
    moult_use_model(turn, MAIN_MODEL);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "router",
    .summary = "asks the first model for everything",
    .request = choose_model,
};
