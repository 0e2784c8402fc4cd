/* runs - see runs.h. First the list of what there is, without messages; then, in the order of the
 * choice, one session after another until the room is used. */
#include "promote/runs.h"

#include "base/log.h"
#include "base/mem.h"
#include "trials/choose.h"

#include <stdlib.h>
#include <string.h>

struct loading {
    struct journal *journal;
    const struct runs_want *want;
    struct runs *runs;
    struct choose_item *listed;
    uint32_t listed_count, listed_room;
    uint64_t *numbers; /* beside runs->at */
};

/* --- what there is */

static uint64_t word_of(struct str text)
{
    uint64_t word = hash_fast(text.at, text.size, 1);
    return word ? word : 1;
}

/* 0: the operator's own, imported or not. */
static uint64_t client_of(const struct journal_session *session)
{
    bool client = session->live && !str_equal(session->principal, STR("local"));
    return client ? word_of(session->principal) : 0;
}

static void list_one(struct loading *loading, const struct journal_session *session)
{
    const struct runs_want *want = loading->want;
    bool named = id_set_has(want->named, &session->id);
    if (session->split >= SPLITS || !(want->splits & 1u << session->split) ||
        (want->named_only && !named))
        return;
    if (loading->listed_count == loading->listed_room) {
        loading->listed_room = loading->listed_room ? loading->listed_room * 2 : 256;
        loading->listed = mem_grow(loading->listed, loading->listed_room, sizeof *loading->listed);
    }
    loading->listed[loading->listed_count++] = (struct choose_item){ .number = session->number,
        .at_ms = session->at_ms,
        .id = session->id,
        .group = word_of(session->group),
        .principal = client_of(session),
        .named = named };
}

static int list_all(struct loading *loading, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count;
    for (uint64_t after = 0;; arena_reset(&arena)) {
        int rc = journal_list(loading->journal, after, &arena, &page, &count, err);
        if (rc < 0 || count == 0)
            return rc;
        for (uint32_t i = 0; i < count; i++)
            list_one(loading, &page[i]);
        after = page[count - 1].number;
    }
}

/* --- what is loaded */

static bool is_full(const struct loading *loading, const struct choose_item *next)
{
    size_t most = loading->want->most_bytes ? loading->want->most_bytes : RUNS_BYTES_MAX;
    return !next->named && loading->runs->arena.used >= most;
}

static int load_one(struct loading *loading, const struct choose_item *it, struct err *err)
{
    struct runs *runs = loading->runs;
    struct journal_session session;
    struct run *run;
    struct arena_mark mark = arena_mark(&runs->arena);
    int rc = journal_read(loading->journal, it->number, &runs->arena, &session, err);
    if (rc == 0)
        rc = trace_run(&run, &session, &runs->tools, &runs->arena, err);
    if ((rc == -ERR_INPUT || rc == -ERR_LIMIT) && !it->named) {
        log_line(LOG_WARN, "left out: %s", err->text);
        arena_release(&runs->arena, mark);
        runs->left_out++;
        return 0;
    }
    if (rc < 0)
        return rc;
    runs->claims |= run->claims;
    runs->at_ms[runs->count] = session.at_ms;
    loading->numbers[runs->count] = it->number;
    runs->at[runs->count++] = run;
    return 0;
}

struct placed {
    uint64_t number, at_ms;
    struct run *run;
};

static int by_number(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Who reads a report reads cases in the order in which they came. */
static void put_in_order(struct loading *loading)
{
    struct runs *runs = loading->runs;
    struct placed *order = mem_zero(runs->count + 1, sizeof *order);
    for (unsigned i = 0; i < runs->count; i++)
        order[i] = (struct placed){ loading->numbers[i], runs->at_ms[i], runs->at[i] };
    qsort(order, runs->count, sizeof *order, by_number);
    for (unsigned i = 0; i < runs->count; i++) {
        runs->at[i] = order[i].run;
        runs->at_ms[i] = order[i].at_ms;
    }
    free(order);
}

static int load_chosen(
    struct loading *loading, const uint32_t *chosen, uint32_t count, struct err *err)
{
    struct runs *runs = loading->runs;
    int rc = 0;
    runs->at = mem_zero(count + 1, sizeof(struct run *));
    runs->at_ms = mem_zero(count + 1, sizeof *runs->at_ms);
    loading->numbers = mem_zero(count + 1, sizeof *loading->numbers);
    runs->left_out = loading->listed_count - count;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (is_full(loading, &loading->listed[chosen[i]]))
            runs->left_out++;
        else
            rc = load_one(loading, &loading->listed[chosen[i]], err);
    if (rc == 0)
        put_in_order(loading);
    free(loading->numbers);
    return rc;
}

static int load(struct loading *loading, struct err *err)
{
    const struct runs_want *want = loading->want;
    uint32_t *chosen = NULL, count = 0;
    int rc = list_all(loading, err);
    if (rc < 0)
        return rc;
    choose_order(&chosen, &count, loading->listed, loading->listed_count,
        want->most ? want->most : RUNS_MAX);
    rc = load_chosen(loading, chosen, count, err);
    free(chosen);
    return rc;
}

int runs_load(
    struct runs *ret, struct journal *journal, const struct runs_want *want, struct err *err)
{
    struct loading loading = { .journal = journal, .want = want, .runs = ret };
    memset(ret, 0, sizeof *ret);
    int rc = load(&loading, err);
    free(loading.listed);
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

/* --- names */

int runs_name_batch(struct id_set *names, const struct batch *batch, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < batch->cases_count; i++)
        rc = id_set_add_hex(names, batch->cases[i].session, err);
    for (uint32_t i = 0; rc == 0 && i < batch->neighbours_count; i++)
        rc = id_set_add_hex(names, batch->neighbours[i], err);
    return rc < 0 ? err_while(err, "batch") : 0;
}
