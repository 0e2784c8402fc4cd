/* host_json.c, tools.c, conversation.c: values, schemas, and which result answers which call. */
#include "worker/host.h"
#include "worker/tools.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct session session;
static moult_turn *turn;

static const char tools[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"find\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"n\":{\"type\":"
    "\"integer\"},\"how\":{\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null]},\"any\":{}},"
    "\"required\":[\"ids\"]}}},{\"name\":\"tight\",\"parameters\":{\"type\":\"object\","
    "\"properties\":"
    "{\"x\":{\"type\":\"number\"}},\"additionalProperties\":false}}]";

static int set_up(void **state)
{
    (void)state;
    session.worker = mem_zero(1, sizeof(struct worker));
    session.harness = &session.worker->harness;
    turn_begin(&session);
    turn = &session.turn.face;
    return tools_get(&session.tools, STR(tools), NULL);
}

static int tear_down(void **state)
{
    (void)state;
    tools_put(session.tools);
    arena_done(&session.turn.arena);
    conversation_done(&session.conversation);
    mem_freep(&session.worker);
    return 0;
}

static const moult_json *value(const char *text)
{
    return moult_parse(turn, moult_str(text), MOULT_STRICT);
}

static const struct fit {
    const char *tool, *key, *value;
    bool want;
} fits[] = {
    { "find", "", "{\"ids\":[\"1\"]}", true },
    { "find", "", "{}", false },
    { "find", "", "{\"ids\":[1]}", false },
    { "find", "", "{\"ids\":[],\"other\":1}", true },
    { "find", "", "{\"ids\":[],\"how\":\"c\"}", false },
    { "find", "", "[]", false },
    { "find", "ids", "[\"1\",\"2\"]", true },
    { "find", "ids", "\"[]\"", false },
    { "find", "n", "3", true },
    { "find", "n", "3.0", true },
    { "find", "n", "3.5", false },
    { "find", "n", "1e300", false },
    { "find", "n", "true", false },
    { "find", "how", "null", true },
    { "find", "how", "\"a\"", true },
    { "find", "how", "1", false },
    { "find", "any", "[{}]", true },
    { "find", "ghost", "1", false },
    { "ghost", "", "{}", false },
    { "tight", "", "{\"x\":1.5}", true },
    { "tight", "", "{\"x\":1,\"y\":2}", false },
};

static void values_fit_by_the_sessions_own_tools(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fits); i++) {
        const moult_schema *schema =
            moult_schema_of(turn, moult_str(fits[i].tool), moult_str(fits[i].key));
        if (moult_fits(turn, schema, value(fits[i].value)) != fits[i].want)
            fail_msg("%s.%s: %s", fits[i].tool, fits[i].key, fits[i].value);
    }
    assert_false(moult_fits(turn, NULL, value("1")));
}

static const char others[] =
    "[{\"type\":\"web_search\"},{\"type\":\"custom\",\"custom\":{\"name\":\"run\"}}]";

static void lists_of_tools_are_shared_and_checked(void **state)
{
    (void)state;
    struct tools *again, *none;
    struct err err;
    assert_int_equal(tools_get(&again, STR(tools), &err), 0);
    assert_ptr_equal(again, session.tools);
    tools_put(again);
    assert_int_equal(tools_get(&none, (struct str){ 0 }, &err), 0);
    assert_null(none);
    assert_int_equal(tools_get(&none, STR("{}"), &err), -ERR_INPUT);
    assert_int_equal(tools_get(&none, STR("[{\"name\":\"x\"}"), &err), -ERR_INPUT);
    /* What the provider carries out has no name; a custom tool has one and no schema. */
    assert_int_equal(tools_get(&again, STR(others), &err), 0);
    assert_int_equal(again->tools_count, 1);
    assert_true(str_equal(again->tools[0].name, STR("run")));
    tools_put(again);
}

static void values_are_walked_and_copied_with_a_change(void **state)
{
    (void)state;
    const moult_json *object =
        value("{\"a\": [1, {\"x\": 2}], \"b\\n\": \"t\\u00e9\", \"c\": 1.0}");
    const char *keys[] = { "a", "b\n", "c" };
    uint32_t count = 0;
    for (moult_it it = { 0 }; moult_each(turn, object, &it); count++) {
        assert_int_equal(it.index, count);
        assert_true(str_equal(host_str(it.key), str_of(keys[count])));
    }
    assert_int_equal(count, 3);
    assert_int_equal(moult_length(turn, object), 3);
    assert_int_equal(moult_length(turn, moult_get(turn, object, moult_str("a"))), 2);
    assert_int_equal(moult_length(turn, moult_get(turn, object, moult_str("b\n"))), 3);
    assert_int_equal(moult_kind(turn, moult_get(turn, object, moult_str("zz"))), MOULT_NOTHING);
    assert_true(str_equal(
        host_str(moult_text_of(turn, moult_get(turn, object, moult_str("c")))), STR("1.0")));
    const moult_json *set = moult_json_set(turn, object, moult_str("d"), value("[3]"));
    assert_true(str_equal(host_json(set)->raw,
        STR("{\"a\":[1, {\"x\": 2}],\"b\\n\":\"t\\u00e9\",\"c\":1.0,\"d\":[3]}")));
    const moult_json *dropped = moult_json_set(turn, value("{\"a\":1}"), moult_str("a"), NULL);
    assert_true(str_equal(host_json(dropped)->raw, STR("{}")));
    assert_null(moult_json_set(turn, value("[1]"), moult_str("a"), value("1")));
    moult_it nothing = { 0 };
    assert_false(moult_each(turn, value("3"), &nothing));
    assert_false(moult_each(turn, value("[]"), &nothing));
}

#define SAY(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define CALLED(id, name)                                                                           \
    "{\"id\":\"" id "\",\"function\":{\"name\":\"" name "\",\"arguments\":\"{}\"}}"
#define MODEL(calls) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"

static void add(const char *message, bool failed)
{
    struct err err;
    if (conversation_add(&session.conversation, str_of(message), failed, &err) < 0)
        fail_msg("%s: %s", message, err.text);
}

static void results_find_their_calls_and_lose_them_when_cut(void **state)
{
    (void)state;
    struct conversation *c = &session.conversation;
    conversation_cut(c, 0);
    add(SAY("hi"), false);
    add(MODEL(CALLED("1", "a") "," CALLED("2", "b") "," CALLED("3", "a")), false);
    add("{\"role\":\"tool\",\"tool_call_id\":\"2\",\"content\":\"x\"}", true);
    add("{\"role\":\"tool\",\"name\":\"a\",\"content\":\"y\"}", false);
    add("{\"role\":\"tool\",\"content\":\"z\"}", false);
    add("{\"role\":\"tool\",\"tool_call_id\":\"9\",\"content\":\"orphan\"}", false);
    assert_int_equal(c->calls[0].result, 3);
    assert_int_equal(c->calls[1].result, 2);
    assert_int_equal(c->calls[2].result, 4);
    assert_int_equal(c->messages[5].call, NONE);
    moult_it it = { 0 };
    assert_true(moult_msgs(turn, MOULT_RESULT | MOULT_ORPHANED, &it));
    assert_int_equal(it.index, 5);
    assert_false(moult_msgs(turn, MOULT_RESULT | MOULT_ORPHANED, &it));
    conversation_cut(c, 3);
    assert_int_equal(c->calls[0].result, NONE);
    assert_int_equal(c->calls[1].result, 2);
    assert_int_equal(c->calls_count, 3);
    assert_int_equal(
        conversation_replace(
            c, 2, STR("{\"role\":\"tool\",\"tool_call_id\":\"2\",\"content\":\"new\"}"), NULL),
        0);
    add("{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"y\"}", false);
    conversation_cut(c, 3);
    moult_it two = { 0 };
    assert_true(moult_msgs(turn, MOULT_RESULT, &two));
    assert_true(str_equal(host_str(two.text), STR("new")));
    conversation_cut(c, 1);
    assert_int_equal(c->calls_count, 0);
    conversation_cut(c, 0);
}

static void a_message_that_could_not_be_answered_is_refused_whole(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf long_id = { 0 };
    struct conversation *c = &session.conversation;
    buf_text(&long_id, "{\"role\":\"assistant\",\"tool_calls\":[" CALLED("1", "a") ",{\"id\":\"");
    for (int i = 0; i <= WIRE_TEXT_MAX; i++)
        buf_char(&long_id, 'x');
    buf_text(&long_id, "\",\"function\":{\"name\":\"a\"}}]}");
    assert_int_equal(conversation_add(c, buf_view(&long_id), false, NULL), -ERR_LIMIT);
    assert_int_equal(conversation_add(c, STR("{\"role\":\"wizard\"}"), false, NULL), -ERR_INPUT);
    assert_int_equal(conversation_add(c, STR("[]"), false, NULL), -ERR_INPUT);
    assert_int_equal(conversation_add(c, STR("{\"role\":"), false, NULL), -ERR_INPUT);
    assert_int_equal(c->count, 0);
    assert_int_equal(c->calls_count, 0);
}

static uint32_t past(const char *name, const char *args, uint32_t filter)
{
    struct call call = { .past = NONE };
    call_complete(&call, &session.turn.arena, str_of(name), str_of(args));
    return moult_past(turn, &call.face, filter);
}

static void the_past_is_counted_by_what_the_filter_names(void **state)
{
    (void)state;
    struct conversation *c = &session.conversation;
    conversation_cut(c, 0);
    add(SAY("hi"), false);
    for (int i = 0; i < 4; i++) {
        add(MODEL(CALLED("1", "a")), false);
        add("{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"x\"}", i >= 2);
        if (i == 1)
            add(SAY("go on"), false);
    }
    add(MODEL(CALLED("1", "b")), false);
    assert_int_equal(past("a", "{ }", MOULT_SAME_NAME | MOULT_SAME_ARGS), 4);
    assert_int_equal(past("a", "{}", MOULT_SAME_NAME | MOULT_FAILED), 2);
    assert_int_equal(past("a", "{}", MOULT_SAME_NAME | MOULT_FAILED | MOULT_IN_A_ROW), 2);
    assert_int_equal(past("a", "{}", MOULT_SAME_NAME | MOULT_IN_A_ROW), 0);
    assert_int_equal(past("a", "{}", MOULT_SAME_NAME | MOULT_THIS_TURN), 2);
    assert_int_equal(past("a", "{}", MOULT_SAME_NAME | MOULT_AGO), 2);
    assert_int_equal(past("c", "{}", MOULT_SAME_NAME | MOULT_AGO), 0);
    assert_int_equal(past("c", "{\"x\":1}", MOULT_SAME_ARGS), 0);
    assert_int_equal(past("c", "{}", MOULT_SAME_ARGS), 5);
    assert_int_equal(moult_past(turn, NULL, MOULT_SAME_NAME), 0);
    conversation_cut(c, 0);
}

static void texts_of_contents(void **state)
{
    (void)state;
    struct conversation *c = &session.conversation;
    add("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"image_"
        "url\"},"
        "{\"type\":\"text\",\"text\":\" two\"}]}",
        false);
    add("{\"role\":\"user\",\"content\":null}", false);
    moult_it it = { 0 };
    assert_true(moult_msgs(turn, MOULT_USER, &it));
    assert_true(str_equal(host_str(it.text), STR("one two")));
    assert_true(moult_msgs(turn, MOULT_USER, &it));
    assert_int_equal(it.text.size, 0);
    conversation_cut(c, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(values_fit_by_the_sessions_own_tools),
        TEST(lists_of_tools_are_shared_and_checked),
        TEST(values_are_walked_and_copied_with_a_change),
        TEST(results_find_their_calls_and_lose_them_when_cut),
        TEST(a_message_that_could_not_be_answered_is_refused_whole),
        TEST(the_past_is_counted_by_what_the_filter_names),
        TEST(texts_of_contents),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
