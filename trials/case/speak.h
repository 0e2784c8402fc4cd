/* speak - the same run with a person who speaks another language. What they say keeps its names and
 * numbers, and the small words that every sentence is made of are another language's: a patch that
 * waits for words of the person mends nothing there. */
#pragma once

#include "trials/run.h"

enum run_language { RUN_GERMAN, RUN_SPANISH, RUN_LANGUAGES };
/* In the arena, and slices of run. NULL: the person says nothing that is in the table. */
int run_speak(struct run **ret, const struct run *run, enum run_language language,
    struct arena *arena, struct err *err);
