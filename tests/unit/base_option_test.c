/* Command lines: each spelling of an option, what is refused, and the help that the table prints.
 */
#include "base/mem.h"
#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { WORDS_MAX = 80 };

static struct {
    bool json;
    const char *home;
    uint64_t limit;
    struct option_list tools;
} seen;

static const struct option table[] = {
    { "--json", 'j', OPTION_FLAG, NULL, "write JSON", &seen.json },
    { "--home", 'C', OPTION_TEXT, "DIR", "the home", &seen.home },
    { "--limit", 0, OPTION_NUMBER, NULL, "how many", &seen.limit },
    { "--tool", 't', OPTION_LIST, "FILE", "a tool", &seen.tools },
    { 0 },
};

/* Parses "a b c" cut at blanks; the words stay in `line`. */
static int parse(
    char *line, bool stop, const char **args, int args_max, bool *help, struct err *err)
{
    static char name[] = "program";
    char *argv[WORDS_MAX] = { name };
    int argc = 1;
    for (char *word = strtok(line, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    memset(&seen, 0, sizeof seen);
    return option_parse(table, argc, argv, stop, args, args_max, help, err);
}

static const struct row {
    const char *line;
    bool stop;
    int want; /* arguments, or the negated code */
    bool json;
    const char *home, *first;
    uint64_t limit;
} rows[] = {
    { "", false, 0, false, NULL, NULL, 0 },
    { "--json run", false, 1, true, NULL, "run", 0 },
    { "run --json", false, 1, true, NULL, "run", 0 },
    { "run --json", true, 2, false, NULL, "run", 0 },
    { "--json run -C x", true, 3, true, NULL, "run", 0 },
    { "--home=a=b", false, 0, false, "a=b", NULL, 0 },
    { "--home=", false, 0, false, "", NULL, 0 },
    { "--home --json", false, 0, false, "--json", NULL, 0 },
    { "-C dir -j", false, 0, true, "dir", NULL, 0 },
    { "-Cdir", false, 0, false, "dir", NULL, 0 },
    { "-- --json", false, 1, false, NULL, "--json", 0 },
    { "-", false, 1, false, NULL, "-", 0 },
    { "--limit 18446744073709551615", false, 0, false, NULL, NULL, UINT64_MAX },
    { "--limit 18446744073709551616", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--limit -1", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--limit 1x", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--limit=", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--limit", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--json=1", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "-jx", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "--jso", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "-x", false, -ERR_USAGE, false, NULL, NULL, 0 },
    { "a b c d", false, -ERR_USAGE, false, NULL, NULL, 0 },
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *args[3] = { 0 };
        struct err err = { 0 };
        CLEANUP(mem_freep) char *line = mem_string(rows[i].line);
        int got = parse(line, rows[i].stop, args, 3, NULL, &err);
        if (got != rows[i].want)
            fail_msg("\"%s\": %d (%s)", rows[i].line, got, err.text);
        if (got < 0)
            continue;
        assert_int_equal(seen.json, rows[i].json);
        assert_true(seen.limit == rows[i].limit);
        assert_int_equal(!seen.home, !rows[i].home);
        if (seen.home)
            assert_string_equal(seen.home, rows[i].home);
        if (rows[i].first)
            assert_string_equal(args[0], rows[i].first);
    }
}

static void lists_have_an_end(void **state)
{
    (void)state;
    char full[65 * 4 + 1] = "";
    for (int i = 0; i < 64; i++)
        strcat(full, "-ta ");
    CLEANUP(mem_freep) char *line = mem_string(full);
    assert_int_equal(parse(line, false, NULL, 0, NULL, NULL), 0);
    assert_int_equal(seen.tools.count, 64);
    assert_string_equal(seen.tools.at[63], "a");
    strcat(full, "-tb ");
    CLEANUP(mem_freep) char *over = mem_string(full);
    assert_int_equal(parse(over, false, NULL, 0, NULL, NULL), -ERR_USAGE);
}

static void an_unknown_option_is_named(void **state)
{
    (void)state;
    struct err err = { 0 };
    char line[] = "--nope";
    parse(line, false, NULL, 0, NULL, &err);
    assert_string_equal(err.text, "unknown option --nope");
    assert_string_equal(err.hint, "--help lists the options");
}

static void help_is_asked_for_and_aligned(void **state)
{
    (void)state;
    bool help = false;
    char line[] = "--help", text[600] = "";
    assert_int_equal(parse(line, false, NULL, 0, &help, NULL), 0);
    assert_true(help);
    int ends[2], out = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    option_help("program [OPTIONS]", "Does it.", table);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    close(ends[1]);
    close(out);
    assert_string_equal(text, "usage: program [OPTIONS]\n"
                              "Does it.\n"
                              "\n"
                              "  -j, --json         write JSON\n"
                              "  -C, --home DIR     the home\n"
                              "      --limit VALUE  how many\n"
                              "  -t, --tool FILE    a tool\n"
                              "      --help         say this\n");
}

static const struct span {
    const char *text;
    uint64_t ms; /* 0: refused */
} spans[] = { { "7d", 604800000 }, { "12h", 43200000 }, { "30m", 1800000 }, { "45s", 45000 },
    { "3650d", 315360000000 }, { "3651d", 0 }, { "", 0 }, { "d", 0 }, { "7", 0 }, { "7D", 0 },
    { "-1d", 0 }, { " 7d", 0 }, { "7d ", 0 }, { "7dd", 0 }, { "1.5h", 0 }, { "0x7d", 0 },
    { "99999999999999999999999d", 0 }, { "18446744073709551617s", 0 } };

static void a_span_has_a_unit_and_a_bound(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        uint64_t ms = 0;
        struct err err;
        int rc = option_span("--for", spans[i].text, &ms, &err);
        if (ms != spans[i].ms || (rc == -ERR_USAGE) != (spans[i].ms == 0))
            fail_msg("\"%s\": %d, %llu", spans[i].text, rc, (unsigned long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(an_unknown_option_is_named),
        cmocka_unit_test(help_is_asked_for_and_aligned),
        cmocka_unit_test(a_span_has_a_unit_and_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
