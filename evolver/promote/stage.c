/* stage - the two transition tables. See stage.h. */
#include "promote/stage.h"

#include "base/mem.h"
#include "base/names.h"

const char *const stage_words[STAGES] = {
    [STAGE_PROPOSED] = "proposed",
    [STAGE_PATCHED] = "patched",
    [STAGE_BUILT] = "built",
    [STAGE_SCANNED] = "scanned",
    [STAGE_REPLAYED] = "replayed",
    [STAGE_GATED] = "gated",
    [STAGE_IN_REVIEW] = "in_review",
    [STAGE_APPROVED] = "approved",
    [STAGE_CANARY] = "canary",
    [STAGE_ACTIVE] = "active",
    [STAGE_REJECTED] = "rejected",
    [STAGE_QUARANTINED] = "quarantined",
    [STAGE_ROLLED_BACK] = "rolled_back",
    [STAGE_SUPERSEDED] = "superseded",
};

const char *const stage_event_words[STAGE_EVENTS] = {
    [ON_PATCH] = "patch",
    [ON_BUILD] = "build",
    [ON_SCAN] = "scan",
    [ON_REPLAY] = "replay",
    [ON_GATE] = "gate",
    [ON_OPEN_REVIEW] = "open_review",
    [ON_APPROVE] = "approve",
    [ON_CANARY] = "canary",
    [ON_ACTIVATE] = "activate",
    [ON_REFUSE] = "refuse",
    [ON_CHANGE] = "change",
    [ON_QUARANTINE] = "quarantine",
    [ON_ROLLBACK] = "rollback",
    [ON_SUPERSEDE] = "supersede",
};

static const struct move {
    enum stage from;
    enum stage_event event;
    enum stage to;
} moves[] = {
    { STAGE_PROPOSED, ON_PATCH, STAGE_PATCHED },
    { STAGE_PATCHED, ON_BUILD, STAGE_BUILT },
    { STAGE_BUILT, ON_SCAN, STAGE_SCANNED },
    { STAGE_SCANNED, ON_REPLAY, STAGE_REPLAYED },
    { STAGE_REPLAYED, ON_GATE, STAGE_GATED },
    { STAGE_GATED, ON_OPEN_REVIEW, STAGE_IN_REVIEW },
    { STAGE_IN_REVIEW, ON_APPROVE, STAGE_APPROVED },
    { STAGE_APPROVED, ON_CANARY, STAGE_CANARY },
    { STAGE_CANARY, ON_ACTIVATE, STAGE_ACTIVE },
    /* No service runs: nothing can be a canary, the admission alone makes it active. */
    { STAGE_APPROVED, ON_ACTIVATE, STAGE_ACTIVE },

    { STAGE_PROPOSED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_PATCHED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_BUILT, ON_REFUSE, STAGE_REJECTED },
    { STAGE_SCANNED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_REPLAYED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_GATED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_IN_REVIEW, ON_REFUSE, STAGE_REJECTED },
    { STAGE_APPROVED, ON_REFUSE, STAGE_REJECTED },
    { STAGE_CANARY, ON_REFUSE, STAGE_REJECTED },

    { STAGE_APPROVED, ON_CHANGE, STAGE_IN_REVIEW },
    { STAGE_CANARY, ON_CHANGE, STAGE_IN_REVIEW },

    { STAGE_CANARY, ON_QUARANTINE, STAGE_QUARANTINED },
    { STAGE_ACTIVE, ON_QUARANTINE, STAGE_QUARANTINED },
    { STAGE_ACTIVE, ON_ROLLBACK, STAGE_ROLLED_BACK },
    { STAGE_ACTIVE, ON_SUPERSEDE, STAGE_SUPERSEDED },
    { STAGE_GATED, ON_SUPERSEDE, STAGE_SUPERSEDED },
    { STAGE_IN_REVIEW, ON_SUPERSEDE, STAGE_SUPERSEDED },
    { STAGE_APPROVED, ON_SUPERSEDE, STAGE_SUPERSEDED },
    { STAGE_CANARY, ON_SUPERSEDE, STAGE_SUPERSEDED },
};

int stage_next(enum stage from, enum stage_event event, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(moves); i++)
        if (moves[i].from == from && moves[i].event == event)
            return (int)moves[i].to;
    return err_set(err, ERR_STATE, "a candidate that is %s knows no %s", NAME_OF(stage_words, from),
        NAME_OF(stage_event_words, event));
}

const char *const cluster_state_words[CLUSTER_STATES] = {
    [CLUSTER_OBSERVED] = "observed",
    [CLUSTER_CLUSTERED] = "clustered",
    [CLUSTER_BATCHED] = "batched",
    [CLUSTER_IN_WORK] = "in_work",
    [CLUSTER_RESOLVED] = "resolved",
    [CLUSTER_REOPENED] = "reopened",
};

static const char *const cluster_event_words[CLUSTER_EVENTS] = {
    [ON_CLUSTER] = "cluster",
    [ON_BATCH] = "batch",
    [ON_WORK] = "work",
    [ON_GIVE_UP] = "give_up",
    [ON_PROMOTED] = "promoted",
    [ON_SEEN_AGAIN] = "seen_again",
};

static const struct cluster_move {
    enum cluster_state from;
    enum cluster_event event;
    enum cluster_state to;
} cluster_moves[] = {
    { CLUSTER_OBSERVED, ON_CLUSTER, CLUSTER_CLUSTERED },
    { CLUSTER_CLUSTERED, ON_BATCH, CLUSTER_BATCHED },
    { CLUSTER_BATCHED, ON_WORK, CLUSTER_IN_WORK },
    { CLUSTER_IN_WORK, ON_GIVE_UP, CLUSTER_BATCHED },
    { CLUSTER_IN_WORK, ON_PROMOTED, CLUSTER_RESOLVED },
    { CLUSTER_BATCHED, ON_PROMOTED, CLUSTER_RESOLVED },
    { CLUSTER_RESOLVED, ON_SEEN_AGAIN, CLUSTER_REOPENED },
    { CLUSTER_REOPENED, ON_BATCH, CLUSTER_BATCHED },
    { CLUSTER_BATCHED, ON_BATCH, CLUSTER_BATCHED },
};

int cluster_next(enum cluster_state from, enum cluster_event event, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(cluster_moves); i++)
        if (cluster_moves[i].from == from && cluster_moves[i].event == event)
            return (int)cluster_moves[i].to;
    return err_set(err, ERR_STATE, "a cluster that is %s knows no %s",
        NAME_OF(cluster_state_words, from), NAME_OF(cluster_event_words, event));
}
