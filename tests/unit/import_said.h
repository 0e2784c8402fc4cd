/* import_said - what an importer hands on, as one line that a table can have: "group: role text
 * call(args) ...;" a session, "-where why;" what was skipped, "~kind;" what was not mapped. Roles
 * are s, u, a, t (t! failed) and e with its status (x: the person broke off). Groups that are
 * digests are cut to their word. */
#pragma once

#include "trials/import.h"

#include "base/file.h"
#include "base/mem.h"
#include "wire/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct seen {
    struct buf out;
    unsigned sessions;
};

static void put_message(struct buf *out, const struct run_message *message, bool failed)
{
    static const char *const roles[] = { "s", "u", "a", "t", "e" };
    buf_format(out, " %s%s", roles[message->role], failed ? "!" : "");
    if (message->role == RUN_ERROR)
        buf_format(out, "%u%s", message->error->status,
            strcmp(wire_error_words[message->error->class], "refused") == 0 ? "x" : "");
    if (message->tool_call_id.size > 0)
        buf_format(out, "<%.*s", (int)message->tool_call_id.size, message->tool_call_id.at);
    if (message->text.size > 0)
        buf_format(out, "=%.*s", (int)message->text.size, message->text.at);
    for (uint32_t i = 0; i < message->calls_count; i++) {
        const struct run_call *call = &message->calls[i];
        buf_format(out, ">%.*s:%.*s(%.*s)", (int)call->id.size, call->id.at, (int)call->name.size,
            call->name.at, (int)call->args.size, call->args.at);
    }
}

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct seen *seen = with;
    struct run *run;
    struct run_tools *tools = NULL;
    if (session->tools.size > 0)
        assert_int_equal(run_tools_read(&tools, session->tools, &arena, err), 0);
    assert_int_equal(import_run(&run, session, tools, &arena, err), 0);
    bool digest = str_starts(session->group, STR("project ")); /* of what a table cannot have */
    bool words = str_starts(session->group, STR("task ")) && session->group.size == 21;
    size_t size = digest ? 7 : words ? 4 : session->group.size;
    buf_format(&seen->out, "%.*s:", (int)size, session->group.at);
    for (uint32_t i = 0; i < run->messages_count; i++)
        put_message(&seen->out, &run->messages[i], session->failed[i]);
    buf_text(&seen->out, tools ? " +tools;" : ";");
    seen->sessions++;
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    struct seen *seen = with;
    const char *colon = strchr(where, ':');
    buf_format(&seen->out, "-%s %.24s;", colon ? colon + 1 : where + 3, why);
}

static void on_unmapped(void *with, struct str kind)
{
    struct seen *seen = with;
    buf_format(&seen->out, "~%.*s;", (int)kind.size, kind.at);
}

static char folder[64];

static const char *put(const char *name, struct str text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we"); /* not on the disk before it is read: there are thousands */
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static int read_file(const char *format, const char *path, struct seen *seen)
{
    const struct import_sink sink = { seen, on_session, on_skipped, on_unmapped };
    const struct import_options options = { .offered = -1 };
    struct err err = { 0 };
    return import_format_find(format)->read(path, &options, &sink, &err);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/moult-import-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}
