/* diff - see diff.h. */
#include "patch/diff.h"

#include "base/mem.h"

#include <string.h>

/* Above this many pairs of children nothing is aligned: the run is replaced as a whole. */
enum { PAIRS_MAX = 1 << 16 };

struct side {
    const struct syntax *syntax;
    uint32_t *at; /* the children that count, in order */
    uint32_t count, parent;
};

/* One comparison: both sides, and what it adds to. The depth of recursion is that of the trees,
 * which syntax.h bounds. */
struct work {
    const struct syntax *was, *now;
    struct diff *diff;
    struct arena *arena;
};

static void compare(struct work *work, uint32_t was, uint32_t now);

static struct side children(struct work *work, const struct syntax *syntax, uint32_t parent)
{
    struct side side = { .syntax = syntax, .parent = parent };
    uint32_t count = 0;
    SYNTAX_EACH_CHILD(child, syntax, parent)
    count++;
    side.at = arena_take(work->arena, (count + 1) * sizeof(side.at[0]));
    SYNTAX_EACH_CHILD(child, syntax, parent)
    if (!syntax_is(syntax, child, "comment"))
        side.at[side.count++] = child;
    return side;
}

/* The same tokens: blanks and comments between them do not count. */
static bool same_text(const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b)
{
    uint32_t end_a = a + was->nodes[a].next, end_b = b + now->nodes[b].next;
    for (uint32_t i = a, n = b;;) {
        uint32_t token_a = syntax_next_token(was, i), token_b = syntax_next_token(now, n);
        bool over_a = !token_a || token_a >= end_a, over_b = !token_b || token_b >= end_b;
        if (over_a || over_b)
            return over_a && over_b;
        if (!str_equal(syntax_text(was, token_a), syntax_text(now, token_b)))
            return false;
        i = syntax_end_of_token(was, token_a);
        n = syntax_end_of_token(now, token_b);
    }
}

static bool same_child(const struct side *was, uint32_t a, const struct side *now, uint32_t b)
{
    return same_text(was->syntax, was->at[a], now->syntax, now->at[b]);
}

static bool same_kind(const struct side *was, uint32_t a, const struct side *now, uint32_t b)
{
    const struct syntax_node *x = &was->syntax->nodes[was->at[a]];
    const struct syntax_node *y = &now->syntax->nodes[now->at[b]];
    return !strcmp(x->kind, y->kind) && !strcmp(x->field, y->field);
}

static struct diff_run run_of(const struct side *side, uint32_t from, uint32_t to)
{
    return (struct diff_run){ .parent = side->parent,
        .first = from < to ? side->at[from] : 0,
        .last = from < to ? side->at[to - 1] : 0,
        .count = to - from,
        .behind = from ? side->at[from - 1] : 0 };
}

static void add(struct work *work, struct diff_run was, struct diff_run now)
{
    struct diff *diff = work->diff;
    if ((diff->count & (diff->count - 1)) == 0)
        diff->at = arena_grow(work->arena, diff->at, diff->count * sizeof(diff->at[0]),
            (diff->count ? 2 * (size_t)diff->count : 1) * sizeof(diff->at[0]));
    diff->at[diff->count++] = (struct diff_change){ was, now };
}

/* Between two pairs of equal children: a child of the same kind is looked into. */
static void gap(struct work *work, const struct side *was, uint32_t a, uint32_t a_end,
    const struct side *now, uint32_t b, uint32_t b_end)
{
    bool pairs = a_end - a == b_end - b;
    for (uint32_t i = 0; pairs && i < a_end - a; i++)
        pairs = same_kind(was, a + i, now, b + i);
    if (!pairs) {
        if (a < a_end || b < b_end)
            add(work, run_of(was, a, a_end), run_of(now, b, b_end));
        return;
    }
    for (uint32_t i = 0; i < a_end - a; i++)
        if (!same_child(was, a + i, now, b + i))
            compare(work, was->at[a + i], now->at[b + i]);
}

/* Lengths of the longest common subsequences of the tails, (a_end - a + 1) x (b_end - b + 1). */
static uint32_t *common(struct work *work, const struct side *was, uint32_t a, uint32_t a_end,
    const struct side *now, uint32_t b, uint32_t b_end)
{
    uint32_t rows = a_end - a, columns = b_end - b;
    uint32_t *best = arena_alloc(work->arena, sizeof(best[0]) * (rows + 1) * (columns + 1));
    for (uint32_t i = rows; i-- > 0;)
        for (uint32_t n = columns; n-- > 0;) {
            uint32_t down = best[(i + 1) * (columns + 1) + n];
            uint32_t right = best[i * (columns + 1) + n + 1];
            uint32_t both = best[(i + 1) * (columns + 1) + n + 1] + 1;
            best[i * (columns + 1) + n] = same_child(was, a + i, now, b + n) ? both
                                          : down > right                     ? down
                                                                             : right;
        }
    return best;
}

/* The middle of two lists, whose ends differ. */
static void align(struct work *work, const struct side *was, uint32_t a, uint32_t a_end,
    const struct side *now, uint32_t b, uint32_t b_end)
{
    uint32_t rows = a_end - a, columns = b_end - b;
    if ((uint64_t)(rows + 1) * (columns + 1) > PAIRS_MAX) {
        gap(work, was, a, a_end, now, b, b_end);
        return;
    }
    const uint32_t *best = common(work, was, a, a_end, now, b, b_end);
    uint32_t from_a = 0, from_b = 0;
    for (uint32_t i = 0, n = 0; i < rows && n < columns;) {
        if (same_child(was, a + i, now, b + n)) {
            gap(work, was, a + from_a, a + i, now, b + from_b, b + n);
            from_a = ++i;
            from_b = ++n;
        } else if (best[(i + 1) * (columns + 1) + n] >= best[i * (columns + 1) + n + 1]) {
            i++;
        } else {
            n++;
        }
    }
    gap(work, was, a + from_a, a_end, now, b + from_b, b_end);
}

/* Where children may come and go. Of other nodes each child has its place. */
static bool is_list(const struct syntax *syntax, uint32_t node)
{
    static const char *const kinds[] = { "translation_unit", "compound_statement", "case_statement",
        "initializer_list", "enumerator_list", "field_declaration_list", "argument_list",
        "parameter_list", "declaration", "concatenated_string" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (syntax_is(syntax, node, kinds[i]))
            return true;
    return false;
}

/* The same shape: as many children, the words without a name equal, the others in equal parts. */
static bool same_shape(const struct side *was, const struct side *now)
{
    bool same = was->count == now->count;
    for (uint32_t i = 0; same && i < was->count; i++) {
        const struct syntax_node *x = &was->syntax->nodes[was->at[i]];
        const struct syntax_node *y = &now->syntax->nodes[now->at[i]];
        same = x->named == y->named && !strcmp(x->field, y->field) &&
               (x->named || !strcmp(x->kind, y->kind));
    }
    return same;
}

static void compare_lists(struct work *work, const struct side *was, const struct side *now)
{
    uint32_t a = 0, a_end = was->count, b = 0, b_end = now->count;
    for (; a < a_end && b < b_end && same_child(was, a, now, b); a++)
        b++;
    for (; a < a_end && b < b_end && same_child(was, a_end - 1, now, b_end - 1); a_end--)
        b_end--;
    align(work, was, a, a_end, now, b, b_end);
}

static void replace(struct work *work, uint32_t was, uint32_t now)
{
    const struct syntax_node *a = &work->was->nodes[was], *b = &work->now->nodes[now];
    add(work, (struct diff_run){ a->parent, was, was, 1, 0 },
        (struct diff_run){ b->parent, now, now, 1, 0 });
}

/* Two nodes whose texts differ. */
static void compare(struct work *work, uint32_t was, uint32_t now)
{
    bool leaf = work->was->nodes[was].leaf || work->now->nodes[now].leaf;
    if (leaf || strcmp(work->was->nodes[was].kind, work->now->nodes[now].kind) != 0) {
        replace(work, was, now);
        return;
    }
    struct side a = children(work, work->was, was), b = children(work, work->now, now);
    if (is_list(work->was, was)) {
        compare_lists(work, &a, &b);
    } else if (!same_shape(&a, &b) || syntax_is(work->was, was, "string_literal")) {
        replace(work, was, now);
    } else {
        for (uint32_t i = 0; i < a.count; i++)
            if (!same_child(&a, i, &b, i))
                compare(work, a.at[i], b.at[i]);
    }
}

struct diff diff_trees(const struct syntax *was, const struct syntax *now, struct arena *arena)
{
    struct diff diff = { 0 };
    struct work work = { was, now, &diff, arena };
    if (!same_text(was, 0, now, 0))
        compare(&work, 0, 0);
    return diff;
}

struct span diff_span(const struct syntax *syntax, const struct diff_run *run)
{
    if (run->first)
        return (
            struct span){ syntax->nodes[run->first].span.from, syntax->nodes[run->last].span.to };
    uint32_t at =
        run->behind ? syntax->nodes[run->behind].span.to : syntax->nodes[run->parent].span.from;
    return (struct span){ at, at };
}
