/* condition - see condition.h. A literal is a column of bits over all rows, a conjunction the AND
 * of columns; pairs are complete over the best literals, threes grow from the best pairs. */
#include "propose/condition.h"

#include "base/hash.h"
#include "base/mem.h"
#include "propose/margin.h"

#include <assert.h>
#include <string.h>

enum {
    LITERALS_MAX = 400,
    BEAM_MAX = 300,
    PER_CONJUNCT = 100,
    PER_UNRELATED = 200,
    PER_UNCOVERED = 500,
    PER_CHANGED = 500,
    PER_MIXED = 100,
    FEW_GROUPS = 5,
    SERIES_MAX = 16
};

struct literal {
    uint16_t atom;
    bool negated;
    uint32_t penalty;
    uint64_t digest;
    uint64_t *column;
};
struct beam {
    uint16_t at[2];
    uint32_t rank;
};
struct finder {
    const struct condition_problem *problem;
    struct arena arena;
    uint32_t words;
    uint64_t *hard; /* rows that must be false whatever else */
    struct literal *literals;
    uint32_t literals_count;
    struct beam beam[BEAM_MAX];
    uint32_t beam_count;
    uint64_t *scratch;
    uint8_t *groups; /* bit 0: mended, bit 1: changed */
    struct condition best[CONDITION_SIZES];
    uint64_t tried;
};

static bool bit(const uint64_t *column, uint32_t row)
{
    return column[row / 64] >> (row % 64) & 1;
}

static uint32_t wrong(const struct finder *f, const uint64_t *column)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->words; i++)
        count += (uint32_t)__builtin_popcountll(column[i] & f->hard[i]);
    return count;
}

/* What the condition does to the failing steps and their groups. */
static void weigh(struct finder *f, const uint64_t *column, struct condition *ret)
{
    const struct condition_problem *p = f->problem;
    memset(f->groups, 0, p->groups_count + 1);
    ret->mended_steps = ret->mended_groups = ret->changed_groups = ret->mixed_groups = 0;
    for (uint32_t i = 0; i < p->failing_count;) {
        uint32_t step = p->rows[i].step, group = p->rows[i].group;
        assert(group < p->groups_count);
        bool fires = false, right = true, wanted = false;
        for (; i < p->failing_count && p->rows[i].step == step; i++) {
            fires |= bit(column, i);
            wanted |= p->rows[i].want;
            right &= bit(column, i) == p->rows[i].want;
        }
        if (!fires)
            continue;
        f->groups[group] |= right && wanted ? 1 : 2;
        ret->mended_steps += right && wanted;
    }
    for (uint32_t i = 0; i < p->groups_count; i++) {
        ret->mended_groups += f->groups[i] & 1;
        ret->changed_groups += f->groups[i] == 2;
        ret->mixed_groups += f->groups[i] == 3;
    }
}

uint32_t condition_weight(const struct condition *effect, uint32_t groups)
{
    uint32_t sum = PER_UNCOVERED * (groups - effect->mended_groups) +
                   PER_CHANGED * effect->changed_groups + PER_MIXED * effect->mixed_groups;
    return sum * groups / (groups + FEW_GROUPS);
}

static uint32_t score(const struct finder *f, const struct condition *condition)
{
    uint32_t sum = condition_weight(condition, f->problem->groups_count);
    for (uint32_t i = 0; i < condition->count; i++) {
        const struct condition_atom *atom = &f->problem->atoms[condition->at[i].atom];
        sum += PER_CONJUNCT + (atom->related ? 0 : PER_UNRELATED) + atom->cost +
               (condition->at[i].negated ? 10 : 0);
    }
    return sum;
}

static void column_of(const struct finder *f, const struct condition *condition, uint64_t *ret)
{
    const struct condition_problem *p = f->problem;
    memset(ret, 0, f->words * sizeof(*ret));
    for (uint32_t row = 0; row < p->rows_count; row++) {
        bool holds = true;
        for (uint32_t i = 0; i < condition->count && holds; i++) {
            uint16_t atom = condition->at[i].atom;
            holds = (p->rows[row].bits[atom / 8] >> (atom % 8) & 1) != condition->at[i].negated;
        }
        ret[row / 64] |= (uint64_t)holds << (row % 64);
    }
}

/* --- literals */

static void add_literal(struct finder *f, uint16_t atom, bool negated)
{
    const struct condition_problem *p = f->problem;
    struct condition one = { .at = { { atom, negated } }, .count = 1 };
    column_of(f, &one, f->scratch);
    weigh(f, f->scratch, &one);
    if (one.mended_groups == 0)
        return;
    uint64_t digest = hash_fast(f->scratch, f->words * sizeof(*f->scratch), 1);
    uint32_t penalty =
        p->atoms[atom].cost + (p->atoms[atom].related ? 0 : PER_UNRELATED) + (negated ? 10 : 0);
    struct literal *same = NULL;
    for (uint32_t i = 0; i < f->literals_count && !same; i++)
        if (f->literals[i].digest == digest)
            same = &f->literals[i];
    if (same && same->penalty <= penalty)
        return;
    if (!same)
        same = &f->literals[f->literals_count++];
    if (!same->column)
        same->column = arena_alloc(&f->arena, f->words * sizeof(*same->column));
    *same = (struct literal){ atom, negated, penalty, digest, same->column };
    memcpy(same->column, f->scratch, f->words * sizeof(*same->column));
}

/* How far a column is from a condition: rows that it must lose, groups that it has lost. */
static uint32_t distance(struct finder *f, const uint64_t *column)
{
    struct condition seen;
    weigh(f, column, &seen);
    if (seen.mended_groups == 0)
        return UINT32_MAX;
    return wrong(f, column) + 20 * (f->problem->groups_count - seen.mended_groups) +
           10 * seen.changed_groups;
}

static void make_literals(struct finder *f)
{
    const struct condition_problem *p = f->problem;
    f->literals = arena_alloc(&f->arena, (2 * p->atoms_count + 1) * sizeof(*f->literals));
    for (uint32_t i = 0; i < p->atoms_count; i++) {
        add_literal(f, (uint16_t)i, false);
        if (!p->atoms[i].upwards)
            add_literal(f, (uint16_t)i, true);
    }
    if (f->literals_count <= LITERALS_MAX)
        return;
    /* The nearest ones to the front: few atoms say nothing, so this is rare. */
    uint32_t *far = arena_alloc(&f->arena, f->literals_count * sizeof(*far));
    for (uint32_t i = 0; i < f->literals_count; i++)
        far[i] = distance(f, f->literals[i].column) * 4 + f->literals[i].penalty;
    for (uint32_t i = 0; i < LITERALS_MAX; i++)
        for (uint32_t k = i + 1; k < f->literals_count; k++)
            if (far[k] < far[i]) {
                uint32_t swap = far[i];
                struct literal literal = f->literals[i];
                far[i] = far[k];
                far[k] = swap;
                f->literals[i] = f->literals[k];
                f->literals[k] = literal;
            }
    f->literals_count = LITERALS_MAX;
}

/* --- keeping the best */

static void keep(struct finder *f, const struct condition *condition)
{
    struct condition *best = &f->best[condition->count];
    if (best->mended_groups == 0 || best->score > condition->score)
        *best = *condition;
}

/* A condition that is wrong nowhere is a result; another may grow. */
static uint32_t consider(struct finder *f, const uint16_t *literals, uint32_t count)
{
    struct condition condition = { .count = count };
    memset(f->scratch, 0xff, f->words * sizeof(*f->scratch));
    for (uint32_t i = 0; i < count; i++) {
        const struct literal *literal = &f->literals[literals[i]];
        condition.at[i].atom = literal->atom;
        condition.at[i].negated = literal->negated;
        for (uint32_t w = 0; w < f->words; w++)
            f->scratch[w] &= literal->column[w];
    }
    f->tried++;
    uint32_t misses = wrong(f, f->scratch);
    weigh(f, f->scratch, &condition);
    if (condition.mended_groups == 0)
        return UINT32_MAX;
    if (misses > 0)
        return misses + 20 * (f->problem->groups_count - condition.mended_groups) +
               10 * condition.changed_groups;
    condition.score = score(f, &condition);
    keep(f, &condition);
    /* It may still lose groups that it changes otherwise. */
    uint32_t others = condition.changed_groups + condition.mixed_groups;
    return others ? 10 * others : UINT32_MAX;
}

static void keep_pair(struct finder *f, uint16_t a, uint16_t b, uint32_t rank)
{
    uint32_t worst = 0;
    if (f->beam_count < BEAM_MAX) {
        f->beam[f->beam_count++] = (struct beam){ { a, b }, rank };
        return;
    }
    for (uint32_t i = 1; i < BEAM_MAX; i++)
        if (f->beam[i].rank > f->beam[worst].rank)
            worst = i;
    if (f->beam[worst].rank > rank)
        f->beam[worst] = (struct beam){ { a, b }, rank };
}

static void find(struct finder *f)
{
    consider(f, NULL, 0);
    for (uint16_t a = 0; a < f->literals_count; a++)
        consider(f, &a, 1);
    for (uint16_t a = 0; a < f->literals_count; a++)
        for (uint16_t b = (uint16_t)(a + 1); b < f->literals_count; b++) {
            uint32_t rank = consider(f, (uint16_t[]){ a, b }, 2);
            if (rank != UINT32_MAX)
                keep_pair(
                    f, a, b, rank * 8 + (f->literals[a].penalty + f->literals[b].penalty) / 50);
        }
    for (uint32_t i = 0; i < f->beam_count; i++)
        for (uint16_t c = 0; c < f->literals_count; c++)
            if (c != f->beam[i].at[0] && c != f->beam[i].at[1])
                consider(f, (uint16_t[]){ f->beam[i].at[0], f->beam[i].at[1], c }, 3);
}

/* --- tightening */

static bool good(struct finder *f, struct condition *condition, const struct condition *than)
{
    column_of(f, condition, f->scratch);
    if (wrong(f, f->scratch) > 0)
        return false;
    weigh(f, f->scratch, condition);
    return condition->mended_steps >= than->mended_steps &&
           condition->changed_groups + condition->mixed_groups <=
               than->changed_groups + than->mixed_groups;
}

static bool has(const struct condition *condition, uint16_t atom)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (condition->at[i].atom == atom)
            return true;
    return false;
}

/* In the order of the atoms, so that two ways to a condition give one. */
static void put_in_order(struct condition *condition)
{
    for (uint32_t i = 1; i < condition->count; i++)
        for (uint32_t k = i; k > 0 && condition->at[k - 1].atom > condition->at[k].atom; k--) {
            __typeof__(condition->at[0]) swap = condition->at[k];
            condition->at[k] = condition->at[k - 1];
            condition->at[k - 1] = swap;
        }
}

/* Takes the narrower form of each literal as long as no mended step is lost. */
static void narrow(struct finder *f, struct condition *condition)
{
    for (uint32_t i = 0; i < condition->count; i++)
        for (bool again = !condition->at[i].negated; again;) {
            const struct condition_atom *atom = &f->problem->atoms[condition->at[i].atom];
            again = false;
            for (uint8_t k = 0; k < atom->narrower_count && !again; k++) {
                struct condition less = *condition;
                less.at[i].atom = atom->narrower[k];
                again = good(f, &less, condition);
                if (again)
                    *condition = less;
            }
        }
}

/* The thresholds that could stand in the place of a literal's, by value, and whether the condition
 * does as well with each. Returns how many; *ret_at is the literal's own. */
static uint32_t thresholds(struct finder *f, const struct condition *condition, uint32_t literal,
    uint16_t atoms[SERIES_MAX], struct margin_row rows[SERIES_MAX], uint32_t *ret_at)
{
    const struct condition_problem *p = f->problem;
    const struct condition_atom *own = &p->atoms[condition->at[literal].atom];
    uint32_t count = 0;
    for (uint16_t i = 0; i < p->atoms_count && count < SERIES_MAX; i++) {
        if (p->atoms[i].series != own->series)
            continue;
        struct condition other = *condition;
        other.at[literal].atom = i;
        struct margin_row row = { p->atoms[i].threshold,
            good(f, &other, condition) && other.mended_groups >= condition->mended_groups };
        uint32_t at = count++;
        for (; at > 0 && rows[at - 1].value > row.value; at--) {
            rows[at] = rows[at - 1];
            atoms[at] = atoms[at - 1];
        }
        rows[at] = row;
        atoms[at] = i;
    }
    for (uint32_t i = 0; i < count; i++)
        if (atoms[i] == condition->at[literal].atom)
            *ret_at = i;
    return count;
}

/* Takes the threshold that is furthest from the values on both sides. */
static void widen(struct finder *f, struct condition *condition)
{
    uint16_t atoms[SERIES_MAX];
    struct margin_row rows[SERIES_MAX];
    for (uint32_t i = 0; i < condition->count; i++) {
        const struct condition_atom *atom = &f->problem->atoms[condition->at[i].atom];
        uint32_t own = 0;
        if (atom->series == 0 || condition->at[i].negated)
            continue;
        uint32_t count = thresholds(f, condition, i, atoms, rows, &own);
        if (count > 1)
            condition->at[i].atom = atoms[margin_widest(rows, count, own, atom->below)];
    }
}

/* Says of the action's values that they are known and fit, where no mended step is lost by it; and
 * leaves out what that made idle. A condition from few steps is then true of more. */
static void tighten(struct finder *f, struct condition *condition)
{
    const struct condition_problem *p = f->problem;
    uint32_t before = condition->count;
    for (uint16_t i = 0; i < p->atoms_count && condition->count < CONDITION_LITERALS_MAX; i++) {
        if (!p->atoms[i].tight || has(condition, i))
            continue;
        struct condition more = *condition;
        more.at[more.count].atom = i;
        more.at[more.count++].negated = false;
        if (good(f, &more, condition))
            *condition = more;
    }
    narrow(f, condition);
    for (uint32_t i = before; i-- > 0;) {
        if (p->atoms[condition->at[i].atom].tight)
            continue;
        struct condition less = *condition;
        memmove(&less.at[i], &less.at[i + 1], (less.count - i - 1) * sizeof(less.at[0]));
        less.count--;
        if (good(f, &less, condition))
            *condition = less;
    }
    widen(f, condition);
    put_in_order(condition);
    condition->score = score(f, condition);
}

uint32_t condition_search(const struct condition_problem *problem,
    struct condition ret[CONDITION_SIZES], uint64_t *ret_tried)
{
    struct finder f = { .problem = problem };
    uint32_t count = 0;
    f.words = (problem->rows_count + 63) / 64;
    f.words += f.words == 0;
    f.hard = arena_alloc(&f.arena, f.words * sizeof(*f.hard));
    f.scratch = arena_alloc(&f.arena, f.words * sizeof(*f.scratch));
    f.groups = arena_alloc(&f.arena, problem->groups_count + 1);
    for (uint32_t i = 0; i < problem->rows_count; i++)
        if (!problem->rows[i].failing)
            f.hard[i / 64] |= 1ull << (i % 64);
    make_literals(&f);
    find(&f);
    for (uint32_t i = 0; i < CONDITION_SIZES; i++) {
        if (f.best[i].mended_groups == 0)
            continue;
        ret[count] = f.best[i];
        tighten(&f, &ret[count++]);
    }
    *ret_tried += f.tried;
    arena_done(&f.arena);
    return count;
}
