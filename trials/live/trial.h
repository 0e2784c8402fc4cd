/* trial - mode live from the command line: what is asked for, what it takes, what it says.
 *
 * One harness alone (alone.c), each case as often as was said; or a candidate beside the harness
 * that it would change (versus.c), both run afresh. */
#pragma once

#include "trials/cmd_case.h"
#include "trials/junit.h"
#include "trials/live/cases.h"
#include "trials/live/judging.h"
#include "trials/live/run.h"

#define LIVE_TOKENS_MAX 1000000000000
struct live_options {
    uint64_t repeats;   /* 0: each case's own */
    double temperature; /* -1: each case's own */
    double usd;         /* 0: the cases' own together */
    uint64_t tokens;
    const char *stop;  /* "any", "fixed", or NULL: by the number of groups */
    const char *junit; /* FILE or NULL */
};
struct live_trial {
    const struct verb_call *call;
    const struct home *home;
    struct live_options options;
    struct journal *journal;
    struct config config;
    struct case_store store;
    struct live_cases cases;
    struct asker asker;
    struct judging judging;
    struct grade_means grade;
    struct live_means means;
    struct junit junit;
    struct arena arena; /* of all of it */
    bool stopped;       /* the budget was used up; */
    struct err why;     /* in these words */
};
/* `moult replay --mode live CASE...`. Returns the exit status, or a negated ERR_ code. */
int live_replay(const struct verb_call *call, const struct live_options *options,
    const struct replay_choice *choice, const struct home *home, const char *const *words,
    unsigned count, struct err *err);

/* --- inside this folder */

uint32_t live_repeats(const struct live_trial *trial, const struct live_case *one);
/* Prints and counts; each returns the exit status or a negated ERR_ code. */
int live_alone(struct live_trial *trial, const struct replay_choice *choice, struct err *err);
int live_versus(struct live_trial *trial, const struct replay_choice *choice, struct err *err);
/* True: the error is that the budget is used up, which is noted and ends the runs but not the
 * command. */
bool live_stops(struct live_trial *trial, int rc, const struct err *err);

/* tell.c: what both print. */
void live_tell_cost(struct live_trial *trial);
void live_print_cost(struct buf *out, struct live_trial *trial); /* "cost":{...} */
/* ,"repeats":3,"temperature":null or a number */
void live_print_plan(struct buf *out, const struct live_trial *trial, uint32_t repeats);
int live_write_junit(struct live_trial *trial, uint32_t repeats, struct err *err);
