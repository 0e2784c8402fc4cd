/* retire - a plugin that goes: the order without it, and what of a candidate says that it is only
 * that.
 *
 * The order is C, so moult-patch reads and writes it (patch/less.h); nothing here does. A plugin
 * that no row names is not asked; its source stays where it is. */
#pragma once

#include "promote/driver.h"
#include "trials/compare.h"

/* How many plugins there are, of which each could be taken out. */
uint32_t retire_of(const struct driver *driver);
/* The active order without the plugin's rows. ERR_MISSING: no row names it; ERR_INPUT: the order
 * cannot be read as a table of places. */
int retire_order(struct buf *out, const struct driver *driver, struct str plugin, struct err *err);

/* Of a candidate that was patched and has no batch: 1, it only takes a plugin out, as the patcher
 * read it; 0, it does something else. Texts are in the arena. */
int retire_claim(struct compare_less *ret, const struct driver *driver,
    const struct candidate *candidate, struct arena *arena, struct err *err);
