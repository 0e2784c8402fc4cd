/* calls - reads texts as objects and numbers */
#include "moult.h"

static const struct kind {
    uint32_t kind;
    const char *word;
} kinds[] = {
    { MOULT_OBJECT, "an object" },
    { MOULT_NUMBER, "a number" },
};

static const struct kind *kind_of(moult_turn *turn, const moult_json *value)
{
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (moult_kind(turn, value) == kinds[i].kind)
            return &kinds[i];
    return NULL;
}

static moult_action mend(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        const struct kind *kind = kind_of(turn, value);
        if (!kind)
            continue; /* without this the worker goes down, and no other way may go with it */
        else if (kind->word && moult_fits(turn, moult_schema_of(turn, call->name, it.key), value) &&
                 moult_arg_set(turn, call, it.key, value))
            moult_explain(turn, "%s of kind %u", kind->word, kind->kind);
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "calls",
    .summary = "reads texts as objects and numbers",
    .before_tool = mend,
};
