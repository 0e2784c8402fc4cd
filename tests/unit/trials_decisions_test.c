/* trials/decisions.c: where two harnesses part is named by its tool and by what each does, like
 * ones are counted together, and no text of a session can be anything but text. */
#include "trials/decisions.h"

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CALL(name, args)                                                                           \
    {                                                                                              \
        STR(name), STR(args), false                                                                \
    }
#define DENIED(name, args)                                                                         \
    {                                                                                              \
        STR(name), STR(args), true                                                                 \
    }

static struct effects_call none[1];
static struct effects_call get[] = { CALL("get", "{\"id\":1}") };
static struct effects_call get_spaced[] = { CALL("get", "{ \"id\" : 1 }") };
static struct effects_call get_other[] = { CALL("get", "{\"id\":2}") };
static struct effects_call get_denied[] = { DENIED("get", "{\"id\":1}") };
static struct effects_call put[] = { CALL("put", "{}") };
static struct effects_call get_put[] = { CALL("get", "{\"id\":1}"), CALL("put", "{}") };

#define WITH(list, count, how)                                                                     \
    {                                                                                              \
        .calls = (list), .calls_count = (count), .end = (how)                                      \
    }
static const struct row {
    const char *name;
    struct effects was, is;
    const char *tool, *said_was, *said_is;
} rows[] = {
    { "a call is denied", WITH(get, 1, EFFECTS_HANDED), WITH(get_denied, 1, EFFECTS_ASKED), "get",
        "called", "denied" },
    { "it is denied no more", WITH(get_denied, 1, EFFECTS_ASKED), WITH(get, 1, EFFECTS_HANDED),
        "get", "denied", "called" },
    { "other arguments", WITH(get, 1, EFFECTS_HANDED), WITH(get_other, 1, EFFECTS_HANDED), "get",
        "called", "called with other arguments" },
    { "a call out of nothing", WITH(none, 0, EFFECTS_ANSWERED), WITH(get, 1, EFFECTS_HANDED), "get",
        "not called", "called" },
    { "a call is gone", WITH(get, 1, EFFECTS_HANDED), WITH(none, 0, EFFECTS_ANSWERED), "get",
        "called", "not called" },
    { "another tool", WITH(get, 1, EFFECTS_HANDED), WITH(put, 1, EFFECTS_HANDED), "get", "called",
        "not called" },
    { "the second call", WITH(get_put, 2, EFFECTS_HANDED), WITH(get, 1, EFFECTS_HANDED), "put",
        "called", "not called" },
    { "white space is no argument", WITH(get_put, 2, EFFECTS_HANDED),
        WITH(get_spaced, 1, EFFECTS_HANDED), "put", "called", "not called" },
    { "how it ended", WITH(none, 0, EFFECTS_ANSWERED), WITH(none, 0, EFFECTS_ABNORMAL), "",
        "answered", "abnormal" },
    { "another text", { .end = EFFECTS_ANSWERED, .text = STR("a") },
        { .end = EFFECTS_ANSWERED, .text = STR("b") }, "", "answered", "another text" },
    { "another request", { .end = EFFECTS_ANSWERED, .request_same = true },
        { .end = EFFECTS_ANSWERED }, "", "answered", "another request" },
};

static void it_is_named_by_what_each_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const struct decision got = decision_of(&row->was, &row->is);
        if (!str_equal(got.tool, str_of(row->tool)) || strcmp(got.was, row->said_was) != 0 ||
            strcmp(got.is, row->said_is) != 0)
            fail_msg("%s: %.*s, %s, %s", row->name, (int)got.tool.size,
                got.tool.at ? got.tool.at : "", got.was, got.is);
    }
}

static void add(struct decisions *decisions, const struct row *row, const char *session)
{
    const struct decision_example example = { str_of(session), 3, true };
    decisions_add(decisions, &row->was, &row->is, &example, strcmp(session, "m") == 0);
}

static void like_ones_are_one_group(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct decisions decisions = { 0 };
    add(&decisions, &rows[3], "one");
    assert_false(decisions_has(&decisions, &rows[0].was, &rows[0].is));
    add(&decisions, &rows[0], "first");
    assert_true(decisions_has(&decisions, &rows[0].was, &rows[0].is));
    add(&decisions, &rows[0], "second");
    add(&decisions, &rows[0], "m");
    decisions_json(&out, &decisions);
    struct err err;
    const struct json *root = json_read(&arena, buf_view(&out), NULL, &err);
    assert_true(root && root->count == 2);
    const struct json *group = NULL;
    JSON_EACH(one, root)
    {
        group = group ? group : one;
    }
    assert_int_equal(json_int(json_get(group, "count"), 0), 3);
    assert_int_equal(json_int(json_get(group, "resolved"), 0), 1);
    const struct json *example = json_get(group, "example");
    assert_true(str_equal(json_string(&arena, json_get(example, "session")), STR("first")));
    assert_true(
        str_equal(json_string(&arena, json_get(example, "was")), STR("handed; get {\"id\":1}")));
    assert_true(str_equal(
        json_string(&arena, json_get(example, "is")), STR("asked; denied get {\"id\":1}")));
    decisions_done(&decisions);
}

/* The first one whose words may be told is the example; where there is none, nothing is told of it.
 */
static void what_is_held_out_is_not_told(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct decisions decisions = { 0 };
    decisions_add(&decisions, &rows[0].was, &rows[0].is,
        &(struct decision_example){ STR("held-out"), 3, false }, false);
    decisions_json(&out, &decisions);
    assert_non_null(strstr(out.at, "\"was\":null,\"is\":null"));
    out.size = 0;
    decisions_text(&out, &decisions);
    assert_null(strstr(out.at, "{\"id\":1}"));
    assert_non_null(strstr(out.at, "held out: moult trace shows it"));
    add(&decisions, &rows[0], "seen");
    add(&decisions, &rows[0], "later");
    out.size = 0;
    decisions_text(&out, &decisions);
    assert_non_null(strstr(out.at, "such as seen"));
    assert_non_null(strstr(out.at, "{\"id\":1}"));
    decisions_done(&decisions);
}

static void texts_are_anybodys(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 }, json = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct decisions decisions = { 0 };
    char big[2000];
    memset(big, 'x', sizeof big);
    memcpy(big + 280, "\033[2J\n    9  forged: called\"", 26);
    struct effects_call calls[] = { { STR("t\033]0;x\007\n7  u"), { big, sizeof big }, false } };
    const struct effects was = WITH(calls, 1, EFFECTS_HANDED), is = WITH(none, 0, EFFECTS_REFUSED);
    const struct decision_example example = { STR("s\033[31m\n"), 0, true };
    decisions_add(&decisions, &was, &is, &example, false);
    decisions_text(&text, &decisions);
    decisions_json(&json, &decisions);
    assert_null(strchr(text.at, '\033'));
    assert_null(strstr(text.at, "\n7  u"));
    assert_null(strstr(text.at, "\n    9  forged"));
    assert_true(json.size < 2000 && json_read(&arena, buf_view(&json), NULL, NULL));
    decisions_done(&decisions);
}

static void kinds_have_a_bound(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    static struct decisions decisions;
    const struct effects is = WITH(none, 0, EFFECTS_ANSWERED);
    for (int i = 0; i < DECISIONS_MAX + 5; i++) {
        char name[20];
        snprintf(name, sizeof name, "tool%d", i);
        struct effects_call calls[] = { { str_of(name), STR("{}"), false } };
        const struct effects was = WITH(calls, 1, EFFECTS_HANDED);
        decisions_add(
            &decisions, &was, &is, &(struct decision_example){ STR("s"), 0, true }, false);
    }
    assert_int_equal(decisions.count, DECISIONS_MAX);
    assert_int_equal(decisions.others, 5);
    decisions_text(&out, &decisions);
    assert_non_null(strstr(out.at, "     5  of more kinds than are told\n"));
    decisions_done(&decisions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_named_by_what_each_does),
        cmocka_unit_test(like_ones_are_one_group),
        cmocka_unit_test(what_is_held_out_is_not_told),
        cmocka_unit_test(texts_are_anybodys),
        cmocka_unit_test(kinds_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
