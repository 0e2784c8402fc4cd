/* trace - runs out of the journal. One session, or one page of them, is in memory at a time. */
#include "trials/trace.h"

#include "base/log.h"
#include "base/mem.h"
#include "trials/events.h"
#include "trials/split.h"
#include "wire/effect.h"

#include <assert.h>

void trace_tools_done(struct trace_tools *tools)
{
    if (!tools)
        return;
    arena_done(&tools->arena);
    tools->lists_count = 0;
}

static struct str keep(struct arena *arena, struct str s)
{
    return (struct str){ arena_string(arena, s.size ? s.at : "", s.size), s.size };
}

/* Beyond the bound a list lives with its run. */
static int read_tools(const struct run_tools **ret, struct str text, struct trace_tools *tools,
    struct arena *arena, struct err *err)
{
    struct digest digest = hash_of(text);
    struct run_tools *list;
    *ret = NULL;
    if (text.size == 0)
        return 0;
    for (unsigned i = 0; i < tools->lists_count && !*ret; i++)
        if (hash_equal(&tools->lists[i]->digest, &digest))
            *ret = tools->lists[i];
    if (*ret)
        return 0;
    bool room = tools->lists_count < COUNT_OF(tools->lists);
    struct arena *home = room ? &tools->arena : arena;
    int status = run_tools_read(&list, keep(home, text), home, err);
    if (status < 0)
        return status;
    if (room)
        tools->lists[tools->lists_count++] = list;
    *ret = list;
    return 0;
}

static int fill(struct run *run, const struct journal_session *session, struct trace_tools *tools,
    struct err *err)
{
    char hex[DIGEST_HEX];
    int status = read_tools(&run->tools, session->tools, tools, run->arena, err);
    if (status < 0)
        return status;
    if (session->meta.size > 0)
        status = run_set_meta(run, keep(run->arena, session->meta), err);
    if (status < 0)
        return status;
    run->session = keep(run->arena, str_of(hash_hex(hex, &session->id)));
    run->group = keep(run->arena, session->group);
    run->origin = keep(run->arena, session->origin);
    run->source = keep(run->arena, session->format);
    run->principal = keep(run->arena, session->principal);
    run->offered = session->offered;
    run->split = session->split;
    run->claims = false;
    if (session->flags > 0) {
        run->flagged = run->graded = true;
        run->solved = false;
    }
    for (uint32_t i = 0; i < session->messages_count; i++) {
        const struct journal_message *message = &session->messages[i];
        run->claims |= message->standing != JOURNAL_FACT;
        status = run_add(run, keep(run->arena, message->bytes), message->failed, err);
        if (status < 0)
            return status;
        struct run_message *added = &run->messages[run->messages_count - 1];
        added->own = keep(run->arena, message->own);
        added->turn = message->turn;
        added->built = message->origin == WIRE_FROM_BUILD;
    }
    run_seal(run);
    return 0;
}

int trace_run(struct run **ret, const struct journal_session *session, struct trace_tools *tools,
    struct arena *arena, struct err *err)
{
    struct run *run = run_new(arena);
    char hex[DIGEST_HEX];
    int status = fill(run, session, tools, err);
    if (status < 0)
        return err_while(err, "session %.12s", hash_hex(hex, &session->id));
    *ret = run;
    return 0;
}

int trace_count(
    struct journal *journal, bool live, uint64_t since_ms, uint64_t *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    *ret = 0;
    for (uint64_t after = 0; count > 0; arena_reset(&arena)) {
        int status = journal_list(journal, after, &arena, &page, &count, err);
        if (status < 0)
            return status;
        for (uint32_t i = 0; i < count; i++) {
            after = page[i].number;
            *ret += page[i].at_ms >= since_ms && (page[i].live || !live);
        }
    }
    return 0;
}

static int read_events(struct journal *journal, const struct journal_session *session,
    struct run *run, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_entry *entries;
    uint32_t count = 1;
    for (uint64_t from = 0; count > 0 && run->events_count < EVENTS_MAX; arena_reset(&arena)) {
        int status = journal_entries(
            journal, session->number, JOURNAL_ALL_TURNS, from, &arena, &entries, &count, err);
        if (status < 0)
            return status;
        if (count > 0)
            from = entries[count - 1].seq + 1;
        events_add(run, entries, count);
    }
    return 0;
}

/* One session as a run; NULL in *ret when it is left out: its group has no split yet and may not
 * get one here (only the miner gives splits, and only it looks at events), or it cannot be read. A
 * live session is what any client sent: one that no reader understands is no reason to read none.
 */
static int read_one(struct journal *journal, uint64_t number, bool mining,
    struct trace_tools *tools, struct arena *arena, struct run **ret, struct err *err)
{
    struct journal_session session;
    *ret = NULL;
    int status = journal_read(journal, number, arena, &session, err);
    if (status >= 0 && session.split == JOURNAL_NO_SPLIT && !mining)
        return 0;
    if (status >= 0)
        status = trace_run(ret, &session, tools, arena, err);
    if (status >= 0 && session.live && mining)
        status = read_events(journal, &session, *ret, err);
    if (status != -ERR_INPUT && status != -ERR_LIMIT)
        return status;
    log_line(LOG_WARN, "left out: %s", err->text);
    *ret = NULL;
    return 0;
}

struct walk {
    struct journal *journal;
    struct settling *settling;
    struct trace_tools tools;
    bool (*spared)(void *with, const struct journal_session *listed, bool settled); /* or NULL */
    int (*each)(void *with, struct run *run, struct err *err);
    void *with;
};

/* One of the test split is read only while it has to be settled. */
static bool goes_nowhere(const struct walk *walk, const struct journal_session *listed)
{
    const struct settle_seen seen = { listed->number, listed->messages_count };
    return listed->shard || listed->aside ||
           (listed->split == SPLIT_TEST &&
               (!walk->settling || settle_knows(walk->settling, &seen)));
}

static int one(struct walk *walk, const struct settle_seen *seen, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = NULL;
    int status = read_one(
        walk->journal, seen->number, walk->settling != NULL, &walk->tools, &arena, &run, err);
    if (status < 0 || !run)
        return status;
    int stays = walk->settling ? settle_run(walk->settling, run, seen, err) : 1;
    return stays <= 0 || run->split == SPLIT_TEST ? stays : walk->each(walk->with, run, err);
}

static int pages(struct walk *walk, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count;
    for (uint64_t after = 0;; arena_reset(&arena)) {
        int status = journal_list(walk->journal, after, &arena, &page, &count, err);
        if (status < 0 || count == 0)
            return status;
        for (uint32_t i = 0; i < count; i++) /* the next call takes the texts away */
            page[i].group = keep(&arena, page[i].group);
        for (uint32_t i = 0; status >= 0 && i < count; i++) {
            const struct settle_seen seen = { page[i].number, page[i].messages_count };
            after = page[i].number;
            if (goes_nowhere(walk, &page[i]))
                continue;
            bool settled = !walk->settling || settle_knows(walk->settling, &seen);
            if (!walk->spared || !walk->spared(walk->with, &page[i], settled))
                status = one(walk, &seen, err);
        }
        if (status < 0)
            return status;
    }
}

int trace_each_but(struct journal *journal, struct settling *settling,
    bool (*spared)(void *with, const struct journal_session *listed, bool settled),
    int (*each)(void *with, struct run *run, struct err *err), void *with, struct err *err)
{
    struct walk walk = {
        .journal = journal, .settling = settling, .spared = spared, .each = each, .with = with
    };
    int status = pages(&walk, err);
    if (status >= 0 && settling)
        status = settle_end(settling, err);
    trace_tools_done(&walk.tools);
    return status;
}

int trace_each(struct journal *journal, struct settling *settling,
    int (*each)(void *with, struct run *run, struct err *err), void *with, struct err *err)
{
    return trace_each_but(journal, settling, NULL, each, with, err);
}

/* The runs of one page of the list. */
static int read_page(struct journal *journal, const uint64_t *numbers, uint32_t count,
    struct trace_tools *tools, struct arena *arena, struct run **runs, unsigned *ret_count,
    struct err *err)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < count; i++) {
        int status = read_one(journal, numbers[i], false, tools, arena, &runs[found], err);
        if (status < 0)
            return status;
        found += runs[found] != NULL;
    }
    *ret_count = found;
    return 0;
}

int trace_pages(struct journal *journal,
    int (*page)(void *with, struct run *const *runs, unsigned count, struct err *err), void *with,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(trace_tools_done) struct trace_tools tools = { 0 };
    struct journal_session *listed;
    struct run *runs[JOURNAL_PAGE];
    uint64_t numbers[JOURNAL_PAGE], after = 0;
    uint32_t count;
    unsigned found = 0;
    for (;; arena_reset(&arena)) {
        int status = journal_list(journal, after, &arena, &listed, &count, err);
        if (status < 0 || count == 0)
            return status;
        for (uint32_t i = 0; i < count && i < JOURNAL_PAGE; i++)
            after = numbers[i] = listed[i].number; /* its strings are gone with the next call */
        status = read_page(journal, numbers, count < JOURNAL_PAGE ? count : JOURNAL_PAGE, &tools,
            &arena, runs, &found, err);
        if (status >= 0 && found > 0)
            status = page(with, runs, found, err);
        if (status < 0)
            return status;
    }
}

int trace_page_of(struct journal *journal, const uint64_t *numbers, unsigned count,
    int (*page)(void *with, struct run *const *runs, unsigned count, struct err *err), void *with,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(trace_tools_done) struct trace_tools tools = { 0 };
    struct run *runs[JOURNAL_PAGE];
    unsigned found = 0;
    assert(count <= JOURNAL_PAGE);
    int status = read_page(journal, numbers, count, &tools, &arena, runs, &found, err);
    return status < 0 || found == 0 ? status : page(with, runs, found, err);
}
