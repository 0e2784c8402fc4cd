/* swap_inside - what swap.c (which generation a turn gets) and swap_verbs.c (what a driver asks
 * for) share. For nobody else. */
#pragma once

#include "broker/canary_units.h"
#include "broker/probe.h"
#include "broker/swap.h"
#include "broker/watching.h"

enum { PRINCIPALS_TO_BLAME = 2, NAME_BYTES = 64 };

/* A generation that may run, and what its deaths say. */
struct slot {
    struct crew_generation *loaded;               /* NULL: nobody here */
    char killed[PRINCIPALS_TO_BLAME][NAME_BYTES]; /* principals whose turns ended it */
    unsigned killed_count;
};
struct canary {
    struct slot slot;
    char candidate[80];
    const void *holder;        /* who loaded it, and watches it */
    struct canary_units units; /* who is in its share */
    uint32_t turns_max;        /* it gets no more than so many */
    uint64_t turns, failed, crashed, done;
    struct probe probe;
    struct shadow shadow;
};
struct swap {
    struct engine *engine;
    struct generations *generations;
    struct slot active, before;
    struct canary canary;
    struct watching watching;
    const void *client; /* whose verb is in work */
    uint64_t lost;      /* turns that the active generation ended, with none before it */
    char lost_why[100];
};

uint64_t swap_number(const struct slot *slot); /* of its generation; it is not empty */
void swap_empty(struct slot *slot);
/* Its turns go on with what is active; its probe ends. */
void swap_end_canary(struct swap *swap);
