/* short_results - of a result of more than 8 KiB the model sees the beginning and the end, and how
 * much was left out. What a tool returns is seldom worth a model's whole window, and one such
 * result is sent again with each request that follows. */
#include "moult.h"

enum { BYTES_MAX = 8192, HEAD = 6144, TAIL = 1536 };

/* The last place up to `at` where a character begins. */
static uint32_t whole(moult_text text, uint32_t at)
{
    for (uint32_t i = 0; i < 3 && at > 0 && ((unsigned char)text.at[at] & 0xc0) == 0x80; i++)
        at--;
    return at;
}

static moult_action shorten(moult_turn *turn, moult_call *call)
{
    moult_text text = moult_body(turn);
    if (text.size <= BYTES_MAX)
        return MOULT_PASS;
    uint32_t head = whole(text, HEAD), tail = whole(text, text.size - TAIL);
    moult_body_set(
        turn, moult_format(turn, "%.*s\n[%u of %u bytes are left out here]\n%.*s", (int)head,
                  text.at, tail - head, text.size, (int)(text.size - tail), text.at + tail));
    moult_explain(turn, "%s answered %u bytes", call->tool, text.size);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "short_results",
    .summary = "shortens results of more than 8 KiB",
    .after_tool = shorten,
};
