/* lists - a text where the tool wants a list becomes the list that it denotes. */
#include "moult.h"

static moult_action read_lists(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_schema *schema = moult_schema_of(turn, call->name, it.key);
        const moult_json *list = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (!moult_fits(turn, schema, it.value) && moult_fits(turn, schema, list))
            moult_arg_set(turn, call, it.key, list);
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "lists",
    .summary = "reads texts as the lists that they denote",
    .traits = MOULT_REWRITES_CALLS,
    .before_tool = read_lists,
};
