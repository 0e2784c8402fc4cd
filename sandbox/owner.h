/* owner - folders of root for a run that is not root.
 *
 * The host's uid 0 does not exist inside, so what belongs to root could not be written there. A
 * mount that maps owners (kernel 5.12) shows root's files as the run's own, and what the run makes
 * belongs to root outside; the run's uid itself never owns anything. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* The uid of a run outside, where its parent is root and it writes no folder of another user. */
enum { OWNER_NOBODY = 65534 };

/* A detached mount of `from` on which uid 0 of the disk is the run's (user namespace of `ns_fd`).
 * The descriptor, or -1: the kernel, the file system or our rights do not allow it. */
int owner_map(int source, bool write, int ns_fd);
