/* Any bytes as a session log of each agent: refused, or sessions that can be read back
 * and redacted. The first byte says which; what follows is a file of lines. */
#include "trials/import.h"
#include "trials/redact.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_session(void *with, const struct import_session *given, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct import_session session = *given;
    struct run *run;
    assert(session.messages_count > 0 && session.group.size > 0);
    assert(import_run(&run, &session, NULL, &arena, err) == 0);
    if (import_redact(&session, with, STR("key"), &arena, err) == 0)
        assert(import_run(&run, &session, NULL, &arena, err) == 0);
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    assert(*where && *why);
}

static void on_unmapped(void *with, struct str kind)
{
    (void)with;
    assert(kind.size > 0 && kind.size < 80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const agents[] = { "claude-code", "codex", "openclaw", "gemini-cli",
        "swe-agent", "openhands" };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    const struct import_sink sink = { redact, on_session, on_skipped, on_unmapped };
    const struct import_options options = { .offered = -1 };
    char path[40];
    if (size == 0)
        return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct import_format *format = import_format_find(agents[data[0] % COUNT_OF(agents)]);
    assert(format->read(path, &options, &sink, NULL) == 0);
    close(fd);
    return 0;
}
