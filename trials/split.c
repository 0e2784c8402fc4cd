/* split - HMAC of the group with the home's key, read as a fraction.
 * Keyed, so that nobody who sees group names can tell which will be held out; by group, so that two
 * runs of one customer never stand on both sides. */
#include "trials/split.h"

const char *const split_words[SPLITS] = {
    [SPLIT_HELD_IN] = "held-in",
    [SPLIT_HELD_OUT] = "held-out",
    [SPLIT_TEST] = "test",
};

enum split split_of(struct str key, struct str group, bool sealed)
{
    struct digest digest = hash_key(key, group);
    unsigned fraction = (unsigned)digest.at[0] << 8 | digest.at[1]; /* of 65,536 */
    if (fraction < 32768)
        return SPLIT_HELD_IN;
    return sealed && fraction >= 52429 ? SPLIT_TEST : SPLIT_HELD_OUT;
}
