/* runs - see runs.h. */
#include "promote/runs.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int load_one(struct runs *runs, struct journal *journal, uint64_t number, struct err *err)
{
    struct journal_session session;
    struct run *run;
    int rc = journal_read(journal, number, &runs->arena, &session, err);
    if (rc == 0)
        rc = trace_run(&run, &session, &runs->tools, &runs->arena, err);
    if (rc < 0)
        return rc;
    if (runs->count == RUNS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d runs", RUNS_MAX);
    if (runs->count == runs->room) {
        runs->room = runs->room ? runs->room * 2 : 256;
        runs->at = mem_grow(runs->at, runs->room, sizeof(struct run *));
        runs->at_ms = mem_grow(runs->at_ms, runs->room, sizeof *runs->at_ms);
    }
    runs->claims |= run->claims;
    runs->at_ms[runs->count] = session.at_ms;
    runs->at[runs->count++] = run;
    return 0;
}

static int load_pages(struct runs *runs, struct journal *journal, unsigned splits, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count;
    for (uint64_t after = 0;; arena_reset(&arena)) {
        int rc = journal_list(journal, after, &arena, &page, &count, err);
        if (rc < 0 || count == 0)
            return rc;
        for (uint32_t i = 0; i < count; i++) {
            after = page[i].number;
            if (page[i].split >= SPLITS || !(splits & 1u << page[i].split))
                continue;
            if ((rc = load_one(runs, journal, after, err)) < 0)
                return rc;
        }
    }
}

int runs_load(struct runs *ret, struct journal *journal, unsigned splits, struct err *err)
{
    memset(ret, 0, sizeof *ret);
    int rc = load_pages(ret, journal, splits, err);
    if (rc == 0 && ret->count == 0) {
        err_set(err, ERR_MISSING, "the journal has no runs to replay");
        rc = err_hint(err, "moult import brings conversations, moult mine gives them a split");
    }
    if (rc < 0)
        runs_done(ret);
    return rc;
}

void runs_done(struct runs *runs)
{
    trace_tools_done(&runs->tools);
    arena_done(&runs->arena);
    free(runs->at);
    free(runs->at_ms);
    memset(runs, 0, sizeof *runs);
}
