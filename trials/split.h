/* split - which groups may be seen by whom. By keyed hash of the group, fixed at first sight. */
#pragma once

#include "base/hash.h"
#include "base/str.h"

enum split { SPLIT_HELD_IN, SPLIT_HELD_OUT, SPLIT_TEST, SPLITS };
extern const char *const split_words[SPLITS]; /* "held-in", "held-out", "test" */
/* key: the home's split key (32 bytes). With fewer than 100 groups in sight there is no sealed test
 * split: half is held out (STATISTICS.md section 4). */
enum split split_of(struct str key, struct str group, bool sealed);
