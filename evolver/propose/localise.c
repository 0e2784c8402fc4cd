/* localise - see localise.h. */
#include "propose/localise.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- marks */

static void add(struct localise *localise, struct localise_mark mark)
{
    if (localise->count < LOCALISE_MARKS_MAX)
        localise->at[localise->count++] = mark;
}

static void add_points(struct localise *localise, uint32_t function, struct arena *arena)
{
    const struct syntax *syntax = localise->syntax;
    struct outline_points points = outline_points(syntax, &localise->functions.at[function], arena);
    for (uint32_t i = 0; i < points.count; i++) {
        const struct outline_point *point = &points.at[i];
        add(localise, (struct localise_mark){ .point = *point,
                          .node = point->statement ? point->statement : point->block,
                          .function = function });
    }
}

/* An `if` without an `else`: no statement tells that it was passed. */
static void add_ways_past(struct localise *localise, uint32_t function, struct arena *arena)
{
    const struct syntax *syntax = localise->syntax;
    uint32_t body = localise->functions.at[function].body;
    struct outline_conditions conditions = outline_conditions(syntax, body, arena);
    for (uint32_t i = 0; i < conditions.count; i++) {
        const struct outline_condition *condition = &conditions.at[i];
        if (syntax_is(syntax, condition->statement, "if_statement") && !condition->else_node)
            add(localise,
                (struct localise_mark){ .node = condition->statement, .function = function });
    }
}

void localise_begin(struct localise *ret, const struct syntax *syntax, struct arena *arena)
{
    *ret = (struct localise){ .syntax = syntax, .functions = outline_functions(syntax, arena) };
    ret->at = arena_alloc(arena, LOCALISE_MARKS_MAX * sizeof(*ret->at));
    for (uint32_t i = 0; i < ret->functions.count; i++) {
        add_points(ret, i, arena);
        add_ways_past(ret, i, arena);
    }
}

/* --- the marked source */

/* A text at a byte; what closes comes before what opens there. */
struct insert {
    uint32_t at;
    bool opens;
    uint32_t order;
    const char *text;
};
struct inserts {
    struct insert *at;
    uint32_t count;
};

static void insert(struct inserts *inserts, uint32_t at, bool opens, const char *text)
{
    inserts->at[inserts->count] = (struct insert){ at, opens, inserts->count, text };
    inserts->count++;
}

static int by_place(const void *a, const void *b)
{
    const struct insert *x = a, *y = b;
    if (x->at != y->at)
        return x->at > y->at ? 1 : -1;
    if (x->opens != y->opens)
        return x->opens ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

static void mark_point(
    struct inserts *inserts, const struct localise *localise, uint32_t number, struct arena *arena)
{
    const struct outline_point *point = &localise->at[number].point;
    insert(inserts, point->at, true,
        arena_format(arena, "%ssearch_cover[%u] = 1; ", point->bare ? "{ " : "", number));
    if (point->bare)
        insert(inserts, localise->syntax->nodes[point->statement].span.to, false, " }");
}

static void mark_way_past(
    struct inserts *inserts, const struct localise *localise, uint32_t number, struct arena *arena)
{
    const struct syntax *syntax = localise->syntax;
    uint32_t condition = syntax_child(syntax, localise->at[number].node, "condition");
    struct span span = syntax->nodes[condition].span; /* with its parentheses */
    insert(inserts, span.from, true, arena_format(arena, "(search_passes(%u, !!", number));
    insert(inserts, span.to, false, "))");
}

/* Behind the directives at the top: the types are known there, and no function has begun. */
static uint32_t top_of(const struct syntax *syntax)
{
    SYNTAX_EACH_CHILD(child, syntax, 0)
    if (strncmp(syntax->nodes[child].kind, "preproc", 7) != 0 &&
        !syntax_is(syntax, child, "comment"))
        return syntax->nodes[child].span.from;
    return 0;
}

static const char *head(const struct localise *localise, uint32_t holes, struct arena *arena)
{
    return arena_format(arena,
        "\n#include \"moult_trial.h\"\n"
        "static uint16_t search_holes[%u];\nstatic uint32_t search_cover[%u];\n"
        "static uint64_t search_decide;\nstatic uint32_t search_reached, search_want;\n"
        "static uint8_t search_atoms[64];\n"
        "static inline int search_passes(unsigned mark, int taken)\n{\n"
        "    if (!taken)\n        search_cover[mark] = 1;\n    return taken;\n}\n",
        holes, localise->count + 1);
}

static void print_export(struct buf *out, const struct localise *localise, uint32_t holes)
{
    buf_format(out,
        "\nMOULT_EXPORT const struct moult_trial moult_trial = {\n"
        "    .size = sizeof(struct moult_trial),\n    .holes_count = %u,\n"
        "    .cover_count = %u,\n    .atoms_count = 8,\n    .decisions_count = 1,\n"
        "    .holes = search_holes,\n    .cover = search_cover,\n    .decide = &search_decide,\n"
        "    .reached = &search_reached,\n    .atoms = search_atoms,\n"
        "    .want_atoms = &search_want,\n};\n",
        holes, localise->count + 1);
}

void localise_print(
    struct buf *out, const struct localise *localise, uint32_t holes, struct arena *arena)
{
    const struct str source = localise->syntax->source;
    struct inserts inserts = {
        arena_alloc(arena, (2 * localise->count + 1) * sizeof(struct insert)), 0
    };
    size_t from = 0;
    insert(&inserts, top_of(localise->syntax), false, head(localise, holes, arena));
    for (uint32_t i = 0; i < localise->count; i++)
        if (localise->at[i].point.block)
            mark_point(&inserts, localise, i, arena);
        else
            mark_way_past(&inserts, localise, i, arena);
    qsort(inserts.at, inserts.count, sizeof(*inserts.at), by_place);
    for (uint32_t i = 0; i < inserts.count; i++) {
        buf_str(out, (struct str){ source.at + from, inserts.at[i].at - from });
        buf_text(out, inserts.at[i].text);
        from = inserts.at[i].at;
    }
    buf_str(out, (struct str){ source.at + from, source.size - from });
    print_export(out, localise, holes);
}

/* --- what ran */

static bool has_run(struct str ran, uint32_t mark)
{
    uint32_t times;
    if ((mark + 1) * sizeof(times) > ran.size)
        return false;
    memcpy(&times, ran.at + mark * sizeof(times), sizeof(times));
    return times > 0;
}

void localise_add(
    struct localise *localise, bool failing, uint32_t group_steps, struct str ran, uint32_t step)
{
    double share = group_steps ? 1.0 / group_steps : 0;
    localise->failing += failing ? share : 0;
    for (uint32_t i = 0; i < localise->count; i++) {
        struct localise_mark *mark = &localise->at[i];
        if (!has_run(ran, i))
            continue;
        *(failing ? &mark->failed : &mark->passed) += share;
        mark->digest = hash_fast(&step, sizeof(step), mark->digest);
    }
}

double localise_ochiai(double ran_failing, double failing, double ran_passing)
{
    double under = failing * (ran_failing + ran_passing);
    return under > 0 ? ran_failing / sqrt(under) : 0;
}

/* Shares are sums of fractions: what is equal but for its last bits is equal. */
static double rounded(double value)
{
    return floor(value * 1e6 + 0.5) / 1e6;
}

void localise_end(struct localise *localise)
{
    for (uint32_t i = 0; i < localise->count; i++) {
        struct localise_mark *mark = &localise->at[i];
        mark->suspicion = rounded(localise_ochiai(mark->failed, localise->failing, mark->passed));
    }
}

double localise_rank(const struct localise *localise, uint32_t offset)
{
    double rank = 0;
    uint32_t smallest = UINT32_MAX;
    for (uint32_t i = 0; i < localise->count; i++) {
        const struct localise_mark *mark = &localise->at[i];
        struct span span = localise->syntax->nodes[mark->node].span;
        if (!mark->point.statement || offset < span.from || offset >= span.to ||
            span.to - span.from >= smallest)
            continue;
        smallest = span.to - span.from;
        rank = mark->suspicion;
    }
    return rank;
}

uint32_t *localise_order(const struct localise *localise, struct arena *arena)
{
    uint32_t *order = arena_alloc(arena, (localise->count + 1) * sizeof(*order));
    for (uint32_t i = 0; i < localise->count; i++) {
        uint32_t k = i;
        for (; k > 0 && localise->at[order[k - 1]].suspicion < localise->at[i].suspicion; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    return order;
}
