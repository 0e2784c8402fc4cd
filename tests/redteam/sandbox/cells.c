/* cells - see cells.h. */
#include "cells.h"

#include "scene.h"

#include <stdio.h>

const struct column cells_strong[] = {
    { PART_START, 0 },
    { LAYER_USER_NS, 0 },
    { LAYER_OWN_UID, BIT(LAYER_USER_NS) },
    { LAYER_ROOT, 0 },
    { PART_GUARDS, BIT(LAYER_ROOT) },
    { LAYER_PID_NS, 0 },
    { LAYER_NET_NS, 0 },
    { LAYER_IPC_NS, 0 },
    { LAYER_UTS_NS, 0 },
    { LAYER_LANDLOCK, 0 },
    { LAYER_SECCOMP, 0 },
    { LAYER_NO_NEW_PRIVS, 0 },
    { LAYER_CAPS, 0 },
    { LAYER_CGROUP, 0 },
    { PARTS, 0 },
};
/* Its rules name /program and /scratch, which are places of its root only. */
const struct column cells_propose[] = {
    { PART_START, 0 },
    { LAYER_USER_NS, 0 },
    { LAYER_OWN_UID, BIT(LAYER_USER_NS) },
    { LAYER_ROOT, 0 },
    { PART_GUARDS, BIT(LAYER_ROOT) },
    { LAYER_PID_NS, 0 },
    { LAYER_NET_NS, 0 },
    { LAYER_IPC_NS, 0 },
    { LAYER_UTS_NS, 0 },
    { LAYER_LANDLOCK, BIT(LAYER_ROOT) },
    { LAYER_SECCOMP, 0 },
    { LAYER_NO_NEW_PRIVS, 0 },
    { LAYER_CAPS, 0 },
    { LAYER_CGROUP, 0 },
    { PARTS, 0 },
};
const struct column cells_container[] = {
    { PART_START, 0 },
    { LAYER_OWN_UID, BIT(LAYER_NO_NEW_PRIVS) },
    { PART_GUARDS, 0 },
    { LAYER_LANDLOCK, 0 },
    { LAYER_SECCOMP, 0 },
    { LAYER_NO_NEW_PRIVS, 0 },
    { LAYER_CAPS, 0 },
    { PARTS, 0 },
};
const struct column cells_worker[] = {
    { PART_START, 0 },
    { PART_CLOCK, 0 },
    { LAYER_USER_NS, 0 },
    { LAYER_OWN_UID, BIT(LAYER_USER_NS) },
    { LAYER_ROOT, 0 },
    { LAYER_PID_NS, 0 },
    { LAYER_NET_NS, 0 },
    { LAYER_IPC_NS, 0 },
    { LAYER_UTS_NS, 0 },
    { LAYER_LANDLOCK, 0 },
    { LAYER_SECCOMP, 0 },
    { LAYER_NO_NEW_PRIVS, 0 },
    { LAYER_CAPS, 0 },
    { LAYER_RLIMITS, 0 },
    { PARTS, 0 },
};
const struct column cells_limits[] = {
    { PART_WATCH, 0 },
    { LAYER_CGROUP, 0 },
    { LAYER_RLIMITS, 0 },
    { LAYER_ROOT, 0 },
    { PARTS, 0 },
};

/* What locks itself is told in its environment. */
enum outcome cells_probe(const struct trying *trying, const void *row, uint32_t off)
{
    char text[TRY_TEXT_MAX], parts[32], work[160];
    const char *const env[] = { parts, work, NULL };
    struct trying with = *trying;
    snprintf(parts, sizeof parts, PARTS_OFF "=%x", off);
    snprintf(work, sizeof work, PARTS_WORK "=%s", scene_work());
    with.env = env;
    layers_off(off);
    return try_probe(&with, row, text);
}

enum outcome cells_bomb(const struct trying *trying, const void *row, uint32_t off)
{
    char text[TRY_TEXT_MAX];
    enum sandbox_limit limit;
    layers_off(off);
    return try_bomb(trying, row, STAY_MS, &limit, text);
}

bool cells_count(const struct cells *cells)
{
    return cells->whole && !cells->none;
}

/* A layer that comes with another one stops alone what that other does not. */
struct cells cells_fill(const struct trying *trying, cells_outcome *outcome_of, const void *row,
    const struct column *columns, uint32_t all)
{
    struct cells cells = { .whole = outcome_of(trying, row, 0) == OUTCOME_REFUSED,
        .none = outcome_of(trying, row, all) != OUTCOME_THROUGH };
    for (unsigned i = 0; columns[i].part != PARTS && cells_count(&cells); i++) {
        uint32_t bit = BIT(columns[i].part), with = columns[i].with;
        enum outcome off = outcome_of(trying, row, bit);
        cells.off[i] = off != OUTCOME_THROUGH;
        cells.no_run[i] = off == OUTCOME_ODD;
        cells.alone[i] = outcome_of(trying, row, all & ~bit & ~with) == OUTCOME_REFUSED &&
                         !(with && outcome_of(trying, row, all & ~with) == OUTCOME_REFUSED);
    }
    return cells;
}

const char *cells_word(const struct cells *cells, unsigned column)
{
    if (cells->no_run[column])
        return "no run";
    if (!cells->off[column])
        return cells->alone[column] ? "**only**" : "needed";
    return cells->alone[column] ? "yes" : "";
}
