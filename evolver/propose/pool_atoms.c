/* pool_atoms - the conditions that a scope can state: yes-or-no verbs, comparisons, what is known.
 */
#include "propose/pool.h"

#include <string.h>

enum { ATOM_COMBOS_MAX = 240, EQUAL_MAX = 8 };

struct stating {
    struct pool *pool;
    const struct verb *verb;
    uint8_t iterator;
    struct atom *ret;
    uint32_t count, max;
};

static void state(struct stating *s, uint16_t expr, const char *how, const char *value)
{
    if (s->count < s->max)
        s->ret[s->count++] = (struct atom){ expr, how, value };
}

static uint16_t add(struct stating *s, const uint16_t args[VERB_PARAMS_MAX])
{
    struct pool *pool = s->pool;
    struct expr expr = { .kind = EXPR_VERB, .type = s->verb->returns, .cost = 1, .verb = s->verb };
    memcpy(expr.args, args, sizeof(expr.args));
    expr.round = UINT8_MAX; /* of no round: nothing is built on a condition */
    for (unsigned i = 0; i < s->verb->count; i++) {
        const struct expr *arg = &pool->at[args[i]];
        expr.cost = (uint16_t)(expr.cost + arg->cost);
        if (arg->iterator > expr.iterator)
            expr.iterator = arg->iterator;
    }
    if (pool->count == POOL_MAX)
        return 0;
    pool->at[pool->count] = expr;
    return (uint16_t)pool->count++;
}

static void state_yes(void *with, const uint16_t args[VERB_PARAMS_MAX])
{
    state(with, add(with, args), NULL, NULL);
}

/* Whether the comparison is about what these arguments ask for. */
static bool compares(
    const struct stating *s, const struct comparison *comparison, const uint16_t *args)
{
    bool named = comparison->flag == NULL;
    for (unsigned i = 0; !named && i < s->verb->count; i++)
        named = str_equal(s->pool->at[args[i]].text, str_of(comparison->flag));
    return named && strcmp(comparison->verb, s->verb->name) == 0;
}

static void state_values(struct stating *s, uint16_t expr, const struct comparison *comparison)
{
    for (unsigned k = 0; k < COMPARISON_VALUES_MAX && comparison->values[k]; k++)
        state(s, expr, comparison->how, comparison->values[k]);
}

static void state_compared(void *with, const uint16_t args[VERB_PARAMS_MAX])
{
    struct stating *s = with;
    uint16_t expr = add(s, args);
    for (unsigned i = 0; i < vocabulary_comparisons_count; i++) {
        const struct comparison *comparison = &vocabulary_comparisons[i];
        if (!compares(s, comparison, args))
            continue;
        state_values(s, expr, comparison);
    }
}

static uint16_t flag_of(const struct pool *pool, const char *name)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->at[i].kind == EXPR_FLAG && str_equal(pool->at[i].text, str_of(name)))
            return (uint16_t)i;
    return 0;
}

static bool text_in_scope(const struct expr *expr, uint8_t iterator)
{
    return expr->type == 'T' && (expr->kind == EXPR_PART || expr->kind == EXPR_VERB) &&
           (expr->iterator == 0 || expr->iterator == iterator);
}

/* text_is has a different kind of second text for each way of comparing. */
static void state_text_is(struct stating *s)
{
    struct pool *pool = s->pool;
    uint16_t blank = flag_of(pool, "MOULT_BLANK"), equal = flag_of(pool, "MOULT_EQUAL");
    uint16_t texts[EQUAL_MAX];
    unsigned count = 0;
    for (uint32_t i = 0, end = pool->count; i < end && count < EQUAL_MAX; i++)
        if (text_in_scope(&pool->at[i], s->iterator))
            texts[count++] = (uint16_t)i;
    for (unsigned i = 0; i < count; i++) {
        if (blank)
            state_yes(s, (uint16_t[VERB_PARAMS_MAX]){ texts[i], blank, POOL_NOTHING_TEXT });
        for (unsigned k = i + 1; equal && k < count; k++)
            state_yes(s, (uint16_t[VERB_PARAMS_MAX]){ texts[i], equal, texts[k] });
    }
    static const char *const holding[] = { "MOULT_HAS", "MOULT_BEGINS" };
    for (unsigned w = 0; w < 2; w++) {
        uint16_t flag = flag_of(pool, holding[w]);
        for (uint32_t k = 0, end = pool->count; flag && k < end; k++)
            for (unsigned i = 0; i < count; i++)
                if (pool->at[k].kind == EXPR_CONSTANT && pool->at[k].role == ROLE_TOKEN)
                    state_yes(s, (uint16_t[VERB_PARAMS_MAX]){ texts[i], flag, (uint16_t)k });
    }
}

static bool has_param(const struct verb *verb, char type)
{
    for (unsigned i = 0; i < verb->count; i++)
        if (verb->params[i].type == type)
            return true;
    return false;
}

static void state_known(struct stating *s)
{
    for (uint32_t i = 0, end = s->pool->count; i < end; i++) {
        const struct expr *expr = &s->pool->at[i];
        if (expr->type == 'S' && (expr->iterator == 0 || expr->iterator == s->iterator))
            state(s, (uint16_t)i, "!=", "NULL");
    }
}

/* Numbers that the scope has, by the name that they have in a patch; and what is true or not. */
static void state_numbers(struct stating *s)
{
    for (uint32_t i = 0, end = s->pool->count; i < end; i++) {
        const struct expr *expr = &s->pool->at[i];
        if (expr->kind != EXPR_PART || (expr->iterator != 0 && expr->iterator != s->iterator))
            continue;
        if (expr->type == 'B')
            state(s, (uint16_t)i, NULL, NULL);
        const char *what = strcmp(expr->part->of, "local") == 0 ? "local" : expr->part->name;
        for (unsigned k = 0; expr->type == 'N' && k < vocabulary_comparisons_count; k++)
            if (strcmp(vocabulary_comparisons[k].verb, what) == 0)
                state_values(s, (uint16_t)i, &vocabulary_comparisons[k]);
    }
}

/* Whether there is anything to walk over: also where that is nothing at every failing step. */
static void state_any(struct stating *s)
{
    struct pool *pool = s->pool;
    for (uint16_t i = 1; s->iterator == 0 && i < pool->iterators_count; i++) {
        if (pool->count == POOL_MAX)
            return;
        pool->at[pool->count] = (struct expr){
            .kind = EXPR_ANY, .type = 'B', .cost = 2, .round = UINT8_MAX, .args = { i }
        };
        state(s, (uint16_t)pool->count++, NULL, NULL);
    }
}

uint32_t pool_atoms(struct pool *pool, uint8_t iterator, struct atom *ret, uint32_t max)
{
    struct stating s = { .pool = pool, .iterator = iterator, .ret = ret, .max = max };
    state_known(&s);
    state_numbers(&s);
    state_any(&s);
    for (uint32_t i = 0; i < pool->vocabulary->count; i++) {
        s.verb = &pool->vocabulary->at[i];
        if (s.verb->edit || s.verb->count == 0 || has_param(s.verb, 'I'))
            continue;
        if (strcmp(s.verb->name, "text_is") == 0)
            state_text_is(&s);
        else if (s.verb->returns == 'B')
            pool_combine(pool, s.verb, iterator, ATOM_COMBOS_MAX, state_yes, &s);
        else if (s.verb->returns == 'N')
            pool_combine(pool, s.verb, iterator, ATOM_COMBOS_MAX, state_compared, &s);
    }
    return s.count;
}
