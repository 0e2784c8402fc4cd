/* trials/live: how two arms take turns and what their runs come to; and the row of a comparison,
 * put together of its documents again, whatever somebody did to them. */
#include "trials/live/arms.h"
#include "trials/live/row.h"

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct digest digest_of(const char *text)
{
    return hash_of(str_of(text));
}

static struct sequential_plan plan_of(uint32_t repeats, uint32_t groups)
{
    return (struct sequential_plan){ .shard = digest_of("shard"),
        .candidate = digest_of("candidate"),
        .look = 1,
        .level = .025,
        .level_harm = .05,
        .margin = .2,
        .missing_max = .1,
        .repeats = repeats,
        .cases = groups,
        .groups = groups };
}

/* --- arms */

static struct playing {
    const char *old[2], *new[2]; /* of each case, a letter a repeat: + - and 0 for missing */
    unsigned runs, new_first, fails_at;
    uint32_t last_of, last_repeat;
    bool last_new, beside;
} playing;

static int play(void *with, uint32_t of, bool new, uint32_t repeat, struct err *err)
{
    struct playing *it = with;
    if (it->runs % 2 == 0)
        it->new_first += new;
    else
        it->beside &= of == it->last_of && repeat == it->last_repeat && new != it->last_new;
    it->last_of = of;
    it->last_repeat = repeat;
    it->last_new = new;
    if (++it->runs == it->fails_at)
        return err_set(err, ERR_LIMIT, "enough");
    char end = (new ? it->new : it->old)[of][repeat];
    return end == '+' ? ARMS_PASSED : end == '-' ? ARMS_FAILED : ARMS_MISSING;
}

static void what_runs_come_to(void **state)
{
    (void)state;
    static const struct {
        const char *name, *old[2], *new[2];
        struct sequential_arm want_old, want_new;
        uint32_t lost;
    } rows[] = {
        { "all pass", { "+++", "+++" }, { "+++", "+++" }, { 6, 0, 0 }, { 6, 0, 0 }, 0 },
        { "one case is lost", { "+++", "+-+" }, { "---", "---" }, { 5, 1, 0 }, { 0, 6, 0 }, 1 },
        { "lost by being missing", { "+++", "+++" }, { "000", "-0-" }, { 6, 0, 0 }, { 0, 2, 4 },
            2 },
        { "once is not lost", { "+++", "---" }, { "--+", "+++" }, { 3, 3, 0 }, { 4, 2, 0 }, 0 },
        { "a missing old run was no pass", { "++0", "+++" }, { "---", "+++" }, { 5, 0, 1 },
            { 3, 3, 0 }, 0 },
    };
    const struct sequential_plan plan = plan_of(3, 1);
    const struct digest cases[] = { digest_of("a"), digest_of("b") };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sequential_group group = { .group = digest_of("g"), .signature = true };
        playing = (struct playing){ { rows[i].old[0], rows[i].old[1] },
            { rows[i].new[0], rows[i].new[1] }, .beside = true };
        assert_int_equal(arms_group(&group, &plan, cases, 2, play, &playing, NULL), 0);
        if (memcmp(&group.old, &rows[i].want_old, sizeof group.old) != 0 ||
            memcmp(&group.new, &rows[i].want_new, sizeof group.new) != 0 ||
            group.lost != rows[i].lost)
            fail_msg("%s: %u %u %u, %u %u %u, lost %u", rows[i].name, group.old.passed,
                group.old.failed, group.old.missing, group.new.passed, group.new.failed,
                group.new.missing, group.lost);
        assert_true(group.signature && group.cases == 2 && playing.beside);
        assert_int_equal(playing.runs, 12);
        assert_in_range(playing.new_first, 1, 5); /* of six pairs */
    }
}

static void nobody_chooses_who_is_first(void **state)
{
    (void)state;
    struct sequential_plan plan = plan_of(100, 1), other = plan;
    const struct digest of = digest_of("a");
    unsigned first = 0, differ = 0;
    other.candidate = digest_of("another");
    for (uint32_t i = 0; i < 100; i++) {
        first += arms_new_first(&plan, &of, i);
        differ += arms_new_first(&plan, &of, i) != arms_new_first(&other, &of, i);
    }
    assert_in_range(first, 30, 70);
    assert_in_range(differ, 30, 70);
}

/* A group that was not finished has not been. */
static void a_group_that_is_cut(void **state)
{
    (void)state;
    const struct sequential_plan plan = plan_of(3, 1);
    const struct digest of = digest_of("a");
    struct sequential_group group = { .group = digest_of("g") }, before = group;
    struct err err;
    playing = (struct playing){ { "+++", "" }, { "+++", "" }, .fails_at = 5 };
    assert_int_equal(arms_group(&group, &plan, &of, 1, play, &playing, &err), -ERR_LIMIT);
    assert_memory_equal(&group, &before, sizeof group);
}

/* --- the row */

static struct arena arena;

static struct journal_document document(const struct buf *text)
{
    return (struct journal_document){ .digest = hash_of(buf_view(text)),
        .text = { arena_string(&arena, text->at, text->size), text->size } };
}

static struct journal_document plan_document(const struct live_row_plan *plan)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    live_row_print_plan(&text, plan);
    struct err err;
    assert_true(json_read(&arena, buf_view(&text), NULL, &err) != NULL);
    return document(&text);
}

static struct journal_document bet(
    const struct digest *plan, uint32_t number, const char *group, bool won)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct digest evidence = digest_of("runs");
    const struct live_took took = { 6, 100, 5, 0 };
    const struct sequential_group it = { .group = digest_of(group),
        .signature = true,
        .cases = 1,
        .old = { .passed = won ? 0 : 3, .failed = won ? 3 : 0 },
        .new = { .passed = 3 } };
    live_row_print_bet(&text, plan, number, &it, &evidence, &took);
    return document(&text);
}

static void a_row_is_its_bets(void **state)
{
    (void)state;
    struct live_row_plan plan = { plan_of(3, 9), .10, 9, STR(", \"temperature\": 0.5") };
    const struct digest it = plan_document(&plan).digest, other = digest_of("other");
    const struct journal_document list[] = { bet(&it, 2, "c", true), bet(&other, 0, "a", true),
        bet(&it, 0, "a", true), bet(&it, 1, "b", false) };
    struct sequential row;
    struct live_took took;
    struct err err;
    assert_int_equal(live_row_read(&row, &took, &plan.plan, &it, list, 4, &err), 0);
    assert_int_equal(row.groups_count, 3);
    assert_int_equal(row.wins, 2);
    assert_int_equal(took.requests, 18);
    assert_int_equal(took.tokens, 300);
    const struct digest second = digest_of("b");
    assert_true(hash_equal(&row.groups[1].group, &second)); /* in the order of its bets */
    sequential_done(&row);
    assert_int_equal(live_row_read(&row, &took, &plan.plan, &it, list, 0, &err), 0);
    assert_int_equal(row.end, SEQUENTIAL_OPEN);
    sequential_done(&row);
}

static void a_row_that_somebody_mended(void **state)
{
    (void)state;
    struct live_row_plan plan = { plan_of(3, 9), .10, 9, { 0 } };
    const struct digest it = plan_document(&plan).digest;
    const struct journal_document won = bet(&it, 0, "a", true);
    const struct {
        const char *name;
        struct journal_document list[3];
        uint32_t count;
        const char *want;
    } rows[] = {
        { "the first is gone", { bet(&it, 1, "b", true) }, 1, "bet 0 is gone" },
        { "one between is gone", { won, bet(&it, 2, "c", true) }, 2, "bet 1 is gone" },
        { "one is there twice", { won, bet(&it, 0, "b", true) }, 2, "bet 1 is there twice" },
        { "a group bets twice", { won, bet(&it, 1, "a", true) }, 2, "a group bets once" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sequential row;
        struct live_took took;
        struct err err;
        int rc = live_row_read(&row, &took, &plan.plan, &it, rows[i].list, rows[i].count, &err);
        if (rc != -ERR_INPUT || !strstr(err.text, rows[i].want))
            fail_msg("%s: %d %s", rows[i].name, rc, rc < 0 ? err.text : "");
    }
}

static void a_plan_stands(void **state)
{
    (void)state;
    struct live_row_plan plan = { plan_of(3, 9), .10, 9, STR(", \"temperature\": 0.5") };
    const struct live_row_plan begun = plan;
    const struct journal_document list[] = { plan_document(&begun) };
    struct err err;
    int rc;
    assert_ptr_equal(live_row_find(list, 1, &plan, &rc, &err), &list[0]);
    assert_int_equal(rc, 0);
    plan.plan.repeats = 5;
    assert_ptr_equal(live_row_find(list, 1, &plan, &rc, &err), &list[0]);
    assert_int_equal(rc, -ERR_STATE);
    assert_string_equal(
        err.text, "this comparison was begun with another plan: repeats was 3, and is now 5");
    plan = begun;
    plan.terms = (struct str){ 0 };
    live_row_find(list, 1, &plan, &rc, &err);
    assert_int_equal(rc, -ERR_STATE);
    assert_string_equal(err.text,
        "this comparison was begun with another plan: temperature was 0.5, and is now nothing");
    plan = begun; /* another candidate is another question */
    plan.plan.candidate = digest_of("another");
    assert_null(live_row_find(list, 1, &plan, &rc, &err));
    assert_int_equal(rc, 0);
}

/* --- what could pass at all */

static void exhausted_shards(void **state)
{
    (void)state;
    static const struct {
        uint32_t groups, signature;
        uint8_t stop;
        double level;
        bool want;
    } rows[] = {
        { 9, 9, SEQUENTIAL_ANY, .025, true }, { 6, 6, SEQUENTIAL_ANY, .025, false },
        { 6, 6, SEQUENTIAL_FIXED, .025, true }, { 5, 5, SEQUENTIAL_FIXED, .025, false },
        { 40, 5, SEQUENTIAL_FIXED, .025, false }, { 40, 0, SEQUENTIAL_ANY, .025, false },
        { 9, 9, SEQUENTIAL_ANY, 0, false }, /* no level is left */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sequential_plan plan = plan_of(3, rows[i].groups);
        plan.stop = rows[i].stop;
        plan.level = rows[i].level;
        if (sequential_can_pass(&plan, rows[i].signature) != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_come_to),
        cmocka_unit_test(nobody_chooses_who_is_first),
        cmocka_unit_test(a_group_that_is_cut),
        cmocka_unit_test(a_row_is_its_bets),
        cmocka_unit_test(a_row_that_somebody_mended),
        cmocka_unit_test(a_plan_stands),
        cmocka_unit_test(exhausted_shards),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
