/* margin - of thresholds that do equally well, the one that is furthest from the values on both
 * sides of it.
 *
 * A threshold separates values that must stay from values that fail. How far it is from the nearest
 * of each is how much may be different elsewhere before it errs, so the widest is the most general.
 * The values themselves are not recorded, only which thresholds of a list they reach: so the
 * nearest are known to the next threshold of the list, and where the list ends nothing is known. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct margin_row {
    int64_t value;
    bool good; /* the condition does as well with it */
};
/* rows: by value, each once. prior: the one that is taken where there is no margin to speak of.
 * below: it holds for what is below the value, with it or not, else for what reaches it. Returns
 * the number of a good row. */
uint32_t margin_widest(const struct margin_row *rows, uint32_t count, uint32_t prior, bool below);
