/* key - the place in a conversation, as a digest of what came from outside of the model: roles and
 * texts of the user's messages and of results, in order.
 *
 * Texts count byte for byte. A result that is a JSON object or array counts by its value: the shop
 * behind a recording and the one that answers today may print it differently. */
#pragma once

#include "base/hash.h"
#include "mock/ask.h"

struct key {
    struct hash_state state;
};
void key_begin(struct key *key);
void key_add(struct key *key, enum ask_role role, struct str text);
struct digest key_so_far(const struct key *key);
