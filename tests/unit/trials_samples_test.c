/* trials_samples_test - recorded sessions of other agents: each figure was counted by a script over
 * the file, not by an importer. What was not mapped is told in full. */
#include "trials/import.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct figures {
    unsigned sessions, users, replies, errors; /* errors: failed model requests */
    unsigned calls, results, open, failed;
    unsigned over_4096; /* results of more bytes than that */
    size_t largest;     /* result */
};
static const struct row {
    const char *format, *file;
    struct figures want;
    const char *unmapped; /* "kind n;", in the order in which they came */
} rows[] = {
    { "claude-code", "claude_code/4c2ddfdc-b619-4525-8d03-1950fb1b0257.jsonl.gz",
        { 1, 3, 7, 0, 6, 6, 0, 0, 0, 514 }, "line file-history-snapshot 6;" },
    { "claude-code", "claude_code/agent-36541525.jsonl.gz", { 1, 1, 1 }, "" },
    { "claude-code", "claude_code/incremental-subagents.agent-a485154.jsonl.gz",
        { 1, 1, 6, 0, 20, 20, 0, 1, 8, 15690 }, "line progress 1;" },
    { "claude-code", "claude_code/incremental-subagents.turn-2.jsonl.gz",
        { 1, 1, 11, 0, 14, 14, 0, 0, 3, 14319 },
        "line summary 1;line file-history-snapshot 2;block thinking 11;line system 2;" },
    { "claude-code", "claude_code/session-9eda1058.jsonl.gz", { 1, 4, 5, 0, 3, 3, 0, 1, 2, 26092 },
        "line file-history-snapshot 3;line summary 16;block thinking 4;line system 2;" },
    { "codex", "codex/rollout-2026-05-11T13-28-45-019e1695-0522-7c83-8b39-0dd379793f80.jsonl.gz",
        { 1, 3, 20, 0, 38, 38, 0, 1, 31, 40157 }, "list of tools 1;item reasoning 16;" },
    { "codex", "codex/codemie.turn-2.jsonl", { 1, 4, 2 },
        "event task_started 2;line turn_context 2;event user_message 2;event token_count 4;"
        "item reasoning 2;event agent_message 2;event task_complete 2;" },
    /* 391 calls: 373 with a result, 18 in replies that were aborted or failed. */
    { "openclaw", "openclaw/pi.large-session.jsonl.gz",
        { 1, 88, 430, 22, 373, 373, 0, 19, 10, 43253 },
        "line model_change 1;part of a failed reply text 7;call of a failed reply 18;"
        "line thinking_level_change 103;block thinking 1;reply behind a reply 1;" },
    { "gemini-cli", "gemini_cli/session-2025-12-01T21-45-5b959dae.json.gz",
        { 1, 3, 11, 0, 10, 10, 0, 0, 6, 13894 }, "thought 18;" },
    { "gemini-cli", "gemini_cli/session-2026-01-16T11-01-file-ops-37b7abef.json.gz",
        { 1, 5, 9, 0, 14, 14, 0, 0, 1, 4968 }, "" },
    { "swe-agent", "swe_agent/function_calling_simple.traj", { 1, 1, 5, 0, 5, 5, 0, 0, 0, 609 },
        "" },
    { "swe-agent", "swe_agent/marshmallow-1867.function_calling_replace.traj.gz",
        { 1, 1, 11, 0, 11, 11, 0, 0, 3, 9074 }, "trajectory 1;replay_config 1;submission 1;" },
    { "swe-agent", "swe_agent/pydicom__pydicom-1458.traj.gz", { 1, 13, 12 },
        "trajectory 1;submission 1;" },
    { "swe-agent", "swe_agent/mini-swe-agent.github_issue.traj.json", { 1, 11, 10 }, "" },
    { "swe-agent", "swe_agent/mini-swe-agent.local.traj.json", { 1, 3, 2 }, "" },
    { "openhands", "openhands/basic.json.gz", { 1, 1, 2, 0, 2, 1, 1, 0, 0, 3558 }, "" },
    { "openhands", "openhands/wrong_initial_state.json", { 1, 1, 4, 0, 4, 3, 1, 0, 0, 127 }, "" },
    { "openhands", "openhands/multi_swe_bench.output.jsonl.gz",
        { 3, 3, 105, 0, 105, 103, 2, 43, 9, 20740 },
        "action recall 3;observation recall 3;metadata 3;metrics 3;test_result 3;instance 3;"
        "observation error 2;" },
};

struct seen {
    struct figures is;
    struct kind {
        char name[80];
        unsigned count;
    } kinds[32];
    unsigned kinds_count;
};

static void count_calls(struct figures *is, const struct run *run)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        is->calls++;
        is->open += at.call->result < 0;
    }
}

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct figures *is = &((struct seen *)with)->is;
    struct run *run;
    assert_int_equal(import_run(&run, session, NULL, &arena, err), 0);
    is->sessions++;
    count_calls(is, run);
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        is->users += message->role == RUN_USER;
        is->replies += message->role == RUN_MODEL;
        is->errors += message->role == RUN_ERROR;
        if (message->role != RUN_RESULT)
            continue;
        assert_true(message->answers_message >= 0);
        is->results++;
        is->failed += session->failed[i];
        is->over_4096 += message->text.size > 4096;
        is->largest = message->text.size > is->largest ? message->text.size : is->largest;
    }
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    fail_msg("%s: %s", where, why);
}

static void on_unmapped(void *with, struct str kind)
{
    struct seen *seen = with;
    unsigned i = 0;
    while (i < seen->kinds_count && !str_equal(kind, str_of(seen->kinds[i].name)))
        i++;
    assert_in_range(i, 0, COUNT_OF(seen->kinds) - 1);
    if (i == seen->kinds_count)
        snprintf(seen->kinds[seen->kinds_count++].name, sizeof seen->kinds[i].name, "%.*s",
            (int)kind.size, kind.at);
    seen->kinds[i].count++;
}

static void print_figures(struct buf *out, const struct figures *is, const char *unmapped)
{
    buf_format(out, "{ %u, %u, %u, %u, %u, %u, %u, %u, %u, %zu }, %s", is->sessions, is->users,
        is->replies, is->errors, is->calls, is->results, is->open, is->failed, is->over_4096,
        is->largest, unmapped);
}

static void each_sample_has_its_figures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf is = { 0 }, want = { 0 }, kinds = { 0 };
        CLEANUP(mem_freep)
        char *path = mem_format("%s/tests/data/samples/%s", MOULT_SOURCE_DIR, rows[i].file);
        struct seen seen = { 0 };
        const struct import_sink sink = { &seen, on_session, on_skipped, on_unmapped };
        const struct import_options options = { .offered = -1 };
        assert_int_equal(import_format_find(rows[i].format)->read(path, &options, &sink, NULL), 0);
        for (unsigned k = 0; k < seen.kinds_count; k++)
            buf_format(&kinds, "%s %u;", seen.kinds[k].name, seen.kinds[k].count);
        print_figures(&is, &seen.is, kinds.at ? kinds.at : "");
        print_figures(&want, &rows[i].want, rows[i].unmapped);
        if (strcmp(is.at, want.at) != 0)
            fail_msg("%s: %s, not %s", rows[i].file, is.at, want.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_sample_has_its_figures) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
