/* facts - what graders read of one run: what the host itself saw, and nothing else.
 *
 * A worker's explanations, counters and claims of success have no place here, so no grader can be
 * talked to. What a mode does not have is not known, which is not the same as not there: a grader
 * that needs it can say nothing.
 *
 * Everything belongs to who made it. */
#pragma once

#include "trials/case/case.h"
#include "trials/effects.h"

enum facts_known {
    FACTS_ASKED = 1 << 0,     /* calls that were asked for */
    FACTS_CARRIED = 1 << 1,   /* which of them were carried out, and what came back */
    FACTS_TEXTS = 1 << 2,     /* text sent to the person */
    FACTS_ADDRESSES = 1 << 3, /* where it went */
    FACTS_END = 1 << 4,
    FACTS_STATE = 1 << 5,
    FACTS_WORKSPACE = 1 << 6,
    FACTS_COST = 1 << 7,
    FACTS_STEPS = 1 << 8, /* each recorded reply was put to the harness: steps */
};
struct facts_call {
    struct str tool, args; /* args: raw text */
    struct str result;     /* empty if it was not carried out */
    bool denied;           /* a hook said no */
    bool carried;
    bool failed; /* the result is an error */
};
struct facts_text {
    struct str text, address;
};
struct facts {
    unsigned known;                 /* enum facts_known */
    const struct facts_call *calls; /* in the order in which they were asked for */
    uint32_t calls_count;
    const struct facts_text *texts;
    uint32_t texts_count;
    uint8_t end;              /* enum case_end, of the last turn */
    const struct json *state; /* of the tools' world, as a document; NULL: only its digest */
    struct digest state_digest;
    const char *workspace; /* a folder of the host, as the run left it */
    double usd;
    const struct run *run;       /* the conversation: as recorded, or as it came to be */
    const struct effects *steps; /* [run->steps_count] of FACTS_STEPS */
    uint32_t first;              /* steps before it are of the state: nothing was asked there */
    /* Of an episode whose case has a recording and wants a failure of it resolved: that one. */
    const struct run *recorded;
    uint32_t recorded_first;
    bool abnormal;      /* a worker died, hung or broke the protocol: the run has failed */
    bool stopped;       /* it ended at a divergence; */
    uint8_t divergence; /* which is settled so: enum case_divergence */
    struct str why;     /* of the two */
};

/* A list of facts that grows in an arena. */
struct facts_making {
    struct arena *arena;
    struct facts_call *calls;
    struct facts_text *texts;
    uint32_t calls_room, texts_room;
};
void facts_add_call(
    struct facts *facts, struct facts_making *making, const struct facts_call *call);
void facts_add_text(
    struct facts *facts, struct facts_making *making, const struct facts_text *text);
/* What mode `step` knows of a run whose steps' effects are `steps`, which must stay. */
void facts_of_steps(struct facts *ret, const struct run *run, uint32_t first,
    const struct effects *steps, struct arena *arena);
/* The digest of a document by its canonical form, and of a folder by its files: their paths in
 * order, their kinds, modes' executable bit and contents. ERR_LIMIT: more than a grader should
 * read. */
struct digest facts_state_digest(const struct json *state);
int facts_workspace_digest(struct digest *ret, const char *folder, struct err *err);
