/* runtime/broker/principal.c: files of tokens, and what a client shows. */
#include "broker_home.h"

#include "base/file.h"
#include "broker/principal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANNA "anna-0123456789-anna"
#define BERT "bert/0123456789+bert="

static struct home home;

static int read_text(struct principals **ret, const char *text, mode_t mode, struct err *err)
{
    char path[PATH_MAX];
    assert_int_equal(file_write(home_path(path, &home, "tokens"), str_of(text), 0600, NULL), 0);
    assert_int_equal(chmod(path, mode), 0);
    return principals_read(ret, &home, "tokens", err);
}

/* --- files */

static const struct file {
    const char *name, *text;
    mode_t mode;
    int want;
    const char *where;
} files[] = {
    { "two principals", ANNA " anna\n" BERT "\tbert@example.org\n", 0600, 0, "" },
    { "comments and blank lines", "# of the team\n\n  " ANNA "  anna  \r\n", 0400, 0, "" },
    { "no end of line", ANNA " anna", 0600, 0, "" },
    { "nothing", "", 0600, 0, "" },
    { "two tokens of one", ANNA " anna\n" BERT " anna\n", 0600, 0, "" },
    { "a group may read it", ANNA " anna\n", 0640, -ERR_DENIED, "" },
    { "everybody may", ANNA " anna\n", 0604, -ERR_DENIED, "" },
    { "a token alone", "\n" ANNA "\n", 0600, -ERR_INPUT, "tokens:2" },
    { "a short token", "anna anna\n", 0600, -ERR_INPUT, "tokens:1" },
    { "an operator", ANNA " anna  operator \n", 0600, 0, "" },
    { "three words", ANNA " anna bert\n", 0600, -ERR_INPUT, "tokens:1" },
    { "four words", ANNA " anna operator bert\n", 0600, -ERR_INPUT, "tokens:1" },
    { "an operator's name alone", ANNA " an/na operator\n", 0600, -ERR_INPUT, "tokens:1" },
    { "a principal that is no name", ANNA " an/na\n", 0600, -ERR_INPUT, "tokens:1" },
    { "a control byte", "anna-0123456789\1-anna anna\n", 0600, -ERR_INPUT, "tokens:1" },
    { "one token, two principals", ANNA " anna\n" ANNA " bert\n", 0600, -ERR_INPUT, "tokens:2" },
};

static void files_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct principals *principals = NULL;
        struct err err = { 0 };
        int rc = read_text(&principals, files[i].text, files[i].mode, &err);
        if (rc != files[i].want || strcmp(err.where, files[i].where) != 0)
            fail_msg("%s: %d %s %s", files[i].name, rc, err.text, err.where);
        assert_null(strstr(err.text, "anna-0123"));
        principals_free(principals);
    }
}

static void what_is_no_file_of_its_own_is_refused(void **state)
{
    struct principals *principals;
    char path[PATH_MAX];
    struct err err;
    (void)state;
    home_path(path, &home, "tokens");
    assert_int_equal(file_write(path, STR(ANNA " anna\n"), 0600, NULL), 0);
    assert_int_equal(symlink("tokens", home_path(path, &home, "link")), 0);
    assert_int_equal(mkfifo(home_path(path, &home, "pipe"), 0600), 0);
    assert_int_equal(principals_read(&principals, &home, "link", &err), -ERR_SYS);
    assert_int_equal(principals_read(&principals, &home, "pipe", &err), -ERR_DENIED);
    assert_int_equal(principals_read(&principals, &home, "keys", &err), -ERR_DENIED);
    assert_int_equal(principals_read(&principals, &home, "none", &err), -ERR_MISSING);
}

/* --- credentials */

static const struct shown {
    const char *credential, *want;
} shown[] = {
    { ANNA, "anna" },
    { "Bearer " ANNA, "anna" },
    { "bearer  " ANNA " ", "anna" },
    { BERT, "bert" },
    { "Bearer" ANNA, NULL },
    { "Basic " ANNA, NULL },
    { "Bearer", NULL },
    { "Bearer ", NULL },
    { "", NULL },
    { "anna", NULL },
    { ANNA "x", NULL },
    { ANNA " anna", NULL },
    { "anna-0123456789-ann", NULL },
};

static void a_token_is_its_principal(void **state)
{
    struct principals *principals;
    (void)state;
    assert_int_equal(read_text(&principals, ANNA " anna\n" BERT " bert\n", 0600, NULL), 0);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        struct str found = principals_find(principals, str_of(shown[i].credential)).name;
        if (!str_equal(found, str_of(shown[i].want)) || !found.at != !shown[i].want)
            fail_msg("%s", shown[i].credential);
    }
    principals_free(principals);
}

static void only_a_line_that_says_so_operates(void **state)
{
    struct principals *principals;
    (void)state;
    assert_int_equal(
        read_text(&principals, ANNA " anna operator\n" BERT " operator\n", 0600, NULL), 0);
    struct principal anna = principals_find(principals, STR(ANNA));
    assert_true(str_equal(anna.name, STR("anna")) && anna.operates);
    struct principal bert = principals_find(principals, STR(BERT));
    assert_true(str_equal(bert.name, STR("operator")) && !bert.operates);
    assert_false(principals_find(principals, STR("nobody's")).operates);
    principals_free(principals);
}

static void without_a_file_no_token_is_good(void **state)
{
    struct principals *principals;
    (void)state;
    assert_int_equal(principals_read(&principals, &home, NULL, NULL), 0);
    assert_null(principals_find(principals, STR(ANNA)).name.at);
    assert_null(principals_find(principals, STR("")).name.at);
    principals_free(principals);
    principals_free(NULL);
}

static int set_up(void **state)
{
    if (homes_begin(state) < 0)
        return -1;
    home = home_fresh();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_strictly),
        cmocka_unit_test(what_is_no_file_of_its_own_is_refused),
        cmocka_unit_test(a_token_is_its_principal),
        cmocka_unit_test(only_a_line_that_says_so_operates),
        cmocka_unit_test(without_a_file_no_token_is_good),
    };
    return cmocka_run_group_tests(tests, set_up, homes_end);
}
