/* trace - runs out of the journal.
 *
 * A trace is the journal's rows of one session. Who detects, replays or grades gets it as a run,
 * built by the same code that the importers use. */
#pragma once

#include "trials/run.h"
#include "trials/settle.h"
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

/* How many sessions the journal's list has that began at since_ms or later; live: the service's own
 * alone. For progress: what a walk over them can count down. */
int trace_count(
    struct journal *journal, bool live, uint64_t since_ms, uint64_t *ret, struct err *err);

/* A session that cannot be read as a run is left out of what follows, with a line in the log. So is
 * one that is sealed, without.
 *
 * All sessions that the journal's role may see, one after another: `each` gets a run that lives as
 * long as the call; a negative answer ends the walk. A session whose group has no split gets one by
 * `settling`, which the journal then keeps; one of the test split goes to nobody, nor one that was
 * set aside. NULL (a role that
 * may not write splits): sessions without a split are left out. */
int trace_each(struct journal *journal, struct settling *settling,
    int (*each)(void *with, struct run *run, struct err *err), void *with, struct err *err);
/* The same but for sessions that need not be read: `spared` is asked for each as it is listed (its
 * numbers and its group, no other text), and true spares it. settled: it may; else it has to be
 * read. Every session that is not sealed comes to one of the two, in the order of their numbers. */
int trace_each_but(struct journal *journal, struct settling *settling,
    bool (*spared)(void *with, const struct journal_session *listed, bool settled),
    int (*each)(void *with, struct run *run, struct err *err), void *with, struct err *err);
/* The same by pages of up to JOURNAL_PAGE runs that live as long as the call; sessions without a
 * split are left out. For who works on many runs at once. */
int trace_pages(struct journal *journal,
    int (*page)(void *with, struct run *const *runs, unsigned count, struct err *err), void *with,
    struct err *err);
/* The same for chosen sessions (their numbers), at most JOURNAL_PAGE: one page, or none. */
int trace_page_of(struct journal *journal, const uint64_t *numbers, unsigned count,
    int (*page)(void *with, struct run *const *runs, unsigned count, struct err *err), void *with,
    struct err *err);
