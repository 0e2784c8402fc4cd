/* asked - which hooks a replay of a recorded run asks: what a plugin could have acted on.
 *
 * Facts of the recording, and nobody's word: a hook that no step of it comes to has been judged by
 * none of its effects. */
#pragma once

#include "trials/run.h"

/* Sets of 1 << enum moult_hook_id: of one step, with what led to it; of all of them. */
unsigned asked_at(const struct run *run, uint32_t step);
unsigned asked_hooks(const struct run *run);
