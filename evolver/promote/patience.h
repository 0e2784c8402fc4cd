/* patience - a model that is asked again when its provider is busy.
 *
 * Only what the provider itself refused for now (429, 5xx) is asked again, after the pause that it
 * names, or one that doubles. Each time is a request of the run's budget. Who names a pause that is
 * longer than the run has left, or refuses too often, is not waited for: the proposer is told, and
 * the next one has its turn. */
#pragma once

#include "wire/door.h"

enum { PATIENCE_AGAIN_MAX = 3, PATIENCE_FIRST_MS = 500 };

struct patience {
    uint64_t until_ns; /* of clock_mono_ns */
    uint32_t *asked;   /* requests so far; raised by each */
    uint32_t most;     /* of them */
};
/* As door_way_ask; blocks while it waits. */
int patience_ask(struct door_way *way, struct str body, const struct patience *patience,
    unsigned *ret_status, struct buf *out, struct err *err);
/* How long to wait before it is asked once more, or -1: it is not. again: how often it was. */
int64_t patience_wait_ms(
    unsigned status, const struct door_head *head, unsigned again, uint64_t left_ms);
