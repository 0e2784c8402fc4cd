/* trials_result_test - a tool's result is an error live exactly where it is one in a trace: the
 * same request, read by each protocol and by the miner. */
#include "trials/run.h"

#include "base/mem.h"
#include "protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct row {
    const char *content; /* JSON */
    bool failed;
} rows[] = {
    { "\"Error: user not found\"", true },
    { "\"\\n  Error\"", true },
    { "\"Err\\u006fr: spelled otherwise\"", true },
    { "\"Unknown action buy\"", true },
    { "\"# var_12 = \\\"Error: no such order\\\"\"", true },
    { "[{\"type\":\"text\",\"text\":\"Err\"},{\"type\":\"text\",\"text\":\"or: in parts\"}]",
        true },
    { "\"an Error in the middle\"", false },
    { "\"error: in small letters\"", false },
    { "\"# var_ = \\\"Error\\\"\"", false },
    { "\"# var_1 = Error\"", false },
    { "\"{\\\"status\\\": \\\"Error\\\"}\"", false },
    { "\"\"", false },
    { "[]", false },
};

/* As the protocols say it; %s: the content. */
static const struct form {
    enum protocol protocol;
    const char *before, *after;
    bool marked; /* as an error */
} forms[] = {
    { PROTOCOL_CHAT, "{\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":", "}]}",
        false },
    { PROTOCOL_RESPONSES,
        "{\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":", "}]}",
        false },
    { PROTOCOL_MESSAGES,
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"c\",\"content\":",
        "}]}]}", false },
    { PROTOCOL_MESSAGES,
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"c\",\"is_error\":true,\"content\":",
        "}]}]}", true },
};

static const struct protocol_message *read_result(
    const struct form *form, const char *content, struct arena *arena)
{
    struct protocol_request *request = NULL;
    struct err err = { 0 };
    const char *body = arena_format(arena, "%s%s%s", form->before, content, form->after);
    if (protocol_request_read(&request, form->protocol, str_of(body), arena, &err) < 0)
        fail_msg("%s: %s", body, err.text);
    assert_int_equal(protocol_request_view(request)->messages_count, 1);
    return protocol_request_view(request)->messages;
}

static void live_and_trace_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            CLEANUP(arena_done) struct arena arena = { 0 };
            struct run *run = run_new(&arena);
            const struct protocol_message *message =
                read_result(&forms[k], rows[i].content, &arena);
            bool want = rows[i].failed || forms[k].marked;
            if (message->failed != want)
                fail_msg("%s %s: live %d", forms[k].before, rows[i].content, message->failed);
            assert_int_equal(run_add(run, message->chat, forms[k].marked, NULL), 0);
            assert_int_equal(run->messages[0].failed, want);
        }
}

/* Only a tool fails: what a person or the model writes is no result. */
static void only_results_fail(void **state)
{
    static const char *const roles[] = { "user", "assistant", "system", "developer" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct form form = { PROTOCOL_CHAT,
            arena_format(&arena, "{\"messages\":[{\"role\":\"%s\",\"content\":", roles[i]), "}]}",
            false };
        assert_false(read_result(&form, "\"Error: no\"", &arena)->failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_and_trace_agree),
        cmocka_unit_test(only_results_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
