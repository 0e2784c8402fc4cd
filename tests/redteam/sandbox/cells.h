/* cells - what a probe comes to in one profile: with every layer, with none, with each off, with
 * each alone. */
#pragma once

#include "layers.h"
#include "try.h"

#define BIT(part) (1u << (part))
#define ALL (BIT(PARTS) - 1)

/* What a layer needs to be there at all comes with it where it stands alone. */
struct column {
    unsigned part;
    uint32_t with;
};
enum { COLUMNS_MAX = 16, STAY_MS = 700 };
/* Ends with part PARTS. */
extern const struct column cells_strong[], cells_propose[], cells_container[], cells_worker[],
    cells_limits[];

struct cells {
    bool whole, none, off[COLUMNS_MAX], alone[COLUMNS_MAX];
    bool no_run[COLUMNS_MAX]; /* without it the layers behind it cannot be had */
};
/* What came of a probe or a bomb without these parts. */
typedef enum outcome cells_outcome(const struct trying *trying, const void *row, uint32_t off);
cells_outcome cells_probe, cells_bomb;

/* `all`: what is off where a layer stands alone, beside that layer. */
struct cells cells_fill(const struct trying *trying, cells_outcome *outcome_of, const void *row,
    const struct column *columns, uint32_t all);
/* Whether it shows anything: it is stopped by something that can be taken away. */
bool cells_count(const struct cells *cells);
/* "", "yes", "needed", "**only**", "no run" */
const char *cells_word(const struct cells *cells, unsigned column);
