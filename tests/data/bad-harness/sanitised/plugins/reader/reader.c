/* reader - reads behind the end of its memory when the user says more than it made room for. */
#include "moult.h"

static moult_action read_text(moult_turn *turn)
{
    moult_text text = moult_body(turn);
    char *copy = moult_alloc(turn, 4);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < text.size; i++)
        sum += (uint32_t)copy[i];
    if (sum > 0)
        moult_explain(turn, "%u", sum);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "reader",
    .turn_start = read_text,
};
