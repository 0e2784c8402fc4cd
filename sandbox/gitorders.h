/* gitorders - what the configuration of a workspace's repository has git read or start, of files in
 * the workspace itself: a hooks folder (core.hooksPath), an included file, a filter's script.
 *
 * The configuration is read by gitconfig.h and not by libgit2: this runs where keys are held, for
 * files that an earlier run may have written. Of the person's own configuration nothing is read. */
#pragma once

#include "sandbox/orders.h"

/* Adds them for one mount of the run. ERR_LIMIT: there is too much of it to know what git would
 * obey. ERR_DENIED: it is the workspace as a whole, or no file. */
int gitorders_find(struct orders *orders, unsigned mount, struct err *err);
