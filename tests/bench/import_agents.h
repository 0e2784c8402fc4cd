/* import_agents - the session logs of agents as something to measure an import by. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* For each format whose samples are shipped: its logs, so many times over, each time with other
 * words, brought into a journal of their own. */
int import_agents(struct buf *out, struct err *err);
