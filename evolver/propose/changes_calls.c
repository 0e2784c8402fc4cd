/* changes_calls - another verb of the same signature, another argument, another text.
 *
 * What may stand for an argument is known by its type: that of the verb's parameter, or of the
 * parameter of a function of the file. */
#include "propose/changes.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

enum { ARGUMENTS_MAX = 8, TEXTS_MAX = 24 };

/* Types as C for the letters of the SDK's signatures, as names in scope have them. */
static const struct {
    char letter;
    const char *types[3];
} types[] = {
    { 'T', { "moult_text" } },
    { 'J', { "const moult_json *" } },
    { 'S', { "const moult_schema *" } },
    { 'C', { "moult_call *", "const moult_call *" } },
    { 'P', { "moult_span" } },
    { 'N', { "uint32_t", "int64_t", "size_t" } },
};

static const struct verb *verb_of(const struct changes *list, struct str function)
{
    const struct vocabulary *vocabulary = list->pool->vocabulary;
    for (uint32_t i = 0; str_starts(function, STR("moult_")) && i < vocabulary->count; i++)
        if (str_equal(
                str_of(vocabulary->at[i].name), (struct str){ function.at + 6, function.size - 6 }))
            return &vocabulary->at[i];
    return NULL;
}

/* --- another verb */

/* Effects that an edit of the hook may have. */
static bool may_edit(const struct judged_hook *hook, const struct verb *verb)
{
    for (size_t k = 0; k < COUNT_OF(hook->effects); k++)
        if (hook->effects[k] && strcmp(hook->effects[k], verb->effect) == 0)
            return true;
    return !verb->edit;
}

static bool alike(const struct verb *a, const struct verb *b)
{
    bool same = a != b && a->returns == b->returns && a->count == b->count && a->edit == b->edit;
    for (unsigned i = 0; same && i < a->count; i++)
        same = a->params[i].type == b->params[i].type &&
               str_equal(a->params[i].flags, b->params[i].flags);
    return same;
}

static void add_siblings(struct changes *list, uint32_t function, const struct verb *verb)
{
    const struct vocabulary *vocabulary = list->pool->vocabulary;
    struct change *change = changes_add(list, CHANGE_SIBLING, function);
    for (uint32_t i = 0; change && i < vocabulary->count; i++)
        if (alike(verb, &vocabulary->at[i]) && may_edit(list->pool->hook, &vocabulary->at[i]))
            change_value(
                change, str_of(arena_format(list->arena, "moult_%s", vocabulary->at[i].name)));
    if (change && change->values_count == 0)
        list->count--;
}

/* --- another argument */

static void add_argument(struct change *change, const char *text)
{
    if (change->values_count < ARGUMENTS_MAX)
        change_value(change, str_of(text));
}

static bool has_type(char letter, struct str type)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        for (size_t k = 0; types[i].letter == letter && k < COUNT_OF(types[i].types); k++)
            if (types[i].types[k] && str_equal(type, str_of(types[i].types[k])))
                return true;
    return false;
}

/* The verb that an iterator is handed to, within the function around a node: "each". */
static struct str walks(const struct syntax *syntax, uint32_t node, struct str iterator)
{
    uint32_t function = syntax_around(syntax, node, "function_definition");
    SYNTAX_EACH_WITHIN(at, syntax, function)
    {
        uint32_t list = syntax->nodes[at].parent;
        struct str text = syntax_text(syntax, at);
        if (!syntax_is(syntax, at, "pointer_expression") || text.size != iterator.size + 1 ||
            memcmp(text.at + 1, iterator.at, iterator.size) != 0)
            continue;
        struct str verb =
            syntax_text(syntax, syntax_child(syntax, syntax->nodes[list].parent, "function"));
        if (str_starts(verb, STR("moult_")))
            return (struct str){ verb.at + 6, verb.size - 6 };
    }
    return (struct str){ 0 };
}

/* Members of a call, and of what an iterator has found: the parts that the vocabulary knows. */
static void add_members(struct changes *list, struct change *change, uint32_t node,
    const struct outline_name *name, char letter)
{
    bool call = has_type('C', name->type);
    struct str of = call ? STR("call") : (struct str){ 0 };
    if (str_equal(name->type, STR("moult_it")))
        of = walks(list->target->syntax, node, name->name);
    for (unsigned i = 0; of.size > 0 && i < vocabulary_parts_count; i++) {
        const struct part *part = &vocabulary_parts[i];
        size_t prefix = call ? strlen("call") : strlen("it");
        if (part->type != letter || !str_equal(of, str_of(part->of)) ||
            strlen(part->name) <= prefix)
            continue;
        add_argument(change, arena_format(list->arena, "%.*s%s", (int)name->name.size,
                                 name->name.at, part->name + prefix));
    }
}

/* `type` is what C says where `letter` is 0. */
static void add_arguments(struct changes *list, uint32_t node, char letter, struct str type)
{
    const struct syntax *syntax = list->target->syntax;
    if (!syntax_is(syntax, node, "identifier") && !syntax_is(syntax, node, "field_expression"))
        return;
    if (str_starts(syntax_text(syntax, node), STR("MOULT_")))
        return;
    struct change *change = changes_add(list, CHANGE_ARGUMENT, node);
    struct outline_names scope =
        change ? outline_scope(syntax, syntax->nodes[node].span.from, list->arena)
               : (struct outline_names){ 0 };
    for (uint32_t i = 0; i < scope.count; i++) {
        const struct outline_name *name = &scope.at[i];
        if (name->kind != OUTLINE_PARAM && name->kind != OUTLINE_LOCAL)
            continue;
        if (letter ? has_type(letter, name->type) : str_equal(name->type, type))
            add_argument(change, arena_string(list->arena, name->name.at, name->name.size));
        if (letter)
            add_members(list, change, node, name, letter);
    }
    if (change && change->values_count == 0)
        list->count--;
}

/* --- another text */

static void add_texts(struct changes *list, uint32_t node)
{
    const struct syntax *syntax = list->target->syntax;
    struct change *change =
        syntax_is(syntax, node, "string_literal") ? changes_add(list, CHANGE_TEXT, node) : NULL;
    for (uint32_t i = 0; change && i < list->pool->count; i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        if (list->pool->at[i].kind != EXPR_CONSTANT || change->values_count == TEXTS_MAX)
            continue;
        spell_literal(&text, list->pool->at[i].text);
        change_value(change, str_of(arena_string(list->arena, text.at, text.size)));
    }
    if (change && change->values_count == 0)
        list->count--;
}

/* --- all of a function */

static void of_call(struct changes *list, uint32_t call)
{
    const struct syntax *syntax = list->target->syntax;
    uint32_t function = syntax_child(syntax, call, "function"), number = 0;
    uint32_t arguments = syntax_child(syntax, call, "arguments");
    struct str name = syntax_text(syntax, function);
    const struct verb *verb = verb_of(list, name);
    const struct outline_function *own = outline_find(&list->functions, name);
    if (verb)
        add_siblings(list, function, verb);
    SYNTAX_EACH_CHILD(argument, syntax, arguments)
    {
        if (!syntax->nodes[argument].named || syntax_is(syntax, argument, "comment"))
            continue;
        if (str_equal(name, STR("moult_str")))
            add_texts(list, argument);
        else if (verb && number > 0 && number <= verb->count)
            add_arguments(list, argument, verb->params[number - 1].type, STR(""));
        else if (own && number < own->params.count)
            add_arguments(list, argument, 0, own->params.at[number].type);
        number++;
    }
}

void changes_calls(struct changes *list)
{
    const struct syntax *syntax = list->target->syntax;
    for (uint32_t f = 0; f < list->functions.count; f++)
        SYNTAX_EACH_WITHIN(node, syntax, list->functions.at[f].body)
    if (syntax_is(syntax, node, "call_expression"))
        of_call(list, node);
}
