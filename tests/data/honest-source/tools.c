/* tools - a plugin with a tool, a prompt and constraints. */
#include "moult.h"
#include <stdbool.h>

static const char prompt[] = "You are careful.\n"
                             "Say \"please\"; never guess – ask.";
static const char *const before[] = { "calls", NULL };

enum { MOST = 4, ALL = MOST * 2 };
struct counts {
    uint32_t of[ALL];
};
static bool is_long(moult_text text)
{
    return text.size > (uint32_t)sizeof(prompt) && text.at != NULL;
}
static moult_action run(moult_turn *turn, const moult_json *args, moult_text *ret_result)
{
    struct counts *counts = moult_alloc(turn, sizeof(*counts));
    moult_text line = { 0 };
    if (!counts || moult_kind(turn, args) != MOULT_OBJECT)
        return MOULT_DENY;
    for (uint32_t i = 0; i < ALL; i++)
        counts->of[i] = (uint32_t)(moult_random(turn) % 10u);
    switch (counts->of[0]) {
    case 0:
        line = moult_format(turn, "%u", counts->of[1]);
        break;
    default:
        line = moult_str(prompt);
    }
    if (!moult_ask(turn,
            &(struct moult_request){ .what = MOULT_ASK_MODEL, .name = moult_str(""), .text = line },
            ret_result))
        return MOULT_WAIT;
    return is_long(line) ? MOULT_PASS : MOULT_DONE;
}
static const struct moult_tool tools[] = {
    { "roll", "rolls dice", "{\"type\":\"object\"}", run },
};
MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "tools",
    .summary = "has a tool",
    .before = before,
    .after = (const char *const[]){ "history", NULL },
    .tools = tools,
    .tools_count = sizeof(tools) / sizeof(tools[0]),
};
