/* power - could any candidate of a proposer pass the gate on this cluster? Where a perfect result
 * at the look that it would get could not pass (shard.h), nobody need try: it is said before
 * anything is spent.
 *
 * For people and the driver: how many groups are held out is nothing that a proposer learns. */
#pragma once

#include "promote/driver.h"
#include "promote/shard.h"
#include "trials/batch.h"

/* batch: the held-in document; proposer: as moult.json names it. */
int power_of(struct shard_plan *ret, struct driver *driver, const struct digest *batch,
    struct str proposer, struct err *err);
/* "5 held-out groups show it, and a pass takes 11"; out is returned. */
char *power_say(char *out, size_t size, const struct shard_plan *plan);
uint32_t power_groups(const struct batch *batch);
