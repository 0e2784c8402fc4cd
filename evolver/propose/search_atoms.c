/* search_atoms - what is known of the conditions of a body before its rows are looked at: which
 * look at what the action uses, which are true of every right action, which say the same of fewer.
 */
#include "propose/search.h"

#include <stdlib.h>
#include <string.h>

static bool is_argument(const struct search *search, const struct body *body, uint16_t expr)
{
    for (unsigned way = 0; way < 2; way++) {
        const uint16_t *at = body->holes + HOLE_WAY + way * HOLES_WAY;
        for (unsigned i = 0; at[0] && i < search->actions.at[at[0]]->count; i++)
            if (at[1 + i] == expr)
                return true;
    }
    return false;
}

/* Whether an argument of the action is made with that expression. */
static bool action_uses(const struct search *search, const struct body *body, uint16_t part)
{
    for (unsigned way = 0; way < 2; way++) {
        const uint16_t *at = body->holes + HOLE_WAY + way * HOLES_WAY;
        for (unsigned i = 0; at[0] && i < search->actions.at[at[0]]->count; i++)
            if (pool_uses(&search->pool, at[1 + i], part))
                return true;
    }
    return false;
}

/* A constant in the condition that the action does not have. */
static bool names_another(const struct search *search, const struct body *body, uint16_t expr)
{
    const struct pool *pool = &search->pool;
    for (uint16_t part = 0; part < pool->count; part++)
        if (pool->at[part].kind == EXPR_CONSTANT && pool_uses(pool, expr, part) &&
            !action_uses(search, body, part))
            return true;
    return false;
}

/* Whether the condition looks at something that the action uses; the whole text does not count. */
static bool related(const struct search *search, const struct body *body, uint16_t expr)
{
    const struct pool *pool = &search->pool;
    if (names_another(search, body, expr))
        return false;
    for (uint16_t part = 0; part < pool->count; part++) {
        const struct expr *at = &pool->at[part];
        if (at->kind != EXPR_PART || at->part->of[0] == '\0' || !pool_uses(pool, expr, part))
            continue;
        if (((body->holes[HOLE_RETURN] || body->holes[HOLE_CHANGE]) && at->iterator == 0) ||
            action_uses(search, body, part))
            return true;
    }
    return false;
}

/* "What the action takes out of the text begins a line": inside a sentence it would be quoted. */
static bool begins_line(const struct search *search, const struct body *body, uint16_t number)
{
    const struct pool *pool = &search->pool;
    const struct expr *expr = &pool->at[number];
    bool edge = false, taken = false;
    for (unsigned i = 0; expr->kind == EXPR_VERB && i < expr->verb->count; i++) {
        const struct expr *arg = &pool->at[expr->args[i]];
        edge |= arg->kind == EXPR_FLAG && str_equal(arg->text, STR("MOULT_LINE_START"));
        taken |=
            arg->kind == EXPR_PART && arg->type == 'P' && action_uses(search, body, expr->args[i]);
    }
    return edge && taken;
}

/* "This value of the action fits the schema of this call": what holds for every right action. */
static bool fits(const struct search *search, const struct body *body, const struct atom *atom)
{
    const struct expr *expr = &search->pool.at[atom->expr];
    if (expr->type != 'B' || expr->kind != EXPR_VERB || expr->verb->count != 2 ||
        expr->verb->params[0].type != 'S' || expr->verb->params[1].type != 'J' ||
        !is_argument(search, body, expr->args[1]))
        return false;
    const struct expr *schema = &search->pool.at[expr->args[0]];
    for (unsigned i = 0; schema->kind == EXPR_VERB && i < schema->verb->count; i++) {
        const struct expr *arg = &search->pool.at[schema->args[i]];
        bool given = arg->kind == EXPR_NOTHING ||
                     (arg->kind == EXPR_PART && strcmp(arg->part->of, "call") == 0);
        if (!given && !is_argument(search, body, schema->args[i]))
            return false;
    }
    return schema->kind == EXPR_VERB;
}

/* The same comparison of the same verb and arguments, with one more bit in its flags. */
static bool is_narrower(const struct pool *pool, const struct atom *atom, const struct atom *than)
{
    const struct expr *a = &pool->at[atom->expr], *b = &pool->at[than->expr];
    if (a->kind != EXPR_VERB || a->verb != b->verb || !atom->how || !than->how ||
        strcmp(atom->value, than->value) != 0)
        return false;
    bool narrower = false;
    for (unsigned i = 0; i < a->verb->count; i++) {
        if (a->args[i] == b->args[i])
            continue;
        const struct expr *x = &pool->at[a->args[i]], *y = &pool->at[b->args[i]];
        if (x->kind != EXPR_FLAG || x->cost != y->cost + 1 || !pool_has_flags(x, y))
            return false;
        narrower = true;
    }
    return narrower;
}

static void list_narrower(
    const struct search *search, uint32_t scope, uint16_t of, struct condition_atom *ret)
{
    const struct atom *atoms = search->atoms[scope];
    for (uint16_t i = 0; i < search->atoms_count[scope]; i++)
        if (ret->narrower_count < CONDITION_NARROWER_MAX &&
            is_narrower(&search->pool, &atoms[i], &atoms[of]))
            ret->narrower[ret->narrower_count++] = i;
}

/* Of values that do as well, the first of the comparison's list: its order is the prior. */
static uint16_t cost_of(const struct pool *pool, const struct atom *atom)
{
    enum { PER_PLACE = 5 };
    uint16_t cost = pool->at[atom->expr].cost;
    for (unsigned i = 0; atom->how && i < vocabulary_comparisons_count; i++)
        for (unsigned k = 0; k < COMPARISON_VALUES_MAX && vocabulary_comparisons[i].values[k]; k++)
            if (vocabulary_comparisons[i].values[k] == atom->value &&
                !vocabulary_comparisons[i].alike)
                cost = (uint16_t)(cost + PER_PLACE * k);
    return cost;
}

/* Which number it compares, and in which direction: the first atom that does so, from 1. */
static void find_series(
    const struct search *search, uint32_t scope, uint32_t of, struct condition_atom *ret)
{
    const struct atom *atoms = search->atoms[scope], *atom = &atoms[of];
    char *end;
    if (!atom->how || (atom->how[0] != '<' && atom->how[0] != '>'))
        return;
    ret->threshold = strtoll(atom->value, &end, 10);
    if (*end)
        return;
    ret->below = atom->how[0] == '<';
    if (atom->how[1] != '=') /* as one with "or equal" */
        ret->threshold += ret->below ? -1 : 1;
    for (uint16_t i = 0; ret->series == 0; i++)
        if (atoms[i].expr == atom->expr && atoms[i].how && strcmp(atoms[i].how, atom->how) == 0)
            ret->series = (uint16_t)(i + 1);
}

void search_describe_atoms(
    const struct search *search, const struct body *body, struct condition_atom *ret)
{
    uint32_t scope = body->holes[HOLE_ITERATOR];
    /* A branch that is no longer taken once a count is reached is as good as one that is taken
     * then. */
    bool narrowed = body->holes[HOLE_VALUE] == CHANGE_NARROWED;
    for (uint32_t i = 0; i < search->atoms_count[scope]; i++) {
        const struct atom *atom = &search->atoms[scope][i];
        ret[i] = (struct condition_atom){ .cost = cost_of(&search->pool, atom),
            .related = related(search, body, atom->expr),
            .tight = fits(search, body, atom) || (search->pool.at[atom->expr].type == 'B' &&
                                                     begins_line(search, body, atom->expr)),
            .upwards = !narrowed && atom->how && strcmp(atom->how, ">=") == 0 };
        if (atom->how)
            list_narrower(search, scope, (uint16_t)i, &ret[i]);
        find_series(search, scope, i, &ret[i]);
    }
}

/* Groups get numbers of their own, and rows their bits. False: a row's bits did not come. */
