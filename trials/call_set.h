/* call_set - a place for each distinct call of a run, by its key: what was made before is found in
 * one look, however long the run is. */
#pragma once

#include "trials/run.h"

struct call_place {
    const struct run_call *call; /* NULL: nobody has been here */
    uint32_t message, count, ok; /* for who asks to use as they like */
};
struct call_set {
    struct call_place *at;
    uint32_t room;
};
/* Room for all calls of the run. */
void call_set_begin(struct call_set *set, const struct run *run);
void call_set_done(struct call_set *set);
/* The place of calls with this key; the caller fills in `call` when it is the first. */
struct call_place *call_set_place(const struct call_set *set, const struct run_call *call);
bool call_same(const struct run_call *a, const struct run_call *b);
