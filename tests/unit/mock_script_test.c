/* The script language: what is read, and what is refused with a place and a reason. */
#include "mock/script.h"

#include "base/mem.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

static const struct good {
    const char *name, *text;
} goods[] = {
    { "one sentence", "{\"rules\":[{\"say\":\"hi\"}]}" },
    { "comments", "// a script\n{\"rules\":[/* one */{\"say\":\"hi\"}]}" },
    { "parts", "{\"rules\":[{\"say\":[\"a\",\"b\"]}]}" },
    { "no rule at all", "{\"rules\":[]}" },
    { "everything that a request can be asked",
        "{\"rules\":[{\"when\":{\"model\":\"m\",\"protocol\":\"responses\",\"stream\":true,"
        "\"user\":\"u\",\"user_contains\":\"u\",\"system_contains\":\"s\",\"result_contains\":"
        "\"r\","
        "\"last_role\":\"tool\",\"messages\":0,\"tool\":\"t\",\"header\":{\"X-A\":\"1\",\"b\":true,"
        "\"c\":false},\"after\":1,\"times\":2},\"say\":\"hi\"}]}" },
    { "a call with raw text", "{\"rules\":[{\"call\":{\"name\":\"f\",\"arguments\":\"{no\"}}]}" },
    { "two calls", "{\"rules\":[{\"call\":[{\"name\":\"f\"},{\"name\":\"g\",\"id\":\"i\","
                   "\"arguments\":{\"a\":1.0}}]}]}" },
    { "an error with headers", "{\"rules\":[{\"status\":429,\"headers\":{\"retry-after\":\"1\"},"
                               "\"error\":{\"code\":\"c\",\"type\":\"t\",\"message\":\"m\"}}]}" },
    { "a body of its own", "{\"rules\":[{\"status\":502,\"body\":\"<html>\"}]}" },
    { "an empty body", "{\"rules\":[{\"status\":500,\"body\":\"\"}]}" },
    { "silence needs no answer", "{\"rules\":[{\"fault\":{\"silent\":true}}]}" },
    { "an error in the stream",
        "{\"rules\":[{\"say\":\"a\",\"fault\":{\"error_after\":0},\"error\":{}}]}" },
    { "tokens", "{\"rules\":[{\"count\":0}]}" },
    { "recordings", "{\"rules\":[{\"recorded\":[\"a.jsonl.gz\",\"b.jsonl\"]}]}" },
    { "models and keys", "{\"models\":[\"a\"],\"keys\":\"k\",\"rules\":[]}" },
};

static const struct bad {
    const char *name, *text, *says, *where;
} bads[] = {
    { "nothing", "", "", "" },
    { "no object", "[]", "an object with rules", "s:1: $" },
    { "no rules", "{}", "wants rules", "s:1: $" },
    { "an unknown key at the top", "{\"rule\":[]}", "unknown key \"rule\"", "s:1: $.rule" },
    { "an unknown key of a rule", "{\"rules\":[\n{\"says\":\"a\"}]}", "unknown key \"says\"",
        "s:2: $.rules[0].says" },
    { "an unknown key of when", "{\"rules\":[{\"when\":{\"Model\":\"a\"},\"say\":\"\"}]}",
        "unknown key \"Model\"", "s:1: $.rules[0].when.Model" },
    { "an unknown fault", "{\"rules\":[{\"fault\":{\"slow\":1},\"say\":\"\"}]}",
        "unknown key \"slow\"", "$.rules[0].fault.slow" },
    { "a key twice", "{\"rules\":[],\"rules\":[]}", "rules", "" },
    { "a rule that says nothing", "{\"rules\":[{}]}", "says nothing", "$.rules[0]" },
    { "only a condition", "{\"rules\":[{\"when\":{}}]}", "says nothing", "$.rules[0]" },
    { "two answers", "{\"rules\":[{\"say\":\"a\",\"body\":\"b\"}]}", "only one of", "$.rules[0]" },
    { "an answer with an error", "{\"rules\":[{\"say\":\"a\",\"status\":500}]}", "not an answer",
        "" },
    { "an error without a status", "{\"rules\":[{\"say\":\"a\",\"error\":{}}]}",
        "error wants a status", "" },
    { "two ends", "{\"rules\":[{\"fault\":{\"silent\":true,\"close\":true}}]}", "only one of", "" },
    { "gzip of a whole disk", "{\"rules\":[{\"fill\":2000000001,\"fault\":{\"gzip\":true}}]}",
        "at most 2000000000", "" },
    { "a low status", "{\"rules\":[{\"status\":100,\"say\":\"\"}]}", "200 to 599", "" },
    { "no status", "{\"rules\":[{\"status\":0,\"say\":\"\"}]}", "200 to 599", "" },
    { "a high status", "{\"rules\":[{\"status\":600}]}", "from 0 to 599", "" },
    { "a negative number", "{\"rules\":[{\"say\":\"\",\"delay_ms\":-1}]}", "whole number", "" },
    { "a broken number", "{\"rules\":[{\"say\":\"\",\"delay_ms\":1.5}]}", "whole number", "" },
    { "too large a pad", "{\"rules\":[{\"say\":\"\",\"fault\":{\"pad\":8388609}}]}", "8388608",
        "" },
    { "no text", "{\"rules\":[{\"say\":1}]}", "say wants a string", "" },
    { "half a character", "{\"rules\":[{\"say\":\"\\ud800\"}]}", "lone surrogates", "" },
    { "a call without a name", "{\"rules\":[{\"call\":{}}]}", "wants a name", "" },
    { "arguments that are a list", "{\"rules\":[{\"call\":{\"name\":\"f\",\"arguments\":[]}}]}",
        "an object, or raw text", "" },
    { "a header that splits", "{\"rules\":[{\"status\":500,\"headers\":{\"a\":\"b\\r\\nc: d\"}}]}",
        "cannot stand in a header", "" },
    { "a header that is HTTP's own",
        "{\"rules\":[{\"status\":500,\"headers\":{\"Content-Length\":\"1\"}}]}", "HTTP's own", "" },
    { "an answer for count_tokens",
        "{\"rules\":[{\"when\":{\"protocol\":\"count_tokens\"},\"say\":\"a\"}]}", "not an answer",
        "" },
    { "tokens and an answer", "{\"rules\":[{\"count\":1,\"say\":\"a\"}]}", "no answer", "" },
    { "a header's name with a NUL",
        "{\"rules\":[{\"status\":500,\"headers\":{\"a\\u0000b\":\"c\"}}]}", "cannot stand", "" },
    { "a header without a name", "{\"rules\":[{\"status\":500,\"headers\":{\"\":\"b\"}}]}",
        "cannot stand in a header", "" },
    { "a header that is true where one is sent",
        "{\"rules\":[{\"status\":500,\"headers\":{\"a\":true}}]}", "cannot stand", "" },
    { "an unknown protocol", "{\"rules\":[{\"say\":\"\",\"when\":{\"protocol\":\"grpc\"}}]}",
        "one of chat responses messages count_tokens", "" },
};

static void read_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct script script;
        struct err err = { 0 };
        if (script_parse(&script, str_of(goods[i].text), "s", &arena, &err) < 0)
            fail_msg("%s: %s (%s)", goods[i].name, err.text, err.where);
    }
}

static void read_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bads); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct script script;
        struct err err = { 0 };
        if (script_parse(&script, str_of(bads[i].text), "s", &arena, &err) == 0)
            fail_msg("%s: was taken", bads[i].name);
        if (!strstr(err.text, bads[i].says) || !strstr(err.where, bads[i].where))
            fail_msg("%s: says \"%s\" at \"%s\"", bads[i].name, err.text, err.where);
    }
}

static void read_values(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct script script;
    const char *text = "{\"rules\":[{\"call\":{\"name\":\"f\",\"arguments\":{\"a\" : 1.0}},"
                       "\"when\":{\"header\":{\"X-Moult\":\"Y\"},\"messages\":0},"
                       "\"fault\":{\"cut_events\":0,\"framing\":\"close\"},\"finish\":\"stop\"}]}";
    assert_int_equal(script_parse(&script, str_of(text), "s", &arena, NULL), 0);
    const struct script_rule *rule = &script.rules[0];
    assert_true(str_equal(rule->answer.calls[0].args, STR("{\"a\" : 1.0}")));
    assert_true(str_equal(rule->when.headers.at[0].name, STR("x-moult")));
    assert_int_equal(rule->when.messages, 1);
    assert_int_equal(rule->fault.cut_events, 1);
    assert_int_equal(rule->fault.framing, FRAMING_CLOSE);
    assert_int_equal(rule->answer.finish, FINISH_STOP);
    assert_int_equal(rule->answer.chunk, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_good),
        cmocka_unit_test(read_bad),
        cmocka_unit_test(read_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
