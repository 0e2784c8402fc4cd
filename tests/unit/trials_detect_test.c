/* trials_detect_test - the census: every count of the detectors equals the one that was taken by an
 * independent script over the same recordings. On the set that ships with the project; on the whole
 * set when MOULT_TRACES names its folder. */
#include "trials/detect.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { ROWS_MAX = 96 };

struct count {
    unsigned occurrences, runs, solved; /* solved: of the runs */
    bool in_run;
};
enum total { MESSAGES, ASSISTANT, USER, CALLS, RESULTS, WRITES, WRITES_OK, SOLVED, TOTALS };
static const char *const total_words[TOTALS] = { "messages", "assistant", "user", "calls",
    "results", "writes", "writes_ok", "reward1" };
struct census {
    const struct run_tools *tools;
    struct count counts[ROWS_MAX];
    unsigned totals[TOTALS];
    unsigned row, runs, skipped;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct census *census = with;
    (void)hit;
    census->counts[census->row].occurrences++;
    census->counts[census->row].in_run = true;
}

static void add_totals(unsigned *totals, const struct run *run)
{
    struct run_at at;
    totals[MESSAGES] += run->messages_count;
    totals[SOLVED] += run->solved;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        totals[ASSISTANT] += run->messages[i].role == RUN_MODEL;
        totals[USER] += run->messages[i].role == RUN_USER;
        totals[RESULTS] += run->messages[i].role == RUN_RESULT;
    }
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        const struct run_tool *tool = run_tool_find(run, at.call->name);
        bool writes = tool && tool->write;
        totals[CALLS]++;
        totals[WRITES] += writes;
        totals[WRITES_OK] += writes && at.call->result >= 0 && !at.call->failed;
    }
}

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    struct census *census = with;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run;
    int status = import_run(&run, session, census->tools, &arena, err);
    if (status < 0)
        return status;
    census->runs++;
    for (census->row = 0; census->row < detectors_count; census->row++) {
        struct count *count = &census->counts[census->row];
        count->in_run = false;
        detectors[census->row].find(run, on_hit, census);
        count->runs += count->in_run;
        count->solved += count->in_run && run->solved;
    }
    add_totals(census->totals, run);
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    struct census *census = with;
    print_message("skipped %s: %s\n", where, why);
    census->skipped++;
}

/* A cell that the census has not says nothing (the one that ships has fewer). */
static bool differs(const char *of, const char *what, const struct json *row, unsigned got)
{
    const struct json *cell = json_get(row, what);
    if (!cell || json_int(cell, -1) == got)
        return false;
    print_message("%s %s: %u, the census has %d\n", of, what, got, (int)json_int(cell, -1));
    return true;
}

static unsigned compare_rows(const struct census *census, const struct json *want)
{
    unsigned wrong = 0, rows = 0;
    JSON_EACH(row, json_get(want, "signatures"))
    {
        const struct detector *detector = detector_named(row->key);
        if (!detector)
            fail_msg("no detector is called %.*s", (int)row->key.size, row->key.at);
        const struct count *count = &census->counts[detector - detectors];
        wrong += differs(detector->id, "occurrences", row, count->occurrences);
        wrong += differs(detector->id, "trajectories", row, count->runs);
        wrong += differs(detector->id, "reward1", row, count->solved);
        wrong += differs(detector->id, "reward0", row, count->runs - count->solved);
        rows++;
    }
    assert_true(rows >= 40);
    return wrong;
}

static unsigned compare(const struct census *census, const struct json *want)
{
    struct str file = json_string(NULL, json_get(want, "file"));
    unsigned wrong = compare_rows(census, want);
    for (unsigned i = 0; i < TOTALS; i++)
        wrong += differs("all", total_words[i], want, census->totals[i]);
    if (wrong > 0)
        print_message("in %.*s\n", (int)file.size, file.at);
    assert_int_equal(census->skipped, 0);
    assert_int_equal(census->runs, json_int(json_get(want, "trajectories"), -1));
    return wrong;
}

static const struct json *read_json(struct arena *arena, const char *folder, const char *name)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char *path = arena_format(arena, "%s/%s", folder, name);
    if (!file_exists(path))
        return NULL;
    assert_int_equal(file_read(path, &text, 16 << 20, NULL), 0);
    return json_read(
        arena, (struct str){ arena_string(arena, text.at, text.size), text.size }, NULL, NULL);
}

static void check_folder(const char *folder)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *tools_json = read_json(&arena, folder, "tau_retail_tools.json");
    const struct json *census_json = read_json(&arena, folder, "census.json");
    if (!census_json)
        census_json = read_json(&arena, folder, "retail_census.json");
    assert_non_null(tools_json);
    assert_non_null(census_json);
    struct run_tools *tools;
    struct err err;
    assert_int_equal(run_tools_read(&tools, tools_json->raw, &arena, &err), 0);
    unsigned wrong = 0;
    JSON_EACH(want, census_json)
    {
        struct census census = { .tools = tools };
        struct str file = json_string(&arena, json_get(want, "file"));
        const struct import_options options = { .tools = tools, .offered = -1 };
        const struct import_sink sink = { &census, on_session, on_skipped };
        const char *path = arena_format(&arena, "%s/%.*s", folder, (int)file.size, file.at);
        if (import_tau(path, &options, &sink, &err) < 0)
            fail_msg("%s: %s", path, err.text);
        wrong += compare(&census, want);
    }
    assert_int_equal(wrong, 0);
}

static void shipped_counts_equal_the_census(void **state)
{
    (void)state;
    check_folder(MOULT_SOURCE_DIR "/tests/data/traces");
}

static void all_counts_equal_the_census(void **state)
{
    (void)state;
    const char *folder = getenv("MOULT_TRACES");
    if (!folder)
        skip();
    check_folder(folder);
}

static void every_row_is_complete(void **state)
{
    (void)state;
    unsigned failures = 0;
    assert_true(detectors_count <= ROWS_MAX);
    for (unsigned i = 0; i < detectors_count; i++) {
        const struct detector *row = &detectors[i];
        assert_ptr_equal(detector_find(row->id), row);
        assert_non_null(row->summary);
        assert_non_null(row->find);
        assert_int_equal(row->hook >= 0, row->mendable != NULL || row->nothing != NULL);
        assert_int_equal(row->frame != NULL, row->suppressed != NULL);
        failures += row->hook >= 0;
        if (!row->nothing)
            continue;
        assert_null(row->mendable);
        assert_null(row->frame);
        assert_int_equal(row->benefit, BENEFIT_NONE);
    }
    assert_true(failures <= 64); /* each has a bit of its own (cluster.h, track.h) */
    assert_null(detector_find("no_such_detector"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(shipped_counts_equal_the_census),
        cmocka_unit_test(all_counts_equal_the_census),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
