/* trials/rider.c: what came along, by its largest difference to the recording. */
#include "base/mem.h"
#include "trials/rider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char reply[] =
    "{\"role\":\"assistant\",\"content\":\"Sure.\",\"tool_calls\":[{\"id\":\"a\",\"type\":"
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"ids\\\":\\\"[7]\\\","
    "\\\"note\\\":\\\"x\\\"}\"}}]}";

static const struct row {
    const char *name;
    const char *calls[3]; /* "name arguments"; "-name arguments": denied */
    const char *text;
    bool other_request;
    enum rider want;
} rows[] = {
    { "one argument is another", { "lookup {\"ids\":[7],\"note\":\"x\"}" }, "Sure.", false,
        RIDER_ARGUMENT },
    { "and one more", { "lookup {\"ids\":[7],\"note\":\"x\",\"cc\":1}" }, "Sure.", false,
        RIDER_ARGUMENT_MORE },
    { "and one less", { "lookup {\"ids\":[7]}" }, "Sure.", false, RIDER_ARGUMENT_LESS },
    { "arguments that are none", { "lookup [7" }, "Sure.", false, RIDER_ARGUMENT },
    { "an extra call", { "lookup {\"ids\":[7],\"note\":\"x\"}", "cancel {}" }, "Sure.", false,
        RIDER_CALL_MORE },
    { "none", { NULL }, "Sure.", false, RIDER_CALL_LESS },
    { "a denied one", { "-lookup {\"ids\":\"[7]\",\"note\":\"x\"}" }, "Sure.", false,
        RIDER_CALL_LESS },
    { "another one", { "cancel {\"ids\":\"[7]\",\"note\":\"x\"}" }, "Sure.", false,
        RIDER_CALL_OTHER },
    { "another text", { "lookup {\"note\":\"x\",\"ids\":\"[7]\"}" }, "No.", false, RIDER_TEXT },
    { "blanks are no text", { "lookup {\"note\":\"x\",\"ids\":\"[7]\"}" }, " Sure. ", false,
        RIDER_END },
    { "another request before all that", { "cancel {}" }, "No.", true, RIDER_REQUEST },
};

static struct effects effects_of(const struct row *row, struct effects_call *calls)
{
    struct effects effects = { .request_same = !row->other_request,
        .end = EFFECTS_HANDED,
        .text = str_of(row->text),
        .calls = calls };
    for (int i = 0; i < 3 && row->calls[i]; i++) {
        bool denied = *row->calls[i] == '-';
        const char *name = row->calls[i] + denied, *args = strchr(name, ' ');
        calls[effects.calls_count++] =
            (struct effects_call){ { name, (size_t)(args - name) }, str_of(args + 1), denied };
    }
    return effects;
}

static void the_largest_difference_is_named(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = run_new(&arena);
    assert_int_equal(run_add(run, STR("{\"role\":\"user\",\"content\":\"hi\"}"), false, NULL), 0);
    assert_int_equal(run_add(run, str_of(reply), false, NULL), 0);
    run_seal(run);
    assert_int_equal(run->steps_count, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct effects_call calls[3];
        struct effects effects = effects_of(&rows[i], calls);
        enum rider got = rider_of(run, 0, &effects);
        if (got != rows[i].want)
            fail_msg("%s: %s, not %s", rows[i].name, rider_words[got], rider_words[rows[i].want]);
    }
}

static void every_kind_has_its_words(void **state)
{
    (void)state;
    for (int kind = 0; kind < RIDERS; kind++)
        assert_true(rider_words[kind] && rider_phrases[kind]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_difference_is_named),
        cmocka_unit_test(every_kind_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
