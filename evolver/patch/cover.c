/* cover - puts the marks in. See cover.h.
 *
 * Marks are texts between bytes of the source: what stands in a macro's body is not touched, lines
 * keep their numbers, and nothing has to be printed from a tree. */
#include "patch/cover.h"

#include "base/mem.h"
#include "patch/outline.h"

#include <stdlib.h>
#include <string.h>

/* At one byte: what ends there comes before what begins there, and the outer begins first and ends
 * last. */
struct mark {
    uint32_t at, node;
    bool opens;
    struct str text; /* in the arena */
};
struct marking {
    const struct syntax *syntax;
    struct cover_changes changes;
    struct arena *arena;
    struct mark *marks;
    uint32_t marks_count;
    struct cover *cover;
    struct str function; /* in work */
};

static bool is_one_of(const struct syntax *syntax, uint32_t node, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (syntax_is(syntax, node, *kinds))
            return true;
    return false;
}

/* --- which nodes */

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
static bool is_bare(const struct syntax *syntax, uint32_t node)
{
    uint32_t parent = syntax->nodes[node].parent;
    const char *field = syntax->nodes[node].field;
    if (!is_one_of(syntax, parent, owners) || syntax_is(syntax, node, "declaration"))
        return false;
    return syntax_is(syntax, parent, "else_clause") ||
           syntax_is(syntax, parent, "labeled_statement") || !strcmp(field, "consequence") ||
           !strcmp(field, "body");
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

static bool is_condition(const struct syntax *syntax, uint32_t node)
{
    return !is_literal(syntax, node) && !is_switched(syntax, node) &&
           (is_decision(syntax, node) || is_operand(syntax, node) || is_comparison(syntax, node));
}

/* What can be zero for most of what goes in. */
static bool is_scaled(const struct syntax *syntax, uint32_t node)
{
    static const char *const signs[] = { "*", "/", "%", ">>", "&", "^", NULL };
    return syntax_is(syntax, node, "binary_expression") && has_sign(syntax, node, signs);
}

/* --- marks */

static uint32_t add_point(struct marking *m, uint32_t node, enum cover_what what, bool wanted)
{
    m->cover->at[m->cover->count] = (struct cover_point){ .place = m->syntax->nodes[node].place,
        .function = m->function,
        .what = (uint8_t)what,
        .wanted = wanted };
    return m->cover->count++;
}

static void add_mark(struct marking *m, uint32_t node, bool opens, struct str text)
{
    const struct span span = m->syntax->nodes[node].span;
    m->marks[m->marks_count++] = (struct mark){ opens ? span.from : span.to, node, opens, text };
}

static void mark_statement(struct marking *m, uint32_t node)
{
    bool bare = is_bare(m->syntax, node);
    uint32_t point = add_point(m, node, COVER_RAN, cover_wants(&m->changes, node));
    add_mark(m, node, true,
        str_of(arena_format(m->arena, "%smoult_cover_[%u] = 1; ", bare ? "{ " : "", point)));
    if (bare)
        add_mark(m, node, false, STR(" }"));
}

static void mark_condition(struct marking *m, uint32_t node)
{
    bool wanted = cover_wants(&m->changes, node);
    uint32_t point = add_point(m, node, COVER_TRUE, wanted);
    add_point(m, node, COVER_FALSE, wanted && cover_wants_false(&m->changes, node));
    add_mark(m, node, true, STR("(("));
    add_mark(m, node, false,
        str_of(arena_format(
            m->arena, ") ? (moult_cover_[%u] = 1) : !(moult_cover_[%u] = 1))", point, point + 1)));
}

/* Worked out once, as it was; only the marked build is written in words of the compiler. */
static void mark_number(struct marking *m, uint32_t node)
{
    uint32_t point = add_point(m, node, COVER_OTHER, cover_wants(&m->changes, node));
    add_mark(m, node, true,
        str_of(arena_format(m->arena, "__extension__({ __auto_type moult_number_%u = (", point)));
    add_mark(m, node, false,
        str_of(arena_format(m->arena,
            "); if (moult_number_%u) moult_cover_[%u] = 1; moult_number_%u; })", point, point,
            point)));
}

/* Where nothing may be marked, with all that is in it: 0 elsewhere. */
static uint32_t constant_size(const struct syntax *syntax, uint32_t node)
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

static void mark_function(struct marking *m, const struct outline_function *function)
{
    const struct syntax *syntax = m->syntax;
    uint32_t end = function->body + syntax->nodes[function->body].next;
    m->function = function->name;
    for (uint32_t node = function->body + 1; node < end;) {
        if (is_one_of(syntax, node, statements) && (in_list(syntax, node) || is_bare(syntax, node)))
            mark_statement(m, node);
        uint32_t constant_nodes = constant_size(syntax, node);
        if (!constant_nodes && is_condition(syntax, node))
            mark_condition(m, node);
        else if (!constant_nodes && is_scaled(syntax, node))
            mark_number(m, node);
        node += constant_nodes ? constant_nodes : 1;
    }
}

static int by_place(const void *left, const void *right)
{
    const struct mark *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->opens != b->opens)
        return a->opens ? 1 : -1;
    bool first = a->opens ? a->node < b->node : a->node > b->node;
    return a->node == b->node ? 0 : first ? -1 : 1;
}

static void write_marked(struct buf *out, const struct marking *m)
{
    uint32_t at = 0;
    struct str source = m->syntax->source;
    buf_format(out,
        "#include \"moult_trial.h\"\nstatic uint32_t moult_cover_[%u];\n#line 1 \"plugin.c\"\n",
        m->cover->count + 1);
    for (uint32_t i = 0; i < m->marks_count; i++) {
        buf_add(out, source.at + at, m->marks[i].at - at);
        buf_str(out, m->marks[i].text);
        at = m->marks[i].at;
    }
    buf_add(out, source.at + at, source.size - at);
    buf_format(out,
        "\nMOULT_EXPORT const struct moult_trial moult_trial = { .size = sizeof(struct "
        "moult_trial), .cover_count = %u, .cover = moult_cover_ };\n",
        m->cover->count);
}

int cover_source(struct buf *out, struct cover *ret, const struct syntax *was,
    const struct syntax *now, const struct diff *diff, struct arena *arena, struct err *err)
{
    struct marking m = { .syntax = now, .arena = arena, .cover = ret };
    *ret = (struct cover){ .at = arena_alloc(arena, (2 * now->count + 1) * sizeof *ret->at) };
    m.marks = arena_alloc(arena, (4 * now->count + 1) * sizeof *m.marks);
    cover_changes_of(&m.changes, was, now, diff, arena);
    struct outline_functions functions = outline_functions(now, arena);
    for (uint32_t i = 0; i < functions.count; i++)
        mark_function(&m, &functions.at[i]);
    if (ret->count > COVER_POINTS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d branches", COVER_POINTS_MAX);
    qsort(m.marks, m.marks_count, sizeof *m.marks, by_place);
    write_marked(out, &m);
    return 0;
}
