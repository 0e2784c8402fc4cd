/* advance - takes a candidate from the stage that it has to the next, until a person has to decide
 * or it is lost.
 *
 * A table says what is done at each stage. Every step can be done again: a driver that was killed
 * goes on where the journal says that it was. A step answers with "go on", with "refused" and why,
 * or with an error of the machine, which moves nothing. */
#pragma once

#include "promote/driver.h"
#include "trials/batch.h"
#include "trials/verdict.h"

/* A line of progress for people; NULL: none. */
typedef void (*advance_say)(void *with, const char *line);

struct advance {
    struct driver *driver;
    enum stage until; /* stop when this is reached; STAGE_IN_REVIEW: as far as it goes */
    unsigned workers;
    advance_say say;
    void *with;
};
/* 0 when it stopped for a reason that is in *candidate; errors are the machine's. */
int advance_run(const struct advance *advance, struct candidate *candidate, struct err *err);
/* Is there nothing more to do without a person? */
bool advance_rests(const struct candidate *candidate);
/* Of a replayed candidate: would the gate refuse it before any look at held-out groups? 1 or 0. */
int advance_lost(const struct advance *advance, struct candidate *candidate, struct err *err);

/* --- what steps are made of */

struct advancing {
    const struct advance *advance;
    struct driver *driver;
    struct candidate *candidate;
    struct arena arena; /* of this step */
};
enum { ADVANCE_ON, ADVANCE_REFUSED };
/* Sets the reason and answers ADVANCE_REFUSED. */
int advance_refuse(struct advancing *advancing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void advance_tell(const struct advancing *advancing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The candidate's source, from its commit. */
int advance_source(struct advancing *advancing, struct buf *ret, struct err *err);
/* Both arms afresh over these runs, as the gate replays them; the failing ones among the held-out
 * are the cases of `held_out`. ADVANCE_REFUSED: a sanitised build is refused. */
int advance_compare(struct report *ret, struct advancing *advancing, const struct batch *held_out,
    const struct run *const *runs, unsigned count, struct err *err);
/* One look has one answer, noted here. Asked again, after a kill, with another policy or on a
 * slower machine, it may get worse and never better: then *verdict is inconclusive. */
int advance_answer_look(enum verdict *verdict, struct advancing *advancing,
    const struct digest *shard, const struct journal_look *look, struct err *err);
/* Each: ADVANCE_ON, ADVANCE_REFUSED or an error. */
int advance_patch(struct advancing *advancing, struct err *err);
int advance_build(struct advancing *advancing, struct err *err);
int advance_scan(struct advancing *advancing, struct err *err);
int advance_replay(struct advancing *advancing, struct err *err);
int advance_gate(struct advancing *advancing, struct err *err);
