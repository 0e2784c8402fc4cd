/* replay_parts - the series of moult bench replay. */
#pragma once

#include "ground.h"

#include "base/str.h"

/* Cases a second in mode step: against their length, beside reading the same; against how many
 * there are and how many workers play them, up to `steps` replies. */
int replay_lengths(struct buf *out, const struct ground *ground, struct err *err);
int replay_sizes(struct buf *out, const struct ground *ground, uint64_t steps, struct err *err);
/* Cases a second in mode episode, as many of them as fit to so many replies. */
int replay_episodes(struct buf *out, const struct ground *ground, uint64_t steps, struct err *err);
