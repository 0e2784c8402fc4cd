/* talk_terminal: lines of standard input, and ^C at the moments at which it could be missed. */
#include "talk/terminal.h"

#include "base/mem.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Standard input is a pipe; a wait that nothing ends is ended by the alarm. */
static int input = -1;

static int with_input(void **state)
{
    int ends[2];
    (void)state;
    if (pipe(ends) < 0 || dup2(ends[0], STDIN_FILENO) < 0)
        return -1;
    close(ends[0]);
    input = ends[1];
    terminal_watch();
    terminal_interrupted();
    alarm(10);
    return 0;
}

static int without_input(void **state)
{
    (void)state;
    alarm(0);
    if (input >= 0)
        close(input);
    input = -1;
    return 0;
}

static void lines_and_the_end(void **state)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    (void)state;
    assert_int_equal(write(input, "one\n\nrest", 9), 9);
    close(input);
    input = -1;
    assert_int_equal(terminal_line(&line), TERMINAL_LINE);
    assert_true(str_equal(buf_view(&line), STR("one")));
    assert_int_equal(terminal_line(&line), TERMINAL_LINE);
    assert_int_equal(line.size, 0);
    assert_int_equal(terminal_line(&line), TERMINAL_LINE);
    assert_true(str_equal(buf_view(&line), STR("rest")));
    assert_int_equal(terminal_line(&line), TERMINAL_END);
}

static void pressed_before_the_wait_begins(void **state)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    (void)state;
    raise(SIGINT);
    assert_int_equal(terminal_line(&line), TERMINAL_INTERRUPTED);
    assert_int_equal(write(input, "on\n", 3), 3);
    assert_int_equal(terminal_line(&line), TERMINAL_LINE); /* once pressed, once told */
}

static void a_question_leaves_it_to_the_turn(void **state)
{
    (void)state;
    raise(SIGINT);
    assert_false(terminal_yes(STR("may it?"), STR("")));
    assert_true(terminal_interrupted());
    assert_false(terminal_interrupted());
    assert_int_equal(write(input, "yes\n", 4), 4);
    assert_true(terminal_yes(STR("may it?"), STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_and_the_end, with_input, without_input),
        cmocka_unit_test_setup_teardown(pressed_before_the_wait_begins, with_input, without_input),
        cmocka_unit_test_setup_teardown(
            a_question_leaves_it_to_the_turn, with_input, without_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
