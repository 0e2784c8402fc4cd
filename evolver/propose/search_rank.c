/* search_rank - see search_rank.h. */
#include "propose/search_rank.h"

#include "base/mem.h"

#include <string.h>

/* --- idioms */

static const struct {
    const char *look, *act;
} idioms[] = {
#include "idioms.inc"
};

enum { WORDS_MAX = 32 };
struct words {
    struct str at[WORDS_MAX];
    uint32_t count;
};

static void add(struct words *words, struct str word)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (str_equal(words->at[i], word))
            return;
    if (words->count < WORDS_MAX)
        words->at[words->count++] = word;
}

/* Each of "MOULT_FAILED | MOULT_IN_A_ROW". */
static void add_flags(struct words *words, struct str text)
{
    for (unsigned i = 0; i < vocabulary_flags_count; i++) {
        struct str name = str_of(vocabulary_flags[i].name);
        ptrdiff_t at = str_find(text, name);
        size_t end = (size_t)at + name.size;
        if (at >= 0 && (end == text.size || text.at[end] == ' '))
            add(words, name);
    }
}

/* The verbs and flags that an expression is made of. */
static void add_expr(struct words *words, const struct pool *pool, uint16_t number)
{
    const struct expr *expr = &pool->at[number];
    if (expr->kind == EXPR_FLAG)
        add_flags(words, expr->text);
    if (expr->kind == EXPR_ANY)
        add(words, str_of(pool->iterators[expr->args[0]].verb->name));
    if (expr->kind != EXPR_VERB)
        return;
    add(words, str_of(expr->verb->name));
    for (unsigned i = 0; i < expr->verb->count; i++)
        add_expr(words, pool, expr->args[i]);
}

static bool is_idiom(struct str look, struct str act)
{
    for (size_t i = 0; i < COUNT_OF(idioms); i++)
        if (str_equal(str_of(idioms[i].look), look) && str_equal(str_of(idioms[i].act), act))
            return true;
    return false;
}

uint32_t rank_strange_words(
    const struct str *looks, uint32_t looks_count, const struct str *acts, uint32_t acts_count)
{
    uint32_t strange = 0, pairs = looks_count * acts_count;
    for (uint32_t i = 0; i < looks_count; i++)
        for (uint32_t k = 0; k < acts_count; k++)
            strange += !is_idiom(looks[i], acts[k]);
    return pairs ? RANK_STRANGE_MAX * strange / pairs : 0;
}

static void add_acts(struct words *acts, const struct search *search, const struct patch *patch)
{
    const uint16_t *holes = patch->body.holes;
    for (unsigned way = 0; way < 2; way++) {
        uint16_t action = holes[HOLE_WAY + way * HOLES_WAY];
        if (action)
            add(acts, str_of(search->actions.at[action]->name));
    }
    if (holes[HOLE_RETURN])
        add(acts, str_of(search->pool.hook->returns[holes[HOLE_RETURN] - 1]));
}

uint32_t rank_strange(const struct search *search, const struct patch *patch)
{
    struct words looks = { .count = 0 }, acts = { .count = 0 };
    if (patch->change || vocabulary_lacks(&search->vocabulary, "idioms"))
        return 0;
    for (uint32_t i = 0; i < patch->condition.count; i++)
        add_expr(&looks, &search->pool, patch->atoms[patch->condition.at[i].atom].expr);
    add_acts(&acts, search, patch);
    return rank_strange_words(looks.at, looks.count, acts.at, acts.count);
}

/* --- distinct */

static bool mends_all_of(const struct offer *a, const struct offer *b)
{
    for (uint32_t i = 0; i < b->fixes_count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < a->fixes_count && !found; k++)
            found = a->fixes[k] == b->fixes[i];
        if (!found)
            return false;
    }
    return true;
}

/* A constant is spelled as C has it. */
static bool is_word(const char *ingredient)
{
    return *ingredient != '"' && (*ingredient < '0' || *ingredient > '9');
}

static bool has_words_of(const struct printed *a, const struct printed *b)
{
    for (uint32_t i = 0; i < b->ingredients_count; i++) {
        bool found = !is_word(b->ingredients[i]);
        for (uint32_t k = 0; k < a->ingredients_count && !found; k++)
            found = strcmp(a->ingredients[k], b->ingredients[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

bool rank_distinct(const struct offer *a, const struct offer *b)
{
    return a->fixes_count != b->fixes_count || !mends_all_of(a, b) ||
           !has_words_of(&a->printed, &b->printed) || !has_words_of(&b->printed, &a->printed);
}
