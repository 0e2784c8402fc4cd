/* grant - what a caller may show to a run: nothing of a moult home but one of its workspaces, and
 * nothing in the place of what the profile has. */
#pragma once

#include "sandbox/sandbox.h"

/* Compares by device and inode, so that neither links nor other names of a folder pass. A home is
 * known by its keys/home.id in any folder above a mount; one below a mount by run->homes.
 * ERR_DENIED names both. */
int grant_check(const struct sandbox_run *run, struct err *err);
