/* What an agent may ask about its harness, as the commands that come of it: nothing that it writes
 * becomes an option, and no call decides anything. */
#include "agent/command.h"

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name, *tool, *args;
    const char *want; /* program and words, or the refusal */
    const char *input;
    int rc;
} rows[] = {
    { "failures are the asker's", "harness_failures", "{}",
        "moult-trial failures --principal=alice", "", 0 },
    { "no arguments at all", "harness_failures", "", "moult-trial failures --principal=alice", "",
        0 },
    { "nobody asks for another's", "harness_failures", "{\"principal\":\"bob\"}",
        "harness_failures has no argument principal", "", -ERR_INPUT },
    { "the list", "harness_source", "{}", "moult-evolve plugins", "", 0 },
    { "a source", "harness_source", "{\"plugin\":\"router\"}",
        "moult-evolve plugins --source=router", "", 0 },
    { "a name that looks like an option", "harness_source", "{\"plugin\":\"--json\"}",
        "moult-evolve plugins --source=--json", "", 0 },
    { "a path", "harness_source", "{\"plugin\":\"../keys\"}", "plugin wants a plugin's name", "",
        -ERR_INPUT },
    { "a number", "harness_source", "{\"plugin\":7}", "plugin wants a plugin's name", "",
        -ERR_INPUT },
    { "a proposal is the agent's", "harness_propose",
        "{\"plugin\":\"router\",\"patch\":\"--- a\\n\",\"why\":\"go on\",\"cluster\":\"loop\"}",
        "moult-evolve propose --patch=- --by=agent --plugin=router --why=go on --cluster=loop",
        "--- a\n", 0 },
    { "a proposal that mends nothing", "harness_propose",
        "{\"plugin\":\"router\",\"patch\":\"x\",\"why\":\"y\"}",
        "cluster wants an id of harness_failures", "", -ERR_INPUT },
    { "who made it is not the agent's to say", "harness_propose",
        "{\"plugin\":\"router\",\"patch\":\"x\",\"why\":\"y\",\"cluster\":\"loop\",\"by\":"
        "\"hand\"}",
        "harness_propose has no argument by", "", -ERR_INPUT },
    { "two lines", "harness_propose",
        "{\"plugin\":\"router\",\"patch\":\"x\",\"why\":\"y\\nz\",\"cluster\":\"loop\"}",
        "why wants one line of at most 500 bytes", "", -ERR_INPUT },
    { "a NUL", "harness_propose",
        "{\"plugin\":\"router\",\"patch\":\"x\\u0000\",\"why\":\"y\",\"cluster\":\"loop\"}",
        "patch wants a unified diff of at most 128 KiB", "", -ERR_INPUT },
    { "one candidate", "harness_status", "{\"id\":\"0a1b2c\"}",
        "moult-evolve candidates --id=0a1b2c", "", 0 },
    { "no tool decides", "harness_approve", "{\"id\":\"0a1b2c\"}", "there is no such tool", "",
        -ERR_MISSING },
    { "no object", "harness_status", "[1]", "the arguments are no JSON object", "", -ERR_INPUT },
    { "no JSON", "harness_status", "{", "the arguments are no JSON object", "", -ERR_INPUT },
};

static void say(char *out, size_t size, const struct agent_command *command)
{
    int used = snprintf(out, size, "%s", command->program);
    for (unsigned i = 0; command->args[i]; i++)
        used += snprintf(out + used, size - (size_t)used, " %s", command->args[i]);
}

static void test_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct agent_command command = { 0 };
        struct err err = { 0 };
        char said[512];
        print_message("%s\n", rows[i].name);
        int rc = agent_command(&command, str_of(rows[i].tool), str_of(rows[i].args), STR("alice"),
            STR("agent"), &arena, &err);
        assert_int_equal(rc, rows[i].rc);
        if (rc == 0)
            say(said, sizeof said, &command);
        assert_string_equal(rc == 0 ? said : err.text, rows[i].want);
        assert_true(str_equal(command.input, str_of(rows[i].input)));
        assert_int_equal(command.proposes, rc == 0 && strstr(said, " propose ") != NULL);
    }
}

/* What the model is offered and what there is are the same. */
static void test_definitions(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    unsigned count = 0;
    (void)state;
    const struct json *root = json_read(&arena, str_of(agent_command_definitions), NULL, NULL);
    assert_true(json_is(root, JSON_ARRAY));
    JSON_EACH(tool, root)
    {
        struct str name = json_string(&arena, json_get(json_get(tool, "function"), "name"));
        assert_true(agent_command_known(name));
        count++;
    }
    assert_int_equal(count, 4);
    assert_false(agent_command_known(STR("harness_approve")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
