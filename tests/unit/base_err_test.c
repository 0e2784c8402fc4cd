/* Errors: every code has its word and exit status, text is cut and never broken, NULL is no excuse.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    int code;
    const char *word;
    int exit;
} rows[] = {
    { ERR_NONE, "none", 0 },
    { ERR_USAGE, "usage", 2 },
    { ERR_INPUT, "input", 1 },
    { ERR_LIMIT, "limit", 1 },
    { ERR_DENIED, "denied", 1 },
    { ERR_MISSING, "missing", 1 },
    { ERR_STATE, "state", 1 },
    { ERR_VERIFY, "verify", 1 },
    { ERR_LACKS, "lacks", 4 },
    { ERR_SYS, "system", 1 },
    { ERR_TIMEOUT, "timeout", 1 },
    { ERR_PEER, "peer", 1 },
    { ERR_DEFECT, "defect", 5 },
    { ERR_CODES, "unknown", 5 },
    { -1, "unknown", 5 },
};

static void every_code_has_word_and_exit(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(rows), ERR_CODES + 2);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(err_word(rows[i].code), rows[i].word);
        assert_int_equal(err_exit(rows[i].code), rows[i].exit);
    }
}

static void steps_go_in_front(void **state)
{
    (void)state;
    struct err err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(err_set(&err, ERR_INPUT, "no %s", "colon"), -ERR_INPUT);
    assert_string_equal(err.where, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(err.sys, 0);
    assert_int_equal(err_while(&err, "read %s", "a.json"), -ERR_INPUT);
    assert_int_equal(err_where(&err, "a.json:%d", 3), -ERR_INPUT);
    assert_int_equal(err_hint(&err, "add a colon"), -ERR_INPUT);
    assert_string_equal(err.text, "read a.json: no colon");
    assert_string_equal(err.where, "a.json:3");
    assert_string_equal(err.hint, "add a colon");
    assert_int_equal(err_set(&err, ERR_LIMIT, "next"), -ERR_LIMIT);
    assert_string_equal(err.where, "");
}

static void a_system_error_says_why_behind_any_text(void **state)
{
    (void)state;
    struct err err;
    char path[1000];
    errno = ENOSPC;
    assert_int_equal(err_sys(&err, "write %s", "x"), -ERR_SYS);
    assert_string_equal(err.text, "write x: No space left on device");
    assert_int_equal(err.sys, ENOSPC);
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = 0;
    errno = ENOSPC;
    err_sys(&err, "write %s", path);
    assert_non_null(strstr(err.text, "p: No space left on device"));
    errno = 99999;
    err_sys(&err, "x");
    assert_string_equal(err.text, "x: unknown error");
}

/* A cut at each place of characters of each length. */
static void text_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t c = 0; c < COUNT_OF(characters); c++)
        for (int lead = 0; lead < 8; lead++) {
            char text[1200] = "";
            struct err err;
            for (int i = 0; i < lead; i++)
                strcat(text, "-");
            for (int i = 0; i < 250; i++)
                strcat(text, characters[c]);
            err_set(&err, ERR_INPUT, "%s", text);
            assert_true(str_utf8(str_of(err.text)));
            assert_in_range(strlen(err.text), sizeof err.text - 4, sizeof err.text - 1);
            assert_memory_equal(err.text, text, strlen(err.text));
            err_while(&err, "%s", "step");
            assert_true(str_utf8(str_of(err.text)));
        }
}

static void without_an_err_the_code_stays(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_DENIED, "no"), -ERR_DENIED);
    assert_int_equal(err_while(NULL, "step"), -ERR_DENIED);
    assert_int_equal(err_where(NULL, "there"), -ERR_DENIED);
    assert_int_equal(err_hint(NULL, "do"), -ERR_DENIED);
    assert_int_equal(err_sys(NULL, "x"), -ERR_SYS);
    assert_int_equal(err_while(NULL, "step"), -ERR_SYS);
}

static void no_room_is_told_from_a_full_disk(void **state)
{
    static const struct {
        int code, sys;
        bool full;
    } cases[] = { { ERR_SYS, EMFILE, true }, { ERR_SYS, EAGAIN, true }, { ERR_LACKS, ENFILE, true },
        { ERR_SYS, ENOSPC, false }, { ERR_LACKS, ENOSYS, false }, { ERR_LACKS, 0, false },
        { ERR_PEER, EMFILE, false }, { ERR_NONE, 0, false } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct err err = { .code = cases[i].code, .sys = cases[i].sys };
        assert_int_equal(err_full(&err), cases[i].full);
    }
    assert_false(err_full(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_word_and_exit),
        cmocka_unit_test(steps_go_in_front),
        cmocka_unit_test(a_system_error_says_why_behind_any_text),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(no_room_is_told_from_a_full_disk),
        cmocka_unit_test(without_an_err_the_code_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
