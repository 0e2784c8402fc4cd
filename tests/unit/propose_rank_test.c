/* search_rank.c: what decides between patches that do as much, by candidates made by hand. */
#include "propose/search_rank.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

enum { WORDS = 4 };
static const struct strange {
    const char *name, *looks[WORDS], *acts[WORDS];
    uint32_t want;
} strange[] = {
    { "no condition is not strange", { NULL }, { "cut" }, 0 },
    { "as the stock plugins have it", { "fits", "schema_of" }, { "call_add", "cut" }, 0 },
    { "no stock plugin denies by that", { "fits" }, { "MOULT_DENY" }, RANK_STRANGE_MAX },
    { "half of it", { "past", "fits" }, { "MOULT_DENY" }, RANK_STRANGE_MAX / 2 },
    { "a word of no plugin", { "text_is" }, { "call_add" }, RANK_STRANGE_MAX },
};

static uint32_t read_words(struct str ret[WORDS], const char *const *words)
{
    uint32_t count = 0;
    for (; count < WORDS && words[count]; count++)
        ret[count] = str_of(words[count]);
    return count;
}

static void pairs_of_no_stock_plugin_are_strange(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        struct str looks[WORDS], acts[WORDS];
        uint32_t looks_count = read_words(looks, strange[i].looks);
        uint32_t acts_count = read_words(acts, strange[i].acts);
        uint32_t got = rank_strange_words(looks, looks_count, acts, acts_count);
        if (got != strange[i].want)
            fail_msg("%s: %u", strange[i].name, got);
    }
}

/* if (moult_past(turn, call, FLAGS) >= 3) return MOULT_DENY; by a pool of two expressions. */
static uint32_t strange_guard(const char *flags, const char *decision, const char **without)
{
    static const struct verb past = { .name = "past", .returns = 'N', .count = 1 };
    const struct judged_hook hook = { .returns = { decision } };
    struct expr exprs[] = { { .kind = EXPR_FLAG, .text = str_of(flags) },
        { .kind = EXPR_VERB, .verb = &past, .args = { 0 } } };
    static const struct atom atom = { 1, ">=", "3" };
    CLEANUP(mem_freep) struct search *search = mem_zero(1, sizeof *search);
    const struct patch patch = { .body = { .holes = { [HOLE_RETURN] = 1 } },
        .condition = { .at = { { 0, false } }, .count = 1 },
        .atoms = &atom };
    search->vocabulary = (struct vocabulary){ .without = without, .without_count = !!without };
    search->pool = (struct pool){ .hook = &hook, .at = exprs, .count = COUNT_OF(exprs) };
    return rank_strange(search, &patch);
}

static void a_guard_is_as_strange_as_its_words(void **state)
{
    (void)state;
    const char *idioms_out[] = { "idioms" }, *other_out[] = { "order" };
    static const char known[] = "MOULT_SAME_NAME | MOULT_FAILED";
    assert_int_equal(strange_guard(known, "MOULT_DENY", NULL), 0);
    assert_int_equal(strange_guard(known, "MOULT_FINISH", NULL), RANK_STRANGE_MAX);
    assert_int_equal(strange_guard("MOULT_SAME_RESULT", "MOULT_DENY", NULL), RANK_STRANGE_MAX / 2);
    assert_int_equal(strange_guard(known, "MOULT_FINISH", other_out), RANK_STRANGE_MAX);
    assert_int_equal(strange_guard(known, "MOULT_FINISH", idioms_out), 0);
}

/* --- distinct */

static const struct distinct {
    const char *name;
    const char *a[WORDS], *b[WORDS];
    uint32_t fixes_a[WORDS], fixes_b[WORDS]; /* end at 0 */
    bool want;
} distinct[] = {
    { "the same", { "past" }, { "past" }, { 1, 2 }, { 1, 2 }, false },
    { "in another order", { "past", "fits" }, { "fits", "past" }, { 1, 2 }, { 2, 1 }, false },
    { "another constant", { "get", "\"name\"" }, { "get", "\"tool\"" }, { 1 }, { 1 }, false },
    { "another number", { "past", "3" }, { "past", "2" }, { 1 }, { 1 }, false },
    { "another number that mends more", { "past", "3" }, { "past", "2" }, { 1 }, { 1, 2 }, true },
    { "other steps", { "past" }, { "past" }, { 1, 2 }, { 1, 3 }, true },
    { "another verb", { "fits" }, { "schema_of" }, { 1 }, { 1 }, true },
    { "one verb more", { "fits" }, { "fits", "span_edge" }, { 1 }, { 1 }, true },
    { "one verb less", { "fits", "span_edge" }, { "fits" }, { 1 }, { 1 }, true },
};

static struct offer offer_of(const char *const *words, const uint32_t *fixes)
{
    struct offer offer = { .printed = { .ingredients = (const char **)words },
        .fixes = (uint32_t *)fixes };
    while (offer.printed.ingredients_count < WORDS && words[offer.printed.ingredients_count])
        offer.printed.ingredients_count++;
    while (offer.fixes_count < WORDS && fixes[offer.fixes_count])
        offer.fixes_count++;
    return offer;
}

static void what_is_distinct(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(distinct); i++) {
        const struct distinct *row = &distinct[i];
        struct offer a = offer_of(row->a, row->fixes_a), b = offer_of(row->b, row->fixes_b);
        if (rank_distinct(&a, &b) != row->want || rank_distinct(&b, &a) != row->want)
            fail_msg("%s", row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_no_stock_plugin_are_strange),
        cmocka_unit_test(a_guard_is_as_strange_as_its_words),
        cmocka_unit_test(what_is_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
