/* taken - the cases that a home has taken in, and what was retired.
 *
 * A case that counts is a document of the journal; the file in the home is its projection, for
 * people. Which suites it is in its tags say: `regression` and `safety` are played by both arms at
 * the gate, `smoke` before anything else. What was taken in stays in until a reviewer signs that it
 * may go: a document that cannot be read is an error, and no case less. */
#pragma once

#include "admission/retirement.h"
#include "trials/case/case.h"
#include "wire/journal.h"

enum taken_suite { TAKEN_REGRESSION, TAKEN_SAFETY, TAKEN_SMOKE, TAKEN_SUITES };
extern const char *const taken_suite_words[TAKEN_SUITES];
#define TAKEN_GATE (1u << TAKEN_REGRESSION | 1u << TAKEN_SAFETY)

/* Of the gate's suites, of smoke, of all that was ever taken in. */
enum { TAKEN_GATE_MAX = 256, TAKEN_SMOKE_MAX = 16, TAKEN_MAX = 8192 };
#define TAKEN_BYTES_MAX ((size_t)128 << 20) /* of what is in */

struct taken_case {
    struct digest row; /* of the document that took it in: what a retirement names */
    uint64_t at_ms;
    struct str id;
    struct digest document, identity;
    const struct retirement *retired; /* NULL: it is in, and then also */
    struct err broken;                /* code nonzero: the journal does not hold it; else */
    struct trial_case of;
    unsigned suites; /* a set of 1 << enum taken_suite */
};
struct taken_session { /* a recorded run that the corpus was to keep */
    struct digest id;
    const struct retirement *retired;
};
struct taken {
    struct arena arena;
    struct taken_case *at; /* in the order in which they came */
    uint32_t count;
    struct taken_session *sessions; /* retired ones */
    uint32_t sessions_count;
    uint32_t forged; /* retirements that do not hold: they take nothing out */
};
/* A zeroed one is for taken_done. Whoever plays cases asks taken_whole next: one that is broken is
 * an error, and no case less. */
int taken_read(
    struct taken *ret, struct journal *journal, const struct home *home, struct err *err);
/* 0, or the error of the first that is in and that the journal does not hold. */
int taken_whole(const struct taken *taken, struct err *err);
void taken_done(struct taken *taken);
/* The retirement of a recorded run, or NULL. */
const struct retirement *taken_retired(const struct taken *taken, const struct digest *session);
/* The one that is in with that identity, or NULL. */
const struct taken_case *taken_find(const struct taken *taken, const struct digest *identity);

/* Which suites the tags of a case name. */
unsigned taken_suites(const struct trial_case *of);
/* A JSON array of their words. */
void taken_print_suites(struct buf *out, unsigned suites);
/* Why a case can be in none of its suites, whatever it does, or room is not left: ERR_INPUT,
 * ERR_LIMIT. */
int taken_fits(const struct taken *taken, const struct trial_case *of, struct err *err);
/* Takes it in, as it is. */
int taken_add(struct journal *journal, const struct trial_case *of, struct err *err);
