/* trials_run_test - messages to runs: which result belongs to which call, what an error is, keys.
 */
#include "trials/run.h"

#include "base/mem.h"
#include "trials/python.h"
#include "trials/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct run *read_run(struct arena *arena, const char *const *messages)
{
    struct run *run = run_new(arena);
    struct err err;
    for (unsigned i = 0; messages[i]; i++)
        if (run_add(run, str_of(messages[i]), false, &err) < 0)
            fail_msg("%s", err.text);
    run_seal(run);
    return run;
}

#define CALL(id, name)                                                                             \
    "{\"id\":\"" id "\",\"function\":{\"name\":\"" name "\",\"arguments\":\"{}\"}}"
#define ASK(calls) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define RESULT(rest) "{\"role\":\"tool\",\"content\":\"x\"" rest "}"

static const struct pair_row {
    const char *name;
    const char *messages[6];
    int results[3]; /* of the run's calls in order: message index or -1 */
} pair_rows[] = {
    { "by id, out of order",
        { ASK(CALL("a", "f") "," CALL("b", "f")), RESULT(",\"tool_call_id\":\"b\""),
            RESULT(",\"tool_call_id\":\"a\"") },
        { 2, 1 } },
    { "an id that comes twice answers the first, then the second",
        { ASK(CALL("a", "f")), RESULT(",\"tool_call_id\":\"a\""), ASK(CALL("a", "f")),
            RESULT(",\"tool_call_id\":\"a\"") },
        { 1, 3 } },
    { "an id that no call has",
        { ASK(CALL("a", "f")), RESULT(",\"tool_call_id\":\"z\",\"name\":\"f\"") }, { -1 } },
    { "by name, the first unanswered",
        { ASK(CALL("", "f") "," CALL("", "g")), RESULT(",\"name\":\"g\""),
            RESULT(",\"name\":\"f\"") },
        { 2, 1 } },
    { "without id and name, the latest", { ASK(CALL("", "f") "," CALL("", "g")), RESULT("") },
        { -1, 1 } },
    { "before its call", { RESULT(",\"name\":\"f\""), ASK(CALL("", "f")) }, { -1 } },
};

static void results_find_their_calls(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(pair_rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct run *run = read_run(&arena, pair_rows[i].messages);
        struct run_at at;
        unsigned n = 0;
        print_message("%s\n", pair_rows[i].name);
        for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at); n++)
            assert_int_equal(at.call->result, pair_rows[i].results[n]);
    }
}

static const struct error_row {
    const char *content;
    bool failed;
} error_rows[] = {
    { "Error: order not found", true },
    { "  \\n Error", true },
    { "Unknown action fly", true },
    { "# var_12 = \\\"Error: no", true },
    { "# var_ = \\\"Error: no", false },
    { "# var_1 = Error", false },
    { "error: small", false },
    { "No Error", false },
    { "", false },
};

static void errors_are_told_by_their_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(error_rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const char *messages[] = { ASK(CALL("a", "f")),
            arena_format(&arena, "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"%s\"}",
                error_rows[i].content),
            NULL };
        assert_int_equal(
            read_run(&arena, messages)->messages[0].calls[0].failed, error_rows[i].failed);
    }
}

static struct digest key_of(struct arena *arena, const char *args)
{
    struct run_call call = { .name = STR("f"), .args = str_of(args) };
    run_call_read(&call, arena);
    return call.key;
}

static void keys_do_not_see_form(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct digest want = key_of(&arena, "{\"b\":[1,true,null],\"a\":\"x\"}");
    static const char *const same[] = { " { \"a\" : \"\\u0078\", \"b\": [1, true, null] } ",
        "{'b': [1, True, None], 'a': 'x'}", "{'a': 'x', 'b': (1, True, None,),}" };
    static const char *const other[] = { "{\"a\":\"x\",\"b\":[1,true]}", "{}", "", "nonsense",
        "{'a': 'x', 'b': [1, true, null]}" };
    for (unsigned i = 0; i < COUNT_OF(same); i++) {
        struct digest key = key_of(&arena, same[i]);
        assert_true(hash_equal(&want, &key));
    }
    for (unsigned i = 0; i < COUNT_OF(other); i++) {
        struct digest key = key_of(&arena, other[i]);
        assert_false(hash_equal(&want, &key));
    }
}

static const struct python_row {
    const char *text, *json; /* NULL: no value */
} python_rows[] = {
    { "{'a': 'it\\'s', \"b\": \"x\"}", "{\"a\":\"it's\",\"b\":\"x\"}" },
    { "['a' 'b', '\\x41\\u00e9\\101\\q']", "[\"ab\",\"A\303\251A\\\\q\"]" },
    { "('a',)", "[\"a\"]" },
    { "('a')", "\"a\"" },
    { "()", "[]" },
    { "[1, -2.5, 1e3, True, False, None,]", "[1,-2.5,1e3,true,false,null]" },
    { "'''a\n'b'''", "\"a\\n'b\"" },
    { "{1: 2}", NULL },
    { "{'a', 'b'}", NULL },
    { "[1,,2]", NULL },
    { "[1 2]", NULL },
    { "[true]", NULL },
    { "Trueish", NULL },
    { "'open", NULL },
    { "'a\nb'", NULL },
    { "'\\ud800'", NULL },
    { "[1] 2", NULL },
    { "", NULL },
    { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", NULL },
    { "__import__('os')", NULL },
};

static void python_literals(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(python_rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        const struct json *read = python_read(&arena, str_of(python_rows[i].text));
        print_message("%s\n", python_rows[i].text);
        assert_int_equal(read != NULL, python_rows[i].json != NULL);
        if (!read)
            continue;
        json_canonical(&out, read);
        assert_string_equal(out.at, python_rows[i].json);
    }
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "[]", "null", "{}", "{\"role\":\"robot\"}",
        "{\"role\":1}", "{\"role\":\"user\",\"content\":\"\xff\"}", "{\"role\":\"user\"" };
    for (unsigned i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct err err = { 0 };
        assert_true(run_add(run_new(&arena), str_of(texts[i]), false, &err) < 0);
        assert_true(strstr(err.text, "message 0") != NULL);
    }
}

static void meta_says_what_messages_cannot(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = run_new(&arena);
    struct err err;
    assert_int_equal(
        run_set_meta(
            run, STR("{\"group\":\"g\",\"origin\":\"o\",\"reward\":1.0,\"offered\":false}"), &err),
        0);
    assert_true(run->graded && run->solved && !run->offered && run->claims);
    assert_true(str_equal(run->group, STR("g")));
    assert_int_equal(run_set_meta(run, STR("{\"reward\":0.9999}"), &err), 0);
    assert_false(run->solved);
    assert_int_equal(run_set_meta(run, STR("[]"), &err), -ERR_INPUT);
    assert_true(run_set_meta(run, STR("{"), &err) < 0);
}

static void tools_in_both_forms(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run_tools *a, *b;
    struct err err;
    assert_int_equal(
        run_tools_read(&a, STR("{\"tools\":[{\"name\":\"f\",\"write\":true,\"parameters\":{ }}]}"),
            &arena, &err),
        0);
    assert_int_equal(run_tools_read(&b, a->bytes, &arena, &err), 0);
    assert_true(hash_equal(&a->digest, &b->digest));
    assert_true(b->tools[0].write);
    /* What clients of a gateway send: a function without parameters, tools of their provider. */
    assert_int_equal(
        run_tools_read(&a,
            STR("[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
                "{\"type\":\"web_search\"},{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}]"),
            &arena, &err),
        0);
    assert_int_equal(a->tools_count, 1);
    assert_true(json_is(a->tools[0].parameters, JSON_OBJECT));
    static const char *const bad[] = { "{}", "1", "[1]", "[{\"name\":\"f\"}]",
        "[{\"parameters\":{}}]", "[" };
    for (unsigned i = 0; i < COUNT_OF(bad); i++)
        assert_true(run_tools_read(&a, str_of(bad[i]), &arena, &err) < 0);
}

/* A session of the service: the conversation goes on with what the harness made of a reply, a
 * replay puts to the harness what the model had said. A person's flag outweighs any reward. */
static void a_live_session_as_a_run(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(trace_tools_done) struct trace_tools tools = { 0 };
    static const char made[] = "{\"role\":\"assistant\",\"content\":\"mended\"}",
                      own[] = "{\"role\":\"assistant\",\"content\":\"said\"}";
    struct journal_message messages[] = { { .bytes = STR("{\"role\":\"user\",\"content\":\"x\"}") },
        { .bytes = STR(made), .origin = 2, .own = STR(own) },
        { .bytes = STR("{\"role\":\"user\",\"content\":\"y\"}") },
        { .bytes = STR(own), .origin = 1 } };
    struct journal_session session = { .live = true,
        .meta = STR("{\"reward\":1}"),
        .messages_count = COUNT_OF(messages),
        .messages = messages };
    struct run *run = NULL;
    struct err err;
    for (session.flags = 0; session.flags < 2; session.flags++) {
        if (trace_run(&run, &session, &tools, &arena, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(run->steps_count, 2);
        assert_true(str_equal(run_step(run, 0)->text, STR("mended")));
        assert_true(str_equal(run_said(run_step(run, 0)), STR(own)));
        assert_true(str_equal(run_said(run_step(run, 1)), STR(own)));
        assert_true(run->graded && run->solved == (session.flags == 0));
    }
}

#define SAYS "{\"role\":\"assistant\",\"content\":\"x\"}"
#define ASKS "{\"role\":\"user\",\"content\":\"x\"}"
#define FAILS "{\"role\":\"error\",\"class\":\"overloaded\"}"
static const struct step_row {
    const char *name;
    const char *messages[6];
    int steps[3]; /* message indexes, then -1 */
    unsigned unasked;
} step_rows[] = {
    { "a greeting, and what follows", { SAYS, ASKS, SAYS }, { 0, 2, -1 }, 0 },
    { "a reply straight behind a reply", { ASKS, SAYS, SAYS }, { 1, -1 }, 1 },
    { "behind it all is as before", { ASKS, SAYS, SAYS, ASKS, SAYS }, { 1, 4, -1 }, 1 },
    { "calls behind a reply", { ASKS, SAYS, ASK(CALL("a", "f")), RESULT(",\"name\":\"f\""), SAYS },
        { 1, 4, -1 }, 1 },
    { "behind the result of its call", { ASK(CALL("a", "f")), RESULT(",\"name\":\"f\""), SAYS },
        { 0, 2, -1 }, 0 },
    { "one of two calls is open",
        { ASK(CALL("a", "f") "," CALL("b", "g")), RESULT(",\"name\":\"g\""), SAYS }, { 0, -1 }, 1 },
    { "an open call, and the person went on", { ASK(CALL("a", "f")), ASKS, SAYS }, { 0, 2, -1 },
        0 },
    { "an error behind a reply", { ASKS, SAYS, FAILS }, { 1, -1 }, 1 },
    { "errors are told to nobody", { ASKS, FAILS, FAILS, SAYS }, { 1, 2, 3 }, 0 },
};

static void a_step_is_asked_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(step_rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct step_row *row = &step_rows[i];
        struct run *run = read_run(&arena, row->messages);
        unsigned count = 0;
        while (count < COUNT_OF(row->steps) && row->steps[count] >= 0)
            count++;
        if (run->steps_count != count || run->unasked != row->unasked)
            fail_msg("%s: %u steps, %u unasked", row->name, run->steps_count, run->unasked);
        for (unsigned k = 0; k < count; k++)
            if ((int)run->steps[k] != row->steps[k])
                fail_msg("%s: step %u is message %u", row->name, k, run->steps[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_find_their_calls),
        cmocka_unit_test(a_step_is_asked_for),
        cmocka_unit_test(errors_are_told_by_their_text),
        cmocka_unit_test(keys_do_not_see_form),
        cmocka_unit_test(python_literals),
        cmocka_unit_test(bad_messages_are_refused),
        cmocka_unit_test(meta_says_what_messages_cannot),
        cmocka_unit_test(tools_in_both_forms),
        cmocka_unit_test(a_live_session_as_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
