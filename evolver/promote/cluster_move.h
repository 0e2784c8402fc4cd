/* cluster_move - the driver's moves of clusters: each stands in the table of stage.h, and each is a
 * compare-and-swap on the journal's row. */
#pragma once

#include "promote/driver.h"
#include "promote/stage.h"

/* Moves row from the state that it names; its document is the batch that the move rests on. On
 * success row names the new state (a static string).
 * ERR_STATE: the table knows no such move, or somebody moved the cluster meanwhile. */
int cluster_move(
    struct driver *driver, struct journal_cluster *row, enum cluster_event event, struct err *err);
