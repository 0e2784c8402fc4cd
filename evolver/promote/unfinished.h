/* unfinished - what a kill in the middle of a change of git's references leaves behind, and how the
 * next process tells it from the work of one that is alive.
 *
 * git locks a reference by a file, and a killed process leaves that file for ever. Everyone who has
 * a lineage open holds one more lock, which the kernel lets go of with the process: who gets it
 * alone knows that the files under names which only moult writes belong to nobody. For those that a
 * person's git writes too (HEAD, the index) it takes a mark, made before they are touched. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* Whether a move of the references began and did not end, and what the work tree was like. */
enum unfinished { UNFINISHED_NOTHING, UNFINISHED_DIRTY, UNFINISHED_CLEAN };

/* Removes what the dead left in the repository whose folder this is (".../.git/") and says what
 * they did not end; nothing while somebody alive works there. Returns the lock's descriptor: the
 * caller holds it while it works. */
int unfinished_clear(const char *folder, enum unfinished *ret, struct err *err);
/* The mark of a move: made before, taken away after it. */
int unfinished_begin(int lock, bool clean, struct err *err);
void unfinished_end(int lock);
