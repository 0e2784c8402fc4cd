/* trace - runs out of the journal.
 *
 * A trace is the journal's rows of one session. Who detects, replays or grades gets it as a run,
 * built by the same code that the importers use. */
#pragma once

#include "trials/run.h"
#include "wire/journal.h"

/* Lists of tools, each read once however many sessions have it. A zeroed struct is valid. */
struct trace_tools {
    struct arena arena;
    struct run_tools *lists[64];
    unsigned lists_count;
};
void trace_tools_done(struct trace_tools *tools);

/* The session as a run in the arena; its bytes are copied there. run->session is the hex id. Its
 * split is the journal's (JOURNAL_NO_SPLIT: its group has none yet). */
int trace_run(struct run **ret, const struct journal_session *session, struct trace_tools *tools,
    struct arena *arena, struct err *err);

/* A session that cannot be read as a run is left out of what follows, with a line in the log.
 *
 * All sessions that the journal's role may see, one after another: `each` gets a run that lives as
 * long as the call; a negative answer ends the walk. A session without a split gets one by the key
 * (32 bytes), which the journal then keeps. key NULL (a role that may not write splits): such
 * sessions are left out. */
int trace_each(struct journal *journal, const struct digest *key,
    int (*each)(void *with, struct run *run, struct err *err), void *with, struct err *err);
/* The same by pages of up to JOURNAL_PAGE runs that live as long as the call; sessions without a
 * split are left out. For who works on many runs at once. */
int trace_pages(struct journal *journal,
    int (*page)(void *with, struct run *const *runs, unsigned count, struct err *err), void *with,
    struct err *err);
