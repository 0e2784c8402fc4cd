/* trials_vary_test - the same run among other people: what a harness could mend in the
 * recordings that ship with the project, detectors find in each variant at the same places; and
 * what a patch could know by heart is another word. */
#include "trials/vary.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/detect.h"
#include "trials/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct err err;

/* --- a made run */

static const char *const tools =
    "{\"tools\":[{\"name\":\"get_order\",\"parameters\":{\"type\":\"object\",\"properties\":{"
    "\"order_id\":{\"type\":\"string\"},\"address1\":{\"type\":\"string\"},\"mode\":{\"enum\":["
    "\"sha256\"]}}}}]}";
#define SYSTEM "{\"role\":\"system\",\"content\":\"Orders look like #W1234567. Careful.\"}"
#define USER                                                                                       \
    "{\"role\":\"user\",\"content\":\"Order #W5442520, careful: item 12, Z\\u00fcrich\\n2024\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_77\",\"type\":"       \
    "\"function\",\"function\":{\"name\":\"get_order\",\"arguments\":\"{\\\"order_id\\\": "        \
    "\\\"#W0000000\\\", \\\"address1\\\": \\\"sha256\\\\n1024\\\", \\\"n\\\": 1024.50}\"}}]}"
#define RESULT                                                                                     \
    "{\"role\":\"tool\",\"tool_call_id\":\"call_77\",\"name\":\"get_order\",\"content\":\"Error: " \
    "429 for #W0000000, #W5442520 and #W1234567\"}"
static const char *const messages[] = { SYSTEM, USER, CALL, RESULT };

static struct run *made_run(void)
{
    struct run *run = run_new(&arena);
    struct run_tools *known;
    assert_int_equal(run_set_meta(run, STR("{\"group\":\"g\"}"), &err), 0);
    assert_int_equal(run_tools_read(&known, str_of(tools), &arena, &err), 0);
    run->tools = known;
    run->session = STR("s");
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        assert_int_equal(run_add(run, str_of(messages[i]), false, &err), 0);
    run_seal(run);
    return run;
}

static struct run *vary(const struct run *run, unsigned number)
{
    struct run *variant = NULL;
    if (run_vary(&variant, run, number, &arena, &err) < 0)
        fail_msg("%s", err.text);
    return variant;
}

static void has(const struct run *run, unsigned message, const char *text, bool wanted)
{
    if ((str_find(run->messages[message].bytes, str_of(text)) >= 0) != wanted)
        fail_msg("%s%s: %.*s", wanted ? "" : "not ", text, (int)run->messages[message].bytes.size,
            run->messages[message].bytes.at);
}

static void what_means_something_stays(void **state)
{
    (void)state;
    const struct run *run = made_run(), *variant = vary(run, 0);
    assert_string_equal(variant->messages[0].bytes.at, messages[0]);
    has(variant, 1, "item 12, ", false); /* a person's word, and a short number */
    has(variant, 1, " 12, Z\\u00fc", true);
    has(variant, 1, "\\n4357", true); /* 2024 */
    has(variant, 1, "careful", true); /* the system knows it */
    has(variant, 1, "\"role\":\"user\",\"content\":\"", true);
    has(variant, 2, "address1", true);  /* a member of the tool */
    has(variant, 2, "sha256", true);    /* a word of its schema */
    has(variant, 2, "\\\\n3357", true); /* behind an escape of JSON in JSON */
    has(variant, 2, ": 3357.50}", true);
    has(variant, 3, "Error: 429 for ", true);
    has(variant, 3, "#W1234567", true); /* the system knows it */
    assert_true(variant->messages[3].failed);
    assert_string_equal(variant->session.at, "s ~0");
    assert_true(str_equal(variant->group, STR("g")));
}

static void what_was_equal_stays_equal(void **state)
{
    (void)state;
    const struct run *run = made_run();
    for (unsigned i = 0; i < VARY_COUNT; i++) {
        const struct run *variant = vary(run, i);
        const struct run_call *call = &variant->messages[2].calls[0];
        char id[40];
        has(variant, 2, "W0000000", false);
        has(variant, 1, "W5442520", false);
        assert_int_equal(call->result, 3);
        assert_non_null(call->value);
        struct str order = json_string(&arena, json_get(call->value, "order_id"));
        snprintf(id, sizeof id, "for %.*s,", (int)order.size, order.at);
        has(variant, 3, id, true);
        for (unsigned k = 0; k < i; k++)
            assert_false(hash_equal(&call->key, &vary(run, k)->messages[2].calls[0].key));
        /* Twice the same. */
        assert_true(str_equal(variant->messages[1].bytes, vary(run, i)->messages[1].bytes));
    }
}

static void a_run_without_words_has_no_variant(void **state)
{
    (void)state;
    struct run *run = run_new(&arena);
    assert_int_equal(run_add(run, STR("{\"role\":\"user\",\"content\":\"hi 7\"}"), false, &err), 0);
    run_seal(run);
    assert_null(vary(run, 0));
}

/* --- recordings */

struct hits {
    struct detect_hit list[4096];
    unsigned count;
};
struct reading {
    const struct run_tools *tools;
    unsigned runs, unvaried, compared;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct hits *hits = with;
    assert_true(hits->count < COUNT_OF(hits->list));
    hits->list[hits->count++] = *hit;
}

static void compare_hits(const struct run *run, const struct run *variant, unsigned row)
{
    static struct hits a, b;
    a.count = b.count = 0;
    detectors[row].find(run, on_hit, &a);
    detectors[row].find(variant, on_hit, &b);
    bool same = a.count == b.count;
    for (unsigned i = 0; same && i < a.count; i++)
        same = a.list[i].step == b.list[i].step && a.list[i].call == b.list[i].call;
    if (!same)
        fail_msg("%.*s: %s: %u hits and %u", (int)run->session.size, run->session.at,
            detectors[row].id, a.count, b.count);
}

static int on_session(void *with, const struct import_session *session, struct err *why)
{
    struct reading *reading = with;
    CLEANUP(arena_done) struct arena own = { 0 };
    struct run *run, *variant = NULL;
    int rc = import_run(&run, session, reading->tools, &own, why);
    reading->runs++;
    for (unsigned i = 0; rc == 0 && i < VARY_COUNT; i++) {
        if ((rc = run_vary(&variant, run, i, &own, why)) < 0)
            break;
        reading->unvaried += !variant;
        assert_int_equal(variant ? variant->steps_count : run->steps_count, run->steps_count);
        /* Those whose failures a harness can mend; some others read what the person says. */
        for (unsigned row = 0; variant && row < detectors_count; row++)
            if (detectors[row].hook >= 0) {
                compare_hits(run, variant, row);
                reading->compared++;
            }
    }
    return rc;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    fail_msg("%s: %s", where, why);
}

static void failures_stay_in_every_recording(void **state)
{
    static const char folder[] = MOULT_SOURCE_DIR "/tests/data/traces";
    static const char *const files[] = { "tau_retail_llama31_8b.jsonl.gz",
        "tau_retail_gpt41_l0.jsonl.gz", "tau_retail_qwen3_8b_react.jsonl.gz",
        "tau_retail_codeagent_0618.jsonl.gz", "tau2_retail_toolorchestra_gpt5.jsonl.gz",
        "tau_retail_qwen25coder_32b.jsonl.gz" };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct run_tools *known;
    struct reading reading = { 0 };
    (void)state;
    char *path = arena_format(&arena, "%s/tau_retail_tools.json", folder);
    assert_int_equal(file_read(path, &text, 16 << 20, NULL), 0);
    assert_int_equal(run_tools_read(&known, buf_view(&text), &arena, &err), 0);
    reading.tools = known;
    const struct import_options options = { .tools = known, .offered = -1 };
    const struct import_sink sink = { &reading, on_session, on_skipped };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        path = arena_format(&arena, "%s/%s", folder, files[i]);
        if (import_tau(path, &options, &sink, &err) < 0)
            fail_msg("%s: %s", path, err.text);
    }
    print_message("%u runs, %u variants without a change, %u comparisons\n", reading.runs,
        reading.unvaried, reading.compared);
    assert_true(reading.runs > 100);
    /* Code without a number in it, and a person of few words. */
    assert_true(reading.unvaried < VARY_COUNT * reading.runs / 20);
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_something_stays),
        cmocka_unit_test(what_was_equal_stays_equal),
        cmocka_unit_test(a_run_without_words_has_no_variant),
        cmocka_unit_test(failures_stay_in_every_recording),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
