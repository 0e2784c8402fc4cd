/* trials_export_test - what goes out as ATIF comes in again whole: every shipped run, and calls
 * that have no ids, or the same one. */
#include "trials/export.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/import.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* What a run says, without the ids of its calls: which result answers which call is in it. */
static void tell(struct buf *out, const struct run *run)
{
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        buf_format(
            out, "%u %d.%d ", message->role, message->answers_message, message->answers_call);
        json_quote(out, message->text);
        for (uint32_t k = 0; k < message->calls_count; k++) {
            json_quote(out, message->calls[k].name);
            json_quote(out, message->calls[k].args);
        }
        buf_char(out, '\n');
    }
}

struct told {
    struct buf exported; /* documents, one a line */
    struct buf *all;     /* what each session says */
    unsigned sessions;
};

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct told *told = with;
    struct run *run;
    struct journal_session out = { .meta = session->meta,
        .messages_count = session->messages_count };
    if (session->messages_count == 0) /* a trajectory has steps */
        return 0;
    out.messages = arena_alloc(&arena, (session->messages_count + 1) * sizeof *out.messages);
    for (uint32_t i = 0; i < session->messages_count; i++)
        out.messages[i].bytes = session->messages[i];
    int rc = import_run(&run, session, NULL, &arena, err);
    if (rc < 0)
        return rc;
    tell(told->all, run);
    told->sessions++;
    rc = export_atif(&told->exported, &out, &arena, err);
    buf_char(&told->exported, '\n');
    return rc;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    fail_msg("%s: %s", where, why);
}

static void read_all(struct told *told, import_file read, const char *path)
{
    const struct import_sink sink = { told, on_session, on_skipped, NULL };
    const struct import_options options = { .offered = -1 };
    struct err err;
    if (read(path, &options, &sink, &err) < 0)
        fail_msg("%s: %s", path, err.text);
}

static void goes_round(import_file read, const char *path)
{
    CLEANUP(buf_done) struct buf before = { 0 }, after = { 0 };
    struct told out = { .all = &before }, in = { .all = &after };
    char name[] = "/tmp/trials_export_test.XXXXXX.jsonl";
    int fd = mkstemps(name, 6);
    assert_true(fd >= 0);
    close(fd);
    read_all(&out, read, path);
    assert_int_equal(file_write(name, buf_view(&out.exported), 0600, NULL), 0);
    read_all(&in, import_atif, name);
    unlink(name);
    assert_int_equal(in.sessions, out.sessions);
    if (!str_equal(buf_view(&before), buf_view(&after)))
        fail_msg("%s: what comes in says something else", path);
    buf_done(&out.exported);
    buf_done(&in.exported);
}

static void each_shipped_run(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob(MOULT_SOURCE_DIR "/tests/data/traces/*.jsonl.gz", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        goes_round(import_tau, files.gl_pathv[i]);
    globfree(&files);
}

#define CALL(id, name)                                                                             \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"no object\"}}"
#define SAID(calls, results)                                                                       \
    "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":"    \
    "\"\",\"tool_calls\":[" calls "]}," results ",{\"role\":\"assistant\",\"content\":\"y\"}]}\n"
#define RESULT(rest) "{\"role\":\"tool\",\"content\":\"z" rest "\"}"
static const char odd[] =
    SAID(CALL("", "f") "," CALL("", "g"), RESULT("1\",\"name\":\"g") "," RESULT("2\",\"name\":\"f"))
        SAID(CALL("a", "f") "," CALL("a", "g"),
            RESULT("1\",\"tool_call_id\":\"a") "," RESULT("2\",\"tool_call_id\":\"a"));

static void calls_without_ids(void **state)
{
    (void)state;
    char name[] = "/tmp/trials_export_test.XXXXXX.jsonl";
    int fd = mkstemps(name, 6);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(name, str_of(odd), 0600, NULL), 0);
    goes_round(import_openai, name);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_without_ids),
        cmocka_unit_test(each_shipped_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
