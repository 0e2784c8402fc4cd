/* moult.json: what is accepted, what is refused and where; homes: found, registered, planted. */
#include "base/file.h"
#include "base/mem.h"
#include "wire/config.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    const char *name, *text;
    int want;          /* 0 or the code */
    const char *where; /* part of err.where */
    const char *says;  /* part of err.text or err.hint */
} rows[] = {
    { "what init writes", config_default, 0, "", "" },
    { "an empty object", "{}", 0, "", "" },
    { "comments", "{ // x\n \"evolve\": { /* y */ } }", 0, "", "" },
    { "an unknown key", "{\n \"evolve\": {},\n \"evlove\": {} }", ERR_INPUT,
        "moult.json:3: $.evlove", "unknown key \"evlove\"" },
    { "an unknown key inside", "{\"evolve\": {\"autonomie\": 1}}", ERR_INPUT, "$.evolve.autonomie",
        "known here: autonomy" },
    { "a wrong type", "{\"models\": {}}", ERR_INPUT, "$.models", "list of models" },
    { "a key inline",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\",\"api_key\":\"sk-1\"}]}", ERR_INPUT,
        "$.models[0].api_key", "never the key itself" },
    { "two key sources",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\",\"api_key\":{\"env\":\"A\",\"file\":"
        "\"b\"}}]}",
        ERR_INPUT, "$.models[0]", "both" },
    { "a yes that is none", "{\"evolve\":{\"search\":{\"stock\":\"yes\"}}}", ERR_INPUT,
        "$.evolve.search.stock", "true or false" },
    { "what search has not", "{\"evolve\":{\"search\":{\"stocks\":true}}}", ERR_INPUT,
        "$.evolve.search.stocks", "known here: stock" },
    { "a word not allowed", "{\"evolve\":{\"autonomy\":\"always\"}}", ERR_INPUT,
        "$.evolve.autonomy", "off, observe, propose or auto" },
    { "a tier not allowed", "{\"sandbox\":{\"tier\":\"none\"}}", ERR_INPUT, "$.sandbox.tier",
        "strong" },
    { "a server without command", "{\"mcpServers\":{\"s\":{\"args\":[]}}}", ERR_INPUT,
        "$.mcpServers.s", "command" },
    { "a permission not known", "{\"tools\":{\"shell\":\"yes\"}}", ERR_INPUT, "$.tools.shell",
        "allow" },
    { "a tool's object without a permission", "{\"tools\":{\"a\":{\"idempotent\":true}}}",
        ERR_INPUT, "$.tools.a", "needs a permission" },
    { "idempotent is a yes or no", "{\"tools\":{\"a\":{\"permission\":\"ask\",\"idempotent\":1}}}",
        ERR_INPUT, "$.tools.a.idempotent", "true or false" },
    { "what the shell may reach and see",
        "{\"tools\":{\"shell\":{\"permission\":\"ask\",\"network\":[\"a.org\",\"loopback\"],"
        "\"mounts\":{\"/srv/a\":\"read\",\"/srv/b\":\"write\"}}}}",
        0, "", "" },
    { "a proposer that is a command",
        "{\"proposers\":{\"a-1\":{\"command\":[\"/bin/a\",\"b\"],\"mounts\":[\"/opt/a\"],"
        "\"model\":\"m\",\"seconds\":9,\"tokens\":5,\"usd\":0.5}},"
        "\"evolve\":{\"proposers\":[\"search\",\"command:a-1\"]},"
        "\"models\":[{\"name\":\"m\",\"provider\":\"openai\"}]}",
        0, "", "" },
    { "a proposer without a command", "{\"proposers\":{\"a\":{}}}", ERR_INPUT, "$.proposers.a",
        "absolute path" },
    { "a proposer's command by name", "{\"proposers\":{\"a\":{\"command\":[\"sh\"]}}}", ERR_INPUT,
        "$.proposers.a", "absolute path" },
    { "a proposer's name that is none", "{\"proposers\":{\"a b\":{\"command\":[\"/a\"]}}}",
        ERR_INPUT, "$.proposers.a b", "small letters" },
    { "a proposer's mount that is no path",
        "{\"proposers\":{\"a\":{\"command\":[\"/a\"],\"mounts\":[\"/a/../b\"]}}}", ERR_INPUT,
        "$.proposers.a", "absolute path" },
    { "a proposer's time without end",
        "{\"proposers\":{\"a\":{\"command\":[\"/a\"],\"seconds\":0}}}", ERR_INPUT,
        "$.proposers.a.seconds", "1 to 1700" },
    { "a proposer's model that is none",
        "{\"proposers\":{\"a\":{\"command\":[\"/a\"],\"model\":\"m\"}}}", ERR_INPUT, "$.proposers",
        "none of models[]" },
    { "a proposer that is not there", "{\"evolve\":{\"proposers\":[\"command:b\"]}}", ERR_INPUT,
        "$.evolve.proposers", "search, llm:ALIAS" },
    { "a proposer that is a model",
        "{\"models\":[{\"name\":\"m\",\"provider\":\"openai\"}],\"evolve\":{\"proposers\":"
        "[\"llm:m\"],\"llm\":{\"rounds\":9,\"tokens\":5,\"usd\":0.5,\"seconds\":9}}}",
        0, "", "" },
    { "who tries when",
        "{\"evolve\":{\"attempts\":5,\"proposers\":[\"search\",{\"name\":\"search\",\"when\":"
        "\"no_survivor\",\"budget\":{\"candidates\":9,\"seconds\":60,\"tokens\":5,\"usd\":0.5},"
        "\"cooldown\":604800}]}}",
        0, "", "" },
    { "a turn of nobody", "{\"evolve\":{\"proposers\":[{\"when\":\"first\"}]}}", ERR_INPUT,
        "$.evolve.proposers[0]", "who?" },
    { "a turn that is a number", "{\"evolve\":{\"proposers\":[7]}}", ERR_INPUT,
        "$.evolve.proposers[0]", "a list of names" },
    { "a turn at no time",
        "{\"evolve\":{\"proposers\":[{\"name\":\"search\",\"when\":\"never\"}]}}", ERR_INPUT,
        "$.evolve.proposers[0].when", "always, first or no_survivor" },
    { "a turn behind nobody",
        "{\"evolve\":{\"proposers\":[{\"name\":\"search\",\"when\":\"no_survivor\"}]}}", ERR_INPUT,
        "$.evolve.proposers[0]", "no_survivor of whom?" },
    { "a turn that cools down for ever",
        "{\"evolve\":{\"proposers\":[{\"name\":\"search\",\"cooldown\":604801}]}}", ERR_INPUT,
        "$.evolve.proposers[0].cooldown", "0 to 604800" },
    { "a turn's budget of something else",
        "{\"evolve\":{\"proposers\":[{\"name\":\"search\",\"budget\":{\"rounds\":1}}]}}", ERR_INPUT,
        "$.evolve.proposers[0].budget.rounds", "known here: candidates" },
    { "a turn of who is not there", "{\"evolve\":{\"proposers\":[{\"name\":\"llm:m\"}]}}",
        ERR_INPUT, "$.evolve.proposers", "an ALIAS of models" },
    { "a model that is none of the list", "{\"evolve\":{\"proposers\":[\"llm:m\"]}}", ERR_INPUT,
        "$.evolve.proposers", "an ALIAS of models" },
    { "a model that asks for ever", "{\"evolve\":{\"llm\":{\"rounds\":0}}}", ERR_INPUT,
        "$.evolve.llm.rounds", "1 to 200" },
    { "a command is no matter of a model", "{\"evolve\":{\"llm\":{\"command\":[]}}}", ERR_INPUT,
        "$.evolve.llm.command", "known here: rounds" },
    { "a network of another tool", "{\"tools\":{\"sh*\":{\"permission\":\"ask\",\"network\":[]}}}",
        ERR_INPUT, "$.tools.sh*.network", "known here: permission, idempotent" },
    { "a network in a word", "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"network\":\"none\"}}}", 0,
        "", "" },
    { "a host is in a list",
        "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"network\":\"example.org\"}}}", ERR_INPUT,
        "$.mcpServers.s.network", "or a list of" },
    { "a network of a number", "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"network\":[1]}}}",
        ERR_INPUT, "$.mcpServers.s.network[0]", "" },
    { "a mount that is no path",
        "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"mounts\":{\"a\":\"read\"}}}}", ERR_INPUT,
        "$.mcpServers.s.mounts.a", "absolute" },
    { "a mount that goes up",
        "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"mounts\":{\"/a/../b\":\"read\"}}}}", ERR_INPUT,
        "$.mcpServers.s.mounts", "absolute" },
    { "a mount without a word",
        "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"mounts\":{\"/a\":true}}}}", ERR_INPUT,
        "$.mcpServers.s.mounts", "read or write" },
    { "mounts in a list", "{\"mcpServers\":{\"s\":{\"command\":\"c\",\"mounts\":[\"/a\"]}}}",
        ERR_INPUT, "$.mcpServers.s.mounts", "an object of paths" },
    { "tcp without tokens", "{\"listen\":\n{\"tcp\":\"127.0.0.1:8400\"}}", ERR_INPUT,
        "moult.json:2: $.listen", "\"tokens\"" },
    { "tcp for everybody", "{\"listen\":{\"tcp\":\"0.0.0.0:8400\",\"tokens\":{\"file\":\"t\"}}}",
        ERR_INPUT, "$.listen.tcp", "this machine only" },
    { "tcp on an address that only begins like loopback",
        "{\"listen\":{\"tcp\":\"127.0.0.1.example.com:1\",\"tokens\":{\"file\":\"t\"}}}", ERR_INPUT,
        "$.listen.tcp", "this machine only" },
    { "tcp without an address", "{\"listen\":{\"tcp\":\":1\",\"tokens\":{\"file\":\"t\"}}}",
        ERR_INPUT, "$.listen.tcp", "this machine only" },
    { "tcp without a port", "{\"listen\":{\"tcp\":\"127.0.0.1\",\"tokens\":{\"file\":\"t\"}}}",
        ERR_INPUT, "$.listen.tcp", "ADDRESS:PORT" },
    { "a port that is none", "{\"listen\":{\"tcp\":\"[::1]:65536\",\"tokens\":{\"file\":\"t\"}}}",
        ERR_INPUT, "$.listen.tcp", "ADDRESS:PORT" },
    { "an address that is no web address",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\",\"base_url\":\"file:///etc\"}]}",
        ERR_INPUT, "$.models[0]", "http://" },
    { "what no member is called",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\",\"drop\":[\"seed\",\"a\\nb\"]}]}",
        ERR_INPUT, "$.models[0]", "drop names members" },
    { "two models of one name",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\"},\n"
        "{\"name\":\"a\",\"provider\":\"anthropic\"}]}",
        ERR_INPUT, "moult.json:2: $.models[1]", "one name" },
    { "responses of another provider",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"anthropic\",\"api\":\"responses\"}]}",
        ERR_INPUT, "$.models[0]", "openai" },
    { "a time that is no number",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\",\"timeouts_ms\":{\"idle\":-1}}]}",
        ERR_INPUT, "$.models[0].timeouts_ms.idle", "milliseconds" },
    { "a price below nothing",
        "{\"models\":[{\"name\":\"a\",\"provider\":\"openai\","
        "\"usd_per_million\":{\"input\":-0.5}}]}",
        ERR_INPUT, "$.models[0].usd_per_million.input", "dollars" },
    { "more money than there is", "{\"limits\":{\"usd\":1e300}}", ERR_INPUT, "$.limits.usd",
        "dollars" },
    { "a hook without a limit", "{\"limits\":{\"hook_cpu_ms\":0}}", ERR_INPUT,
        "$.limits.hook_cpu_ms", "100 to 600000" },
    { "a hook that may sleep for ever", "{\"limits\":{\"hook_sleep_ms\":600001}}", ERR_INPUT,
        "$.limits.hook_sleep_ms", "100 to 600000" },
    { "a canary without turns", "{\"canary\":{\"share\":0}}", ERR_INPUT, "$.canary.share",
        "1 to 100" },
    { "a canary of more than all", "{\"canary\":{\"share\":101}}", ERR_INPUT, "$.canary.share",
        "1 to 100" },
    { "a rule that there is not", "{\"redact\":{\"off\":[\"emial\"]}}", ERR_INPUT,
        "$.redact.off[0]", "no rule" },
    { "an own rule without a name", "{\"redact\":{\"own\":[{\"text\":\"abc\"}]}}", ERR_INPUT,
        "$.redact.own[0]", "name" },
    { "an own rule with a built-in name",
        "{\"redact\":{\"own\":[{\"name\":\"email\",\"text\":\"abc\"}]}}", ERR_INPUT,
        "$.redact.own[0]", "built-in" },
    { "an own rule twice",
        "{\"redact\":{\"own\":[{\"name\":\"a\",\"text\":\"abc\"},"
        "{\"name\":\"a\",\"text\":\"abd\"}]}}",
        ERR_INPUT, "$.redact.own[1]", "one name" },
    { "an own rule that is short", "{\"redact\":{\"own\":[{\"name\":\"a\",\"text\":\"ab\"}]}}",
        ERR_INPUT, "$.redact.own[0]", "three printable" },
    { "an own rule that begins with a quote",
        "{\"redact\":{\"own\":[{\"name\":\"a\",\"text\":\"\\\"abc\"}]}}", ERR_INPUT,
        "$.redact.own[0]", "three printable" },
    { "an own prefix and nothing behind it",
        "{\"redact\":{\"own\":[{\"name\":\"a\",\"prefix\":\"abc\"}]}}", ERR_INPUT,
        "$.redact.own[0]", "`prefix` and `least`" },
    { "a swap at no known point", "{\"swap\":\"now\"}", ERR_INPUT, "$.swap", "step or turn" },
    { "a server whose name cannot be part of a tool's", "{\"mcpServers\":{\"a b\":{}}}", ERR_INPUT,
        "$.mcpServers", "letters" },
    { "a variable with '=' in its name",
        "{\"mcpServers\":{\"s\":{\"command\":\"x\",\"env\":{\"A=B\":\"1\"}}}}", ERR_INPUT,
        "$.mcpServers.s.env", "variable" },
    { "one key twice", "{\"models\":[],\n\"models\":[]}", ERR_INPUT,
        "moult.json:2: offset 26, $.models", "twice" },
    { "not JSON", "models = []", ERR_INPUT, "moult.json:1: offset 0", "not a value" },
    { "a string with a NUL", "{\"evolve\":{\"policy\":\"a\\u0000b\"}}", ERR_INPUT,
        "$.evolve.policy", "path" },
};

static void reads_configurations(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = { 0 };
        struct err err = { 0 };
        struct config config;
        int rc = config_parse(&config, str_of(rows[i].text), &arena, &err);
        if (rc != -rows[i].want || !strstr(err.where, rows[i].where) ||
            (!strstr(err.text, rows[i].says) && !strstr(err.hint, rows[i].says)))
            fail_msg(
                "%s: %d, \"%s\" at \"%s\" (%s)", rows[i].name, rc, err.text, err.where, err.hint);
        arena_done(&arena);
    }
}

static void reads_servers_and_models(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct config config;
    const char *text =
        "{\"models\":[{\"name\":\"main\",\"provider\":\"openai\",\"api_key\":{\"env\":\"K\"}}],"
        "\"mcpServers\":{\"store\":{\"command\":\"node\",\"args\":[\"a\",\"b\"],"
        "\"env\":{\"X\":\"1\"},\"timeouts_ms\":{\"start\":8,\"call\":9},\"optional\":true}},"
        "\"limits\":{\"steps\":7}}";
    assert_int_equal(config_parse(&config, str_of(text), &arena, NULL), 0);
    assert_int_equal(config.models_count, 1);
    assert_true(str_equal(config.models[0].key_env, STR("K")));
    assert_int_equal(config.servers_count, 1);
    assert_int_equal(config.servers[0].args_count, 2);
    assert_true(str_equal(config.servers[0].args[1], STR("b")));
    assert_true(str_equal(config.servers[0].env[0], STR("X=1")));
    assert_true(config.servers[0].start_ms == 8 && config.servers[0].call_ms == 9);
    assert_true(config.servers[0].optional);
    assert_int_equal(config.steps_max, 7);
    assert_true(config.hook_cpu_ms == 5000 && config.hook_sleep_ms == 10000);
    assert_true(str_equal(config.autonomy, STR("propose")));
    arena_done(&arena);
}

static void reads_what_the_service_may_do(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct err err = { 0 };
    struct config config;
    const char *text =
        "{\"models\":[{\"name\":\"main\",\"provider\":\"openai\",\"api\":\"responses\","
        "\"base_url\":\"https://models.example/v1\",\"proxy\":\"http://127.0.0.1:3128\","
        "\"ca_file\":\"/etc/ca.pem\",\"timeouts_ms\":{\"connect\":1,\"first_byte\":2,"
        "\"idle\":3,\"total\":4},\"usd_per_million\":{\"input\":0.25,\"output\":10},"
        "\"drop\":[\"stop\",\"text.format\"]}],"
        "\"limits\":{\"tokens\":5,\"seconds\":6,\"usd\":0.0000001,"
        "\"hook_cpu_ms\":700,\"hook_sleep_ms\":800},"
        "\"listen\":{\"tcp\":\"127.1.2.3:0\",\"tokens\":{\"file\":\"keys/t\"},"
        "\"passthrough\":true},\"swap\":\"turn\","
        "\"canary\":{\"share\":100,\"turns\":0,\"seconds\":1,\"failed\":3},"
        "\"redact\":{\"off\":[\"card\"],\"own\":[{\"name\":\"moon\",\"text\":\"Moonlight\"},"
        "{\"name\":\"acme\",\"prefix\":\"acme_\",\"least\":8}]},"
        "\"evolve\":{\"autonomy\":\"off\",\"agent_tools\":true,\"search\":{\"stock\":true},"
        "\"settle_seconds\":0,"
        "\"budget\":{\"rounds\":2}}}";
    if (config_parse(&config, str_of(text), &arena, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    const struct config_model *model = &config.models[0];
    assert_true(config.hook_cpu_ms == 700 && config.hook_sleep_ms == 800);
    assert_true(str_equal(model->api, STR("responses")));
    assert_true(str_equal(model->proxy, STR("http://127.0.0.1:3128")));
    assert_true(str_equal(model->ca_file, STR("/etc/ca.pem")));
    assert_int_equal(model->connect_ms, 1);
    assert_int_equal(model->first_byte_ms, 2);
    assert_int_equal(model->idle_ms, 3);
    assert_int_equal(model->total_ms, 4);
    assert_int_equal(model->usd_input, 250);
    assert_int_equal(model->usd_output, 10000);
    assert_int_equal(model->drop_count, 2);
    assert_true(str_equal(model->drop[1], STR("text.format")));
    assert_int_equal(config.tokens_max, 5);
    assert_int_equal(config.turn_seconds, 6);
    assert_int_equal(config.turn_usd, 1); /* not 0, which is "no limit" */
    assert_true(str_equal(config.listen.tcp, STR("127.1.2.3:0")));
    assert_true(str_equal(config.listen.tokens_file, STR("keys/t")));
    assert_true(config.listen.passthrough && config.swap_at_turn && config.agent_tools);
    assert_true(config.search_stock);
    assert_true(str_equal(config.autonomy, STR("off")));
    assert_int_equal(config.settle_seconds, 0);
    assert_true(config.canary.share == 100 && config.canary.turns == 0);
    assert_true(config.canary.seconds == 1 && config.canary.failed == 3);
    assert_int_equal(config.rounds_a_day, 2);
    assert_true(config.redact.off[REDACT_CARD] && !config.redact.off[REDACT_EMAIL]);
    assert_int_equal(config.redact.own_count, 2);
    assert_true(str_equal(config.redact.own[0].prefix, STR("Moonlight")));
    assert_int_equal(config.redact.own[1].least, 8);
    arena_done(&arena);
}

static void has_defaults_where_nothing_is_said(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct config config;
    assert_int_equal(config_parse(&config, STR("{}"), &arena, NULL), 0);
    assert_int_equal(config.settle_seconds, 5);
    assert_true(config.canary.share == 50 && config.canary.turns == 4);
    assert_true(config.canary.seconds == 2 && config.canary.failed == 0);
    assert_int_equal(config.rounds_a_day, 24);
    assert_false(
        config.search_stock || config.swap_at_turn || config.agent_tools || config.listen.tcp.at);
    assert_int_equal(config.turn_usd + config.tokens_max + config.turn_seconds, 0);
    arena_done(&arena);
}

static void keeps_tools_in_their_order(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        uint8_t permission;
        bool idempotent;
    } want[] = { { "shell", 1, false }, { "get_*", 0, true }, { "*", 2, false } };
    struct arena arena = { 0 };
    struct config config;
    const char *text = "{\"tools\":{\"shell\":\"ask\",\"get_*\":{\"permission\":\"allow\","
                       "\"idempotent\":true},\"*\":\"deny\"}}";
    assert_int_equal(config_parse(&config, str_of(text), &arena, NULL), 0);
    assert_int_equal(config.tools_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_true(str_equal(config.tools[i].pattern, str_of(want[i].pattern)));
        assert_int_equal(config.tools[i].permission, want[i].permission);
        assert_int_equal(config.tools[i].idempotent, want[i].idempotent);
    }
    arena_done(&arena);
}

static void keeps_grants_apart(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct config config;
    const char *text = "{\"tools\":{\"shell\":{\"permission\":\"ask\",\"network\":\"loopback\"}},"
                       "\"mcpServers\":{\"a\":{\"command\":\"c\",\"network\":[\"x.org\",\"*\"],"
                       "\"mounts\":{\"/r/w\":\"write\",\"/r\":\"read\"}},\"b\":{\"command\":\"c\","
                       "\"network\":\"none\"}}}";
    assert_int_equal(config_parse(&config, str_of(text), &arena, NULL), 0);
    assert_int_equal(config.tools[0].permission, 1);
    assert_int_equal(config.shell.network_count, 1);
    assert_true(str_equal(config.shell.network[0], STR("loopback")));
    assert_int_equal(config.shell.mounts_count, 0);
    const struct config_grant *grant = &config.servers[0].grant;
    assert_int_equal(grant->network_count, 2);
    assert_true(str_equal(grant->network[1], STR("*")));
    assert_int_equal(grant->mounts_count, 2);
    assert_true(str_equal(grant->mounts[1].path, STR("/r/w")));
    assert_true(!grant->mounts[0].write && grant->mounts[1].write);
    assert_int_equal(config.servers[1].grant.network_count, 0);
    arena_done(&arena);
}

static char base[] = "/tmp/moult-home-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    umask(022);
    return mkdtemp(base) && setenv("XDG_CONFIG_HOME", base, 1) == 0 && unsetenv("MOULT_HOME") == 0
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static void finds_only_registered_homes(void **state)
{
    (void)state;
    struct home home, found;
    struct err err = { 0 };
    CLEANUP(mem_freep) char *dir = mem_format("%s/home", base);
    CLEANUP(mem_freep) char *planted = mem_format("%s/planted", base);
    CLEANUP(mem_freep) char *copy = mem_format("cp -a %s %s", dir, planted);
    assert_int_equal(home_create(&home, dir, &err), 0);
    assert_int_equal(home_create(&home, dir, &err), -ERR_STATE);
    assert_int_equal(home_find(&found, dir, &err), 0);
    assert_string_equal(found.id, home.id);

    assert_int_equal(system(copy), 0);
    assert_int_equal(home_find(&found, planted, &err), -ERR_DENIED);
    assert_non_null(strstr(err.hint, "moult trust"));
    CLEANUP(mem_freep) char *inside = mem_format("%s/harness", planted);
    assert_int_equal(file_mkdirs(inside, 0700, NULL), 0);
    assert_int_equal(chdir(inside), 0);
    assert_int_equal(home_find(&found, NULL, &err), -ERR_DENIED);
    assert_int_equal(home_trust(&found, planted, &err), 0);
    assert_int_equal(home_find(&found, NULL, &err), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(home_find(&found, NULL, &err), -ERR_MISSING);
}

static void refuses_a_home_that_others_may_write(void **state)
{
    (void)state;
    struct home home;
    struct err err = { 0 };
    CLEANUP(mem_freep) char *dir = mem_format("%s/open", base);
    assert_int_equal(home_create(&home, dir, &err), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(home_find(&home, dir, &err), -ERR_DENIED);
}

static void a_split_key_is_kept(void **state)
{
    (void)state;
    struct home home;
    struct digest a, b;
    CLEANUP(mem_freep) char *dir = mem_format("%s/split", base);
    assert_int_equal(home_create(&home, dir, NULL), 0);
    assert_int_equal(home_split_key(&home, &a, NULL), 0);
    assert_int_equal(home_set_split_key(&home, STR("short"), NULL), -ERR_INPUT);
    char hex[DIGEST_HEX];
    memset(hex, 'a', 64);
    assert_int_equal(home_set_split_key(&home, (struct str){ hex, 64 }, NULL), 0);
    assert_int_equal(home_split_key(&home, &b, NULL), 0);
    assert_false(hash_equal(&a, &b));
    assert_int_equal(b.at[0], 0xaa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_configurations),
        cmocka_unit_test(reads_servers_and_models),
        cmocka_unit_test(reads_what_the_service_may_do),
        cmocka_unit_test(has_defaults_where_nothing_is_said),
        cmocka_unit_test(keeps_tools_in_their_order),
        cmocka_unit_test(keeps_grants_apart),
        cmocka_unit_test(finds_only_registered_homes),
        cmocka_unit_test(refuses_a_home_that_others_may_write),
        cmocka_unit_test(a_split_key_is_kept),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
