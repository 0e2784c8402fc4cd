/* split - which groups may be seen by whom. By keyed hash of the group, fixed at first sight. */
#pragma once

#include "base/hash.h"
#include "base/str.h"

enum split { SPLIT_HELD_IN, SPLIT_HELD_OUT, SPLIT_TEST, SPLITS };
extern const char *const split_words[SPLITS]; /* "held-in", "held-out", "test" */
/* With fewer groups there is no sealed test split: half is held out. A third of it would leave
 * claims that say nothing. */
enum { SPLIT_SEALED_FROM = 100 };
/* key: the home's split key (32 bytes). sealed: there are SPLIT_SEALED_FROM groups. Who is held in
 * without a sealed split is held in with one. */
enum split split_of(struct str key, struct str group, bool sealed);
