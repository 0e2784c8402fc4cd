/* cover_nodes - see cover_nodes.h. */
#include "patch/cover_nodes.h"

#include <string.h>

static bool is_one_of(const struct syntax *syntax, uint32_t node, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (syntax_is(syntax, node, *kinds))
            return true;
    return false;
}

static const char *const statements[] = { "expression_statement", "declaration", "return_statement",
    "if_statement", "for_statement", "while_statement", "do_statement", "switch_statement",
    "break_statement", "continue_statement", "goto_statement", NULL };
static const char *const lists[] = { "compound_statement", "case_statement", NULL };
static const char *const owners[] = { "if_statement", "else_clause", "for_statement",
    "while_statement", "do_statement", "labeled_statement", NULL };
/* Where a mark is no constant, is not evaluated, or would change a size. */
static const char *const constant[] = { "array_declarator", "abstract_array_declarator",
    "enumerator", "sizeof_expression", "alignof_expression", "static_assert_declaration",
    "subscript_designator", "field_declaration", "attribute_specifier", "type_descriptor", NULL };

static bool in_list(const struct syntax *syntax, uint32_t node)
{
    return is_one_of(syntax, syntax->nodes[node].parent, lists) &&
           strcmp(syntax->nodes[node].field, "value") != 0;
}

/* The single statement of an if, an else, a loop or a label. */
bool cover_is_bare(const struct syntax *syntax, uint32_t node)
{
    uint32_t parent = syntax->nodes[node].parent;
    const char *field = syntax->nodes[node].field;
    if (!is_one_of(syntax, parent, owners) || syntax_is(syntax, node, "declaration"))
        return false;
    return syntax_is(syntax, parent, "else_clause") ||
           syntax_is(syntax, parent, "labeled_statement") || !strcmp(field, "consequence") ||
           !strcmp(field, "body");
}

bool cover_is_statement(const struct syntax *syntax, uint32_t node)
{
    return is_one_of(syntax, node, statements) &&
           (in_list(syntax, node) || cover_is_bare(syntax, node));
}

static bool is_logical(const struct syntax *syntax, uint32_t node)
{
    uint32_t sign = syntax_child(syntax, node, "operator");
    return syntax_is(syntax, node, "binary_expression") &&
           (syntax_has_text(syntax, sign, "&&") || syntax_has_text(syntax, sign, "||"));
}

static bool is_literal(const struct syntax *syntax, uint32_t node)
{
    static const char *const literals[] = { "number_literal", "true", "false", NULL };
    return is_one_of(syntax, node, literals);
}

/* The expression that decides: inside the parentheses of an if, or in a for. */
static bool is_decision(const struct syntax *syntax, uint32_t node)
{
    uint32_t parent = syntax->nodes[node].parent;
    if (!syntax->nodes[node].named || syntax_is(syntax, node, "comment"))
        return false;
    if (syntax_is(syntax, parent, "parenthesized_expression"))
        return !strcmp(syntax->nodes[parent].field, "condition");
    return !strcmp(syntax->nodes[node].field, "condition") &&
           !syntax_is(syntax, node, "parenthesized_expression") &&
           !syntax_is(syntax, parent, "switch_statement");
}

static bool is_switched(const struct syntax *syntax, uint32_t node)
{
    uint32_t parent = syntax->nodes[node].parent;
    return syntax_is(syntax, parent, "parenthesized_expression") &&
           syntax_is(syntax, syntax->nodes[parent].parent, "switch_statement");
}

static bool is_operand(const struct syntax *syntax, uint32_t node)
{
    const char *field = syntax->nodes[node].field;
    return is_logical(syntax, syntax->nodes[node].parent) && !is_logical(syntax, node) &&
           (!strcmp(field, "left") || !strcmp(field, "right"));
}

static bool has_sign(const struct syntax *syntax, uint32_t node, const char *const *signs)
{
    uint32_t sign = syntax_child(syntax, node, "operator");
    for (; sign && *signs; signs++)
        if (syntax_has_text(syntax, sign, *signs))
            return true;
    return false;
}

/* True or false, whatever is made of it. */
static bool is_comparison(const struct syntax *syntax, uint32_t node)
{
    static const char *const signs[] = { "==", "!=", "<", ">", "<=", ">=", "!", NULL };
    return (syntax_is(syntax, node, "binary_expression") ||
               syntax_is(syntax, node, "unary_expression")) &&
           has_sign(syntax, node, signs);
}

bool cover_is_condition(const struct syntax *syntax, uint32_t node)
{
    return !is_literal(syntax, node) && !is_switched(syntax, node) &&
           (is_decision(syntax, node) || is_operand(syntax, node) || is_comparison(syntax, node));
}

uint32_t cover_constant_size(const struct syntax *syntax, uint32_t node)
{
    bool fixed = is_one_of(syntax, node, constant);
    if (syntax_is(syntax, syntax->nodes[node].parent, "case_statement"))
        fixed |= !strcmp(syntax->nodes[node].field, "value");
    SYNTAX_EACH_CHILD(child, syntax, node)
    fixed |= syntax_is(syntax, node, "declaration") &&
             syntax_is(syntax, child, "storage_class_specifier") &&
             syntax_has_text(syntax, child, "static");
    return fixed ? syntax->nodes[node].next : 0;
}
