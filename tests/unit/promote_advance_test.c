/* The walk of a candidate: what was made for another generation goes nowhere, and costs no look;
 * a look has one answer. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/advance.h"
#include "promote/shard.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct driver driver;

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static int begin(void **state)
{
    if (homes_begin(state) < 0)
        return -1;
    driver.home = home_fresh();
    driver.journal = home_as(&driver.home, JOURNAL_DRIVE);
    strcpy(driver.active.hex, "1111111111111111111111111111111111111111");
    return 0;
}

static int end(void **state)
{
    journal_close(driver.journal);
    arena_done(&driver.arena);
    return homes_end(state);
}

static struct candidate at_stage(enum stage stage, const char *parent)
{
    static const enum stage_event events[] = { ON_PATCH, ON_BUILD, ON_SCAN, ON_REPLAY, ON_GATE };
    static unsigned made;
    struct err err;
    struct candidate candidate = {
        .id = str_of(arena_format(&driver.arena, "%016x", ++made)),
        .plugin = STR("replies"),
        .parent = str_of(parent),
        .batch = { { 1 } },
    };
    must(candidate_add(driver.journal, &driver.arena, &candidate, &err), &err);
    for (unsigned i = 0; candidate.stage != stage; i++)
        must(candidate_move(driver.journal, &candidate, events[i], &err), &err);
    return candidate;
}

static void what_is_for_another_generation_is_refused_at_every_stage(void **state)
{
    (void)state;
    const struct advance advance = { .driver = &driver, .until = STAGE_IN_REVIEW };
    struct journal_look_row *looks;
    struct err err;
    uint32_t count;
    for (enum stage stage = STAGE_PROPOSED; stage <= STAGE_GATED; stage++) {
        struct candidate candidate = at_stage(stage, "2222222222222222222222222222222222222222");
        must(advance_run(&advance, &candidate, &err), &err);
        assert_int_equal(candidate.stage, STAGE_REJECTED);
        if (str_find(candidate.why, STR("not active any more")) < 0)
            fail_msg("%s: %.*s", stage_words[stage], (int)candidate.why.size, candidate.why.at);
    }
    must(journal_looks(driver.journal, &driver.arena, &looks, &count, &err), &err);
    assert_int_equal(count, 0);
}

static const struct row {
    const char *name;
    bool ended, passed;
    enum verdict now, want;
} rows[] = {
    { "the first answer stands as it is", false, false, VERDICT_PASS, VERDICT_PASS },
    { "a pass that is found again", true, true, VERDICT_PASS, VERDICT_PASS },
    { "a pass that is not found again", true, true, VERDICT_FAIL, VERDICT_FAIL },
    { "a failure that is found again", true, false, VERDICT_FAIL, VERDICT_FAIL },
    { "a failure that another policy would pass", true, false, VERDICT_PASS, VERDICT_INCONCLUSIVE },
};

static void a_look_has_one_answer(void **state)
{
    (void)state;
    const struct digest shard = shard_name(driver.home.id, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct candidate candidate = at_stage(STAGE_REPLAYED, driver.active.hex);
        struct advancing advancing = { .driver = &driver, .candidate = &candidate };
        enum verdict verdict = rows[i].now;
        struct journal_look look, again;
        struct err err;
        must(journal_look(
                 driver.journal, &shard, candidate.id, &(struct journal_debit){ 0 }, &look, &err),
            &err);
        if (rows[i].ended)
            must(
                journal_look_end(driver.journal, &shard, candidate.id, rows[i].passed, &err), &err);
        must(journal_look(
                 driver.journal, &shard, candidate.id, &(struct journal_debit){ 0 }, &again, &err),
            &err);
        assert_int_equal(again.k, look.k);
        must(advance_answer_look(&verdict, &advancing, &shard, &again, &err), &err);
        if (verdict != rows[i].want)
            fail_msg("%s: %s", rows[i].name, verdict_words[verdict]);
        must(journal_look(
                 driver.journal, &shard, candidate.id, &(struct journal_debit){ 0 }, &again, &err),
            &err);
        assert_true(again.ended);
        assert_int_equal(again.passed, rows[i].ended ? rows[i].passed : true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_for_another_generation_is_refused_at_every_stage),
        cmocka_unit_test(a_look_has_one_answer),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
