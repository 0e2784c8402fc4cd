/* vocabulary - see vocabulary.h. The verbs are read from the SDK's own rows, so that a verb added
 * there is in the next search. */
#include "propose/vocabulary.h"

#include "base/mem.h"
#include "verbs.h"

#include <string.h>

/* clang-format off */
const struct flag vocabulary_flags[] = {
    { "past",  "MOULT_SAME_NAME",   "same tool",        FLAG_BIT },
    { "past",  "MOULT_SAME_ARGS",   "same arguments",   FLAG_BIT },
    { "past",  "MOULT_SAME_RESULT", "same result",      FLAG_BIT },
    { "past",  "MOULT_FAILED",      "failed",           FLAG_NARROWS },
    { "past",  "MOULT_IN_A_ROW",    "in a row",         FLAG_NARROWS },
    { "past",  "MOULT_THIS_TURN",   "in this turn",     FLAG_NARROWS },
    { "parse", "MOULT_STRICT",      "strict JSON",      FLAG_ALONE },
    { "parse", "MOULT_LENIENT",     "lenient JSON",     FLAG_ALONE },
    { "grow",  "MOULT_GROW_PAIR",   "the markup pair",  FLAG_ALONE },
    { "grow",  "MOULT_GROW_FENCE",  "the fence",        FLAG_ALONE },
    { "grow",  "MOULT_GROW_LINE",   "the line",         FLAG_ALONE },
    { "is",    "MOULT_EQUAL",       "equal",            FLAG_ALONE },
    { "is",    "MOULT_HAS",         "contains",         FLAG_ALONE },
    { "is",    "MOULT_BEGINS",      "begins with",      FLAG_ALONE },
    { "is",    "MOULT_BLANK",       "blank",            FLAG_ALONE },
    { "edge",  "MOULT_LINE_START",  "start of a line",  FLAG_ALONE },
    { "edge",  "MOULT_LINE_END",    "end of a line",    FLAG_ALONE },
    { "edge",  "MOULT_TEXT_START",  "start of the text", FLAG_ALONE },
    { "edge",  "MOULT_TEXT_END",    "end of the text",  FLAG_ALONE },
    { "msgs",  "MOULT_RESULT",      "results",          FLAG_BIT },
    { "msgs",  "MOULT_MODEL",       "replies",          FLAG_BIT },
    { "msgs",  "MOULT_USER",        "what people said", FLAG_BIT },
    { "msgs",  "MOULT_SYSTEM",      "instructions",     FLAG_BIT },
    { "msgs",  "MOULT_ORPHANED",    "without their other half", FLAG_BIT },
    { "msgs",  "MOULT_ANSWERED",    "with their other half", FLAG_BIT },
    { "error", "MOULT_ERROR_CLASS", "the class of the error", FLAG_ALONE },
    { "error", "MOULT_ERROR_ATTEMPT", "the number of attempts before", FLAG_ALONE },
    { "error", "MOULT_ERROR_RETRY_AFTER_MS", "the pause that the provider asks for", FLAG_ALONE },
};
const unsigned vocabulary_flags_count = COUNT_OF(vocabulary_flags);

/* The most first: of what is cut as much as can be is left. */
#define SIZES "65536", "32768", "16384", "8192", "4096", "2048", "1024"
const struct comparison vocabulary_comparisons[] = {
    { "past",   NULL, ">=", { "3", "2", "4", "1" } }, /* of equals the first is taken */
    { "kind",   NULL, "==", { "MOULT_NULL", "MOULT_BOOL", "MOULT_NUMBER", "MOULT_STRING", "MOULT_ARRAY", "MOULT_OBJECT" } },
    { "length", NULL, "==", { "0" } },
    { "error", "MOULT_ERROR_CLASS", "==", { "MOULT_RATE_LIMIT", "MOULT_OVERLOADED", "MOULT_TOO_LONG",
        "MOULT_REFUSED", "MOULT_MALFORMED", "MOULT_TIMEOUT", "MOULT_CONNECTION", "MOULT_BAD_REQUEST",
        "MOULT_UNAUTHORIZED", "MOULT_SERVER" } },
    { "error", "MOULT_ERROR_ATTEMPT", "==", { "0" } },
    { "error", "MOULT_ERROR_ATTEMPT", "<", { "2", "3" } },
    { "error", "MOULT_ERROR_RETRY_AFTER_MS", ">=", { "1" } },
    { "error", "MOULT_ERROR_RETRY_AFTER_MS", "<=", { "60000", "30000", "10000" } },
    { "text.size", NULL, ">=", { SIZES }, true },
    { "local",  NULL, ">=", { "3", "2", "4", "1" } }, /* a number that the source has at the place */
    { "local",  NULL, "==", { "0" } },
};
const unsigned vocabulary_comparisons_count = COUNT_OF(vocabulary_comparisons);

static const char *const few[] = { "1", "2", "3", "0", NULL }; /* models, and pauses of none */
static const char *const sizes[] = { SIZES, NULL };

static const struct judged_hook judged_hooks[] = {
    { "reply",       { "CALLS", "TEXT" }, { "MOULT_RETRY", "MOULT_FINISH" },               false, true,  false, NULL },
    { "before_tool", { "CALLS" },         { "MOULT_DENY", "MOULT_FINISH" },                true,  false, false, NULL },
    { "answer",      { "TEXT" },          { "MOULT_RETRY", "MOULT_FINISH", "MOULT_DENY" }, false, true,  false, NULL },
    { "model_error", { "ROUTE", "TIME" }, { "MOULT_RETRY", "MOULT_FINISH" },               false, false, true,  few },
    { "after_tool",  { "TEXT" },          { "MOULT_FINISH" },                              true,  true,  false, sizes },
    { "context",     { "MSGS" },          { NULL },                                        false, false, false, NULL },
};

const struct part vocabulary_parts[] = {
    { "",             'T', "s->body",       "text",       false },
    { "result",       'N', "s->body.size",  "text.size",  false },
    { "call",         'C', "s->call",       "call",       false },
    { "call",         'T', "s->call->name", "call->name", false },
    { "call",         'T', "s->call->raw",  "call->raw",  false },
    { "call",         'J', "s->call->args", "call->args", false },
    { "calls",        'C', "s->it.call",       "it.call",       false },
    { "calls",        'T', "s->it.call->name", "it.call->name", false },
    { "calls",        'T', "s->it.call->raw",  "it.call->raw",  false },
    { "calls",        'J', "s->it.call->args", "it.call->args", false },
    { "msgs",         'N', "s->it.index", "it.index", false },
    { "msgs",         'T', "s->it.text",  "it.text",  false },
    { "each",         'J', "s->it.value", "it.value", false },
    { "each",         'T', "s->it.key",   "it.key",   true },
    { "text_json",    'J', "s->it.value", "it.value", false },
    { "text_json",    'P', "s->it.span",  "it.span",  false },
    { "text_between", 'T', "s->it.text",  "it.text",  false },
    { "text_between", 'P', "s->it.span",  "it.span",  false },
};
const unsigned vocabulary_parts_count = COUNT_OF(vocabulary_parts);

static const struct {
    const char *param;
    enum role role;
} text_roles[] = {
    { "key", ROLE_KEY }, { "from", ROLE_KEY }, { "to", ROLE_KEY }, { "open", ROLE_OPEN },
    { "close", ROLE_CLOSE }, { "token", ROLE_TOKEN }, { "other", ROLE_OTHER },
};

#define ROW(returns, name, params, args, sig, purity, effect, cost, summary) \
    { #name, #args, sig, #purity, #effect, cost },
static const struct row {
    const char *name, *args, *signature, *purity, *effect;
    uint8_t cost;
} rows[] = { MOULT_VERBS(ROW) };
#undef ROW
/* clang-format on */

static enum role role_of(struct str param)
{
    for (size_t i = 0; i < COUNT_OF(text_roles); i++)
        if (str_equal(param, str_of(text_roles[i].param)))
            return text_roles[i].role;
    return ROLE_SUBJECT;
}

/* The next word of a list in commas; advances. */
static struct str next_word(const char **at)
{
    const char *from = *at + strspn(*at, "(, ");
    size_t size = strcspn(from, ",)");
    *at = from + size;
    return (struct str){ from, size };
}

/* "J:T,Fparse" and "(turn, text, mode)": types, and the names that say what a text is for. */
static struct verb read_row(const struct row *row)
{
    struct verb verb = { .name = row->name,
        .returns = row->signature[0],
        .cost = row->cost,
        .edit = strcmp(row->purity, "EDIT") == 0,
        .effect = row->effect };
    const char *types = row->signature + 2, *names = row->args;
    next_word(&names); /* the turn */
    while (*types && verb.count < VERB_PARAMS_MAX) {
        struct str type = next_word(&types), name = next_word(&names);
        verb.params[verb.count++] = (struct verb_param){
            .type = type.at[0],
            .role = role_of(name),
            .flags = { type.at + 1, type.size - 1 },
            .name = name,
        };
    }
    return verb;
}

bool vocabulary_lacks(const struct vocabulary *vocabulary, const char *name)
{
    for (uint32_t i = 0; i < vocabulary->without_count; i++)
        if (strcmp(vocabulary->without[i], name) == 0)
            return true;
    return false;
}

void vocabulary_read(struct vocabulary *ret, const char **without, uint32_t without_count)
{
    *ret = (struct vocabulary){ .without = without, .without_count = without_count };
    for (size_t i = 0; i < COUNT_OF(rows) && ret->count < VERBS_MAX; i++)
        if (!vocabulary_lacks(ret, rows[i].name))
            ret->at[ret->count++] = read_row(&rows[i]);
}

bool vocabulary_is_last(const struct verb *verb)
{
    static const char *const last[] = { "json_set", "text_grow" };
    for (size_t i = 0; i < COUNT_OF(last); i++)
        if (strcmp(verb->name, last[i]) == 0)
            return true;
    return false;
}

const struct judged_hook *vocabulary_hook(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(judged_hooks); i++)
        if (str_equal(name, str_of(judged_hooks[i].name)))
            return &judged_hooks[i];
    return NULL;
}
