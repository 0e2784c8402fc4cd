/* redact_home - the rules of a home, for what people and files bring to its commands.
 *
 * A reason stands in rows that nobody can take back, under the audit chain: a key that was pasted
 * into it has to be cut before, as one in an imported session is. */
#pragma once

#include "trials/redact.h"
#include "wire/home.h"

/* *text (a line, NULL stays) without what the rules cut. ERR_LIMIT: that has over `most` bytes,
 * since a word may be longer than what it stands for. */
int redact_reason(
    const char **text, size_t most, const struct home *home, struct arena *arena, struct err *err);
