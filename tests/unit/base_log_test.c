/* Lines for operators, the times that they carry, and the tables of words behind them. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char caught[8192];

/* What one call writes to stderr. */
static const char *catch_line(enum log_level level, const char *text)
{
    int ends[2], old = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_line(level, "%s", text);
    dup2(old, STDERR_FILENO);
    close(ends[1]);
    close(old);
    ssize_t n = read(ends[0], caught, sizeof caught - 1);
    close(ends[0]);
    assert_true(n >= 0);
    caught[n] = 0;
    return caught;
}

static const struct row {
    const char *setting;
    int loudest; /* the last level that is written */
} rows[] = {
    { NULL, LOG_WARN },
    { "", LOG_WARN },
    { "loud", LOG_WARN },
    { "error", LOG_ERROR },
    { "info", LOG_INFO },
    { "debug", LOG_DEBUG },
};

static void the_environment_sets_the_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].setting)
            setenv("MOULT_LOG", rows[i].setting, 1);
        else
            unsetenv("MOULT_LOG");
        log_init("program");
        for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
            assert_int_equal(
                *catch_line((enum log_level)level, "x") != 0, level <= rows[i].loudest);
    }
}

static void a_line_is_one_line(void **state)
{
    (void)state;
    unsetenv("MOULT_LOG");
    log_init("moult-broker");
    const char *line = catch_line(LOG_ERROR, "a\nb\x1b[2J\xe2\x80\xae");
    assert_true(strlen(line) > 24);
    assert_int_equal(line[10], 'T');
    assert_string_equal(line + 23, "Z moult-broker error: a\\x0ab\\x1b[2J\\u{202E}\n");
    char large[5000];
    memset(large, '\n', sizeof large);
    large[sizeof large - 1] = 0;
    line = catch_line(LOG_ERROR, large);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static const struct moment {
    uint64_t ms;
    const char *want;
} moments[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { 1767323045678, "2026-01-02T03:04:05.678Z" },
    { 951782400001, "2000-02-29T00:00:00.001Z" },
    { 4102444799999, "2099-12-31T23:59:59.999Z" },
};

static void times(void **state)
{
    (void)state;
    char text[40], small[5];
    for (size_t i = 0; i < COUNT_OF(moments); i++)
        assert_string_equal(clock_rfc3339(text, sizeof text, moments[i].ms), moments[i].want);
    assert_string_equal(clock_rfc3339(small, sizeof small, 0), "1970");
    uint64_t before = clock_mono_ns();
    assert_true(clock_mono_ns() >= before);
    assert_true(clock_wall_ms() > 1767225600000); /* later than this was written */
}

static void words_both_ways(void **state)
{
    (void)state;
    static const char *const words[] = { [0] = "zero", [2] = "two" };
    assert_string_equal(NAME_OF(words, 2), "two");
    assert_string_equal(NAME_OF(words, 1), "?");
    assert_string_equal(NAME_OF(words, 3), "?");
    assert_string_equal(NAME_OF(words, -1), "?");
    assert_int_equal(NAME_FIND(words, STR("two")), 2);
    assert_int_equal(NAME_FIND(words, STR("tw")), -1);
    assert_int_equal(NAME_FIND(words, STR("")), -1);
    assert_int_equal(NAME_FIND(words, str_of(NULL)), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_sets_the_level),
        cmocka_unit_test(a_line_is_one_line),
        cmocka_unit_test(times),
        cmocka_unit_test(words_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
