/* mined - what the detectors found in one run: all that the miner keeps of it.
 *
 * It is a function of the run alone, so that a run is looked at once, however often clusters are
 * made (recall.h keeps it), and what is made of many does not depend on when each was seen. */
#pragma once

#include "trials/detect.h"

enum { MINED_DETECTORS_MAX = 128 };

struct mined_failure {    /* of one detector that names a hook */
    uint8_t row;          /* its index in detectors[] */
    uint8_t tools;        /* bits of enum detect_tool_class */
    uint32_t hits;        /* occurrences */
    uint32_t mendable;    /* those that a harness can mend */
    uint32_t lost;        /* replies from the first occurrence on */
    struct str why_not;   /* of the first that cannot; or empty */
    bool is_case;         /* the frame speaks for the first one; then: */
    uint32_t step, call;  /* call UINT32_MAX: the reply as a whole */
    struct digest digest; /* of the conversation up to and with that reply, and the tools */
};
struct mined_count {
    uint8_t row;
    uint32_t occurrences;
};
struct mined {
    struct str id, group, origin;
    uint64_t principal;         /* digest of a client's name; 0: the operator's own */
    bool steps;                 /* it has replies */
    bool solved;                /* reward >= 1, and calls were carried out */
    bool claims;                /* it rests on claims */
    struct mined_count *counts; /* of every detector that found something */
    uint32_t counts_count;
    struct mined_failure *failures; /* in the order of the table */
    uint32_t failures_count;
};
/* Its lists are in the run's arena, its texts the run's or the program's. */
void mined_read(struct mined *ret, const struct run *run);

/* As bytes. Reading is strict: -ERR_INPUT for anything that mined_pack does not write. Texts are
 * slices of the bytes, lists in the arena. */
struct unpack;
void mined_pack(struct buf *out, const struct mined *mined);
int mined_unpack(struct mined *ret, struct unpack *in, struct arena *arena);
