/* grant - what a caller may show to a run: nothing of a moult home but one of its workspaces, and
 * nothing in the place of what the profile has; and a network or a model only where the profile can
 * have one.
 */
#pragma once

#include "sandbox/root.h"

/* Compares by device and inode, so that neither links nor other names of a folder pass. A home is
 * known by its keys/home.id in any folder above a mount; one below a mount by run->homes.
 * ERR_DENIED names both. What was looked at is in *ret, in the order of run->mounts, also on an
 * error: nothing else may be mounted. */
struct grant {
    struct root_checked mounts[ROOT_MOUNTS_MAX]; /* fd -1: an empty folder */
    unsigned count;
};
/* Whether the run has a /proc. */
bool grant_proc(const struct sandbox_run *run);
int grant_check(struct grant *ret, const struct sandbox_run *run, struct err *err);
void grant_done(struct grant *grant);
