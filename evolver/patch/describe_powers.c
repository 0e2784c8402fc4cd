/* describe_powers - what a plugin can do behind a patch that it could not do before: calls of the
 * SDK that stood nowhere in it, by what they touch.
 *
 * Ways to look come in one line; each way to act has its own. Chance and time have flags of their
 * own (describe_chance.c), memory is nobody's concern. */
#include "patch/describe_side.h"

#include "base/mem.h"
#include "verbs.h"

#include <string.h>

static const struct power {
    const char *name, *purity, *effect;
} powers[] = {
#define ROW(returns, name, params, args, signature, purity, effect, cost, summary)                 \
    { "moult_" #name, #purity, #effect },
    MOULT_VERBS(ROW)
#undef ROW
        { "moult_state", "EDIT", "STATE" },
    { "moult_ask", "EDIT", "ASK" },
    { "moult_explain", "EDIT", "WORDS" },
};
static const struct {
    const char *effect, *words;
} touches[] = {
    { "CALLS", "changes the calls of a reply" },
    { "TEXT", "changes the text in hand" },
    { "MSGS", "changes what the model sees of the conversation" },
    { "ROUTE", "chooses the model" },
    { "TIME", "makes the turn wait" },
    { "STATE", "keeps something for the session" },
    { "ASK", "asks a model or calls a tool of its own accord" },
    { "WORDS", "says something in the trace, and to the model where it denies" },
};

static uint32_t first_use(const struct syntax *syntax, const char *name)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    if (syntax_is(syntax, node, "identifier") && syntax_has_text(syntax, node, name))
        return node;
    return 0;
}

static const char *words_of(const struct power *power)
{
    for (size_t i = 0; i < COUNT_OF(touches); i++)
        if (!strcmp(touches[i].effect, power->effect))
            return touches[i].words;
    return "does something";
}

static void tell_looks(struct telling *telling)
{
    uint32_t count = 0;
    for (size_t i = 0; i < COUNT_OF(powers); i++) {
        uint32_t use = first_use(telling->now.syntax, powers[i].name);
        if (strcmp(powers[i].purity, "PURE") != 0 || !use ||
            first_use(telling->was.syntax, powers[i].name))
            continue;
        if (count++ == 0) {
            tell_where(telling, "", &telling->now, use);
            buf_text(telling->out, "new to this plugin, to look: ");
        }
        buf_format(telling->out, "%s`%s`", count > 1 ? ", " : "", powers[i].name);
    }
    if (count)
        tell_end(telling);
}

void tell_powers(struct telling *telling)
{
    for (size_t i = 0; i < COUNT_OF(powers); i++) {
        uint32_t use = first_use(telling->now.syntax, powers[i].name);
        if (!strcmp(powers[i].purity, "PURE") || !use ||
            first_use(telling->was.syntax, powers[i].name))
            continue;
        tell_where(telling, "new power: ", &telling->now, use);
        buf_format(telling->out, "`%s` %s", powers[i].name, words_of(&powers[i]));
        tell_end(telling);
    }
    tell_looks(telling);
}
