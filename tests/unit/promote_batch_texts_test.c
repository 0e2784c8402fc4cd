/* batch_texts.c: the words of failing cases, and of nothing else. */
#include "base/mem.h"
#include "promote/batch_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char *const messages[] = {
    "{\"role\":\"system\",\"content\":\"be kind\"}",
    "{\"role\":\"user\",\"content\":\"my id is 1234\"}",
    ("{\"role\":\"assistant\",\"content\":\"let me see\",\"tool_calls\":[{\"id\":\"a\",\"type\":"
     "\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"id\\\": 1234}\"}}]}"),
    "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"Alice\"}",
    "{\"role\":\"assistant\",\"content\":\"<call>book</call>\"}",
};

static struct run *made(struct arena *arena)
{
    struct run *run = run_new(arena);
    struct err err;
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        if (run_add(run, str_of(messages[i]), false, &err) < 0)
            fail_msg("%s", err.text);
    run_seal(run);
    run->session = STR("s1");
    return run;
}

static const struct row {
    const char *name, *session;
    uint32_t step;
    const char *want; /* the texts, each with a | behind */
} rows[] = {
    { "the first reply, and all before it", "s1", 0,
        "be kind|my id is 1234|let me see|find|{\"id\": 1234}|" },
    { "the second, and what came since the first", "s1", 1, "Alice|<call>book</call>|" },
    { "a step that is not there", "s1", 2, "" },
    { "a run that is not there", "s2", 0, "" },
};

static void words_of_the_failing_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf have = { 0 };
        const struct run *run = made(&arena);
        struct batch_case one = { .session = str_of(rows[i].session), .step = rows[i].step };
        const struct batch batch = { .cases = &one, .cases_count = 1 };
        struct batch_texts texts;
        batch_texts_take(&texts, &batch, &run, 1, &arena);
        for (unsigned n = 0; n < texts.count; n++)
            buf_format(&have, "%.*s|", (int)texts.at[n].size, texts.at[n].at);
        if (!str_equal(buf_view(&have), str_of(rows[i].want)))
            fail_msg("%s: %s", rows[i].name, have.at ? have.at : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_the_failing_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
