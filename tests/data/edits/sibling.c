/* calls - reads texts as lists, and mistakes their length for their kind */
#include "moult.h"

static moult_action mend(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (moult_length(turn, value) != MOULT_ARRAY)
            continue;
        if (moult_fits(turn, moult_schema_of(turn, call->name, it.key), value))
            moult_arg_set(turn, call, it.key, value);
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "reads texts as lists, and mistakes their length for their kind",
    .before_tool = mend,
};
