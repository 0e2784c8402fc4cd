/* batch - a cluster's frozen cases, as two documents (schema 1, docs/reference/batch.md).
 *
 * The first is evidence: failing held-in cases and the held-in runs that must stay as they are. The
 * second holds the same for held-out groups; who may propose may not read it, and the first says of
 * it only its digest. Their names are digests of their bytes, so neither can change afterwards. */
#pragma once

#include "trials/cluster.h"

/* In each of the two documents. Where there are more, the newest and some of all times, and not of
 * one group or client only (choose.h): a client that comes often has no more to say than others. */
enum { BATCH_CASES_MAX = 512, BATCH_NEIGHBOURS_MAX = 2048 };

/* Prints both documents. ERR_MISSING: the cluster has no held-in case. */
int batch_print(struct buf *held_in, struct buf *held_out, const struct miner *miner,
    const struct cluster *cluster, struct err *err);

/* The document of held-out groups alone. */
void batch_print_held_out(
    struct buf *out, const struct miner *miner, const struct cluster *cluster);

struct batch_case {
    struct str session, group, origin;
    uint32_t step, call; /* call UINT32_MAX: the reply as a whole */
    struct digest digest;
};
struct batch {
    struct digest digest; /* of the document's bytes */
    struct str detector, signature;
    uint8_t split; /* enum split: which of the two documents it is */
    bool mendable, claims;
    uint32_t rank; /* among the clusters of that mine, from 1; 0: of a time that had none */
    struct digest held_out; /* held-in: the other document; held-out: zero */
    struct batch_case *cases;
    uint32_t cases_count;
    struct str *neighbours; /* sessions without the symptom */
    uint32_t neighbours_count;
};
/* Strings are in the arena or in text. ERR_INPUT names the path. */
int batch_read(struct batch *ret, struct str text, struct arena *arena, struct err *err);
