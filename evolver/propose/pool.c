/* pool - see pool.h. */
#include "propose/pool.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

enum { VERB_COMBOS_MAX = 400, BITS_MAX = 6, COST_MAX = 20 };

static uint16_t add(struct pool *pool, struct expr expr)
{
    if (pool->count == POOL_MAX)
        return 0;
    pool->at[pool->count] = expr;
    return (uint16_t)pool->count++;
}

/* --- what is given */

static void add_flags(struct pool *pool, const char *set)
{
    const struct flag *bits[BITS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < vocabulary_flags_count; i++) {
        const struct flag *flag = &vocabulary_flags[i];
        if (strcmp(flag->set, set) != 0 || vocabulary_lacks(pool->vocabulary, flag->name))
            continue;
        if (flag->how != FLAG_ALONE && count < BITS_MAX)
            bits[count++] = flag;
        else
            add(pool, (struct expr){ .kind = EXPR_FLAG, .type = 'F', .text = str_of(flag->name) });
    }
    for (unsigned mask = 1; mask < 1u << count; mask++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        unsigned cost = 0;
        bool says = false;
        for (unsigned i = 0; i < count; i++) {
            if (!(mask >> i & 1))
                continue;
            buf_format(&text, "%s%s", cost++ ? " | " : "", bits[i]->name);
            says |= bits[i]->how == FLAG_BIT;
        }
        if (!says)
            continue;
        add(pool, (struct expr){ .kind = EXPR_FLAG,
                      .type = 'F',
                      .cost = (uint16_t)cost,
                      .text = { arena_string(pool->arena, text.at, text.size), text.size } });
    }
}

/* The set of a flag, by its first name. */
static bool of_set(const struct expr *flag, struct str set)
{
    for (unsigned i = 0; i < vocabulary_flags_count; i++)
        if (str_starts(flag->text, str_of(vocabulary_flags[i].name)) &&
            str_equal(set, str_of(vocabulary_flags[i].set)))
            return true;
    return false;
}

static void add_parts(struct pool *pool, const char *of, uint8_t iterator, uint8_t round)
{
    for (unsigned i = 0; i < vocabulary_parts_count; i++)
        if (strcmp(vocabulary_parts[i].of, of) == 0)
            add(pool, (struct expr){ .kind = EXPR_PART,
                          .type = vocabulary_parts[i].type,
                          .iterator = iterator,
                          .round = round,
                          .cost = 1,
                          .part = &vocabulary_parts[i] });
}

static uint16_t add_constant(struct pool *pool, struct str text, enum role role)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->at[i].kind == EXPR_CONSTANT && pool->at[i].role == role &&
            str_equal(pool->at[i].text, text))
            return (uint16_t)i;
    return add(pool,
        (struct expr){
            .kind = EXPR_CONSTANT, .type = 'T', .role = (uint8_t)role, .cost = 1, .text = text });
}

void pool_begin(struct pool *pool, struct arena *arena, const struct vocabulary *vocabulary,
    const struct judged_hook *hook, const struct mined *mined)
{
    *pool = (struct pool){ .arena = arena, .vocabulary = vocabulary, .hook = hook };
    pool->at = arena_alloc(arena, POOL_MAX * sizeof(*pool->at));
    add(pool, (struct expr){ .kind = EXPR_NOTHING, .type = 'T' });
    add(pool, (struct expr){ .kind = EXPR_NOTHING, .type = 'J' });
    static const char *const sets[] = { "past", "parse", "grow", "is", "edge" };
    for (size_t i = 0; i < COUNT_OF(sets); i++)
        add_flags(pool, sets[i]);
    if (hook->error)
        add_flags(pool, "error");
    if (strcmp(hook->effects[0], "MSGS") == 0)
        add_flags(pool, "msgs");
    for (unsigned i = 0; hook->numbers && hook->numbers[i]; i++)
        add(pool, (struct expr){ .kind = EXPR_NUMBER,
                      .type = 'N',
                      .cost = (uint16_t)i,
                      .text = str_of(hook->numbers[i]) });
    for (uint32_t i = 0; i < mined->keys_count; i++)
        add_constant(pool, mined->keys[i], ROLE_KEY);
    for (uint32_t i = 0; i < mined->tokens_count; i++)
        add_constant(pool, mined->tokens[i], ROLE_TOKEN);
    if (hook->body)
        add_parts(pool, "", 0, 0);
    if (hook->call)
        add_parts(pool, "call", 0, 0);
    if (hook->body && hook->call)
        add_parts(pool, "result", 0, 0);
    pool->iterators_count = 1;
}

void pool_locals(struct pool *pool, const struct part *locals, uint32_t count)
{
    pool->locals = locals;
    pool->locals_count = count;
    for (uint32_t i = 0; i < count; i++)
        add(pool, (struct expr){
                      .kind = EXPR_PART, .type = locals[i].type, .cost = 1, .part = &locals[i] });
}

/* --- which expressions may stand at a parameter */

static bool subject(const struct expr *expr)
{
    return expr->kind == EXPR_PART || expr->kind == EXPR_VERB;
}

static bool text_may_stand(const struct verb *verb, unsigned at, const struct expr *expr)
{
    switch (verb->params[at].role) {
    case ROLE_KEY:
        if (expr->kind == EXPR_CONSTANT) /* of one parameter by name: no general patch */
            return expr->role == ROLE_KEY && verb->returns != 'S';
        return expr->kind == EXPR_NOTHING ? verb->returns == 'S'
                                          : expr->kind == EXPR_PART && expr->part->key;
    case ROLE_TOKEN:
    case ROLE_OTHER:
        return expr->kind == EXPR_CONSTANT && expr->role == ROLE_TOKEN;
    case ROLE_OPEN:
    case ROLE_CLOSE:
        return expr->kind == EXPR_CONSTANT && expr->role == verb->params[at].role;
    default:
        return subject(expr) || (verb->edit && expr->kind == EXPR_NOTHING);
    }
}

/* A span belongs to the text that its iterator walks. */
static bool text_of_span(
    const struct pool *pool, const struct verb *verb, unsigned at, uint8_t iterator, uint16_t expr)
{
    if (at + 1 >= verb->count || verb->params[at + 1].type != 'P')
        return true;
    return iterator > 0 && pool->iterators[iterator].args[0] == expr;
}

/* A span may grow twice: markup inside markup. */
static bool grows_again(const struct pool *pool, const struct verb *verb, const struct expr *expr)
{
    if (verb != expr->verb || verb->returns != 'P')
        return false;
    for (unsigned i = 0; i < verb->count; i++)
        if (pool->at[expr->args[i]].type == 'P' && pool->at[expr->args[i]].kind != EXPR_PART)
            return false;
    return true;
}

/* Whether a number is one of what the parameter names: it.index of an index,
 * MOULT_ERROR_RETRY_AFTER_MS of ms. An error's class is no model's place. */
static bool counts(const struct pool *pool, const struct expr *expr, struct str unit)
{
    struct str name = expr->kind == EXPR_PART   ? str_of(expr->part->name)
                      : expr->kind == EXPR_VERB ? pool->at[expr->args[expr->verb->count - 1]].text
                                                : (struct str){ 0 };
    return name.size > unit.size &&
           strncasecmp(name.at + name.size - unit.size, unit.at, unit.size) == 0;
}

static bool may_stand(const struct pool *pool, const struct verb *verb, unsigned at,
    uint8_t iterator, uint16_t number)
{
    const struct expr *expr = &pool->at[number];
    const struct verb_param *param = &verb->params[at];
    if (expr->type != param->type || (expr->iterator != 0 && expr->iterator != iterator))
        return false;
    if (!verb->edit && expr->kind == EXPR_VERB && vocabulary_is_last(expr->verb) &&
        !grows_again(pool, verb, expr))
        return false;
    if (expr->kind == EXPR_VERB && expr->verb == verb && verb->returns == 'T')
        return false; /* what stands behind what stands behind: no end of these */
    switch (param->type) {
    case 'T':
        return text_may_stand(verb, at, expr) && text_of_span(pool, verb, at, iterator, number);
    case 'J':
        return subject(expr) || verb->edit || (verb->returns == 'J' && at + 1 == verb->count);
    case 'F':
        return of_set(expr, param->flags);
    case 'N':
        return expr->kind == EXPR_NUMBER || counts(pool, expr, param->name);
    case 'C':
    case 'P':
    case 'S':
        return subject(expr);
    default:
        return false;
    }
}

/* --- combinations */

struct combining {
    struct pool *pool;
    const struct verb *verb;
    uint8_t iterator;
    bool fresh_only; /* one argument at least is of the last round */
    uint32_t limit;  /* numbers from here on are new in this very round */
    uint32_t left, made;
    pool_combo combo;
    void *with;
    uint16_t args[VERB_PARAMS_MAX];
};

/* Those of exactly this cost, so that a bound on their number leaves the dear ones out. */
static void combine_at(struct combining *c, unsigned at, unsigned cost, bool fresh, bool inside)
{
    if (c->left == 0)
        return;
    if (at == c->verb->count) {
        if (cost > 0 || (c->fresh_only && (!fresh || (c->iterator > 0 && !inside))))
            return;
        c->left--;
        c->made++;
        c->combo(c->with, c->args);
        return;
    }
    for (uint32_t i = 0; i < c->limit && c->left > 0; i++) {
        const struct expr *expr = &c->pool->at[i];
        if (expr->cost > cost || !may_stand(c->pool, c->verb, at, c->iterator, (uint16_t)i))
            continue;
        c->args[at] = (uint16_t)i;
        bool last = subject(expr) && expr->round + 1 == c->pool->round;
        combine_at(c, at + 1, cost - expr->cost, fresh || last, inside || expr->iterator > 0);
    }
}

static void combine(struct combining *c)
{
    for (unsigned cost = 0; cost <= COST_MAX && c->left > 0; cost++)
        combine_at(c, 0, cost, false, false);
}

uint32_t pool_combine(struct pool *pool, const struct verb *verb, uint8_t iterator, uint32_t max,
    pool_combo combo, void *with)
{
    struct combining c = { .pool = pool,
        .verb = verb,
        .iterator = iterator,
        .limit = pool->count,
        .left = max,
        .combo = combo,
        .with = with };
    combine(&c);
    return c.made;
}

/* --- iterators */

static void add_iterator(void *with, const uint16_t args[VERB_PARAMS_MAX])
{
    struct combining *c = with;
    struct pool *pool = c->pool;
    if (pool->iterators_count == POOL_ITERATORS_MAX)
        return;
    struct iterator *iterator = &pool->iterators[pool->iterators_count];
    *iterator = (struct iterator){ .verb = c->verb };
    memcpy(iterator->args, args, sizeof(iterator->args));
    add_parts(pool, c->verb->name, (uint8_t)pool->iterators_count, pool->round);
    pool->iterators_count++;
}

/* Two marks that hug a value together: only such pairs, or every two would be tried. */
static void iterate_pairs(struct combining *c, const struct mined *mined)
{
    for (uint32_t i = 0; i < mined->pairs_count; i++)
        for (uint32_t k = 0; k < c->limit; k++) {
            if (!may_stand(c->pool, c->verb, 0, 0, (uint16_t)k) || c->pool->at[k].round > 0)
                continue;
            uint16_t args[VERB_PARAMS_MAX] = { (uint16_t)k,
                add_constant(c->pool, mined->pairs[i].open, ROLE_OPEN),
                add_constant(c->pool, mined->pairs[i].close, ROLE_CLOSE) };
            add_iterator(c, args);
        }
}

/* A verb with an iterator, and otherwise nothing but texts, values and flags. */
static bool iterates(const struct verb *verb)
{
    bool it = false;
    for (unsigned i = 0; i < verb->count; i++) {
        it |= verb->params[i].type == 'I';
        if (!strchr("ITJF", verb->params[i].type))
            return false;
    }
    return it;
}

void pool_iterate(struct pool *pool, const struct mined *mined)
{
    for (uint32_t i = 0; i < pool->vocabulary->count; i++) {
        const struct verb *verb = &pool->vocabulary->at[i];
        if (!iterates(verb))
            continue;
        struct verb *plain = arena_copy(pool->arena, verb, sizeof(*verb));
        plain->count--; /* the iterator itself stands last */
        struct combining c = { .pool = pool,
            .verb = plain,
            .limit = pool->count,
            .left = POOL_ITERATORS_MAX,
            .combo = add_iterator,
            .with = &c };
        if (verb->count > 2)
            iterate_pairs(&c, mined);
        else
            combine(&c);
    }
}

/* --- growing */

static void add_expr(void *with, const uint16_t args[VERB_PARAMS_MAX])
{
    struct combining *c = with;
    struct expr expr = { .kind = EXPR_VERB,
        .type = c->verb->returns,
        .iterator = 0,
        .round = c->pool->round,
        .cost = 1,
        .verb = c->verb };
    memcpy(expr.args, args, sizeof(expr.args));
    for (unsigned i = 0; i < c->verb->count; i++) {
        const struct expr *arg = &c->pool->at[args[i]];
        expr.cost = (uint16_t)(expr.cost + arg->cost);
        if (arg->iterator > expr.iterator)
            expr.iterator = arg->iterator;
    }
    add(c->pool, expr);
}

/* A verb that makes values for others. Numbers are wanted where an edit takes one. */
static bool grows(const struct pool *pool, const struct verb *verb)
{
    return !verb->edit && verb->count > 0 &&
           strchr(pool->hook->error ? "TJPSN" : "TJPS", verb->returns);
}

/* A verb that looks at nothing but the turn: in the first round, and never again. */
static bool only_flags(const struct verb *verb)
{
    for (unsigned i = 0; i < verb->count; i++)
        if (verb->params[i].type != 'F')
            return false;
    return true;
}

uint32_t pool_grow(struct pool *pool)
{
    uint32_t from = pool->count;
    pool->round++;
    for (uint8_t iterator = 0; iterator < pool->iterators_count; iterator++) {
        if (pool->iterators[iterator].idle)
            continue;
        for (uint32_t i = 0; i < pool->vocabulary->count; i++) {
            const struct verb *verb = &pool->vocabulary->at[i];
            bool first = only_flags(verb) && iterator == 0 && pool->round == 1;
            if (!grows(pool, verb))
                continue;
            struct combining c = { .pool = pool,
                .verb = verb,
                .iterator = iterator,
                .fresh_only = !first,
                .limit = from,
                .left = VERB_COMBOS_MAX,
                .combo = add_expr,
                .with = &c };
            combine(&c);
        }
    }
    return pool->count - from;
}

static bool known_before(const struct pool *pool, const struct expr *expr, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (subject(&pool->at[i]) && pool->at[i].type == expr->type &&
            pool->at[i].iterator == expr->iterator && pool->at[i].print == expr->print)
            return true;
    return false;
}

void pool_merge(struct pool *pool, const uint64_t *prints)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        struct expr expr = pool->at[i];
        if (subject(&expr) && expr.print == 0)
            expr.print = prints[i];
        bool made = expr.kind == EXPR_VERB && expr.round == pool->round;
        if (made && (expr.print == 0 || known_before(pool, &expr, kept)))
            continue;
        pool->at[kept++] = expr;
    }
    pool->count = kept;
}

bool pool_uses(const struct pool *pool, uint16_t expr, uint16_t part)
{
    const struct expr *of = &pool->at[expr];
    if (expr == part)
        return true;
    for (unsigned i = 0; of->kind == EXPR_VERB && i < of->verb->count; i++)
        if (pool_uses(pool, of->args[i], part))
            return true;
    return false;
}

bool pool_has_flags(const struct expr *flags, const struct expr *of)
{
    for (unsigned i = 0; i < vocabulary_flags_count; i++) {
        struct str name = str_of(vocabulary_flags[i].name);
        if (str_find(of->text, name) >= 0 && str_find(flags->text, name) < 0)
            return false;
    }
    return true;
}
