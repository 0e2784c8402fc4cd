/* trials_detectors_test - each failure that the table names, in words and data: recordings where it
 * is found, with exactly the repair that its frame allows, and others that only look like it
 * (tests/data/detectors/). The reference page says the same as the table. */
#include "trials/cluster.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { HITS_MAX = 8 };

static struct str read_text(struct arena *arena, const char *path)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err err;
    if (file_read(path, &text, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    return (struct str){ arena_string(arena, text.at, text.size), text.size };
}

static const struct json *read_data(struct arena *arena, const char *name)
{
    struct err err;
    const char *path = arena_format(arena, MOULT_SOURCE_DIR "/tests/data/detectors/%s.json", name);
    const struct json *data = json_read(arena, read_text(arena, path), NULL, &err);
    if (!data)
        fail_msg("%s: %s", path, err.text);
    return data;
}

/* Rows as the journal gives them: [turn, ms, kind, data]. */
static void add_events(struct run *run, const struct json *list)
{
    JSON_EACH(item, list)
    {
        const struct json *ms = item + 2, *kind = ms + 1, *data = kind + 1;
        const struct journal_entry entry = { .ordinal = (uint32_t)json_int(item + 1, 0),
            .at_ms = (uint64_t)json_int(ms, 0),
            .kind = json_string(run->arena, kind),
            .data = data->raw };
        events_add(run, &entry, 1);
    }
}

/* Of a live session: whose turn each message is, and which of them a build wrote. */
static void add_turns(struct run *run, const struct json *of)
{
    uint32_t at = 0;
    JSON_EACH(turn, json_get(of, "turns"))
    {
        assert_true(at < run->messages_count);
        run->messages[at++].turn = (uint32_t)json_int(turn, 0);
    }
    JSON_EACH(place, json_get(of, "built"))
    run->messages[json_int(place, 0)].built = true;
}

static struct run *read_run(struct arena *arena, const struct json *of)
{
    struct run *run = run_new(arena);
    struct run_tools *tools;
    struct err err;
    assert_int_equal(run_tools_read(&tools, read_data(arena, "tools")->raw, arena, &err), 0);
    const struct json *meta = json_get(of, "meta");
    if (meta)
        assert_int_equal(run_set_meta(run, meta->raw, &err), 0);
    run->tools = tools;
    run->offered = true;
    run->flagged = json_bool(json_get(of, "flagged"), false);
    JSON_EACH(message, json_get(of, "messages"))
    if (run_add(run, message->raw, false, &err) < 0)
        fail_msg("%s", err.text);
    run_seal(run);
    add_turns(run, of);
    add_events(run, json_get(of, "events"));
    return run;
}

struct found {
    struct detect_hit at[HITS_MAX];
    unsigned count;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct found *found = with;
    assert_true(found->count < HITS_MAX);
    found->at[found->count++] = *hit;
}

/* The words of the file are matched against the frame's as effects are told. */
static void check_frame(const struct detector *detector, const struct run *run, uint32_t step,
    struct str want, struct arena *arena)
{
    CLEANUP(buf_done) struct buf said = { 0 };
    struct effects frame;
    assert_int_equal(detector->frame(run, step, &frame, arena), 1);
    effects_say(&said, &frame);
    assert_string_equal(said.at, arena_string(arena, want.at, want.size));
    assert_int_equal(detect_outcome(detector, run, step, &frame, arena), OUTCOME_RESOLVED);
    effects_recorded(&frame, run, step, arena);
    assert_int_equal(detect_outcome(detector, run, step, &frame, arena), OUTCOME_SAME);
}

static void check_hit(const struct detector *detector, const struct run *run,
    const struct detect_hit *hit, const struct json *want, struct arena *arena)
{
    const char *why = NULL;
    const struct json *frame = json_get(want, "frame"), *why_not = json_get(want, "why_not");
    assert_int_equal(hit->step, json_int(json_get(want, "step"), UINT32_MAX));
    assert_int_equal(hit->call, json_int(json_get(want, "call"), UINT32_MAX));
    assert_int_equal(detect_mendable(detector, run, hit, &why), frame != NULL);
    if (frame)
        check_frame(detector, run, hit->step, json_string(arena, frame), arena);
    else if (detector->nothing)
        assert_ptr_equal(why, detector->nothing);
    else
        assert_true(str_equal(json_string(arena, why_not), str_of(why)));
    if (!frame && detector->frame && detector->benefit != BENEFIT_NONE)
        assert_int_equal(detector->frame(run, hit->step, &(struct effects){ 0 }, arena), 0);
}

static void check_case(const struct detector *detector, const struct json *of, unsigned *hits,
    unsigned *frames, unsigned *alike)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct found found = { 0 };
    const struct run *run = read_run(&arena, of);
    struct str why = json_string(&arena, json_get(of, "why"));
    unsigned at = 0;
    print_message("%s: %.*s\n", detector->id, (int)why.size, why.at);
    detector->find(run, on_hit, &found);
    assert_int_equal(found.count, json_get(of, "hits")->count);
    JSON_EACH(want, json_get(of, "hits"))
    {
        *frames += json_get(want, "frame") != NULL;
        check_hit(detector, run, &found.at[at++], want, &arena);
    }
    *hits += found.count;
    *alike += found.count == 0 || json_get(json_get(of, "hits"), "frame") == NULL;
}

static void each_row_in_words_and_data(void **state)
{
    (void)state;
    for (unsigned i = 0; i < detectors_count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct detector *row = &detectors[i];
        unsigned hits = 0, frames = 0, alike = 0;
        if (row->hook < 0)
            continue;
        const struct json *data = read_data(&arena, row->id);
        assert_true(str_equal(json_string(&arena, json_get(data, "detector")), str_of(row->id)));
        assert_true(str_equal(json_string(&arena, json_get(data, "words")), str_of(row->summary)));
        JSON_EACH(of, json_get(data, "cases"))
        check_case(row, of, &hits, &frames, &alike);
        assert_true(hits > 0 && alike > 0);
        assert_int_equal(frames > 0, row->frame && row->benefit != BENEFIT_NONE);
    }
}

/* --- the page */

static bool on_line(struct str line, const char *format, const char *word)
{
    char text[256];
    snprintf(text, sizeof text, format, word);
    return str_find(line, str_of(text)) >= 0;
}

/* The line of the page whose first cell has the id; of several, the one that names a hook. */
static struct str line_of(struct str page, const char *id)
{
    struct str found = { 0 };
    for (size_t from = 0, at = 0; from < page.size; from = at + 1) {
        for (at = from; at < page.size && page.at[at] != '\n';)
            at++;
        struct str line = { page.at + from, at - from };
        if (!str_starts(line, STR("| `")))
            continue;
        struct str behind = { line.at + 2, line.size - 2 };
        ptrdiff_t end = str_find(behind, STR(" |"));
        struct str cell = { behind.at, end < 0 ? 0 : (size_t)end };
        if (on_line(cell, "`%s`", id))
            found = line;
    }
    return found;
}

static void the_page_says_what_the_table_says(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str page = read_text(&arena, MOULT_SOURCE_DIR "/docs/reference/detectors.md");
    for (unsigned i = 0; i < detectors_count; i++) {
        const struct detector *row = &detectors[i];
        struct str line = line_of(page, row->id);
        if (line.size == 0 && strncmp(row->id, "d_result_over_", 14) == 0)
            continue; /* a row with N in the number's place */
        print_message("%s: %.*s\n", row->id, (int)line.size, line.at);
        assert_true(line.size > 0);
        if (row->hook < 0)
            continue;
        assert_true(on_line(line, "| `%s` |", cluster_hook_words[row->hook]));
        assert_true(on_line(line, "| %s |", detect_benefit_words[row->benefit]));
        if (row->nothing)
            assert_true(on_line(line, "| %s |", row->nothing + strlen("nothing is proposed: ")));
        if (row->nothing)
            assert_true(on_line(line, "| %s |", row->summary));
    }
}

/* And nothing else: each id in a table's first cell is a row. */
static void the_page_names_no_other(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str page = read_text(&arena, MOULT_SOURCE_DIR "/docs/reference/detectors.md");
    char *line = arena_string(&arena, page.at, page.size);
    unsigned named = 0;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (strncmp(line, "| `", 3) != 0)
            continue;
        *strstr(line, " |") = '\0';
        for (char *id = strchr(line, '`'), *stop; id; id = strchr(stop + 1, '`')) {
            stop = strchr(id + 1, '`');
            assert_non_null(stop);
            struct str word = { id + 1, (size_t)(stop - id - 1) };
            print_message("%.*s\n", (int)word.size, word.at);
            assert_true(detector_named(word) || str_equal(word, STR("d_result_over_N")));
            named++;
        }
    }
    assert_true(named + 2 == detectors_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_in_words_and_data),
        cmocka_unit_test(the_page_says_what_the_table_says),
        cmocka_unit_test(the_page_names_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
