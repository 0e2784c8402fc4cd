/* changes - see changes.h. The list, and the operators of single tokens: numbers, flags and other
 * constants, enumerators, conditions. */
#include "propose/changes.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 1 << 30 };

const char *const change_words[CHANGE_KINDS] = {
    [CHANGE_NUMBER] = "number",
    [CHANGE_FLAGS] = "flags",
    [CHANGE_CONDITION] = "condition",
    [CHANGE_DELETE] = "delete",
    [CHANGE_MOVE] = "move",
    [CHANGE_SIBLING] = "sibling",
    [CHANGE_ARGUMENT] = "argument",
    [CHANGE_TEXT] = "text",
    [CHANGE_TABLE] = "table",
};

bool changes_may_vary(const struct syntax *syntax, uint32_t node)
{
    static const char *const parents[] = { "binary_expression", "argument_list", "return_statement",
        "assignment_expression", "init_declarator", "parenthesized_expression" };
    uint32_t parent = syntax->nodes[node].parent;
    bool reads = false;
    for (size_t i = 0; i < COUNT_OF(parents); i++)
        reads |= syntax_is(syntax, parent, parents[i]);
    for (uint32_t at = parent; at; at = syntax->nodes[at].parent) {
        if (syntax_is(syntax, at, "case_statement") &&
            syntax_is(syntax, parent, "binary_expression"))
            return reads && strcmp(syntax->nodes[parent].field, "value") != 0;
        if (syntax_is(syntax, at, "declaration"))
            return reads && !str_starts(syntax_text(syntax, at), STR("static"));
    }
    return reads;
}

/* --- the list */

void changes_begin(
    struct changes *list, const struct target *target, const struct pool *pool, struct arena *arena)
{
    *list = (struct changes){ .target = target, .pool = pool, .arena = arena };
    list->functions = outline_functions(target->syntax, arena);
    list->at = arena_alloc(arena, CHANGES_MAX * sizeof(*list->at));
}

struct change *changes_add(struct changes *list, enum change_kind kind, uint32_t node)
{
    const struct syntax *syntax = list->target->syntax;
    uint32_t same = 0;
    for (uint32_t i = 0; i < list->count; i++)
        same += list->at[i].kind == kind;
    if (list->count == CHANGES_MAX || same == CHANGES_EACH_MAX ||
        vocabulary_lacks(list->pool->vocabulary, change_words[kind]))
        return NULL;
    struct change *change = &list->at[list->count++];
    *change = (struct change){
        .kind = kind, .at = syntax->nodes[node].span, .was = syntax_text(syntax, node)
    };
    change->uses[change->uses_count++] = change->at;
    return change;
}

/* A change that came to nothing goes again. */
static void drop_empty(struct changes *list)
{
    if (list->count > 0 && list->at[list->count - 1].values_count == 0)
        list->count--;
}

bool change_value(struct change *change, struct str value)
{
    for (uint32_t i = 0; i < change->values_count; i++)
        if (str_equal(change->values[i], value))
            return false;
    if (str_equal(value, change->was) || change->values_count == CHANGE_VALUES_MAX)
        return false;
    change->values[change->values_count++] = value;
    return true;
}

struct change_way *change_way(struct changes *list, struct change *change, struct str value)
{
    if (!change->ways)
        change->ways = arena_alloc(list->arena, CHANGE_VALUES_MAX * sizeof(*change->ways));
    if (!change_value(change, value))
        return NULL;
    struct change_way *way = &change->ways[change->values_count - 1];
    *way = (struct change_way){ .edits_count = 0 };
    return way;
}

/* --- numbers */

/* Small numbers, three first as for thresholds elsewhere; then what is near, half and double. */
static void add_numbers(struct changes *list, struct change *change, int64_t was)
{
    const int64_t values[] = { 3, 2, 4, 5, 1, 0, 8, 10, was - 1, was + 1, was / 2, was * 2 };
    if (was < 0 || was > NUMBER_MAX)
        return;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (values[i] >= 0 && values[i] != was)
            change_value(change, str_of(arena_format(list->arena, "%lld", (long long)values[i])));
}

/* What a number is compared with: the other side. */
static struct span compared(const struct syntax *syntax, uint32_t node)
{
    static const char *const hows[] = { "<", "<=", ">", ">=", "==", "!=" };
    uint32_t parent = syntax->nodes[node].parent;
    uint32_t how = syntax_is(syntax, parent, "binary_expression")
                       ? syntax_child(syntax, parent, "operator")
                       : 0;
    uint32_t left = syntax_child(syntax, parent, "left");
    uint32_t other = left == node ? syntax_child(syntax, parent, "right") : left;
    for (size_t i = 0; how && i < COUNT_OF(hows); i++)
        if (syntax_is(syntax, how, hows[i]))
            return syntax->nodes[other].span;
    return (struct span){ 0 };
}

/* --- flags and constants */

/* The set of the first flag that the text names, or NULL. */
static const char *set_of(struct str flags)
{
    for (unsigned i = 0; i < vocabulary_flags_count; i++) {
        struct str name = str_of(vocabulary_flags[i].name);
        bool whole =
            flags.size == name.size || (flags.size > name.size && flags.at[name.size] == ' ');
        if (whole && str_starts(flags, name))
            return vocabulary_flags[i].set;
    }
    return NULL;
}

static void add_flags(const struct pool *pool, struct change *change, struct str was)
{
    const char *set = set_of(was);
    for (uint32_t i = 0; set && i < pool->count; i++) {
        const struct expr *expr = &pool->at[i];
        const char *other = expr->kind == EXPR_FLAG ? set_of(expr->text) : NULL;
        if (other && strcmp(other, set) == 0)
            change_value(change, expr->text);
    }
}

/* The others of a comparison's values, if this is one of them. */
static void add_compared(struct change *change, struct str was)
{
    for (unsigned i = 0; i < vocabulary_comparisons_count; i++) {
        const struct comparison *comparison = &vocabulary_comparisons[i];
        bool of = false;
        for (unsigned k = 0; k < COMPARISON_VALUES_MAX && comparison->values[k]; k++)
            of |= str_equal(was, str_of(comparison->values[k]));
        for (unsigned k = 0; of && k < COMPARISON_VALUES_MAX && comparison->values[k]; k++)
            change_value(change, str_of(comparison->values[k]));
    }
}

/* What the hook may decide otherwise. */
static void add_decisions(const struct judged_hook *hook, struct change *change, struct str was)
{
    bool of = str_equal(was, STR("MOULT_PASS"));
    for (size_t i = 0; i < COUNT_OF(hook->returns) && hook->returns[i]; i++)
        of |= str_equal(was, str_of(hook->returns[i]));
    if (!of)
        return;
    change_value(change, STR("MOULT_PASS"));
    for (size_t i = 0; i < COUNT_OF(hook->returns) && hook->returns[i]; i++)
        change_value(change, str_of(hook->returns[i]));
}

void change_siblings(const struct changes *list, struct change *change, struct str constant)
{
    add_flags(list->pool, change, constant);
    add_compared(change, constant);
    add_decisions(list->pool->hook, change, constant);
}

/* --- literals and enumerators */

static void add_literal(struct changes *list, const struct outline_literal *literal)
{
    const struct syntax *syntax = list->target->syntax;
    bool number = literal->kind == OUTLINE_NUMBER;
    if ((!number && literal->kind != OUTLINE_FLAGS) || !changes_may_vary(syntax, literal->node))
        return;
    struct change *change = changes_add(list, number ? CHANGE_NUMBER : CHANGE_FLAGS, literal->node);
    if (!change)
        return;
    if (number) {
        change->seen[0] = compared(syntax, literal->node);
        add_numbers(list, change, literal->number);
    } else {
        change_siblings(list, change, change->was);
    }
    drop_empty(list);
}

/* Reads of an enumerator inside the functions. */
static void find_uses(struct changes *list, struct change *change)
{
    const struct syntax *syntax = list->target->syntax;
    for (uint32_t f = 0; f < list->functions.count; f++)
        SYNTAX_EACH_WITHIN(node, syntax, list->functions.at[f].body)
    if (syntax_is(syntax, node, "identifier") && changes_may_vary(syntax, node) &&
        str_equal(syntax_text(syntax, node), change->name) &&
        change->uses_count < CHANGE_USES_MAX) {
        change->seen[change->uses_count] = compared(syntax, node);
        change->uses[change->uses_count++] = syntax->nodes[node].span;
    }
}

static void add_enumerator(struct changes *list, uint32_t name, uint32_t value)
{
    const struct syntax *syntax = list->target->syntax;
    struct change *change = changes_add(list, CHANGE_NUMBER, value);
    if (!change)
        return;
    change->name = syntax_text(syntax, name);
    change->uses_count = 0;
    find_uses(list, change);
    if (change->uses_count > 0)
        add_numbers(list, change,
            strtoll(arena_string(list->arena, change->was.at, change->was.size), NULL, 0));
    drop_empty(list);
}

void changes_values(struct changes *list)
{
    const struct syntax *syntax = list->target->syntax;
    for (uint32_t f = 0; f < list->functions.count; f++) {
        struct outline_literals literals =
            outline_literals(syntax, list->functions.at[f].body, list->arena);
        for (uint32_t i = 0; i < literals.count; i++)
            add_literal(list, &literals.at[i]);
    }
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        uint32_t name =
            syntax_is(syntax, node, "enumerator") ? syntax_child(syntax, node, "name") : 0;
        uint32_t value = name ? syntax_child(syntax, node, "value") : 0;
        if (value && syntax_is(syntax, value, "number_literal"))
            add_enumerator(list, name, value);
    }
}

/* --- conditions */

static void add_half(struct changes *list, struct change *change, uint32_t node)
{
    struct str half = syntax_text(list->target->syntax, node);
    if (node)
        change_value(change, str_of(arena_format(list->arena, "(%.*s)", (int)half.size, half.at)));
}

/* The name of the function's parameter of that type, or NULL. */
static const char *param_of(
    struct changes *list, const struct outline_function *function, const char *type)
{
    for (uint32_t i = 0; i < function->params.count; i++)
        if (str_equal(function->params.at[i].type, str_of(type)))
            return arena_string(
                list->arena, function->params.at[i].name.at, function->params.at[i].name.size);
    return NULL;
}

static void add_condition(
    struct changes *list, const struct outline_function *function, uint32_t node)
{
    const struct syntax *syntax = list->target->syntax;
    struct change *change = changes_add(list, CHANGE_CONDITION, node);
    if (!change)
        return;
    change->turn = param_of(list, function, "moult_turn *");
    change->call = param_of(list, function, "moult_call *");
    if (list->pool->hook->call && !change->call)
        change->turn = NULL;
    change_value(change,
        str_of(arena_format(list->arena, "(!%.*s)", (int)change->was.size, change->was.at)));
    uint32_t joined = syntax_child_of_kind(syntax, node, "binary_expression");
    uint32_t how = joined ? syntax_child(syntax, joined, "operator") : 0;
    if (!how || (!syntax_has_text(syntax, how, "&&") && !syntax_has_text(syntax, how, "||")))
        return;
    add_half(list, change, syntax_child(syntax, joined, "left"));
    add_half(list, change, syntax_child(syntax, joined, "right"));
}

void changes_conditions(struct changes *list)
{
    const struct syntax *syntax = list->target->syntax;
    for (uint32_t f = 0; f < list->functions.count; f++)
        SYNTAX_EACH_WITHIN(node, syntax, list->functions.at[f].body)
        {
            uint32_t condition = syntax_is(syntax, node, "if_statement")
                                     ? syntax_child(syntax, node, "condition")
                                     : 0;
            if (condition)
                add_condition(list, &list->functions.at[f], condition);
        }
}

void changes_list(struct changes *list)
{
    changes_values(list);
    changes_conditions(list);
    changes_statements(list);
    changes_calls(list);
    changes_tables(list);
}
