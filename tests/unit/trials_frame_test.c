/* trials_frame_test - what a repair may change and what not: leaked calls, lists given as strings,
 * repeated failures; and that no frame speaks for a made case of overreach. */
#include "trials/frame.h"

#include "base/mem.h"
#include "trials/leak.h"
#include "trials/overreach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CALL "{\"name\": \"get_order\", \"arguments\": {\"order_id\": \"#W1\"}}"
#define TWO "{\"name\": \"get_user\", \"parameters\": {\"id\": \"u\"}}"

static const char tools_text[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"get_order\",\"parameters\":{\"type\":"
    "\"object\","
    "\"properties\":{\"order_id\":{\"type\":\"string\"}},\"required\":[\"order_id\"]}}},"
    "{\"name\":\"get_user\",\"parameters\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":"
    "\"string\"}}}},"
    "{\"name\":\"give_back\",\"write\":true,\"parameters\":{\"type\":\"object\",\"properties\":{"
    "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"why\":{\"type\":\"string\"}}}}"
    "]";

static struct run *begin(struct arena *arena)
{
    struct run *run = run_new(arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), arena, NULL), 0);
    run->tools = tools;
    run->offered = true;
    return run;
}

static void add(struct run *run, const char *message)
{
    struct err err;
    if (run_add(run, str_of(message), false, &err) < 0)
        fail_msg("%s", err.text);
}

static void add_text(struct run *run, const char *text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"assistant\",\"content\":");
    json_quote(&out, str_of(text));
    buf_char(&out, '}');
    add(run, arena_string(run->arena, out.at, out.size));
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    ++*(unsigned *)with;
}

static unsigned hits(const char *detector, const struct run *run)
{
    unsigned count = 0;
    detector_find(detector)->find(run, on_hit, &count);
    return count;
}

static const struct leak_row {
    const char *name, *text;
    unsigned tagged, bare; /* hits */
    unsigned calls;        /* in the frame; 0: no claim */
    const char *rest;
} leak_rows[] = {
    { "a call on a line of its own", "Let me look.\n\n" CALL, 0, 1, 1, "Let me look." },
    { "a tagged block", "Sure.\n<tool_call>\n" CALL "\n</tool_call>", 1, 0, 1, "Sure." },
    { "a tag that the end of the text closes", "<tool_call>\n" CALL, 1, 0, 1, "" },
    { "a tag with a dash", "<function-call>\n" CALL "\n</function-call>", 0, 1, 1, "" },
    { "a tag with an attribute", "<call kind=\"x\">" CALL "</call>", 0, 1, 1, "" },
    { "a fence", "See:\n```json\n" CALL "\n```\nDone.", 0, 1, 1, "See: Done." },
    { "a fence in a tag", "<xml>\n```\n" CALL "\n```\n</xml>", 0, 1, 1, "" },
    { "angle brackets", "<" CALL ">", 0, 1, 1, "" },
    { "two calls in one pair of tags", "<tools>\n" CALL "\n" TWO "\n</tools>", 0, 1, 2, "" },
    { "two calls on one line", CALL "; " TWO, 0, 1, 2, ";" },
    { "a call beside another object", CALL "\n{\"a\": 1}", 0, 1, 0, NULL },
    { "a call beside a quoted one", CALL "\nI mean " TWO ".", 0, 1, 0, NULL },
    { "a call beside a block without a call", CALL "\n<tool_call>\nno\n</tool_call>", 1, 0, 0,
        NULL },
    { "a quoted call", "I would send " CALL " then.", 0, 0, 0, NULL },
    { "a quoted tagged call", "It is <tool_call>" CALL "</tool_call> then.", 0, 0, 0, NULL },
    { "an unknown tool", "{\"name\": \"fly\", \"arguments\": {}}", 0, 0, 0, NULL },
    { "arguments that are no object", "{\"name\": \"get_order\", \"arguments\": []}", 0, 0, 0,
        NULL },
    { "a definition",
        "{\"name\": \"get_order\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}", 0,
        0, 0, NULL },
    { "no JSON", "{\"name\": \"get_order\", ", 0, 0, 0, NULL },
    { "open braces only", "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{", 0, 0, 0, NULL },
};

static void leaks_as_framed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(leak_rows); i++) {
        const struct leak_row *row = &leak_rows[i];
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct run *run = begin(&arena);
        struct effects frame, rest = { .text = str_of(row->rest) };
        add_text(run, row->text);
        run_seal(run);
        print_message("%s\n", row->name);
        assert_int_equal(hits("leak_tagged", run), row->tagged);
        assert_int_equal(hits("leak_bare", run), row->bare);
        assert_int_equal(leak_frame(run, 0, &frame, &arena), row->calls > 0);
        if (row->calls == 0)
            continue;
        assert_int_equal(frame.calls_count, row->calls);
        assert_true(str_equal(frame.calls[0].name, STR("get_order")));
        frame.calls_count = 0;
        assert_true(effects_equal(&frame, &rest));
        run->offered = false; /* told in the text to write calls as JSON: nothing leaked */
        assert_int_equal(hits("leak_tagged", run) + hits("leak_bare", run), 0);
        assert_int_equal(leak_frame(run, 0, &frame, &arena), 0);
    }
}

static void too_many_leaks_are_no_slip(void **state)
{
    (void)state;
    for (unsigned count = FRAME_CALLS_MAX; count <= FRAME_CALLS_MAX + 1; count++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf text = { 0 };
        struct effects frame;
        struct run *run = begin(&arena);
        for (unsigned i = 0; i < count; i++)
            buf_text(&text, CALL "\n");
        add_text(run, text.at);
        run_seal(run);
        assert_int_equal(leak_frame(run, 0, &frame, &arena), count <= FRAME_CALLS_MAX);
    }
}

static void a_leak_mended_hidden_or_botched(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct detector *leak = detector_find("leak_bare");
    struct run *run = begin(&arena);
    struct effects seen;
    add_text(run, "Look.\n" CALL);
    run_seal(run);
    effects_recorded(&seen, run, 0, &arena);
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_SAME);
    assert_int_equal(leak_frame(run, 0, &seen, &arena), 1);
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_RESOLVED);
    assert_int_equal(detect_outcome(NULL, run, 0, &seen, &arena), OUTCOME_UNEXPLAINED);
    seen.calls[0].args = STR("{\"order_id\":  \"\\u0023W1\"}"); /* the same value in other bytes */
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_RESOLVED);
    seen.calls[0].args = STR("{\"order_id\": \"#W2\"}");
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_UNEXPLAINED);
    seen.calls[0].denied = true;
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_SUPPRESSED);
    seen = (struct effects){ .request_same = true, .end = EFFECTS_ASKED };
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_SUPPRESSED);
    seen.end = EFFECTS_ABNORMAL;
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_ABNORMAL);
    assert_int_equal(leak_frame(run, 0, &seen, &arena), 1);
    seen.request_same = false;
    assert_int_equal(detect_outcome(leak, run, 0, &seen, &arena), OUTCOME_UNEXPLAINED);
}

#define ASK(id, args)                                                                              \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" id                       \
    "\",\"function\":{\"name\":\"give_back\",\"arguments\":" args "}}]}"
#define ANSWER(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"

static const struct array_row {
    const char *name, *call, *result, *args; /* args: in the frame; NULL: no claim */
} array_rows[] = {
    { "a JSON list",
        ASK("1", "\"{\\\"ids\\\": \\\"[\\\\\\\"a\\\\\\\"]\\\", \\\"why\\\": \\\"[]\\\"}\""),
        ANSWER("1", "Error: [ not found"), "{\"ids\": [\"a\"], \"why\": \"[]\"}" },
    { "a Python list", ASK("1", "\"{\\\"ids\\\": \\\"['a', 'b']\\\"}\""), ANSWER("1", "Error: no"),
        "{\"ids\": [\"a\", \"b\"]}" },
    { "accepted as it was", ASK("1", "\"{\\\"ids\\\": \\\"['a']\\\"}\""), ANSWER("1", "done"),
        NULL },
    { "a list that does not fit", ASK("1", "\"{\\\"ids\\\": \\\"[1]\\\"}\""),
        ANSWER("1", "Error: no"), NULL },
    { "no list", ASK("1", "\"{\\\"ids\\\": \\\"a\\\"}\""), ANSWER("1", "Error: no"), NULL },
    { "a trace in another form than the call", ASK("1", "\"{'ids': \\\"['a']\\\"}\""),
        ANSWER("1", "Error: no"), NULL },
};

static void lists_as_framed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(array_rows); i++) {
        const struct array_row *row = &array_rows[i];
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct detector *array = detector_find("string_for_array");
        struct run *run = begin(&arena);
        struct effects seen;
        add(run, row->call);
        add(run, row->result);
        run_seal(run);
        print_message("%s\n", row->name);
        assert_int_equal(array->frame(run, 0, &seen, &arena), row->args != NULL);
        effects_recorded(&seen, run, 0, &arena);
        assert_int_equal(detect_outcome(array, run, 0, &seen, &arena), OUTCOME_SAME);
        if (!row->args)
            continue;
        seen.calls[0].args = str_of(row->args);
        assert_int_equal(detect_outcome(array, run, 0, &seen, &arena), OUTCOME_RESOLVED);
        seen.calls[0].denied = true;
        assert_int_equal(detect_outcome(array, run, 0, &seen, &arena), OUTCOME_SUPPRESSED);
    }
}

static struct run *loop(struct arena *arena, const char *results[4], bool solved)
{
    struct run *run = begin(arena);
    run->graded = true;
    run->solved = solved;
    for (unsigned i = 0; i < 4; i++) {
        add(run, ASK("1", "\"{}\""));
        add(run, results[i]);
    }
    run_seal(run);
    return run;
}

static void loops_as_framed(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct detector *guard = detector_find("failed_call_repeated");
    const char *fails[4] = { ANSWER("1", "Error: no"), ANSWER("1", "Error: no"),
        ANSWER("1", "Error: no"), ANSWER("1", "Error: no") };
    const char *works[4] = { ANSWER("1", "Error: no"), ANSWER("1", "Error: no"),
        ANSWER("1", "fine"), ANSWER("1", "fine") };
    const char *once[4] = { ANSWER("1", "Error: no"), ANSWER("1", "fine"), ANSWER("1", "Error: no"),
        ANSWER("1", "fine") };
    struct effects seen;
    struct run *run = loop(&arena, fails, false);
    assert_int_equal(hits("failed_call_repeated", run), 2);
    assert_int_equal(guard->frame(run, 0, &seen, &arena), 0);
    assert_int_equal(guard->frame(run, 1, &seen, &arena), 0); /* one more attempt is none */
    assert_int_equal(guard->frame(run, 2, &seen, &arena), 1);
    assert_true(seen.calls[0].denied);
    assert_int_equal(seen.end, EFFECTS_ASKED);
    assert_int_equal(detect_outcome(guard, run, 2, &seen, &arena), OUTCOME_RESOLVED);
    assert_int_equal(detect_outcome(guard, run, 1, &seen, &arena), OUTCOME_UNEXPLAINED);
    seen.calls_count = 0;
    assert_int_equal(detect_outcome(guard, run, 2, &seen, &arena), OUTCOME_SUPPRESSED);
    run = loop(&arena, fails, true);
    assert_int_equal(guard->frame(run, 2, &seen, &arena), 0); /* solved all the same */
    run = loop(&arena, works, false);
    assert_int_equal(guard->frame(run, 2, &seen, &arena), 0); /* the third attempt worked */
    assert_int_equal(hits("failed_call_repeated", run), 1);
    assert_int_equal(hits("repeat", run), 3);
    run = loop(&arena, once, false);
    assert_int_equal(hits("failed_call_repeated", run), 0); /* never failed twice in a row */
}

static void no_frame_speaks_for_overreach(void **state)
{
    (void)state;
    for (unsigned i = 0; i < detectors_count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct run **runs;
        struct err err;
        unsigned count;
        if (overreach_runs(&detectors[i], &arena, &runs, &count, &err) < 0)
            fail_msg("%s: %s", detectors[i].id, err.text);
        assert_int_equal(count >= 5, detectors[i].overreach != NULL);
        for (unsigned k = 0; k < count; k++) {
            struct effects effects;
            assert_int_equal(runs[k]->steps_count, 1);
            assert_int_equal(detectors[i].frame(runs[k], 0, &effects, &arena), 0);
        }
    }
}

/* Whoever speaks of one means the same: what a proposer is told of, and what the gate reports. */
static void a_made_case_has_one_name(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    unsigned shared = 0;
    for (unsigned i = 0; i < detectors_count; i++)
        for (unsigned k = 0; k < i; k++) {
            struct run **one, **other;
            struct err err;
            unsigned count;
            if (!detectors[i].overreach || detectors[i].overreach != detectors[k].overreach)
                continue;
            assert_int_equal(overreach_runs(&detectors[i], &arena, &one, &count, &err), 0);
            assert_int_equal(overreach_runs(&detectors[k], &arena, &other, &count, &err), 0);
            assert_true(str_equal(one[0]->session, other[0]->session));
            shared++;
        }
    assert_true(shared > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaks_as_framed),
        cmocka_unit_test(too_many_leaks_are_no_slip),
        cmocka_unit_test(a_leak_mended_hidden_or_botched),
        cmocka_unit_test(lists_as_framed),
        cmocka_unit_test(loops_as_framed),
        cmocka_unit_test(no_frame_speaks_for_overreach),
        cmocka_unit_test(a_made_case_has_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
