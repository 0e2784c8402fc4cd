/* cmd_import - moult import: recorded conversations of other harnesses into the journal.
 * Each run becomes a gateway session whose messages are claims: nobody here saw them happen. */
#include "trials/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "trials/import.h"
#include "wire/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_EVERY = 128, SKIPS_SHOWN = 1000, TOOLS_MAX = 4 << 20, FILES_MAX = 1024 };

struct import_work {
    struct journal *journal;
    const struct run_tools *tools;
    const char *file;
    struct buf skips; /* the list's inside, JSON */
    uint64_t skipped, sessions, turns, events, added, known;
    unsigned pending;
    char first_where[160], first_why[240];
    bool json;
};

static int flush(struct import_work *work, struct err *err)
{
    uint64_t added = 0, known = 0;
    int status = work->pending > 0 ? journal_flush(work->journal, &added, &known, err) : 0;
    if (status < 0)
        return status;
    work->added += added;
    work->known += known;
    work->pending = 0;
    return 0;
}

/* A turn begins with each message of the person. */
static struct journal_message *claims_of(const struct import_session *from, struct arena *arena)
{
    struct journal_message *messages =
        arena_alloc(arena, (from->messages_count + 1) * sizeof(*messages));
    uint32_t turn = 0;
    bool open = false;
    for (uint32_t i = 0; i < from->messages_count; i++) {
        bool user = from->user[i];
        turn += user && open;
        open |= user;
        messages[i] = (struct journal_message){ .turn = turn,
            .standing = JOURNAL_CLAIM,
            .failed = from->failed[i],
            .bytes = from->messages[i] };
    }
    return messages;
}

static int on_session(void *with, const struct import_session *from, struct err *err)
{
    struct import_work *work = with;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session session = { .gateway = true,
        .principal = STR("import"),
        .format = from->format,
        .source = str_of(work->file),
        .origin = from->origin,
        .group = from->group,
        .tools = work->tools ? work->tools->bytes : (struct str){ 0 },
        .offered = from->offered,
        .meta = from->meta,
        .messages_count = from->messages_count,
        .messages = claims_of(from, &arena) };
    int status = journal_add(work->journal, &session, err);
    if (status < 0)
        return status;
    work->sessions++;
    work->turns += from->turns;
    work->events += from->messages_count;
    verb_progress("%llu sessions", (unsigned long long)work->sessions);
    return ++work->pending < FLUSH_EVERY ? 0 : flush(work, err);
}

static void on_skipped(void *with, const char *where, const char *why)
{
    struct import_work *work = with;
    if (work->skipped++ == 0) {
        snprintf(work->first_where, sizeof(work->first_where), "%s", where);
        snprintf(work->first_why, sizeof(work->first_why), "%s", why);
    }
    if (work->skipped > SKIPS_SHOWN)
        return;
    buf_text(&work->skips, work->skips.size ? ",{\"where\":" : "{\"where\":");
    json_quote(&work->skips, str_of(where));
    buf_text(&work->skips, ",\"why\":");
    json_quote(&work->skips, str_of(why));
    buf_char(&work->skips, '}');
    if (!work->json) {
        char line[400];
        fprintf(stderr, "skipped %s: ", str_printable(line, sizeof(line), str_of(where), false));
        fprintf(stderr, "%s\n", str_printable(line, sizeof(line), str_of(why), false));
    }
}

static int read_tools(
    struct run_tools **ret, const char *path, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    int status = file_read(path, &text, TOOLS_MAX, err);
    if (status < 0)
        return status;
    struct str kept = { arena_string(arena, text.at ? text.at : "", text.size), text.size };
    status = run_tools_read(ret, kept, arena, err);
    if (status < 0) {
        char where[sizeof(err->where)];
        memcpy(where, err->where, sizeof(where));
        return err_where(err, "%.60s:%.50s", path, where);
    }
    return 0;
}

static int read_offered(int *ret, const char *word, struct err *err)
{
    *ret = !word ? -1 : strcmp(word, "yes") == 0 ? 1 : strcmp(word, "no") == 0 ? 0 : -2;
    return *ret == -2 ? err_set(err, ERR_USAGE, "--offered takes yes or no, not %.40s", word) : 0;
}

static void print(const struct import_work *work, const char *format)
{
    if (!work->json) {
        printf("%llu sessions, %llu turns, %llu messages", (unsigned long long)work->sessions,
            (unsigned long long)work->turns, (unsigned long long)work->events);
        printf(work->known ? " (%llu sessions were there already)\n" : "\n",
            (unsigned long long)work->known);
        return;
    }
    printf("{\"format\":\"%s\",\"sessions\":%llu,\"turns\":%llu,\"events\":%llu,\"known\":%llu,",
        format, (unsigned long long)work->sessions, (unsigned long long)work->turns,
        (unsigned long long)work->events, (unsigned long long)work->known);
    printf("\"skipped\":[%s],\"skipped_count\":%llu,\"redacted\":0}\n",
        work->skips.at ? work->skips.at : "", (unsigned long long)work->skipped);
}

static int import_files(struct import_work *work, const char *const *files, int count,
    const struct import_options *options, struct err *err)
{
    const struct import_sink sink = { work, on_session, on_skipped };
    for (int i = 0; i < count; i++) {
        const char *slash = strrchr(files[i], '/');
        work->file = slash ? slash + 1 : files[i];
        int status = import_tau(files[i], options, &sink, err);
        if (status < 0)
            return status;
    }
    int status = flush(work, err);
    if (status < 0 || work->sessions > 0 || work->skipped == 0)
        return status;
    err_set(err, ERR_INPUT, "nothing could be imported: %.200s", work->first_why);
    err_hint(err, "tau-bench and tau2-bench results are read, as .json, .jsonl or .jsonl.gz");
    return err_where(err, "%s", work->first_where);
}

static int run_import(const struct verb_call *call, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const char *args[FILES_MAX], *tools_path = NULL, *offered = NULL;
    const struct option options[] = {
        { "--tools", 0, OPTION_TEXT, "FILE", "schemas of the tools, where the traces have none",
            &tools_path },
        { "--offered", 0, OPTION_TEXT, "yes|no", "whether requests offered them natively",
            &offered },
        { 0 },
    };
    int count = verb_options(call, &verb_import, options, args, FILES_MAX, err);
    if (count < 0)
        return count;
    if (count < 2 || strcmp(args[0], "tau-bench") != 0) {
        err_set(err, ERR_USAGE,
            count < 2 ? "a format and at least one file are needed"
                      : "no format %.40s: tau-bench is known",
            args[0]);
        return err_hint(err, "usage: moult %s", verb_import.usage);
    }
    struct import_options how = { 0 };
    struct run_tools *tools = NULL;
    struct home home;
    int status = read_offered(&how.offered, offered, err);
    if (status >= 0 && tools_path)
        status = read_tools(&tools, tools_path, &arena, err);
    if (status >= 0)
        status = home_find(&home, call->dir, err);
    struct import_work work = { .tools = tools, .json = call->json };
    how.tools = tools;
    if (status >= 0)
        status = journal_open(&work.journal, &home, JOURNAL_IMPORT, err);
    if (status >= 0)
        status = import_files(&work, args + 1, count - 1, &how, err);
    if (status >= 0)
        print(&work, args[0]);
    journal_close(work.journal);
    buf_done(&work.skips);
    return status < 0 ? status : 0;
}

const struct verb verb_import = { "import", run_import, "import tau-bench [--tools FILE] FILE...",
    "foreign traces into the journal" };
