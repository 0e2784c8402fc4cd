/* replies - makes calls of JSON in the text, and reads their arguments under another name. */
#include "moult.h"

static moult_action mend(moult_turn *turn)
{
    moult_text text = moult_body(turn);
    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {
        const moult_json *args = moult_get(turn, it.value, moult_str("args"));
        moult_text name = moult_text_of(turn, moult_get(turn, it.value, moult_str("name")));
        moult_span span = moult_text_grow(turn, text, it.span, MOULT_GROW_PAIR);
        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str("")), args) ||
            !moult_span_edge(turn, text, it.span, MOULT_LINE_START))
            continue;
        moult_call_add(turn, name, args);
        moult_cut(turn, moult_text_grow(turn, text, span, MOULT_GROW_FENCE));
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "replies",
    .summary = "makes calls of JSON in the text",
    .reply = mend,
};
