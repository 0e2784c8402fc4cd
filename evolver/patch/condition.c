/* condition - see condition.h. */
#include "patch/condition.h"
#include "patch/diff.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const relation_words[RELATION_CHANGED + 1] = { "the same", "narrower", "wider",
    "negated", "changed" };

enum { OPERANDS_MAX = 32 };

struct term {
    const struct syntax *syntax;
    uint32_t node;
};
struct terms {
    struct term at[OPERANDS_MAX];
    uint32_t count;
};

static bool same(struct term a, struct term b)
{
    return diff_same(a.syntax, a.node, b.syntax, b.node);
}

static struct term part(struct term term, const char *field)
{
    return (struct term){ term.syntax, syntax_child(term.syntax, term.node, field) };
}

static bool is(struct term term, const char *kind)
{
    return syntax_is(term.syntax, term.node, kind);
}

/* Without parentheses around it. */
static struct term bare(struct term term)
{
    while (is(term, "parenthesized_expression")) {
        uint32_t inner = syntax_first(term.syntax, term.node);
        while (inner && (!term.syntax->nodes[inner].named ||
                            is((struct term){ term.syntax, inner }, "comment")))
            inner = syntax_after(term.syntax, inner);
        if (!inner)
            break;
        term.node = inner;
    }
    return term;
}

static bool has_operator(struct term term, const char *operator)
{
    uint32_t node = syntax_child(term.syntax, term.node, "operator");
    return node && syntax_has_text(term.syntax, node, operator);
}

static bool is_joined(struct term term, const char *operator)
{
    return is(term, "binary_expression") && has_operator(term, operator);
}

/* a && b && c, however deep: the left side first. More than fit: the rest stays one. */
static void take_apart(struct term term, const char *operator, struct terms * terms)
{
    struct term right[OPERANDS_MAX];
    uint32_t count = 0;
    for (term = bare(term); is_joined(term, operator) && terms->count + count + 2 < OPERANDS_MAX;) {
        right[count++] = bare(part(term, "right"));
        term = bare(part(term, "left"));
    }
    terms->at[terms->count++] = term;
    while (count)
        terms->at[terms->count++] = right[--count];
}

static bool holds(const struct terms *terms, struct term term)
{
    for (uint32_t i = 0; i < terms->count; i++)
        if (same(terms->at[i], term))
            return true;
    return false;
}

/* How many of a are not in b; *ret_one is such a one. */
static uint32_t missing(const struct terms *a, const struct terms *b, struct term *ret_one)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->count; i++)
        if (!holds(b, a->at[i])) {
            *ret_one = a->at[i];
            count++;
        }
    return count;
}

static bool negates(struct term a, struct term b)
{
    struct term inner = is(a, "unary_expression") && has_operator(a, "!")
                            ? bare(part(a, "argument"))
                            : (struct term){ 0 };
    return inner.syntax && inner.node && same(inner, b);
}

/* Comparisons that say the opposite, and those that allow one value more. */
static const struct {
    const char *was, *now;
    enum relation relation;
} operators[] = {
    { "==", "!=", RELATION_NEGATED },
    { "!=", "==", RELATION_NEGATED },
    { "<", ">=", RELATION_NEGATED },
    { ">=", "<", RELATION_NEGATED },
    { ">", "<=", RELATION_NEGATED },
    { "<=", ">", RELATION_NEGATED },
    { "<", "<=", RELATION_WIDER },
    { ">", ">=", RELATION_WIDER },
    { "<=", "<", RELATION_NARROWER },
    { ">=", ">", RELATION_NARROWER },
};

static bool number_of(struct term term, long long *ret)
{
    char text[32], *end;
    struct str word = syntax_text(term.syntax, term.node);
    if (!is(term, "number_literal") || word.size >= sizeof(text))
        return false;
    memcpy(text, word.at, word.size);
    text[word.size] = 0;
    errno = 0;
    *ret = strtoll(text, &end, 0);
    return !errno && !end[strspn(end, "uUlL")];
}

static enum relation of_bounds(struct term was, struct term a, struct term b)
{
    long long old, new;
    if (!number_of(a, &old) || !number_of(b, &new) || old == new)
        return RELATION_CHANGED;
    if (has_operator(was, ">") || has_operator(was, ">="))
        return new > old ? RELATION_NARROWER : RELATION_WIDER;
    if (has_operator(was, "<") || has_operator(was, "<="))
        return new < old ? RELATION_NARROWER : RELATION_WIDER;
    return RELATION_CHANGED;
}

/* Two comparisons with the same left side. */
static enum relation of_comparisons(struct term was, struct term now)
{
    struct term a = bare(part(was, "right")), b = bare(part(now, "right"));
    if (!is(was, "binary_expression") || !is(now, "binary_expression") ||
        !same(bare(part(was, "left")), bare(part(now, "left"))))
        return RELATION_CHANGED;
    uint32_t operator_a = syntax_child(was.syntax, was.node, "operator");
    uint32_t operator_b = syntax_child(now.syntax, now.node, "operator");
    if (diff_same(was.syntax, operator_a, now.syntax, operator_b))
        return of_bounds(was, a, b);
    for (size_t i = 0; same(a, b) && i < COUNT_OF(operators); i++)
        if (has_operator(was, operators[i].was) && has_operator(now, operators[i].now))
            return operators[i].relation;
    return RELATION_CHANGED;
}

static bool is_always(struct term term, const char *number, const char *word)
{
    return syntax_has_text(term.syntax, term.node, number) ||
           syntax_has_text(term.syntax, term.node, word);
}

/* Neither is joined of parts. */
static enum relation of_single(struct term was, struct term now)
{
    if (same(was, now))
        return RELATION_SAME;
    if (negates(was, now) || negates(now, was))
        return RELATION_NEGATED;
    if (is_always(now, "0", "false") || is_always(was, "1", "true"))
        return RELATION_NARROWER;
    if (is_always(now, "1", "true") || is_always(was, "0", "false"))
        return RELATION_WIDER;
    return of_comparisons(was, now);
}

/* Parts joined by one operator: `more` is what a part more makes of it. */
static enum relation of_joined(
    struct term was, struct term now, const char *operator, enum relation more)
{
    enum relation fewer = more == RELATION_NARROWER ? RELATION_WIDER : RELATION_NARROWER;
    struct terms a = { .count = 0 }, b = { .count = 0 };
    struct term gone, new;
    take_apart(was, operator, & a);
    take_apart(now, operator, & b);
    uint32_t out = missing(&a, &b, &gone), in = missing(&b, &a, &new);
    if (!out && !in)
        return RELATION_SAME;
    if (!out || !in)
        return in ? more : fewer;
    if (out != 1 || in != 1 || a.count != b.count || a.count == 1)
        return RELATION_CHANGED;
    enum relation one = of_single(gone, new);
    return one == RELATION_NEGATED ? RELATION_CHANGED : one;
}

enum relation condition_relation(
    const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b)
{
    struct term old = bare((struct term){ was, a }), new = bare((struct term){ now, b });
    enum relation relation = of_single(old, new);
    if (relation == RELATION_CHANGED)
        relation = of_joined(old, new, "&&", RELATION_NARROWER);
    if (relation == RELATION_CHANGED)
        relation = of_joined(old, new, "||", RELATION_WIDER);
    return relation;
}
