/* carry.c: of the calls that a frame mends, how many does the store really accept? */
#include "promote/carry.h"

#include "base/file.h"
#include "base/mem.h"
#include "sandbox_without.h"
#include "trials/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS_MAX = 512 };

static struct arena arena;
static struct err err;
static struct run *runs[RUNS_MAX];
static unsigned runs_count;

static struct run_tools *tools;

static int keep(void *with, const struct import_session *session, struct err *error)
{
    (void)with;
    assert_true(runs_count < RUNS_MAX);
    struct import_session copy = *session;
    copy.meta.at = arena_string(&arena, copy.meta.at, copy.meta.size);
    copy.messages = arena_copy(&arena, copy.messages, copy.messages_count * sizeof(struct str));
    for (uint32_t i = 0; i < copy.messages_count; i++)
        copy.messages[i].at = arena_string(&arena, copy.messages[i].at, copy.messages[i].size);
    copy.failed = arena_copy(&arena, copy.failed, copy.messages_count * sizeof(bool));
    return import_run(&runs[runs_count++], &copy, tools, &arena, error);
}

static const char *traces(const char *name)
{
    const char *whole = getenv("MOULT_TRACES");
    return arena_format(
        &arena, "%s/%s", whole ? whole : MOULT_SOURCE_DIR "/tests/data/traces", name);
}

static void read_runs(const char *name)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct import_sink sink = { .session = keep };
    runs_count = 0;
    assert_int_equal(file_read(traces("tau_retail_tools.json"), &text, 1 << 20, &err), 0);
    struct str bytes = { arena_string(&arena, text.at, text.size), text.size };
    assert_int_equal(run_tools_read(&tools, bytes, &arena, &err), 0);
    const struct import_options options = { .tools = tools, .offered = -1 };
    if (import_tau(traces(name), &options, &sink, &err) < 0)
        fail_msg("%s", err.text);
}

static const char *const store[] = { "node", MOULT_SOURCE_DIR "/examples/retail-store/server.mjs",
    NULL };

static struct carry_plan plan_of(const char *const *command)
{
    return (struct carry_plan){
        .tool = MOULT_BIN_DIR "/moult-tool",
        .command = command,
        .tier = SANDBOX_CONTAINER,
    };
}

static bool lacks_node(void)
{
    if (system("command -v node >/dev/null") == 0)
        return false;
    print_message("SKIPPED: node is not installed, so NO mended call was carried out\n");
    return true;
}

/* Of each run the first step that the frame mends, and all behind it. */
static unsigned add_all(struct carry_plan *plan, const struct detector *detector)
{
    unsigned count = 0;
    for (unsigned i = 0; i < runs_count; i++)
        for (uint32_t step = 0; step < runs[i]->steps_count; step++) {
            struct effects effects;
            if (detector->frame(runs[i], step, &effects, &arena) != 1)
                continue;
            carry_add(plan, runs[i], step, &effects, true, &arena);
            carry_add_later(plan, runs[i], step, detector, &arena);
            count++;
            break;
        }
    return count;
}

/* A call that names what the store does not have cannot be mended by its form. */
static unsigned count_known(const struct carry_plan *plan, const struct carry_result *result)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < plan->calls_count; i++)
        count += !str_equal(result->outcomes[i].text, STR("Error: order not found"));
    return count;
}

/* What the store says of every call that a detector's frame mends, in numbers. */
static const struct set {
    const char *file, *detector;
    struct figures {
        unsigned carried, ok, conditional, conditional_ok, failed, known;
    } shipped, whole; /* failed: a member twice, which is not sent; known: not "no such order" */
} sets[] = {
    { "llama31_8b", "string_for_array", { 21, 0, 5, 2, 0, 6 }, { 35, 1, 55, 8, 0, 24 } },
    { "qwen25_7b", "leak_tagged", { 65, 33, 516, 82, 6, 358 }, { 112, 52, 785, 132, 6, 574 } },
};

static void check_set(const struct set *set)
{
    struct carry_plan plan = plan_of(store);
    struct carry_result result;
    const struct figures *want = getenv("MOULT_TRACES") ? &set->whole : &set->shipped;
    read_runs(arena_format(&arena, "tau_retail_%s.jsonl.gz", set->file));
    unsigned with = add_all(&plan, detector_find(set->detector));
    if (carry_run(&result, &plan, &arena, &err) < 0)
        fail_msg("%s", err.text);
    unsigned known = count_known(&plan, &result);
    print_message("%s, %s: %u runs with a mended call; %u of %u first ones succeed; of %u later "
                  "ones, conditional, %u; %u are not sent, %u get another answer than that no "
                  "such order is known\n",
        set->file, set->detector, with, result.carried_ok, result.carried, result.conditional,
        result.conditional_ok, result.failed, known);
    assert_int_equal(result.diverged, 0);
    assert_int_equal(result.failed, want->failed);
    assert_int_equal(result.carried, with);
    assert_int_equal(with, want->carried);
    assert_int_equal(result.carried_ok, want->ok);
    assert_int_equal(result.conditional, want->conditional);
    assert_int_equal(result.conditional_ok, want->conditional_ok);
    assert_int_equal(known, want->known);
}

static void mended_calls_of_the_recorded_runs(void **state)
{
    (void)state;
    if (lacks_node())
        skip();
    for (size_t i = 0; i < COUNT_OF(sets); i++)
        check_set(&sets[i]);
}

static void the_same_without_namespaces(void **state)
{
    (void)state;
    if (lacks_node())
        skip();
    check_set(&sets[0]);
}

#define SAY(id, result) "echo '{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{" result "}}'\n"
#define HEAR "read -r line\n"
#define TEXT(id, text) HEAR SAY(id, "\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]")
#define BEGIN                                                                                      \
    HEAR SAY("1", "\"protocolVersion\":\"2025-06-18\",\"serverInfo\":{\"name\":\"s\"}")            \
        HEAR HEAR SAY("2", "\"tools\":[]")

/* A run: one call with a result, then the one that is mended. */
static const struct row {
    const char *name, *script;
    enum carry_end end;
    const char *text;
} rows[] = {
    { "the tool accepts it", BEGIN TEXT("3", "{ \\\"a\\\": 1 }") TEXT("4", "done"), CARRY_OK,
        "done" },
    { "the tool says no", BEGIN TEXT("3", "{\\\"a\\\":1.0}") TEXT("4", "Error: no"), CARRY_ERROR,
        "Error: no" },
    { "another world", BEGIN TEXT("3", "{\\\"a\\\":2}") TEXT("4", "done"), CARRY_DIVERGED, "" },
    { "it dies at the mended call", BEGIN TEXT("3", "{\\\"a\\\":1}") HEAR "exit 1\n", CARRY_FAILED,
        "the server ended with exit code 1" },
    { "it dies before", "exit 1\n", CARRY_FAILED, "the server ended with exit code 1" },
    { "it hangs", BEGIN "sleep 100\n", CARRY_FAILED, "the server did not answer in time" },
    { "it talks", "echo hello\n", CARRY_FAILED, "hello" },
};

#define CALL(id, args)                                                                             \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" id                       \
    "\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"" args "\"}}]}"

static struct run *small_run(void)
{
    static const char *const messages[] = {
        "{\"role\":\"user\",\"content\":\"hi\"}",
        CALL("a", "{\\n}"),
        "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"{\\\"a\\\": 1.0}\"}",
        CALL("b", "{}"),
        "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"Error\"}",
    };
    struct run *run = run_new(&arena);
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        if (run_add(run, str_of(messages[i]), false, &err) < 0)
            fail_msg("%s", err.text);
    run_seal(run);
    return run;
}

/* One mended call of that run. */
static int carry_one(struct carry_result *ret, struct carry_plan plan)
{
    struct effects_call call = { .name = STR("look"), .args = STR("{\"id\":\"1\"}") };
    struct effects effects = { .calls = &call, .calls_count = 1 };
    carry_add(&plan, small_run(), 1, &effects, true, &arena);
    assert_int_equal(plan.calls_count, 1);
    return carry_run(ret, &plan, &arena, &err);
}

static struct carry_result carry_script(const char *script, uint32_t call_ms)
{
    const char *const command[] = { "sh", "-c", script, NULL };
    struct carry_plan plan = plan_of(command);
    struct carry_result result;
    plan.call_ms = call_ms;
    if (carry_one(&result, plan) < 0)
        fail_msg("%s", err.text);
    return result;
}

static void only_what_was_carried_out_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        print_message("%s\n", row->name);
        struct carry_result result =
            carry_script(row->script, strstr(row->script, "sleep") ? 200 : 20000);
        print_message("  %s\n", result.outcomes[0].text.at);
        assert_int_equal(result.outcomes[0].end, row->end);
        assert_true(str_find(result.outcomes[0].text, str_of(row->text)) >= 0);
        assert_int_equal(result.carried, row->end == CARRY_OK || row->end == CARRY_ERROR);
        assert_int_equal(result.carried_ok, row->end == CARRY_OK);
        assert_int_equal(result.diverged, row->end == CARRY_DIVERGED);
        assert_int_equal(result.failed, row->end == CARRY_FAILED);
        assert_int_equal(result.conditional, 0);
    }
}

#define COUNTING                                                                                   \
    BEGIN "id=2; nth=0; while read -r line; do id=$((id+1)); nth=$((nth+1))\n"                     \
          "case $line in *'\"n\":2'*) exit 1 ;; esac\n"                                            \
          "echo '{\"jsonrpc\":\"2.0\",\"id\":'$id',\"result\":{\"content\":"                       \
          "[{\"type\":\"text\",\"text\":\"'$nth'\"}]}}'; done\n"

/* Which of its server's calls each mended one was: what reads shares a server, behind what writes
 * or went without an answer there is another. */
static const struct shared_row {
    const char *name;
    struct {
        const char *tool, *args, *want;
    } calls[4];
} shared_rows[] = {
    { "reads", { { "look", "{}", "1" }, { "look", "{}", "2" }, { "look", "{}", "3" } } },
    { "a write", { { "look", "{}", "1" }, { "put", "{}", "2" }, { "look", "{}", "1" } } },
    { "a tool that nobody knows", { { "fly", "{}", "1" }, { "look", "{}", "1" } } },
    { "one that kills",
        { { "look", "{}", "1" }, { "look", "{\"n\":2}", "the server ended with exit code 1" },
            { "look", "{}", "1" }, { "look", "{}", "2" } } },
    { "one without arguments",
        { { "look", "", "its arguments are no JSON" }, { "look", "{}", "1" } } },
};

static struct run *text_run(unsigned steps)
{
    static const char tools_text[] =
        "{\"tools\":[{\"name\":\"look\",\"write\":false,\"parameters\":{}},"
        "{\"name\":\"put\",\"write\":true,\"parameters\":{}}]}";
    struct run *run = run_new(&arena);
    struct run_tools *own;
    assert_int_equal(run_tools_read(&own, str_of(tools_text), &arena, &err), 0);
    run->tools = own;
    for (unsigned i = 0; i < steps; i++)
        assert_int_equal(
            run_add(run, STR("{\"role\":\"assistant\",\"content\":\"x\"}"), false, &err), 0);
    run_seal(run);
    return run;
}

static void servers_are_shared_while_nothing_changed(void **state)
{
    (void)state;
    const char *const command[] = { "sh", "-c", COUNTING, NULL };
    for (size_t i = 0; i < COUNT_OF(shared_rows); i++) {
        const struct shared_row *row = &shared_rows[i];
        struct carry_plan plan = plan_of(command);
        struct run *run = text_run(COUNT_OF(row->calls));
        struct carry_result result;
        print_message("%s\n", row->name);
        for (uint32_t k = 0; k < COUNT_OF(row->calls) && row->calls[k].tool; k++) {
            struct effects_call call = { .name = str_of(row->calls[k].tool),
                .args = str_of(row->calls[k].args) };
            struct effects effects = { .calls = &call, .calls_count = 1 };
            carry_add(&plan, run, k, &effects, k == 0, &arena);
        }
        if (carry_run(&result, &plan, &arena, &err) < 0)
            fail_msg("%s", err.text);
        for (uint32_t k = 0; k < plan.calls_count; k++)
            assert_string_equal(result.outcomes[k].text.at, row->calls[k].want);
    }
}

static void what_is_as_recorded_is_not_mended(void **state)
{
    (void)state;
    struct carry_plan plan = plan_of(store);
    struct effects_call calls[] = {
        { .name = STR("look"), .args = STR("{ }") },
        { .name = STR("look"), .args = STR("{\"a\":1}"), .denied = true },
        { .name = STR("look"), .args = STR("{\"a\":2}") },
        { .name = STR("look"), .args = STR("{\"a\":3}") },
    };
    struct effects effects = { .calls = calls, .calls_count = COUNT_OF(calls) };
    carry_add(&plan, small_run(), 1, &effects, true, &arena);
    assert_int_equal(plan.calls_count, 2);
    assert_int_equal(plan.calls[0].call, 2);
    assert_true(plan.calls[0].first && !plan.calls[1].first);
}

static void a_server_that_is_not_there(void **state)
{
    (void)state;
    const char *const commands[][2] = { { "/nowhere/server" }, { "no-such-server" } };
    struct carry_result result;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        assert_int_equal(carry_one(&result, plan_of(commands[i])), -ERR_LACKS);
        assert_non_null(strstr(err.text, commands[i][0]));
    }
}

#define GOOD BEGIN TEXT("3", "{\\\"a\\\":1}") TEXT("4", "done")

static char folder[] = "/tmp/moult-carry.XXXXXX";

static const char *put(const char *name, const char *text)
{
    const char *path = arena_format(&arena, "%s/%s", folder, name);
    assert_int_equal(file_write(path, str_of(text), 0755, &err), 0);
    return path;
}

/* What stands beside the server is there; a file elsewhere and our own environment are not. */
static void sees_its_folder_and_no_more(enum sandbox_tier tier)
{
    assert_int_equal(file_mkdirs(arena_format(&arena, "%s/own", folder), 0755, &err), 0);
    const char *secret = put("secret", "s");
    put("own/beside", "b");
    const char *server = put("own/server",
        arena_format(&arena,
            "#!/bin/sh\n(read -r x <%s) 2>&- && exit 7\n[ \"$OURS\" ] && exit 8\n[ \"$THEIRS\" ] "
            "|| exit 9\n"
            "[ -e \"${0%%/*}/beside\" ] || exit 10\necho x 2>&- >\"${0%%/*}/beside\" && exit "
            "11\n" GOOD,
            secret));
    const char *link = arena_format(&arena, "%s/link", folder);
    unlink(link);
    assert_int_equal(symlink(server, link), 0);
    const char *const env[] = { "THEIRS=1", NULL };
    const char *const commands[][3] = { { server }, { "sh", server }, { link } };
    setenv("OURS", "1", 1);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct carry_plan plan = plan_of(commands[i]);
        struct carry_result result;
        plan.env = env;
        if (carry_one(&result, plan) < 0)
            fail_msg("%s; %s", err.text, err.hint);
        assert_string_equal(result.outcomes[0].text.at, "done");
        assert_true(result.layers & LAYER_BIT(LAYER_SECCOMP));
        assert_int_equal(result.tier, tier);
    }
}

static void a_server_sees_its_folder_and_no_more(void **state)
{
    (void)state;
    assert_true(mkdtemp(folder) && chmod(folder, 0755) == 0);
    sees_its_folder_and_no_more(SANDBOX_STRONG);
}

static void nor_does_it_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    sees_its_folder_and_no_more(SANDBOX_CONTAINER);
}

static void a_server_that_would_see_too_much(void **state)
{
    (void)state;
    const char *const command[] = { put("server", "#!/bin/sh\n" GOOD), NULL };
    const char *const slash[] = { "sh", "/", NULL };
    struct carry_result result;
    assert_int_equal(carry_one(&result, plan_of(command)), 0);
    setenv("HOME", folder, 1);
    assert_int_equal(carry_one(&result, plan_of(command)), -ERR_DENIED);
    assert_int_equal(carry_one(&result, plan_of(slash)), -ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mended_calls_of_the_recorded_runs),
        cmocka_unit_test(only_what_was_carried_out_counts),
        cmocka_unit_test(servers_are_shared_while_nothing_changed),
        cmocka_unit_test(what_is_as_recorded_is_not_mended),
        cmocka_unit_test(a_server_that_is_not_there),
        cmocka_unit_test(a_server_sees_its_folder_and_no_more),
        cmocka_unit_test(a_server_that_would_see_too_much),
        cmocka_unit_test(nor_does_it_without_namespaces),
        cmocka_unit_test(the_same_without_namespaces),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    file_remove_tree(folder, NULL);
    arena_done(&arena);
    return rc;
}
