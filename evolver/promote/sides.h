/* sides - a report's cases seen again: what the active harness and the candidate do at the step
 * where they part, side by side, for people.
 *
 * A report keeps digests, not what was asked for. So the chosen cases are put to both arms once
 * more; that it is what the gate saw is shown by the report's own digests, and where it is not (the
 * active harness is another one by now), that is said. */
#pragma once

#include "promote/driver.h"
#include "trials/report.h"
#include "trials/trace.h"

enum { SIDE_OLD, SIDE_NEW, SIDES };
struct side {
    bool there;           /* the run came that far */
    bool as_reported;     /* its effects up to the step are those of the report */
    struct effects claim; /* at the step where the arms part */
    struct effects after; /* where the new arm strays behind it, if the case says so */
};
struct sides {
    const struct report_case *of;
    const struct run *run; /* NULL: the session cannot be read any more */
    struct side arms[SIDES];
};
/* Fills list[i] for cases[i], in the driver's arena; the runs' tools are in `tools`. Held-in cases
 * only: others are left without a run. After an error the runs are there all the same. */
int sides_run(struct sides *list, const struct report_case *const *cases, unsigned count,
    struct trace_tools *tools, struct driver *driver, const struct candidate *candidate,
    const struct report *report, struct err *err);
