/* proposing - one run of a proposer: started in its sandbox with the evidence and one socket,
 * served until it says that it is done, or until it misbehaves.
 *
 * A proposer is a program that is not trusted, and whatever it does is an answer: it may hang, die,
 * flood, lie or speak out of turn, and the result says which. Nothing that it hands in has been
 * believed: each proposal is only read, and belongs to a plugin of the active harness. */
#pragma once

#include "promote/judging.h"
#include "wire/door.h"

/* What a run may cost; 0: the number beside it. */
struct proposing_budget {
    uint32_t seconds; /* 60: the whole run */
    uint32_t builds;  /* PROPOSER_BUILDS_MAX trial builds */
    uint32_t tries;   /* 16 clean candidates */
    uint32_t denials; /* 64 requests refused; then it is ended */
    uint32_t rounds;  /* 24 requests to its model */
    uint64_t judged;  /* 200 million rows on steps */
    uint64_t bytes;   /* 4 GiB each way */
};
struct proposing_plan {
    const char *program; /* NULL: moult-propose beside the running program */
    struct judging_plan judging;
    struct str bundle;    /* of evidence_print, for the same evidence */
    struct door_way *way; /* to its model: it is started to ask one. NULL: it asks none */
    struct proposing_budget budget;
    /* A line of progress, printable; may be NULL. */
    void (*say)(void *with, const char *line);
    void *with;
};

enum proposing_end {
    PROPOSING_STOPPED, /* it said so */
    PROPOSING_ENDED,   /* it exited or died without a word */
    PROPOSING_LATE,    /* its time was over */
    PROPOSING_BROKE,   /* no message, half of one, or one that only the driver may send */
    PROPOSING_FLOODED, /* over a bound in bytes */
    PROPOSING_DEAF,    /* too many requests that were refused */
    PROPOSING_REFUSED, /* a command: what it did is not for a proposer to do */
    PROPOSING_FAILED,  /* a command: it said so by its exit status, or died */
    PROPOSING_ENDS
};
extern const char *const proposing_end_words[PROPOSING_ENDS];

struct proposing_result {
    struct arena arena; /* owns the strings */
    struct proposal proposals[PROPOSER_CANDIDATES_MAX];
    unsigned proposals_count;
    struct buf asked_last; /* its last request to its model: all that was said until then */
    struct str stop;       /* the JSON of its last message, read as JSON and no more; or empty */
    uint8_t end;           /* enum proposing_end */
    char why[240];         /* printable: what went wrong, and what it left on stderr */
    uint32_t builds, builds_ok, judges, tries, asked, said, denied;
    uint32_t built_by[2]; /* trial builds, by enum compile_by */
    uint64_t judged;      /* rows on steps */
    uint64_t bytes_in, bytes_out, wall_us, build_us, judge_us, try_us;
    struct digest evidence; /* of the bundle */
    enum sandbox_tier tier;
    uint32_t layers, worker_layers; /* in force around the proposer, and around the workers */
};
void proposing_result_done(struct proposing_result *result);
/* 0 whatever the proposer did; errors are the machine's: ERR_LACKS, ERR_MISSING (no program),
 * ERR_SYS. */
int proposing_run(struct proposing_result *ret, const struct proposing_plan *plan, struct err *err);
