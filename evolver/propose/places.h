/* places - where new code may stand beside the entry of the hook's function: at statements of that
 * function and of those that it may ask, most suspicious first.
 *
 * Inside a branch the plugin has said already what a condition would have to say, in words that the
 * vocabulary may lack (its state, a count of its own), and behind a declaration there are values
 * that nothing else has. */
#pragma once

#include "propose/suspects.h"

enum { PLACES_MAX = 4 };

/* The suspect's target at other places, in the arena but for the syntax, which stays the suspect's.
 * Of places that ran at the same steps the last of a function: what is declared there is most.
 * Where those are the entry's steps, only if something is declared. Returns how many. */
uint32_t places_list(const struct suspect *suspect, const struct judged_hook *hook,
    struct arena *arena, struct target ret[PLACES_MAX]);
