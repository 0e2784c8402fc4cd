/* pass - what differs when the same runs are put to a harness once more: time, dice, lease numbers.
 *
 * A build may not do anything else at another time, so what it is told of time is chosen for it to
 * show: no time, seconds, minutes, a day, and a clock that runs faster from step to step. All runs
 * at all times would be five replays. Each run has one of them a pass, by its name, so that any two
 * passes put a half of all runs to each time; a build that goes by time alone is seen with the
 * first, and one that goes by time and by something that one run in thirty has, with a hundred runs
 * of them nearly surely. Some runs have all passes. */
#pragma once

#include "trials/run.h"

enum { PASSES = 5 }; /* in so many passes every run has had every time, and as many seeds */

/* Since the turn began, when a step is put and when its effect `answers` is answered, from 1. */
uint32_t pass_elapsed(unsigned pass, const struct run *run, uint32_t step, uint32_t answers);
uint64_t pass_seed(unsigned pass, uint64_t seed);
/* Before the first session of a pass; leases of two passes never meet. */
uint64_t pass_lease(unsigned pass);
