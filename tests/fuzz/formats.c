/* Any bytes as a file of each format: refused, or sessions that can be read back, redacted and
 * exported; what atif and moult write is read again. */
#include "trials/export.h"
#include "trials/import.h"
#include "trials/redact.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *with, const struct import_session *session, struct err *err)
{
    unsigned *sessions = with;
    (void)session;
    (void)err;
    ++*sessions;
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    (void)where;
    assert(*why);
}

static void on_unmapped(void *with, struct str kind)
{
    (void)with;
    assert(kind.size > 0 && kind.size < 80);
}

static void read_bytes(const char *format, struct str bytes, const struct import_sink *sink)
{
    char path[40];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    const struct import_options options = { .offered = -1 };
    assert(fd >= 0 && write(fd, bytes.at, bytes.size) == (ssize_t)bytes.size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert(import_format_find(format)->read(path, &options, sink, NULL) == 0);
    close(fd);
}

/* What is written for others is read as one session again. */
static void write_again(const struct journal_session *session, struct arena *arena)
{
    static const char *const readers[] = { "atif", "openai", "moult" };
    static const char *const writers[] = { "atif", "chat", "moult" };
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        unsigned sessions = 0;
        const struct import_sink sink = { &sessions, count, on_skipped, on_unmapped };
        assert(export_format_find(writers[i])->print(&out, session, arena, NULL) == 0);
        assert(!memchr(out.at, '\n', out.size));
        read_bytes(readers[i], buf_view(&out), &sink);
        assert(sessions == 1 || i == 1); /* errors alone are no chat */
    }
}

static int on_session(void *with, const struct import_session *given, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct import_session session = *given;
    struct run *run;
    assert(import_run(&run, &session, NULL, &arena, err) == 0);
    if (import_redact(&session, with, STR("key"), &arena, err) < 0)
        return 0;
    struct journal_message *messages =
        arena_alloc(&arena, (session.messages_count + 1) * sizeof *messages);
    for (uint32_t i = 0; i < session.messages_count; i++)
        messages[i].bytes = session.messages[i];
    struct journal_session kept = { .format = session.format,
        .origin = session.origin,
        .group = session.group,
        .meta = session.meta,
        .tools = session.tools,
        .messages = messages,
        .messages_count = session.messages_count };
    if (session.messages_count > 0)
        write_again(&kept, &arena);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = { "openai", "atif", "otlp", "moult" };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    const struct import_sink sink = { redact, on_session, on_skipped, on_unmapped };
    if (size > 0)
        read_bytes(formats[data[0] % COUNT_OF(formats)],
            (struct str){ (const char *)data + 1, size - 1 }, &sink);
    return 0;
}
