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

bool diff_same(const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b)
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
    return diff_same(was->syntax, was->at[a], now->syntax, now->at[b]);
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

/* Parts by which a person sees that it is the same thing, changed: a function by what it is called
 * with, a statement by its condition or by what it does. */
static const char *const parts[] = { "name", "designator", "declarator", "condition", "consequence",
    "body", "left", "function" };

/* Of one kind, and one such part, of themselves or of their first child, is the same. */
static bool alike(const struct work *work, uint32_t was, uint32_t now)
{
    for (int level = 0; level < 3 && was && now; level++) {
        if (strcmp(work->was->nodes[was].kind, work->now->nodes[now].kind) != 0 ||
            !work->was->nodes[was].named)
            return false;
        for (size_t i = 0; i < COUNT_OF(parts); i++) {
            uint32_t a = syntax_child(work->was, was, parts[i]);
            uint32_t b = syntax_child(work->now, now, parts[i]);
            if (a && b && diff_same(work->was, a, work->now, b))
                return true;
        }
        uint32_t a = syntax_child(work->was, was, "declarator");
        uint32_t b = syntax_child(work->now, now, "declarator");
        was = a ? a : syntax_first(work->was, was);
        now = b ? b : syntax_first(work->now, now);
    }
    return false;
}

/* Two parts of two lists of children. */
struct part {
    const struct side *was, *now;
    uint32_t a, a_end, b, b_end;
};
typedef bool same_fn(const struct work *work, const struct part *part, uint32_t a, uint32_t b);
typedef void pair_fn(struct work *work, const struct part *gap);

static bool is_same(const struct work *work, const struct part *part, uint32_t a, uint32_t b)
{
    (void)work;
    return same_child(part->was, a, part->now, b);
}

static bool is_alike(const struct work *work, const struct part *part, uint32_t a, uint32_t b)
{
    return alike(work, part->was->at[a], part->now->at[b]);
}

/* Lengths of the longest common subsequences of the tails; NULL: too many pairs. */
static uint32_t *common(struct work *work, const struct part *part, same_fn *same)
{
    uint32_t rows = part->a_end - part->a, columns = part->b_end - part->b;
    if ((uint64_t)(rows + 1) * (columns + 1) > PAIRS_MAX)
        return NULL;
    uint32_t *best = arena_alloc(work->arena, sizeof(best[0]) * (rows + 1) * (columns + 1));
    for (uint32_t i = rows; i-- > 0;)
        for (uint32_t n = columns; n-- > 0;) {
            uint32_t down = best[(i + 1) * (columns + 1) + n];
            uint32_t right = best[i * (columns + 1) + n + 1];
            uint32_t both = best[(i + 1) * (columns + 1) + n + 1] + 1;
            bool pair = same(work, part, part->a + i, part->b + n);
            best[i * (columns + 1) + n] = pair ? both : down > right ? down : right;
        }
    return best;
}

/* Pairs what is the same, in order; between two pairs `gap` is called, and for a pair `found`. */
static void align(
    struct work *work, const struct part *part, same_fn *same, pair_fn *gap, pair_fn *found)
{
    uint32_t columns = part->b_end - part->b, *best = common(work, part, same);
    struct part rest = *part;
    for (uint32_t a = part->a, b = part->b; best && a < part->a_end && b < part->b_end;) {
        const uint32_t *at = best + (a - part->a) * (columns + 1) + (b - part->b);
        if (same(work, part, a, b)) {
            gap(work, &(struct part){ part->was, part->now, rest.a, a, rest.b, b });
            found(work, &(struct part){ part->was, part->now, a, a + 1, b, b + 1 });
            rest.a = ++a;
            rest.b = ++b;
        } else if (at[columns + 1] >= at[1]) {
            a++;
        } else {
            b++;
        }
    }
    gap(work, &rest);
}

static void replace_part(struct work *work, const struct part *part)
{
    if (part->a < part->a_end || part->b < part->b_end)
        add(work, run_of(part->was, part->a, part->a_end), run_of(part->now, part->b, part->b_end));
}

static void compare_pair(struct work *work, const struct part *pair)
{
    if (!same_child(pair->was, pair->a, pair->now, pair->b))
        compare(work, pair->was->at[pair->a], pair->now->at[pair->b]);
}

/* Between two equal children: what is of one kind, one by one, is looked into; else what is alike.
 */
static void gap_of_same(struct work *work, const struct part *gap)
{
    bool pairs = gap->a_end - gap->a == gap->b_end - gap->b;
    for (uint32_t i = 0; pairs && i < gap->a_end - gap->a; i++)
        pairs = same_kind(gap->was, gap->a + i, gap->now, gap->b + i);
    if (!pairs) {
        align(work, gap, is_alike, replace_part, compare_pair);
        return;
    }
    for (uint32_t i = 0; i < gap->a_end - gap->a; i++)
        compare_pair(work, &(struct part){ gap->was, gap->now, gap->a + i, gap->a + i + 1,
                               gap->b + i, gap->b + i + 1 });
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
    align(work, &(struct part){ was, now, a, a_end, b, b_end }, is_same, gap_of_same, compare_pair);
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
    if (!diff_same(was, 0, now, 0))
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
