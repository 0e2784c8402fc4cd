/* check - what providers refuse in a conversation, as they refuse it: calls without results,
 * results without calls, and members that they demand. For a script that is `strict`. */
#pragma once

#include "mock/ask.h"

/* ERR_INPUT with a text close to the provider's own. */
int check(const struct ask *ask, struct arena *arena, struct err *err);
