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
    { "a word not allowed", "{\"evolve\":{\"autonomy\":\"always\"}}", ERR_INPUT,
        "$.evolve.autonomy", "observe, propose or auto" },
    { "a tier not allowed", "{\"sandbox\":{\"tier\":\"none\"}}", ERR_INPUT, "$.sandbox.tier",
        "strong" },
    { "a server without command", "{\"mcpServers\":{\"s\":{\"args\":[]}}}", ERR_INPUT,
        "$.mcpServers.s", "command" },
    { "a permission not known", "{\"tools\":{\"shell\":\"yes\"}}", ERR_INPUT, "$.tools.shell",
        "allow" },
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
        "\"env\":{\"X\":\"1\"}}},\"limits\":{\"steps\":7}}";
    assert_int_equal(config_parse(&config, str_of(text), &arena, NULL), 0);
    assert_int_equal(config.models_count, 1);
    assert_true(str_equal(config.models[0].key_env, STR("K")));
    assert_int_equal(config.servers_count, 1);
    assert_int_equal(config.servers[0].args_count, 2);
    assert_true(str_equal(config.servers[0].args[1], STR("b")));
    assert_true(str_equal(config.servers[0].env[0], STR("X=1")));
    assert_int_equal(config.steps_max, 7);
    assert_true(str_equal(config.autonomy, STR("propose")));
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
        cmocka_unit_test(finds_only_registered_homes),
        cmocka_unit_test(refuses_a_home_that_others_may_write),
        cmocka_unit_test(a_split_key_is_kept),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
