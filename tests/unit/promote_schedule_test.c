/* Who may try a cluster, when, and for how much, by what was tried before. */
#include "promote/schedule.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1000000, ATTEMPTS_MAX = 6 };

/* "s" is search, "l" a model, "x" another cluster's, "o" under another generation, "h" when the
 * cluster had half the groups; '+' behind it: a candidate rests; '*': it handed in some, in vain;
 * '!': it has no end; '-': it took a part of a second, and judged a part of the steps. Each is a
 * minute behind the one before it, the last a minute ago. */
struct rows {
    struct attempt_row at[16];
    uint32_t count;
};

static struct attempt_row row_of(char kind)
{
    struct attempt_row row = { .begun = { .cluster = STR("leak"),
                                   .proposer = kind == 'l' ? STR("llm:m") : STR("search"),
                                   .active = STR("a1"),
                                   .groups = 10,
                                   .steps = 10,
                                   .seconds = 100 },
        .ended = { .judged = kind == 'l' ? 0 : 1000,
            .tries = kind == 'l' ? 4 : 0,
            .tokens = kind == 'l' ? 500 : 0,
            .usd = kind == 'l' ? .25 : 0,
            .seconds = 20 } };
    if (kind == 'x')
        row.begun.cluster = STR("loop");
    if (kind == 'o')
        row.begun.active = STR("a0");
    if (kind == 'e')
        row.ended.end = STR(ATTEMPT_ERROR);
    if (kind == 'h')
        row.begun.groups = 5;
    return row;
}

static struct rows rows_of(const char *text)
{
    struct rows rows = { .count = 0 };
    for (; *text; text++) {
        struct attempt_row *last = &rows.at[rows.count ? rows.count - 1 : 0];
        if (*text == '+' || *text == '*') {
            last->ended.proposals = 1;
            last->ended.rests = *text == '+';
        } else if (*text == '-') {
            last->ended.seconds = .1;
            last->ended.judged = 5;
        } else if (*text == '!') {
            last->open = true;
            last->ended = (struct attempt_ended){ .seconds = last->begun.seconds };
        } else {
            rows.at[rows.count++] = row_of(*text);
        }
    }
    for (uint32_t i = 0; i < rows.count; i++)
        rows.at[i].ended.at_ms = 1000.0 * (NOW_S - 60 * (rows.count - i));
    return rows;
}

static const struct config_turn search = { .name = { "search", 6 } };
#define MODEL(...)                                                                                 \
    {                                                                                              \
        .name = { "llm:m", 5 }, __VA_ARGS__                                                        \
    }

static const struct row {
    const char *name, *past;
    struct config_turn second; /* behind search; what is asked of */
    enum schedule_word want;
    uint32_t wait_s;
} rows[] = {
    { "nobody tried", "", MODEL(.when = WHEN_ALWAYS), SCHEDULE_GO, 0 },
    { "a name goes on and on", "lll", MODEL(.when = WHEN_ALWAYS), SCHEDULE_GO, 0 },
    { "the first before it has not tried", "", MODEL(.when = WHEN_NO_SURVIVOR), SCHEDULE_WAITS, 0 },
    { "the first before it found nothing", "s", MODEL(.when = WHEN_NO_SURVIVOR), SCHEDULE_GO, 0 },
    { "the first before it found something that lost", "s*", MODEL(.when = WHEN_NO_SURVIVOR),
        SCHEDULE_WAITS, 0 },
    { "it found nothing the second time", "s*s", MODEL(.when = WHEN_NO_SURVIVOR), SCHEDULE_GO, 0 },
    { "it found nothing, elsewhere", "x", MODEL(.when = WHEN_NO_SURVIVOR), SCHEDULE_WAITS, 0 },
    { "it found nothing in another generation", "o", MODEL(.when = WHEN_NO_SURVIVOR),
        SCHEDULE_WAITS, 0 },
    { "it found nothing with half the groups", "h", MODEL(.when = WHEN_NO_SURVIVOR), SCHEDULE_WAITS,
        0 },
    { "first, and nobody tried", "", MODEL(.when = WHEN_FIRST), SCHEDULE_GO, 0 },
    { "first, and it was", "l", MODEL(.when = WHEN_FIRST), SCHEDULE_TRIED, 0 },
    { "first, and another tried", "s", MODEL(.when = WHEN_FIRST), SCHEDULE_GO, 0 },
    { "it cools down", "l", MODEL(.cooldown = 100), SCHEDULE_COOLS, 40 },
    { "it has cooled down", "l", MODEL(.cooldown = 60), SCHEDULE_GO, 0 },
    { "twice in vain, twice as long", "ll", MODEL(.cooldown = 60), SCHEDULE_COOLS, 60 },
    { "three times, four times as long", "lll", MODEL(.cooldown = 60), SCHEDULE_COOLS, 180 },
    { "what found something starts anew", "lll+", MODEL(.cooldown = 60), SCHEDULE_GO, 0 },
    { "it is never longer than a week", "lllll", MODEL(.cooldown = 604800), SCHEDULE_COOLS,
        SCHEDULE_COOL_MAX - 60 },
    { "another's attempt cools nobody", "s", MODEL(.cooldown = 6000), SCHEDULE_GO, 0 },
    { "its seconds are used up", "ll", MODEL(.seconds = 40), SCHEDULE_SPENT, 0 },
    { "a part of a second is one", "l-", MODEL(.seconds = 1), SCHEDULE_SPENT, 0 },
    { "a part of a candidate is one", "l-", MODEL(.candidates = 1), SCHEDULE_SPENT, 0 },
    { "its seconds are not", "ll", MODEL(.seconds = 41), SCHEDULE_GO, 0 },
    { "one without an end has cost all it could", "l!", MODEL(.seconds = 100), SCHEDULE_SPENT, 0 },
    { "its candidates are used up", "l", MODEL(.candidates = 4), SCHEDULE_SPENT, 0 },
    { "its tokens are used up", "ll", MODEL(.tokens = 1000), SCHEDULE_SPENT, 0 },
    { "its dollars are used up", "ll", MODEL(.usd = 500000), SCHEDULE_SPENT, 0 },
    { "its dollars are not", "ll", MODEL(.usd = 500001), SCHEDULE_GO, 0 },
    { "another cluster's budget is its own", "x", MODEL(.seconds = 1), SCHEDULE_GO, 0 },
    { "no service ran, and nobody tried", "eeeeeeee", MODEL(.when = WHEN_NO_SURVIVOR),
        SCHEDULE_WAITS, 0 },
    { "too much in vain, by all of them", "slslsl", MODEL(.when = WHEN_ALWAYS), SCHEDULE_PARKED,
        0 },
    { "one found something", "slsls+l", MODEL(.when = WHEN_ALWAYS), SCHEDULE_GO, 0 },
    { "the groups have doubled", "hhhhhhhh", MODEL(.when = WHEN_ALWAYS), SCHEDULE_GO, 0 },
    { "another generation is active", "oooooooo", MODEL(.when = WHEN_ALWAYS), SCHEDULE_GO, 0 },
};

static struct schedule_plan plan_of(const struct rows *past, const struct config_turn turns[2])
{
    return (struct schedule_plan){ .turns = turns,
        .turns_count = 2,
        .attempts_max = ATTEMPTS_MAX,
        .cluster = STR("leak"),
        .active = STR("a1"),
        .groups = 10,
        .rows = past->at,
        .rows_count = past->count,
        .now_s = NOW_S };
}

static void test_turns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct rows past = rows_of(rows[i].past);
        const struct config_turn turns[] = { search, rows[i].second };
        const struct schedule_plan plan = plan_of(&past, turns);
        print_message("%s\n", rows[i].name);
        struct schedule_said said = schedule_turn(&plan, 1);
        assert_string_equal(schedule_words[said.word], schedule_words[rows[i].want]);
        if (rows[i].want == SCHEDULE_COOLS)
            assert_int_equal(said.wait_s, rows[i].wait_s);
    }
}

/* A clock that was set back by years makes nobody wait longer than the pause. */
static void test_clock(void **state)
{
    const struct rows past = rows_of("l");
    const struct config_turn turns[] = { search, MODEL(.cooldown = 100) };
    struct schedule_plan plan = plan_of(&past, turns);
    (void)state;
    plan.now_s = 5;
    assert_int_equal(schedule_turn(&plan, 1).wait_s, 100);
}

static void test_left(void **state)
{
    const struct rows past = rows_of("lls");
    const struct config_turn turns[] = { search,
        MODEL(.candidates = 10, .seconds = 90, .tokens = 1200) };
    const struct schedule_plan plan = plan_of(&past, turns);
    struct schedule_left left = schedule_turn(&plan, 1).left;
    (void)state;
    assert_int_equal(left.candidates, 2);
    assert_int_equal(left.seconds, 50);
    assert_int_equal(left.tokens, 200);
    assert_int_equal(left.usd, UINT32_MAX);
}

/* 100 candidates in 20 s; an attempt that nobody saw the end of shows nothing. */
static void test_buys(void **state)
{
    const struct config_turn turns[] = { search, search };
    const struct rows past = rows_of("s"), cut = rows_of("s!"), elsewhere = rows_of("x");
    struct schedule_plan plan = plan_of(&past, turns);
    (void)state;
    assert_int_equal(schedule_buys(&plan, STR("search"), 120, UINT32_MAX), 600);
    assert_int_equal(schedule_buys(&plan, STR("search"), 120, 50), 50);
    assert_int_equal(schedule_buys(&plan, STR("llm:m"), 120, UINT32_MAX), UINT32_MAX);
    plan = plan_of(&cut, turns);
    assert_int_equal(schedule_buys(&plan, STR("search"), 120, UINT32_MAX), UINT32_MAX);
    plan = plan_of(&elsewhere, turns);
    assert_int_equal(schedule_buys(&plan, STR("search"), 10, UINT32_MAX), 50);
}

static void test_words(void **state)
{
    char text[200];
    (void)state;
    for (int word = 0; word < SCHEDULE_WORDS; word++) {
        const struct schedule_said said = { .word = (enum schedule_word)word };
        assert_non_null(schedule_words[word]);
        assert_true(strlen(schedule_say(text, sizeof text, &said)) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_left),
        cmocka_unit_test(test_buys),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
