/* mine - constants out of the failing steps: keys of JSON values, marks that hug one, names that
 * calls lack, prefixes of names. No literal of a patch comes from anywhere else. */
#pragma once

#include "propose/bundle.h"

enum { MINE_KEYS_MAX = 24, MINE_TOKENS_MAX = 12, MINE_PAIRS_MAX = 6, MINE_TEXT_MAX = 48 };

struct mine_pair {
    struct str open, close;
};
struct mined {
    struct str keys[MINE_KEYS_MAX];     /* in a tenth of the groups, most frequent first */
    struct str tokens[MINE_TOKENS_MAX]; /* marks and prefixes, likewise */
    struct mine_pair pairs[MINE_PAIRS_MAX];
    uint32_t keys_count, tokens_count, pairs_count;
};
/* Texts are in the arena or point into the steps'. */
void mine(struct mined *ret, struct arena *arena, const struct bundle *bundle);
/* Whether it may stand in a patch: printable ASCII, not blank, not long. */
bool mine_plain(struct str text);
