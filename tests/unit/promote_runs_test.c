/* promote_runs_test - which of the journal's runs are loaded, out of a real one. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/runs.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { RUNS = 20, BAD = 7 };

static struct journal *journal;
static struct digest ids[RUNS];

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

/* BAD is one that no reader understands, in a group that others are in. */
static struct digest add(struct journal *import, unsigned i)
{
    char text[100], group[20];
    struct err err;
    snprintf(text, sizeof text, "{\"role\":\"%s\",\"content\":\"%u\"}",
        i == BAD ? "martian" : "assistant", i);
    snprintf(group, sizeof group, "group %u", i % 5);
    struct journal_message message = { .standing = JOURNAL_CLAIM, .bytes = str_of(text) };
    const struct journal_session session = { .principal = STR("import"),
        .format = STR("test"),
        .source = STR("test"),
        .origin = STR("test"),
        .group = str_of(group),
        .meta = STR("{}"),
        .messages_count = 1,
        .messages = &message };
    must(journal_add(import, &session, &err), &err);
    return journal_session_id(&session);
}

static int begin(void **state)
{
    struct err err;
    uint64_t added, known;
    if (homes_begin(state) < 0)
        return -1;
    const struct home home = home_fresh();
    struct journal *import = home_as(&home, JOURNAL_IMPORT);
    for (unsigned i = 0; i < RUNS; i++)
        ids[i] = add(import, i);
    must(journal_flush(import, &added, &known, &err), &err);
    journal_close(import);
    journal = home_as(&home, JOURNAL_DRIVE);
    for (unsigned i = 0; i < 5; i++) {
        char group[20];
        snprintf(group, sizeof group, "group %u", i);
        must(journal_split(journal, str_of(group), i < 3 ? SPLIT_HELD_IN : SPLIT_HELD_OUT, &err),
            &err);
    }
    return 0;
}

static int end(void **state)
{
    journal_close(journal);
    return homes_end(state);
}

static struct runs load(struct runs_want want)
{
    struct runs runs;
    struct err err;
    must(runs_load(&runs, journal, &want, &err), &err);
    return runs;
}

static void one_that_nobody_understands_stops_nothing(void **state)
{
    (void)state;
    CLEANUP(runs_done) struct runs gate = load((struct runs_want){ .splits = RUNS_GATE });
    CLEANUP(runs_done) struct runs held_in = load((struct runs_want){ .splits = RUNS_HELD_IN });
    assert_int_equal(gate.count, RUNS - 1);
    assert_int_equal(gate.left_out, 1);
    assert_true(gate.claims);
    assert_int_equal(held_in.count, 12 - 1);
    for (unsigned i = 1; i < gate.count; i++)
        assert_true(gate.at_ms[i] >= gate.at_ms[i - 1]);
    assert_true(str_equal(gate.at[0]->group, STR("group 0"))); /* in the journal's order */
    assert_true(str_equal(gate.at[RUNS - 2]->group, STR("group 4")));
}

static void what_is_named_is_there(void **state)
{
    (void)state;
    struct err err;
    struct runs refused;
    CLEANUP(id_set_done) struct id_set named = { 0 };
    id_set_add(&named, &ids[0]);
    id_set_add(&named, &ids[4]); /* held-out */
    id_set_seal(&named);
    struct runs_want want = { .splits = RUNS_HELD_IN, .named = &named, .named_only = true };
    CLEANUP(runs_done) struct runs only = load(want);
    assert_int_equal(only.count, 1);
    assert_int_equal(only.left_out, 0);
    want = (struct runs_want){ .splits = RUNS_GATE, .named = &named, .most = 3 };
    CLEANUP(runs_done) struct runs some = load(want);
    assert_in_range(some.count, 4, 5); /* both, and three others: one may be the bad one */
    assert_int_equal(some.count + some.left_out, RUNS);
    want.most_bytes = 1;
    CLEANUP(runs_done) struct runs few = load(want);
    assert_int_equal(few.count, 2);
    id_set_add(&named, &ids[BAD]);
    id_set_seal(&named);
    want = (struct runs_want){ .splits = RUNS_GATE, .named = &named };
    assert_int_equal(runs_load(&refused, journal, &want, &err), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_nobody_understands_stops_nothing),
        cmocka_unit_test(what_is_named_is_there),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
