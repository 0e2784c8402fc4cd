/* key.c: a reply and its echo have one key, however the client wrote it down; two messages that say
 * different things have two. */
#include "base/mem.h"
#include "protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct digest key_of(const char *chat)
{
    struct arena scratch = { 0 };
    struct digest key = protocol_key(str_of(chat), &scratch);
    arena_done(&scratch);
    return key;
}

#define CALL(id, name, args)                                                                       \
    "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"" id                                        \
    "\",\"type\":\"function\",\"function\":"                                                       \
    "{\"name\":\"" name "\",\"arguments\":\"" args "\"}}]}"

static const struct pair {
    const char *name, *one, *other;
} same[] = {
    { "members in another order, blanks", "{\"role\":\"user\",\"content\":\"a\"}",
        "{ \"content\" : \"a\", \"role\" : \"user\" }" },
    { "escapes", "{\"role\":\"user\",\"content\":\"\xc3\xa9/\"}",
        "{\"role\":\"user\",\"content\":\"\\u00e9\\/\"}" },
    { "blanks around the text", "{\"role\":\"assistant\",\"content\":\"a\\n\"}",
        "{\"role\":\"assistant\",\"content\":\" a\"}" },
    { "one part or a text", "{\"role\":\"user\",\"content\":\"a\"}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}" },
    { "several parts or a text", "{\"role\":\"user\",\"content\":\"abc\"}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
        "\"text\":\"b\"},{\"type\":\"text\",\"text\":\"c\"}]}" },
    { "empty parts", "{\"role\":\"user\",\"content\":\"b\"}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"},{\"type\":\"text\","
        "\"text\":\"b\"},{\"type\":\"text\",\"text\":\"\"}]}" },
    { "no content, empty content, null", CALL("a", "f", "{}"),
        "{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
        "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}" },
    { "no calls, an empty list, null", "{\"role\":\"assistant\",\"content\":\"a\"}",
        "{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[]}" },
    { "thoughts and members that clients add", "{\"role\":\"assistant\",\"content\":\"a\"}",
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\"},{\"type\":"
        "\"text\",\"text\":\"a\"}],\"annotations\":[],\"audio\":null,\"reasoning_content\":\"t\"}" },
    { "arguments printed again", CALL("a", "f", "{\\\"b\\\": 1.0, \\\"a\\\": [1e2, -0]}"),
        CALL("a", "f", "{\\\"a\\\":[100,0],\\\"b\\\":1}") },
    { "an integer that JavaScript rounds", CALL("a", "f", "{\\\"a\\\":12345678901234567890}"),
        CALL("a", "f", "{\\\"a\\\":12345678901234567000}") },
    { "escapes in arguments", CALL("a", "f", "{\\\"a\\\":\\\"\\\\u00e9\\\"}"),
        CALL("a", "f", "{\\\"a\\\":\\\"\xc3\xa9\\\"}") },
    { "digits in a text of arguments are no number", CALL("a", "f", "{\\\"a\\\":\\\"x\\\\\\\"1.0\\\"}"),
        CALL("a", "f", "{\\\"a\\\": \\\"x\\\\\\\"1.0\\\"}") },
    { "no arguments are the empty object", CALL("a", "f", ""), CALL("a", "f", " {} ") },
    { "a refusal or its text", "{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"}",
        "{\"role\":\"assistant\",\"content\":\"no\"}" },
    { "the mark of a cache moves on",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"},"
        "\"cache_control\":{}}]}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}" },
}, different[] = {
    { "role", "{\"role\":\"user\",\"content\":\"a\"}", "{\"role\":\"system\",\"content\":\"a\"}" },
    { "text", "{\"role\":\"user\",\"content\":\"a\"}", "{\"role\":\"user\",\"content\":\"b\"}" },
    { "blanks inside", "{\"role\":\"user\",\"content\":\"a b\"}",
        "{\"role\":\"user\",\"content\":\"a  b\"}" },
    { "an id", CALL("a", "f", "{}"), CALL("b", "f", "{}") },
    { "a tool", CALL("a", "f", "{}"), CALL("a", "g", "{}") },
    { "id and name, cut elsewhere", CALL("af", "g", "{}"), CALL("a", "fg", "{}") },
    { "arguments", CALL("a", "f", "{\\\"a\\\":1}"), CALL("a", "f", "{\\\"a\\\":2}") },
    { "a number and its text", CALL("a", "f", "{\\\"a\\\":1}"),
        CALL("a", "f", "{\\\"a\\\":\\\"1\\\"}") },
    { "numbers in texts", CALL("a", "f", "{\\\"a\\\":\\\"1.0\\\"}"),
        CALL("a", "f", "{\\\"a\\\":\\\"1\\\"}") },
    { "arguments that are no JSON", CALL("a", "f", "{"), CALL("a", "f", "{{") },
    { "a call and its text", CALL("a", "f", "{}"), "{\"role\":\"assistant\",\"content\":\"af{}\"}" },
    { "the call of a result", "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"}",
        "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"1\"}" },
    { "a picture", "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"y\"}}]}" },
    { "a picture or none",
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\"}]}",
        "{\"role\":\"user\",\"content\":\"a\"}" },
    { "what is no JSON", "{", "[" },
};

static void one_saying_has_one_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        struct digest one = key_of(same[i].one), other = key_of(same[i].other);
        if (!hash_equal(&one, &other))
            fail_msg("%s", same[i].name);
    }
}

static void two_sayings_have_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(different); i++) {
        struct digest one = key_of(different[i].one), other = key_of(different[i].other);
        if (hash_equal(&one, &other))
            fail_msg("%s", different[i].name);
    }
}

/* The reply as it was handed out, and the request that brings it back. */
static void the_echo_of_a_reply_has_its_key(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, false);
    struct protocol_said said;
    struct str bytes = STR("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\" hi "
                           "\\u00e9\",\"tool_calls\":"
                           "[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                           "\"arguments\":\"{ \\\"x\\\": "
                           "2.50}\"}}]}}]}");
    assert_int_equal(protocol_reply_feed(reply, bytes, NULL), 0);
    assert_int_equal(protocol_reply_end(reply, &arena, &said, NULL), 0);
    struct digest key = protocol_key(said.chat, &arena);
    struct protocol_request *request;
    struct str body = STR("{\"messages\":[{\"role\":\"assistant\",\"content\":\"hi "
                          "\xc3\xa9\",\"tool_calls\":[{\"type\":"
                          "\"function\",\"id\":\"a\",\"function\":{\"arguments\":\"{\\\"x\\\":2.5}"
                          "\",\"name\":\"f\"}}],"
                          "\"function_call\":null}]}");
    assert_int_equal(protocol_request_read(&request, PROTOCOL_CHAT, body, &arena, NULL), 0);
    assert_true(hash_equal(&key, &protocol_request_view(request)->messages[0].key));
    protocol_reply_free(reply);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_saying_has_one_key),
        cmocka_unit_test(two_sayings_have_two),
        cmocka_unit_test(the_echo_of_a_reply_has_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
