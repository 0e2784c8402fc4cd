/* Predictions held against what came: precision, recall and rank correlation, and kinds of edits.
 */
#include "promote/score.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROWS_MAX = 6 };
static const struct row {
    const char *name;
    struct scored
        of[ROWS_MAX]; /* cases, predicted, mended, hits, worse; the first with no case ends */
    uint32_t n;
    double precision, recall, correlation;
} rows[] = {
    { "nothing", { { 0 } }, 0, NAN, NAN, NAN },
    { "all came", { { 10, 4, 4, 4, 0 } }, 1, 1, 1, NAN },
    { "half of it came, and as much beside it", { { 10, 4, 4, 2, 0 } }, 1, .5, .5, NAN },
    { "nothing came", { { 10, 4, 0, 0, 3 } }, 1, 0, NAN, NAN },
    { "who says nothing is not scored", { { 10, 0, 5, 0, 0 }, { 10, 2, 2, 2, 0 } }, 1, 1, 1, NAN },
    { "more was said of what did more",
        { { 10, 1, 1, 1, 0 }, { 10, 2, 3, 2, 0 }, { 10, 9, 5, 5, 0 } }, 3, 8 / 12., 8 / 9., 1 },
    { "more was said of what did less",
        { { 10, 1, 5, 1, 0 }, { 10, 2, 3, 2, 0 }, { 10, 9, 1, 1, 0 } }, 3, 4 / 12., 4 / 9., -1 },
    { "the same was said of all", { { 10, 2, 5, 2, 0 }, { 10, 2, 3, 2, 0 }, { 10, 2, 1, 1, 0 } }, 3,
        5 / 6., 5 / 9., NAN },
    { "ties are of one rank, and sizes do not count",
        { { 10, 1, 1, 0, 0 }, { 100, 10, 20, 0, 0 }, { 10, 5, 3, 0, 0 }, { 10, 6, 9, 0, 0 } }, 4, 0,
        0, .9486832980505138 },
};

static void same(double a, double b)
{
    assert_int_equal(isnan(a), isnan(b));
    assert_true(isnan(a) || fabs(a - b) < 1e-9);
}

static void test_scores(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct score score = { 0 };
        print_message("%s\n", rows[i].name);
        for (size_t k = 0; k < ROWS_MAX && rows[i].of[k].cases; k++)
            score_add(&score, &rows[i].of[k], &arena);
        assert_int_equal(score.n, rows[i].n);
        same(score_precision(&score), rows[i].precision);
        same(score_recall(&score), rows[i].recall);
        same(score_correlation(&score), rows[i].correlation);
    }
}

static void test_kinds(void **state)
{
    static const struct {
        struct patch_edit edits[2];
        uint32_t count;
        enum edit_kind want;
    } kinds[] = {
        { { { 5, 5, { "a", 1 } }, { 9, 9, { "b", 1 } } }, 2, EDIT_INSERTED },
        { { { 5, 8, { "", 0 } } }, 1, EDIT_DELETED },
        { { { 5, 8, { "a", 1 } } }, 1, EDIT_REPLACED },
        { { { 5, 8, { "", 0 } }, { 9, 9, { "b", 1 } } }, 2, EDIT_REPLACED },
        { { { 0, 8, { "a", 1 } } }, 1, EDIT_WHOLE },
        { { { 0, 0, { "a", 1 } } }, 1, EDIT_INSERTED },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct proposal proposal = { .edits_count = kinds[i].count };
        proposal.edits = (struct patch_edit *)kinds[i].edits;
        assert_string_equal(
            edit_kind_words[edit_kind_of(&proposal)], edit_kind_words[kinds[i].want]);
    }
}

/* --- risks */

static struct report_case at(const char *session, uint32_t step, uint8_t outcome)
{
    return (struct report_case){ .id = str_of(session),
        .split = SPLIT_HELD_IN,
        .step = step,
        .after_step = UINT32_MAX,
        .new_outcome = outcome };
}

/* A batch of one failing run, `f` at step 4, and a report of it and of others. */
static struct scored risks_of(const char *risks, const struct report_case *cases, uint32_t count)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct batch_case failing = { .session = STR("f"), .step = 4 };
    struct batch batch = { .cases = &failing, .cases_count = 1 };
    struct report report = { .cases = (struct report_case *)cases, .cases_count = count };
    struct scored scored = { 0 };
    const struct json *list = risks ? json_read(&arena, str_of(risks), NULL, NULL) : NULL;
    score_risks(&scored, &batch, &report, list);
    return scored;
}

static void test_risks(void **state)
{
    enum { NOWHERE = 0xffffffff };
    struct report_case elsewhere = at("o", 2, OUTCOME_UNEXPLAINED), missing = elsewhere;
    elsewhere.split = SPLIT_HELD_OUT;
    missing.missing_new = true;
    struct report_case strays = at("f", 4, OUTCOME_RESOLVED), symptom = strays;
    strays.after_step = symptom.after_step = 6;
    symptom.after_symptom = true;
    const struct {
        const char *name, *risks;
        struct report_case of;
        bool said;
        uint32_t named, changed, hits;
    } table[] = {
        { "nothing was said", NULL, at("p", 2, OUTCOME_UNEXPLAINED), false, 0, 0, 0 },
        { "none was named, and none came", "[]", at("p", NOWHERE, OUTCOME_SAME), true, 0, 0, 0 },
        { "none was named, and one came", "[]", at("p", 2, OUTCOME_UNEXPLAINED), true, 0, 1, 0 },
        { "one was named, and it came", "[{\"session\":\"p\",\"step\":2}]",
            at("p", 2, OUTCOME_ABNORMAL), true, 1, 1, 1 },
        { "two steps of a run are one risk",
            "[{\"session\":\"p\",\"step\":2},{\"session\":\"p\",\"step\":3}]",
            at("p", 3, OUTCOME_UNEXPLAINED), true, 1, 1, 1 },
        { "one was named, and it did not", "[{\"session\":\"p\",\"step\":2}]",
            at("p", NOWHERE, OUTCOME_SAME), true, 1, 0, 0 },
        { "another came", "[{\"session\":\"q\",\"step\":2}]", at("p", 2, OUTCOME_UNEXPLAINED), true,
            0, 1, 0 },
        { "a repair is no risk", "[]", at("p", 2, OUTCOME_RESOLVED), true, 0, 0, 0 },
        { "nor is a failing step that was not mended", "[]", at("f", 4, OUTCOME_UNEXPLAINED), true,
            0, 0, 0 },
        { "a step before it is", "[]", at("f", 3, OUTCOME_UNEXPLAINED), true, 0, 1, 0 },
        { "so is one behind the repair", "[]", strays, true, 0, 1, 0 },
        { "where the failure comes again it is not", "[]", symptom, true, 0, 0, 0 },
        { "what is held out is not looked at", "[{\"session\":\"o\",\"step\":2}]", elsewhere, true,
            0, 0, 0 },
        { "what has no result says nothing", "[{\"session\":\"o\",\"step\":2}]", missing, true, 0,
            0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct scored scored = risks_of(table[i].risks, &table[i].of, 1);
        if (scored.risks_said != table[i].said || scored.risks != table[i].named ||
            scored.changed != table[i].changed || scored.risk_hits != table[i].hits)
            fail_msg("%s: %u named, %u changed, %u both", table[i].name, scored.risks,
                scored.changed, scored.risk_hits);
    }
}

static void test_sums_of_risks(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    static const struct scored all[] = {
        { .cases = 9 }, /* says nothing */
        { .cases = 9, .risks_said = true },
        { .cases = 9, .risks_said = true, .risks = 4, .changed = 2, .risk_hits = 1 },
        { .cases = 9, .predicted = 3, .risks_said = true, .changed = 3 },
    };
    struct score score = { 0 };
    (void)state;
    score_add(&score, &all[0], &arena);
    score_add(&score, &all[1], &arena);
    assert_int_equal(score.risks.unspoken, 1);
    assert_int_equal(score.risks.n, 1);
    assert_int_equal(score.risks.quiet, 1);
    same(score_risk_precision(&score.risks), NAN); /* and not all that there was */
    same(score_risk_recall(&score.risks), NAN);
    score_add(&score, &all[2], &arena);
    score_add(&score, &all[3], &arena);
    assert_int_equal(score.risks.n, 3);
    assert_int_equal(score.risks.quiet, 1);
    same(score_risk_precision(&score.risks), .25);
    same(score_risk_recall(&score.risks), .2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scores), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_risks), cmocka_unit_test(test_sums_of_risks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
