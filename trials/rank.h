/* rank - which cluster is worked on first: one order, for the miner's list and the driver. */
#pragma once

#include "trials/cluster.h"

enum { RANK_WEEK_MS = 7 * 24 * 3600 * 1000 };

/* Fills what the order rests on from the cluster's cases. newest_ms: when the newest session began;
 * no clock is asked, so the same sessions give the same order. */
void rank_figures(
    struct cluster *cluster, const struct miner_session *sessions, uint64_t newest_ms);
/* qsort's: mendable ones first; then by distinct principals, who cannot be made up by a client; by
 * groups; by replies that came behind the failure; by how much more it was in the newest week than
 * in the one before; the older first; at last by id. */
int rank_order(const struct cluster *a, const struct cluster *b);
