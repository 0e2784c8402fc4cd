/* What a proposer learns of those that lost: everything before a look at held-out groups, and of a
 * look that it did not pass. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/past.h"
#include "trials/report.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct journal *journal;
static struct arena arena;

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static int begin(void **state)
{
    if (homes_begin(state) < 0)
        return -1;
    const struct home home = home_fresh();
    journal = home_as(&home, JOURNAL_DRIVE);
    return 0;
}

static int end(void **state)
{
    journal_close(journal);
    arena_done(&arena);
    return homes_end(state);
}

static const struct row {
    const char *name, *cluster, *why;
    bool looks, rejected;
    const char *told;      /* NULL: it is not told of at all */
    enum stage_event left; /* after it was active; 0: it never was */
    bool replayed;
} rows[] = {
    { "the compiler refused it", "leak", "it does not build", false, true, "it does not build" },
    { "the gate failed it at a look, with numbers", "leak",
        "gate: fail: regression: 3 of 591 cases go from pass to fail", true, true,
        "its look at the held-out groups did not pass", .replayed = true },
    { "a person refused it, and named a held-out customer", "leak", "ann_lee_17 gets no refund",
        true, true, "its look at the held-out groups did not pass" },
    { "it waits for a person", "leak", "", true, false, NULL },
    { "it was active, and a person took it back", "leak", "generation 2 came: rollback", true,
        false, "it was active, and was taken back", ON_ROLLBACK },
    { "it was active, and ended turns", "leak", "it ended turns", true, false, "it ended turns",
        ON_QUARANTINE },
    { "it was of another cluster", "repeat", "too many", false, true, NULL },
};

static void leave(struct candidate *candidate, enum stage_event event, const char *why)
{
    static const enum stage_event up[] = { ON_PATCH, ON_BUILD, ON_SCAN, ON_REPLAY, ON_GATE,
        ON_OPEN_REVIEW, ON_APPROVE, ON_ACTIVATE };
    struct err err;
    for (size_t i = 0; i < COUNT_OF(up); i++)
        must(candidate_move(journal, candidate, up[i], &err), &err);
    must(candidate_end(journal, &arena, candidate, event, why, &err), &err);
}

/* Of four runs one is mended and one made worse, held in; the other two are held out. */
static struct digest put_report(void)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest digest;
    struct err err;
    const struct digest then = { { 2 } }, other = { { 1 } };
    struct report_case cases[] = {
        { .id = STR("mended"), .split = SPLIT_HELD_IN, .step = 3 },
        { .id = STR("worse"), .split = SPLIT_HELD_IN, .step = 4 },
        { .id = STR("mended, held out"), .split = SPLIT_HELD_OUT, .step = 5 },
        { .id = STR("worse, held out"), .split = SPLIT_HELD_OUT, .step = 6 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        cases[i].group = STR("g");
        cases[i].signature = true;
        cases[i].old_effects = then;
        cases[i].new_effects = other;
        cases[i].new_outcome = i % 2 ? OUTCOME_UNEXPLAINED : OUTCOME_RESOLVED;
        cases[i].after_step = UINT32_MAX;
    }
    const struct report report = { .detector = STR("leak"),
        .plugin = STR("replies"),
        .tier = STR("strong"),
        .cases = cases,
        .cases_count = COUNT_OF(cases) };
    report_print(&text, &report);
    must(journal_put(journal, "report", buf_view(&text), &digest, &err), &err);
    return digest;
}

static void add(size_t i)
{
    const struct row *row = &rows[i];
    const struct digest shard = { { 3 } };
    char proposal[80], id[20];
    struct journal_look look;
    struct err err;
    snprintf(proposal, sizeof proposal, "{\"edits\":[%zu]}", i);
    snprintf(id, sizeof id, "%016zx", i + 1);
    struct candidate candidate = { .id = str_of(id),
        .plugin = STR("replies"),
        .cluster = str_of(row->cluster),
        .made_s = 1,
        .build = { { (uint8_t)(i + 1) } } };
    must(journal_put(journal, "proposal", str_of(proposal), &candidate.proposal, &err), &err);
    if (row->replayed)
        candidate.report = put_report();
    must(candidate_add(journal, &arena, &candidate, &err), &err);
    if (row->looks)
        must(journal_look(journal, &shard, candidate.id, &(struct journal_debit){ 0 }, &look, &err),
            &err);
    if (row->rejected)
        must(candidate_end(journal, &arena, &candidate, ON_REFUSE, row->why, &err), &err);
    if (row->left)
        leave(&candidate, row->left, row->why);
}

static void is_told_no_more_than_it_may(void **state)
{
    (void)state;
    struct evidence_past *past;
    unsigned count, seen = 0;
    struct err err;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        add(i);
    must(past_read(&past, &count, journal, STR("leak"), &arena, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char edits[20];
        if (!rows[i].told)
            continue;
        snprintf(edits, sizeof edits, "[%zu]", i);
        assert_in_range(seen, 0, count - 1);
        if (!str_equal(past[seen].why_lost, str_of(rows[i].told)))
            fail_msg("%s: told \"%.*s\"", rows[i].name, (int)past[seen].why_lost.size,
                past[seen].why_lost.at);
        const struct evidence_past *told = &past[seen++];
        assert_true(str_equal(told->edits, str_of(edits)));
        assert_int_equal(told->held_out != NULL, rows[i].looks);
        assert_int_equal(told->replayed, rows[i].replayed);
        if (!told->replayed)
            continue;
        assert_string_equal(told->held_out, "not passed");
        assert_int_equal(told->cases_count, 2);
        assert_true(str_equal(told->cases[0].session, STR("mended")) && told->cases[0].mended);
        assert_true(str_equal(told->cases[1].session, STR("worse")) && !told->cases[1].mended);
        assert_int_equal(told->cases[1].step, 4);
    }
    assert_int_equal(seen, count);
}

static void what_was_left_is_known_by_its_build(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err;
        struct candidate left,
            same = { .plugin = STR("replies"), .build = { { (uint8_t)(i + 1) } } };
        int want = rows[i].left != 0;
        if (past_left(&left, journal, &same, &arena, &err) != want)
            fail_msg("%s", rows[i].name);
        same.plugin = STR("calls");
        assert_int_equal(past_left(&left, journal, &same, &arena, &err), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(is_told_no_more_than_it_may),
        cmocka_unit_test(what_was_left_is_known_by_its_build) };
    return cmocka_run_group_tests(tests, begin, end);
}
