/* cmd_import - moult import: recorded conversations of other harnesses into the journal.
 * Each run becomes a gateway session whose messages are claims: nobody here saw them happen. */
#include "trials/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "trials/import.h"
#include "trials/import_known.h"
#include "trials/import_walk.h"
#include "trials/redact.h"
#include "wire/config.h"
#include "wire/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KINDS_MAX = 64,
    FLUSH_EVERY = 128,
    SKIPS_SHOWN = 1000,
    TOOLS_MAX = 4 << 20,
    FILES_MAX = 1024
};

struct import_work {
    struct journal *journal;
    struct redact *redact;
    struct digest key; /* of names that are cut */
    const struct run_tools *tools;
    const struct import_format *format;
    struct import_options options;
    struct known *there; /* sessions, by what they say */
    const char *file;
    struct buf skips; /* the list's inside, JSON */
    uint64_t files, skipped, sessions, turns, events, added, known, grown;
    unsigned pending;
    struct unmapped { /* the last one: all kinds that found no place */
        char kind[80];
        uint64_t count;
    } unmapped[KINDS_MAX];
    unsigned kinds;
    char first_where[160], first_why[240];
    bool json, newer;
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

static void count(struct import_work *work, const struct import_session *from)
{
    work->sessions++;
    work->turns += from->turns;
    work->events += from->messages_count;
    verb_progress_of(work->sessions, 0, "sessions");
}

static int on_session(void *with, const struct import_session *given, struct err *err)
{
    struct import_work *work = with;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct import_session cut = *given, *from = &cut;
    struct str key = { (const char *)work->key.at, sizeof work->key.at };
    struct err why = { 0 };
    if (import_redact(&cut, work->redact, key, &arena, &why) < 0) {
        on_skipped(work, work->file, why.text);
        return 0;
    }
    struct journal_session session = { .gateway = true,
        .principal = STR("import"),
        .format = from->format,
        .source = str_of(work->file),
        .origin = from->origin,
        .group = from->group,
        .tools = work->tools ? work->tools->bytes : from->tools,
        .offered = from->offered,
        .meta = from->meta,
        .messages_count = from->messages_count,
        .messages = claims_of(from, &arena) };
    enum known_as as = known_take(work->there, &session, work->format, work->newer);
    work->grown += as == KNOWN_GROWN;
    if (as == KNOWN_GROWN && !work->newer)
        return 0;
    count(work, from);
    work->known += as == KNOWN_SAME;
    if (as == KNOWN_SAME)
        return 0;
    int status = journal_add(work->journal, &session, err);
    if (status < 0)
        return status;
    return ++work->pending < FLUSH_EVERY ? 0 : flush(work, err);
}

static void on_unmapped(void *with, struct str kind)
{
    struct import_work *work = with;
    unsigned i = 0;
    while (i < work->kinds && !str_equal(kind, str_of(work->unmapped[i].kind)))
        i++;
    if (i == work->kinds) {
        bool last = i >= KINDS_MAX - 1;
        i = last ? KINDS_MAX - 1 : i;
        work->kinds = i + 1;
        struct str said = last ? STR("others") : kind;
        snprintf(
            work->unmapped[i].kind, sizeof work->unmapped[i].kind, "%.*s", (int)said.size, said.at);
    }
    work->unmapped[i].count++;
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

/* Of each rule that cut something: how often. */
static void print_rules(const struct import_work *work)
{
    const char *between = "";
    for (unsigned i = 0; i < redact_rules(work->redact); i++) {
        struct str word;
        unsigned long long count = redact_count(work->redact, i, &word);
        if (count == 0)
            continue;
        printf(work->json ? "%s\"%.*s\":%llu" : "%s%.*s %llu", between, (int)word.size, word.at,
            count);
        between = work->json ? "," : ", ";
    }
}

static void print_unmapped(const struct import_work *work)
{
    for (unsigned i = 0; i < work->kinds; i++) {
        CLEANUP(buf_done) struct buf kind = { 0 };
        json_quote(&kind, str_of(work->unmapped[i].kind));
        unsigned long long count = work->unmapped[i].count;
        if (work->json)
            printf("%s%s:%llu", i ? "," : "", kind.at, count);
        else
            printf("%s%s %llu", i ? ", " : "", work->unmapped[i].kind, count);
    }
}

static void print(const struct import_work *work)
{
    if (!work->json) {
        printf("%llu sessions, %llu turns, %llu messages", (unsigned long long)work->sessions,
            (unsigned long long)work->turns, (unsigned long long)work->events);
        printf(work->known ? " (%llu sessions were there already)\n" : "\n",
            (unsigned long long)work->known);
        if (work->grown > 0)
            printf("%llu sessions grew since they were imported%s\n",
                (unsigned long long)work->grown,
                work->newer ? "" : ": skipped, --newer takes them too");
        if (redact_total(work->redact) > 0) {
            printf(work->known ? "cut out, of what was there already too: " : "cut out: ");
            print_rules(work);
            printf("\n");
        }
        if (work->kinds > 0) {
            printf("not mapped: ");
            print_unmapped(work);
            printf("\n");
        }
        return;
    }
    printf("{\"format\":\"%s\",\"sessions\":%llu,\"turns\":%llu,\"events\":%llu,\"known\":%llu,",
        work->format->name, (unsigned long long)work->sessions, (unsigned long long)work->turns,
        (unsigned long long)work->events, (unsigned long long)work->known);
    printf("\"skipped\":[%s],\"skipped_count\":%llu,", work->skips.at ? work->skips.at : "",
        (unsigned long long)work->skipped);
    printf("\"grown\":%llu,", (unsigned long long)work->grown);
    printf("\"redacted\":%llu,\"redacted_by\":{", (unsigned long long)redact_total(work->redact));
    print_rules(work);
    printf("},\"unmapped\":{");
    print_unmapped(work);
    printf("}}\n");
}

static int import_one(void *with, const char *path, struct err *err)
{
    struct import_work *work = with;
    const struct import_sink sink = { work, on_session, on_skipped, on_unmapped };
    work->file = import_name(path);
    work->files++;
    return work->format->read(path, &work->options, &sink, err);
}

static int import_paths(
    struct import_work *work, const char *const *paths, int count, struct err *err)
{
    for (int i = 0; i < count; i++) {
        int status = import_walk(paths[i], import_one, work, err);
        if (status < 0)
            return status;
    }
    int status = flush(work, err);
    if (status < 0 || work->sessions + work->grown > 0)
        return status;
    if (work->files > 0 && work->skipped == 0)
        return 0;
    err_set(err, ERR_INPUT, "nothing could be imported: %.200s",
        work->files > 0 ? work->first_why : "no such file is there");
    err_hint(err, "%s reads %s", work->format->name, work->format->files);
    return err_where(err, "%s", work->files > 0 ? work->first_where : paths[0]);
}

/* Nothing is read before it is known what has to be cut. */
static int open_redact(
    struct import_work *work, const struct home *home, struct arena *arena, struct err *err)
{
    struct config config;
    int status = config_read(&config, home, arena, err);
    if (status >= 0)
        status = home_split_key(home, &work->key, err);
    if (status >= 0)
        work->redact = redact_new(&config.redact);
    return status;
}

static int refuse_format(int count, const char *word, struct err *err)
{
    CLEANUP(buf_done) struct buf known = { 0 };
    for (const struct import_format *format = import_formats; format->name; format++)
        buf_format(&known, "%s%s", known.size ? ", " : "", format->name);
    if (count > 0 && !import_format_find(word))
        err_set(err, ERR_USAGE, "no format %.40s: %s are known", word, known.at);
    else
        err_set(err, ERR_USAGE, "a format and at least one file or folder are needed");
    return err_hint(err, "usage: moult %s", verb_import.usage);
}

/* Everything that may be refused is looked at before the first file is. */
static int open_work(struct import_work *work, const struct home *home, const char *tools_path,
    struct arena *arena, struct err *err)
{
    struct run_tools *tools = NULL;
    int status = tools_path ? read_tools(&tools, tools_path, arena, err) : 0;
    work->tools = work->options.tools = tools;
    if (status >= 0)
        status = open_redact(work, home, arena, err);
    if (status >= 0)
        status = known_open(&work->there, home, err);
    if (status >= 0)
        status = journal_open(&work->journal, home, JOURNAL_IMPORT, err);
    return status;
}

static void work_done(struct import_work *work)
{
    journal_close(work->journal);
    redact_free(work->redact);
    known_free(work->there);
    buf_done(&work->skips);
}

static int run_import(const struct verb_call *call, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(work_done) struct import_work work = { .json = call->json };
    const char *args[FILES_MAX], *tools_path = NULL, *offered = NULL;
    const struct option options[] = {
        { "--tools", 0, OPTION_TEXT, "FILE", "schemas of the tools, where the traces have none",
            &tools_path },
        { "--offered", 0, OPTION_TEXT, "yes|no", "whether requests offered them natively",
            &offered },
        { "--newer", 0, OPTION_FLAG, NULL, "also sessions that grew since they were imported",
            &work.newer },
        { 0 },
    };
    int count = verb_options(call, &verb_import, options, args, FILES_MAX, err);
    if (count < 0)
        return count;
    work.format = count > 0 ? import_format_find(args[0]) : NULL;
    if (count < 2 || !work.format)
        return refuse_format(count, count > 0 ? args[0] : "", err);
    struct home home;
    int status = read_offered(&work.options.offered, offered, err);
    if (status >= 0)
        status = home_find(&home, call->dir, err);
    if (status >= 0)
        status = open_work(&work, &home, tools_path, &arena, err);
    if (status >= 0)
        status = import_paths(&work, args + 1, count - 1, err);
    if (status < 0)
        return status;
    print(&work);
    return 0;
}

const struct verb verb_import = { "import", run_import, "import FORMAT [--tools FILE] FILE|DIR...",
    "foreign traces into the journal" };
