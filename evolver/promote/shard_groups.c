/* shard_groups - see shard_groups.h. */
#include "promote/shard_groups.h"

#include "base/mem.h"
#include "promote/retire.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    const struct shard_group *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static void add(struct shard_groups *groups, const struct journal_session *session, bool fails)
{
    if (groups->count == groups->room) {
        groups->room = groups->room ? groups->room * 2 : 256;
        groups->at = mem_grow(groups->at, groups->room, sizeof *groups->at);
    }
    groups->at[groups->count++] = (struct shard_group){ .key = shard_group_key(session->group),
        .first = session->number,
        .held_out = session->split == SPLIT_HELD_OUT,
        .fails = fails };
}

/* One a group: the earliest session's. */
static void join(struct shard_groups *groups)
{
    uint32_t kept = 0;
    if (groups->count > 0)
        qsort(groups->at, groups->count, sizeof *groups->at, by_key);
    for (uint32_t i = 0; i < groups->count; i++) {
        if (kept == 0 || groups->at[kept - 1].key != groups->at[i].key)
            groups->at[kept++] = groups->at[i];
        else
            groups->at[kept - 1].fails |= groups->at[i].fails;
    }
    groups->count = kept;
}

int shard_groups_read(
    struct shard_groups *ret, struct journal *journal, const struct id_set *fails, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    int rc = 0;
    *ret = (struct shard_groups){ 0 };
    for (uint64_t after = 0; rc == 0 && count > 0; arena_reset(&arena)) {
        rc = journal_list(journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            after = page[i].number;
            if (!page[i].aside)
                add(ret, &page[i], id_set_has(fails, &page[i].id));
        }
    }
    if (rc < 0)
        shard_groups_done(ret);
    else
        join(ret);
    return rc;
}

void shard_groups_done(struct shard_groups *groups)
{
    free(groups->at);
    *groups = (struct shard_groups){ 0 };
}

int shard_groups_plan(struct shard_plan *ret, struct shard_groups *ret_groups,
    struct driver *driver, const struct candidate *candidate, const struct batch *held_out,
    const struct policy *policy, struct arena *arena, struct err *err)
{
    CLEANUP(id_set_done) struct id_set fails = { 0 };
    struct journal_look_row *rows;
    uint32_t count;
    int rc = journal_looks(driver->journal, arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && held_out && i < held_out->cases_count; i++)
        rc = id_set_add_hex(&fails, held_out->cases[i].session, err);
    id_set_seal(&fails);
    if (rc == 0)
        rc = shard_groups_read(ret_groups, driver->journal, &fails, err);
    if (rc < 0)
        return rc;
    const struct shard_ledger ledger = { .home = driver->home.id,
        .rows = rows,
        .rows_count = count,
        .groups = ret_groups->at,
        .groups_count = ret_groups->count,
        .policy = policy,
        .config = &driver->config,
        .less = held_out ? 0 : retire_of(driver) };
    shard_plan(ret, &ledger, candidate->id, candidate->proposer);
    return 0;
}

static bool is_of(
    const struct shard_groups *groups, const struct shard_plan *plan, const struct run *run)
{
    const uint64_t key = shard_group_key(run->group);
    uint32_t from = 0, to = groups->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (groups->at[middle].key < key)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == groups->count || groups->at[from].key != key)
        return false;
    return groups->at[from].first > plan->after && groups->at[from].first <= plan->upto;
}

void shard_groups_keep(struct runs *runs, const struct shard_groups *groups,
    const struct shard_plan *plan, const struct id_set *kept)
{
    unsigned count = 0;
    for (unsigned i = 0; i < runs->count; i++) {
        struct run *run = runs->at[i];
        run->past = run->split == SPLIT_HELD_OUT && !is_of(groups, plan, run);
        struct digest id;
        if (run->past && (hash_unhex(&id, run->session, NULL) < 0 || !id_set_has(kept, &id)))
            continue;
        runs->at[count] = run;
        runs->at_ms[count++] = runs->at_ms[i];
    }
    runs->count = count;
}
