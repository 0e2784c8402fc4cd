/* pool - the seats of a replay, driven by one poll loop.
 *
 * Whoever has work for the workers (runs, vectors) brings a table of what to do when a seat is
 * free, has said something, or has died; the loop has no idea what the messages mean. While nobody
 * has work the workers wait, so a replay can be used again and again. */
#pragma once

#include "trials/seat.h"

enum { POOL_SEATS_MAX = 64 };
struct replay {
    struct replay_arm arm;
    struct seat *seats;
    unsigned seats_count;
    uint64_t lease;         /* the last one given */
    uint64_t steps;         /* that got an answer */
    unsigned deaths;        /* steps that killed their worker */
    struct digest tools_of; /* the list that was printed last: runs of one origin share it */
    struct buf tools;
    struct buf models;
    unsigned hangs; /* of these, that it never answered */
};

struct pool_work {
    /* Puts into the seat's channel what its worker may be sent now. How much is in work there, or a
     * negated ERR_ code, which ends the loop. A seat without a worker gets one before its messages
     * go out. */
    int (*feed)(void *with, unsigned seat, struct err *err);
    /* One message. ERR_PEER: the worker broke the protocol and is ended; any other code ends the
     * loop. */
    int (*take)(void *with, unsigned seat, const struct wire *message, struct err *err);
    /* When the seat's worker must have said something, by clock_mono_ns. */
    uint64_t (*due)(void *with, unsigned seat);
    /* The worker is gone and so is all it held. */
    void (*died)(void *with, unsigned seat, const char *why);
};
/* Until nobody has work. After a code of feed or take the workers that had work are ended: what
 * they still say belongs to nobody. */
int pool_drive(struct replay *replay, const struct pool_work *work, void *with, struct err *err);
/* Of a run's sessions: every run throws its own dice, the same in every arm with the same seed. A
 * build that throws dice is then seen to by a pass with another. */
uint64_t pool_seed(const struct replay *replay, const struct run *run);
/* The tools that a run's session is opened with, as JSON; empty where none were offered. Valid
 * until the next call. */
struct str pool_tools(struct replay *replay, const struct run *run);
/* The aliases that a run's session is opened with: as many as the recording had. Valid likewise. */
struct str pool_models(struct replay *replay, const struct run *run);
