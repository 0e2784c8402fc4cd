/* rank - see rank.h. Many repeats of one customer are one piece of evidence, and so are many names
 * that one client gives. */
#include "trials/rank.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int by_group(const void *a, const void *b)
{
    const struct miner_session *x = *(struct miner_session *const *)a,
                               *y = *(struct miner_session *const *)b;
    return str_compare(x->group, y->group);
}

static int by_client(const void *a, const void *b)
{
    const struct miner_session *x = *(struct miner_session *const *)a,
                               *y = *(struct miner_session *const *)b;
    return x->client < y->client ? -1 : x->client > y->client;
}

static void count_groups(struct cluster *cluster, const struct miner_session **order)
{
    qsort(order, cluster->cases_count, sizeof(*order), by_group);
    for (uint32_t i = 0; i < cluster->cases_count; i++) {
        if (i > 0 && str_equal(order[i - 1]->group, order[i]->group))
            continue;
        cluster->groups++;
        cluster->held_in_groups += order[i]->split == SPLIT_HELD_IN;
        cluster->held_out_groups += order[i]->split == SPLIT_HELD_OUT;
    }
}

/* Weeks back from the newest session; sessions of no known time are in none. */
static int64_t week_of(const struct miner_session *session, uint64_t newest_ms)
{
    if (session->at_ms == 0 || session->at_ms > newest_ms)
        return 2;
    return (int64_t)((newest_ms - session->at_ms) / RANK_WEEK_MS);
}

void rank_figures(struct cluster *cluster, const struct miner_session *sessions, uint64_t newest_ms)
{
    const struct miner_session **order = mem_zero(cluster->cases_count + 1, sizeof(*order));
    for (uint32_t i = 0; i < cluster->cases_count; i++) {
        const struct miner_session *of = &sessions[cluster->cases[i].session];
        int64_t week = week_of(of, newest_ms);
        order[i] = of;
        cluster->lost += cluster->cases[i].lost;
        cluster->trend += week == 0 ? 1 : week == 1 ? -1 : 0;
        if (cluster->first_ms == 0 || of->at_ms < cluster->first_ms)
            cluster->first_ms = of->at_ms;
        if (of->at_ms > cluster->last_ms)
            cluster->last_ms = of->at_ms;
    }
    count_groups(cluster, order);
    qsort(order, cluster->cases_count, sizeof(*order), by_client);
    for (uint32_t i = 0; i < cluster->cases_count; i++)
        cluster->principals += i == 0 || order[i - 1]->client != order[i]->client;
    free(order);
}

#define MORE_FIRST(member)                                                                         \
    if (a->member != b->member)                                                                    \
    return a->member > b->member ? -1 : 1
int rank_order(const struct cluster *a, const struct cluster *b)
{
    MORE_FIRST(mendable);
    MORE_FIRST(principals);
    MORE_FIRST(groups);
    MORE_FIRST(lost);
    MORE_FIRST(trend);
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}
#undef MORE_FIRST
