/* round - one command at a time takes candidates through the pipeline.
 *
 * Two would do the same work twice and find each other's rows moved under them. Decisions
 * (approve, reject, promote, rollback, freeze) do not wait for it: each is one compare-and-swap. */
#pragma once

#include "base/err.h"
#include "wire/home.h"

/* A descriptor that the caller holds for as long as its round lasts and then closes; the kernel
 * gives the place back when it dies. ERR_STATE: another command has a round of this home. */
int round_begin(const struct home *home, struct err *err);
/* The same for what follows an admission (references, work tree, clusters): it is short, so others
 * wait for it, and nobody sees an admission that nothing has followed but for a kill. Not twice in
 * one process. */
int round_follow(const struct home *home, struct err *err);
