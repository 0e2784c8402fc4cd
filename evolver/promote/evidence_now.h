/* evidence_now - what the active harness does at each recorded step, by a fresh replay: a repair
 * that was promoted has changed what the recordings say. */
#pragma once

#include "promote/evidence.h"
#include "trials/replay.h"

/* *ret: [runs_count][steps of the run], in the arena. A step that ended abnormally or was not
 * reached has digests that equal no other's. */
int evidence_now(const struct evidence_digests ***ret, struct arena *arena,
    const struct replay_arm *arm, unsigned workers, const struct run *const *runs,
    unsigned runs_count, struct err *err);
