/* ablation - what a fix is made of: the same proposer on the same evidence, once for each
 * ingredient without it. A fix that is found only with one certain verb says more about who put
 * that verb there than about the search.
 *
 * Document, JSON, schema 1: { "schema", "groups": failing groups of the evidence, "stock": plugins
 * that could have been copied from, "rows": [ { "without", "found": bool, "groups": that the best
 * proposal fixes, replayed by the driver, "ingredients": [...], "seconds" } ] } */
#pragma once

#include "promote/proposing.h"

struct ablation_plan {
    const struct proposing_plan *proposing; /* as the fix was found, but for the bundle */
    const struct evidence *evidence;
    const struct evidence_plan *from;
    const struct proposal *fix;
};
/* ERR_ only of the machine: a proposer that finds nothing, or misbehaves, is a row. */
int ablation_run(struct buf *out, const struct ablation_plan *plan, struct err *err);
