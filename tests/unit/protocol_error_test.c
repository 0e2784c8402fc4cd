/* error.c and retry_after.c: what a provider's error means, how long it wants to be left alone, and
 * errors as each protocol's clients expect them. */
#include "base/mem.h"
#include "protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct error {
    const char *name;
    unsigned status;
    const char *body;
    enum protocol_error want;
} errors[] = {
    { "a bad key", 401, "", PROTOCOL_UNAUTHORIZED },
    { "no money", 402, "{}", PROTOCOL_UNAUTHORIZED },
    { "not allowed", 403, "<html>", PROTOCOL_UNAUTHORIZED },
    { "no such model", 404, "{\"error\":{\"code\":\"model_not_found\"}}", PROTOCOL_BAD_REQUEST },
    { "a mistake", 400, "{\"error\":{\"type\":\"invalid_request_error\"}}", PROTOCOL_BAD_REQUEST },
    { "not understood", 422, "", PROTOCOL_BAD_REQUEST },
    { "a redirect", 302, "", PROTOCOL_BAD_REQUEST },
    { "a request that took too long", 408, "", PROTOCOL_TIMEOUT },
    { "a gateway that waited too long", 504, "<html>", PROTOCOL_TIMEOUT },
    { "too many requests", 429, "", PROTOCOL_RATE_LIMIT },
    { "too many requests, a cut body", 429, "{\"error\":{\"mess", PROTOCOL_RATE_LIMIT },
    { "overloaded", 529,
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
        PROTOCOL_OVERLOADED },
    { "overloaded by its words", 500, "{\"error\":{\"type\":\"overloaded_error\"}}",
        PROTOCOL_OVERLOADED },
    { "not available", 503, "", PROTOCOL_OVERLOADED },
    { "broken", 500, "", PROTOCOL_SERVER },
    { "a bad gateway", 502, "<html>Bad gateway</html>", PROTOCOL_SERVER },
    { "a status of nobody", 999, "", PROTOCOL_SERVER },
    { "too long, OpenAI", 400, "{\"error\":{\"code\":\"context_length_exceeded\"}}",
        PROTOCOL_TOO_LONG },
    { "too long, compatible servers", 400,
        "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens\"}",
        PROTOCOL_TOO_LONG },
    { "too long, Anthropic", 400,
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is "
        "too "
        "long: 210000 tokens > 200000 maximum\"}}",
        PROTOCOL_TOO_LONG },
    { "too long, responses", 400,
        "{\"error\":{\"message\":\"Your input exceeds the context window of this model.\"}}",
        PROTOCOL_TOO_LONG },
    { "too large a body", 413, "", PROTOCOL_TOO_LONG },
    { "refused", 400, "{\"error\":{\"code\":\"content_filter\"}}", PROTOCOL_REFUSED },
    { "a call that the provider did not take", 400,
        "{\"error\":{\"code\":\"tool_use_failed\",\"failed_generation\":\"x\"}}",
        PROTOCOL_MALFORMED },
    { "an error that is a text", 400, "{\"error\":\"prompt is too long\"}", PROTOCOL_TOO_LONG },
    { "an error in a list", 429, "[{\"error\":{\"code\":429,\"message\":\"m\"}}]",
        PROTOCOL_RATE_LIMIT },
    { "a status in the code of a reply with 200", 200, "{\"error\":{\"code\":529}}",
        PROTOCOL_OVERLOADED },
    { "a code does not outrank the status", 401, "{\"error\":{\"code\":529}}",
        PROTOCOL_UNAUTHORIZED },
    { "odd kinds", 400, "{\"error\":{\"code\":{},\"type\":[],\"message\":7}}",
        PROTOCOL_BAD_REQUEST },
    { "an error that is a number", 500, "{\"error\":7}", PROTOCOL_SERVER },
    { "a body that is a number", 500, "7", PROTOCOL_SERVER },
    { "an empty list", 500, "[]", PROTOCOL_SERVER },
};

static void errors_have_a_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(errors); i++)
        for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
            enum protocol_error got =
                protocol_error_of(protocol, errors[i].status, str_of(errors[i].body));
            if (got != errors[i].want)
                fail_msg("%s: %d", errors[i].name, got);
        }
}

enum { NOW = 784111777 - 60 }; /* a minute before Sun, 06 Nov 1994 08:49:37 GMT */
static const struct wait {
    const char *name, *after, *after_ms;
    uint32_t want;
} waits[] = {
    { "nothing", "", "", 0 },
    { "seconds", "2", "", 2000 },
    { "blanks around", " 2\t", "", 2000 },
    { "parts of a second", "0.5", "", 500 },
    { "milliseconds", "", "1500", 1500 },
    { "milliseconds with parts", "", "1500.7", 1500 },
    { "milliseconds go first", "2", "10", 10 },
    { "milliseconds that are no number", "2", "soon", 2000 },
    { "zero", "0", "", 0 },
    { "a day at most", "86401", "", 86400000 },
    { "a number over all bounds", "99999999999999999999999999", "", 86400000 },
    { "a negative one", "-1", "", 0 },
    { "no decimal", "0x10", "", 0 },
    { "an exponent", "1e3", "", 0 },
    { "two points", "1.2.3", "", 0 },
    { "a point alone", ".", "", 0 },
    { "words", "soon", "", 0 },
    { "more than a field is long", "1111111111111111111111111111111111111111111111", "", 0 },
    { "the date of today", "Sun, 06 Nov 1994 08:49:37 GMT", "", 60000 },
    { "the date of RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", "", 60000 },
    { "the date of asctime", "Sun Nov  6 08:49:37 1994", "", 60000 },
    { "a date that is over", "Sun, 06 Nov 1994 08:40:37 GMT", "", 0 },
    { "a date of next year", "Mon, 06 Nov 1995 08:49:37 GMT", "", 86400000 },
    { "two digits of the century before", "Sunday, 06-Nov-45 08:49:37 GMT", "", 0 },
    { "a month of nobody", "Sun, 06 Foo 1994 08:49:37 GMT", "", 0 },
    { "the 32nd", "Sun, 32 Nov 1994 08:49:37 GMT", "", 0 },
    { "25 o'clock", "Sun, 06 Nov 1994 25:49:37 GMT", "", 0 },
    { "no GMT", "Sun, 06 Nov 1994 08:49:37", "", 0 },
    { "something behind", "Sun, 06 Nov 1994 08:49:37 GMT x", "", 0 },
};

static void waits_are_read_in_all_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        uint32_t got = protocol_retry_after(str_of(waits[i].after), str_of(waits[i].after_ms), NOW);
        if (got != waits[i].want)
            fail_msg("%s: %u", waits[i].name, got);
    }
    /* A clock from before the epoch's first second, and one that no calendar has. */
    assert_int_equal(
        protocol_retry_after(STR("Sun, 06 Nov 1994 08:49:37 GMT"), STR(""), 0), 86400000);
    assert_int_equal(
        protocol_retry_after(STR("Sun, 06 Nov 1994 08:49:37 GMT"), STR(""), UINT64_MAX / 2), 0);
}

static const struct shape {
    enum protocol protocol;
    unsigned status;
    const char *code, *want;
} shapes[] = {
    { PROTOCOL_CHAT, 401, "bad_token",
        "{\"error\":{\"message\":\"a \\\"b\\\"\",\"type\":\"authentication_error\",\"param\":null,"
        "\"code\":\"bad_token\"}}" },
    { PROTOCOL_RESPONSES, 429, "",
        "{\"error\":{\"message\":\"a \\\"b\\\"\",\"type\":\"rate_limit_error\",\"param\":null,"
        "\"code\":null}}" },
    { PROTOCOL_MESSAGES, 401, "bad_token",
        "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"a "
        "\\\"b\\\"\"}}" },
    { PROTOCOL_MESSAGES, 529, "",
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"a "
        "\\\"b\\\"\"}}" },
    { PROTOCOL_MESSAGES, 507, "",
        "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"a \\\"b\\\"\"}}" },
};
static const struct shape events[] = {
    { PROTOCOL_CHAT, 0, "cut",
        "data: {\"error\":{\"message\":\"a \\\"b\\\"\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":\"cut\"}}\n\n" },
    { PROTOCOL_RESPONSES, 0, "cut",
        "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"error\":{\"message\":\"a "
        "\\\"b\\\"\",\"type\":\"server_error\",\"param\":null,\"code\":\"cut\"}}\n\n" },
    { PROTOCOL_MESSAGES, 0, "cut",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"a "
        "\\\"b\\\"\"}}\n\n" },
    { PROTOCOL_MESSAGES, 0, "overloaded_error",
        "event: error\ndata: "
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":"
        "\"a \\\"b\\\"\"}}\n\n" },
};

static void errors_have_the_shape_of_their_protocol(void **state)
{
    (void)state;
    struct str message = STR("a \"b\"");
    struct buf out = { 0 };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        protocol_error_write(
            &out, shapes[i].protocol, shapes[i].status, str_of(shapes[i].code), message);
        assert_string_equal(out.at, shapes[i].want);
        buf_clear(&out);
    }
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        protocol_error_event(&out, events[i].protocol, str_of(events[i].code), message);
        assert_string_equal(out.at, events[i].want);
        buf_clear(&out);
    }
    buf_done(&out);
}

/* Neither a ping nor an error event reads as a reply; the error has a class again. */
static void what_is_written_into_a_stream_is_read_rightly(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
        struct protocol_reply *reply = protocol_reply_new(protocol, true);
        struct protocol_said said;
        struct buf out = { 0 };
        buf_str(&out, protocol_ping(protocol));
        buf_str(&out, protocol_ping(protocol));
        assert_int_equal(protocol_reply_feed(reply, buf_view(&out), NULL), 0);
        assert_false(protocol_reply_complete(reply));
        buf_clear(&out);
        protocol_error_event(&out, protocol, STR("overloaded_error"), STR("m"));
        assert_int_equal(protocol_reply_feed(reply, buf_view(&out), NULL), 0);
        assert_int_equal(protocol_reply_end(reply, &arena, &said, NULL), -ERR_PEER);
        assert_int_not_equal(said.error_class, PROTOCOL_NO_ERROR);
        protocol_reply_free(reply);
        buf_done(&out);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_a_class),
        cmocka_unit_test(waits_are_read_in_all_forms),
        cmocka_unit_test(errors_have_the_shape_of_their_protocol),
        cmocka_unit_test(what_is_written_into_a_stream_is_read_rightly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
