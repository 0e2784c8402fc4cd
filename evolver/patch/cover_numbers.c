/* cover_numbers - see cover_numbers.h. */
#include "patch/cover_numbers.h"

#include "base/mem.h"
#include "verbs.h"

#include <string.h>

/* --- places in the tree */

static bool is_one_of(const struct syntax *syntax, uint32_t node, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (syntax_is(syntax, node, *kinds))
            return true;
    return false;
}

static bool has_sign(const struct syntax *syntax, uint32_t node, const char *const *signs)
{
    uint32_t sign = syntax_child(syntax, node, "operator");
    for (; sign && *signs; signs++)
        if (syntax_has_text(syntax, sign, *signs))
            return true;
    return false;
}

static bool has_field(const struct syntax *syntax, uint32_t node, const char *field)
{
    return !strcmp(syntax->nodes[node].field, field);
}

/* Its value is decided there: the comparison is a condition. */
static bool is_compared(const struct syntax *syntax, uint32_t node)
{
    static const char *const signs[] = { "==", "!=", "<", ">", "<=", ">=", "!", "&&", "||", NULL };
    static const char *const deciders[] = { "if_statement", "while_statement", "do_statement",
        "switch_statement", NULL };
    uint32_t user = cover_user_of(syntax, &node);
    return is_one_of(syntax, user, deciders) || has_field(syntax, node, "condition") ||
           ((syntax_is(syntax, user, "binary_expression") ||
                syntax_is(syntax, user, "unary_expression")) &&
               has_sign(syntax, user, signs));
}

/* It is no value there, but a place: written to, pointed to, or looked into. */
static bool is_place(const struct syntax *syntax, uint32_t node)
{
    static const char *const looks[] = { "update_expression", "field_expression",
        "pointer_expression", NULL };
    uint32_t user = cover_user_of(syntax, &node);
    if (syntax_is(syntax, user, "assignment_expression"))
        return has_field(syntax, node, "left");
    if (syntax_is(syntax, user, "subscript_expression"))
        return !has_field(syntax, node, "index");
    return is_one_of(syntax, user, looks);
}

/* --- kinds of numbers */

static unsigned of_binary(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const scaling[] = { "*", "/", "%", ">>", "&", "^", NULL };
    static const char *const adding[] = { "+", "-", "|", "<<", NULL };
    const struct syntax *syntax = numbers->syntax;
    if (has_sign(syntax, node, scaling))
        return cover_is_fixed(numbers, node) ? NUMBER_NOT_ZERO : NUMBER_NOT_ZERO | NUMBER_VARIES;
    if (!has_sign(syntax, node, adding) || is_compared(syntax, node) ||
        cover_is_fixed(numbers, node))
        return 0;
    bool of_file = cover_is_fixed(numbers, syntax_child(syntax, node, "left")) ||
                   cover_is_fixed(numbers, syntax_child(syntax, node, "right"));
    return NUMBER_VARIES | (of_file ? NUMBER_OF_FILE : 0);
}

static unsigned of_unary(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const signs[] = { "-", "~", NULL };
    bool watched = has_sign(numbers->syntax, node, signs) && !is_compared(numbers->syntax, node);
    return watched && !cover_is_fixed(numbers, node) ? NUMBER_VARIES : 0;
}

/* `n += 1` counts, `n |= MOULT_FAILED` notes; what is kept of anything else may choose. */
static unsigned of_assignment(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const noting[] = { "+=", "-=", "|=", NULL };
    static const char *const plain[] = { "=", NULL };
    const struct syntax *syntax = numbers->syntax;
    bool fixed = cover_is_fixed(numbers, syntax_child(syntax, node, "right"));
    if (has_sign(syntax, node, plain))
        return fixed ? 0 : NUMBER_VARIES | NUMBER_KEPT;
    return has_sign(syntax, node, noting) && fixed ? 0 : NUMBER_VARIES;
}

/* A subscript whose index is worked out, in it or in what it is looked into. */
static bool reads_there(const struct cover_numbers *numbers, uint32_t node)
{
    const struct syntax *syntax = numbers->syntax;
    for (; node; node = syntax_child(syntax, node, "argument"))
        if (syntax_is(syntax, node, "subscript_expression") &&
            !cover_is_fixed(numbers, syntax_child(syntax, node, "index")))
            return true;
    return false;
}

static bool has_one_row(const struct cover_numbers *numbers, uint32_t node)
{
    uint32_t array = cover_array_of(numbers->syntax, node);
    struct str name = array ? syntax_text(numbers->syntax, array) : (struct str){ 0 };
    return array && names_has(&numbers->single, name) && !names_has(&numbers->local, name);
}

/* What stands at a place that is worked out. */
static unsigned of_read(const struct cover_numbers *numbers, uint32_t node)
{
    const struct syntax *syntax = numbers->syntax;
    if (is_place(syntax, node) || is_compared(syntax, node) || !reads_there(numbers, node) ||
        has_one_row(numbers, node))
        return 0;
    uint32_t array = cover_array_of(syntax, node);
    bool of_file = array && cover_is_fixed_name(numbers, syntax_text(syntax, array));
    return NUMBER_VARIES | (of_file ? NUMBER_OF_FILE : 0);
}

static bool is_index(const struct syntax *syntax, uint32_t node)
{
    return has_field(syntax, node, "index") &&
           syntax_is(syntax, syntax->nodes[node].parent, "subscript_expression");
}

static unsigned of_cast(const struct cover_numbers *numbers, uint32_t node)
{
    const struct syntax *syntax = numbers->syntax;
    struct str type = syntax_text(syntax, syntax_child(syntax, node, "type"));
    bool loses = cover_may_lose(type) && !is_compared(syntax, node);
    return loses && !cover_is_fixed(numbers, node) ? NUMBER_VARIES | NUMBER_KEPT : 0;
}

/* --- what the host says */

/* N: a number, B: yes or no, as verbs.h signs it; 0: something else. */
static char answer_of(struct str function)
{
#define VERB(returns, name, params, args, sig, purity, effect, cost, summary)                      \
    { "moult_" #name, sig },
    static const struct {
        const char *name, *sig;
    } verbs[] = { MOULT_VERBS(VERB){ "moult_elapsed_ms", "N:" }, { "moult_random", "N:" } };
#undef VERB
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (str_equal(function, str_of(verbs[i].name)))
            return verbs[i].sig[0];
    return 0;
}

/* One that is handed on as it is, or kept, has chosen nothing while it is zero. */
static unsigned of_call(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const elsewhere[] = { "expression_statement", "binary_expression",
        "unary_expression", NULL };
    const struct syntax *syntax = numbers->syntax;
    char answer = answer_of(syntax_text(syntax, syntax_child(syntax, node, "function")));
    uint32_t outer = node, user = cover_user_of(syntax, &outer);
    bool watched = answer == 'N' ? !is_one_of(syntax, user, elsewhere)
                                 : answer == 'B' && syntax_is(syntax, user, "argument_list");
    return watched && !is_compared(syntax, node) ? NUMBER_NOT_ZERO : 0;
}

static const struct {
    const char *kind;
    unsigned (*of)(const struct cover_numbers *numbers, uint32_t node);
} kinds[] = {
    { "binary_expression", of_binary },
    { "unary_expression", of_unary },
    { "assignment_expression", of_assignment },
    { "subscript_expression", of_read },
    { "field_expression", of_read },
    { "cast_expression", of_cast },
    { "call_expression", of_call },
};

unsigned cover_number(const struct cover_numbers *numbers, uint32_t node)
{
    const struct syntax *syntax = numbers->syntax;
    unsigned number = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (syntax_is(syntax, node, kinds[i].kind))
            number = kinds[i].of(numbers, node);
    if (is_index(syntax, node) && !cover_is_fixed(numbers, node) &&
        !has_one_row(numbers, syntax->nodes[node].parent))
        number |= NUMBER_VARIES;
    if (!(number & NUMBER_VARIES) && cover_is_kept(numbers, node) && !cover_is_fixed(numbers, node))
        number |= NUMBER_VARIES | NUMBER_KEPT;
    return number;
}
