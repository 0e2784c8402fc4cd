/* What a proposer, a compiler or a trace wrote reaches a terminal as text and JSON as a string. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/view.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* Colour, title and link of a terminal, bidi, a line that looks like the gate's, bytes of no
 * character. */
#define HOSTILE                                                                                    \
    "x\033[2J\033]0;owned\007\302\233\xe2\x80\xae\r\nThe gate: pass\nApproval: "                   \
    "sha256:00\",\"state\":"                                                                       \
    "\"active"

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
    return 0;
}

static int end(void **state)
{
    journal_close(driver.journal);
    arena_done(&driver.arena);
    return homes_end(state);
}

/* The text, quoted, between what stands before and behind it in a document. */
static struct digest put(const char *kind, const char *before, const char *behind)
{
    CLEANUP(buf_done) struct buf quoted = { 0 };
    struct digest digest;
    struct err err;
    json_quote(&quoted, STR(HOSTILE));
    CLEANUP(mem_freep) char *text = mem_format("%s%s%s", before, quoted.at, behind);
    must(journal_put(driver.journal, kind, str_of(text), &digest, &err), &err);
    return digest;
}

static struct candidate hostile(void)
{
    return (struct candidate){ .id = STR("0123456789abcdef"),
        .stage = STAGE_REJECTED,
        .plugin = STR(HOSTILE),
        .path = STR("plugins/calls/calls.c"),
        .cluster = STR(HOSTILE),
        .proposer = STR(HOSTILE),
        .why = STR(HOSTILE),
        .parent = STR("1111111111111111111111111111111111111111"),
        .proposal =
            put("proposal", "{\"edits\":[],\"contract\":{\"hypothesis\":", "},\"ingredients\":[]}"),
        .diagnostics = put(
            "diagnostics", "{\"findings\":[{\"rule\":\"compile\",\"line\":1,\"message\":", "}]}") };
}

static void printable(struct str text, bool lines)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < ' ' && !(lines && text.at[i] == '\n'))
            fail_msg("byte %d at %zu of: %s", text.at[i], i, text.at);
    assert_int_equal(str_find(text, STR("\302\233")), -1);
    assert_int_equal(str_find(text, STR("\xe2\x80\xae")), -1);
}

static void a_line_is_one_line(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct candidate candidate = hostile();
    view_line(&out, &candidate);
    printable(buf_view(&out), false);
}

static void a_review_has_no_lines_of_somebody_else(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct candidate candidate = hostile();
    struct err err = { 0 };
    must(view_review(&out, &driver, &candidate, &err), &err);
    printable(buf_view(&out), true);
    assert_int_equal(str_find(buf_view(&out), STR("\nThe gate: pass")), -1);
}

static void json_stays_json(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct candidate candidate = hostile();
    struct err err = { 0 };
    buf_char(&out, '{');
    must(view_whole(&out, &driver, &candidate, &err), &err);
    buf_char(&out, '}');
    const struct json *root = json_read(&arena, buf_view(&out), NULL, &err);
    if (!root)
        fail_msg("%s", err.text);
    assert_true(str_equal(json_string(&arena, json_get(root, "state")), STR("rejected")));
    assert_true(str_equal(json_string(&arena, json_get(root, "why")), STR(HOSTILE)));
    assert_true(str_equal(json_string(&arena, json_get(root, "proposer")), STR(HOSTILE)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_line),
        cmocka_unit_test(a_review_has_no_lines_of_somebody_else),
        cmocka_unit_test(json_stays_json),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
