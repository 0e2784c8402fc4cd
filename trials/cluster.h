/* cluster - what the detectors found, put together: counts for the census, and the failures that a
 * harness could mend.
 *
 * Runs are added one at a time and not kept; only ids are. A cluster is a detector together with a
 * rejected result or a reply whose calls were never carried out, over all origins; what merely
 * looks like one stays listed, with the reason. Its signature is made of the table's words only,
 * never of text out of a trace. */
#pragma once

#include "trials/mined.h"
#include "trials/split.h"

extern const char *const cluster_hook_words[9]; /* by enum moult_hook_id */

struct cluster_case {     /* one run whose first hit its detector's frame speaks for */
    uint32_t session;     /* index into miner's sessions */
    uint32_t step, call;  /* call UINT32_MAX: the reply as a whole */
    uint32_t lost;        /* replies of the run from there on */
    struct digest digest; /* of the conversation up to and with that reply, and the tools */
};
struct cluster_origin {
    struct str name;
    uint32_t hits, sessions; /* with the symptom */
    uint32_t mendable;       /* hits that the frame speaks for */
    uint32_t cases;
    const char *why_not; /* its runs are left out; NULL: they are in */
};
struct cluster {
    const char *id; /* the detector's */
    const struct detector *detector;
    char signature[96]; /* DETECTOR:HOOK:PLUGIN:TOOLS, plugin "*" until a candidate names one */
    uint32_t hits, sessions, solved; /* runs with the symptom; those of them that were solved */
    uint32_t groups, held_in_groups, held_out_groups; /* of the cases */
    uint32_t principals;                              /* of the cases; the operator is one */
    uint64_t lost;                                    /* replies from the failures on */
    uint64_t first_ms, last_ms; /* when their sessions began; 0: nobody knows */
    int32_t trend; /* cases in the newest session's last week, less those of the week before */
    uint32_t rank; /* from 1: what is worked on first (rank.h) */
    struct cluster_case *cases;
    uint32_t cases_count;
    struct cluster_origin *origins;
    uint32_t origins_count;
    bool mendable;
    const char *why_not; /* the reason, if not */
};
struct miner_session {
    struct str id, group, origin;
    uint64_t client; /* digest of a client's name; 0: the operator's own */
    uint64_t at_ms;  /* when it began; 0: nobody knows */
    uint8_t split;
    bool steps, solved,
        claims;        /* it has replies; reward >= 1 and calls were carried out; rests on claims */
    uint64_t symptoms; /* bit an index into the clusters as miner_new made them */
};
struct miner_count {
    uint32_t occurrences, sessions;
};

struct miner;
struct miner *miner_new(void);
void miner_free(struct miner *miner);
void miner_freep(struct miner **miner);
/* What is given may be given up afterwards. Runs are told apart by nothing but their order, which
 * is the caller's to keep. */
void miner_add(struct miner *miner, const struct run *run);
void miner_take(struct miner *miner, const struct mined *mined, uint8_t split, uint64_t began_ms);
/* Groups that have become one since their runs were added: `where` says which and in which split.
 */
void miner_regroup(struct miner *miner,
    void (*where)(const void *with, struct str *group, uint8_t *split), const void *with);
/* Makes clusters of what was added, and ranks them (rank.h). Once, after the last run. */
void miner_rank(struct miner *miner);
/* Cluster by rank; NULL behind the last. Detectors without any hit have none. */
const struct cluster *miner_cluster(const struct miner *miner, unsigned rank);
const struct cluster *miner_find(const struct miner *miner, const char *id);
const struct miner_session *miner_sessions(const struct miner *miner, uint32_t *ret_count);
/* The symptom's bit in miner_session.symptoms, and those of symptoms that have the same frame
 * (another dialect of the same failure, which the same repair may rightly mend). */
uint64_t miner_bits(const struct miner *miner, const struct cluster *cluster);
/* Counts of detectors[i], over all or in one origin (miner_origin by index, NULL behind the last).
 */
struct miner_count miner_total(const struct miner *miner, unsigned detector);
const char *miner_origin(const struct miner *miner, unsigned origin);
struct miner_count miner_in_origin(const struct miner *miner, unsigned origin, unsigned detector);
