/* report_marks - who ran which branch of a patch, as a report has it. */
#pragma once

#include "trials/marks.h"
#include "trials/report.h"

/* Fills `branches`, `branches_missed`, `branches_note` and `ran`, again if more was run since.
 * Names of cases stay the marks' own. */
void report_marks(struct report *report, const struct marks *marks, struct arena *arena);
