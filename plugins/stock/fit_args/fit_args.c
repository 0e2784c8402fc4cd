/* fit_args - an argument that was written as a text becomes what the text denotes, where the tool
 * takes that and not the text: "[\"4107\"]" for a list, "2" for a number, "true". Arguments that
 * fit as they are stay, whatever they look like. */
#include "moult.h"

/* What the text denotes, by the forms that models write: a list also as Python prints it. */
static const moult_json *denoted(moult_turn *turn, const moult_json *value)
{
    moult_text text = moult_text_of(turn, value);
    const moult_json *strict = moult_parse(turn, text, MOULT_STRICT);
    const moult_json *lenient = moult_parse(turn, text, MOULT_LENIENT);
    if (strict)
        return strict;
    return moult_kind(turn, lenient) == MOULT_ARRAY ? lenient : NULL;
}

static moult_action fit(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_schema *schema = moult_schema_of(turn, call->name, it.key);
        if (moult_kind(turn, it.value) != MOULT_STRING || moult_fits(turn, schema, it.value))
            continue;
        const moult_json *value = denoted(turn, it.value);
        if (moult_fits(turn, schema, value) && moult_arg_set(turn, call, it.key, value))
            moult_explain(turn, "%.*s was written as a text", (int)it.key.size, it.key.at);
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "fit_args",
    .summary = "reads texts as the lists and numbers that a tool wants",
    .traits = MOULT_REWRITES_CALLS,
    .before_tool = fit,
};
