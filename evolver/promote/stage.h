/* stage - every move that a candidate and a cluster can make. What is not in the tables is refused.
 *
 * One move is one journal transaction: the new state, its audit record, and the digests of the
 * documents that it rests on. Only moult-evolve moves candidates (the broker alone may journal a
 * quarantine and go back to an admitted generation). A cluster's way up to its batch is made by the
 * mine that saw it (trials/cmd_mine.c); what follows from work and promotions, by the driver. */
#pragma once

#include "base/err.h"

enum stage {
    STAGE_PROPOSED,
    STAGE_PATCHED,
    STAGE_BUILT,
    STAGE_SCANNED,
    STAGE_REPLAYED,
    STAGE_GATED,
    STAGE_IN_REVIEW,
    STAGE_APPROVED,
    STAGE_CANARY,
    STAGE_ACTIVE,
    STAGE_REJECTED,
    STAGE_QUARANTINED,
    STAGE_ROLLED_BACK,
    STAGE_SUPERSEDED,
    STAGES
};
enum stage_event {
    ON_PATCH,
    ON_BUILD,
    ON_SCAN,
    ON_REPLAY,
    ON_GATE,
    ON_OPEN_REVIEW,
    ON_APPROVE,
    ON_CANARY,
    ON_ACTIVATE,
    ON_REFUSE, /* patcher, compiler, scanner, gate or a person said no */
    ON_CHANGE, /* something under an approval changed: it dies */
    ON_QUARANTINE,
    ON_ROLLBACK,
    ON_SUPERSEDE,
    STAGE_EVENTS
};
extern const char *const stage_words[STAGES];
extern const char *const stage_event_words[STAGE_EVENTS];
/* The next stage, or -ERR_STATE. */
int stage_next(enum stage from, enum stage_event event, struct err *err);

enum cluster_state {
    CLUSTER_OBSERVED,
    CLUSTER_CLUSTERED,
    CLUSTER_BATCHED,
    CLUSTER_IN_WORK,
    CLUSTER_RESOLVED,
    CLUSTER_REOPENED,
    CLUSTER_STATES
};
enum cluster_event {
    ON_CLUSTER,
    ON_BATCH,
    ON_WORK,
    ON_GIVE_UP,
    ON_PROMOTED,
    ON_SEEN_AGAIN,
    CLUSTER_EVENTS
};
extern const char *const cluster_state_words[CLUSTER_STATES];
/* The next state, or -ERR_STATE. */
int cluster_next(enum cluster_state from, enum cluster_event event, struct err *err);
