/* python - values written as Python literals, as models and code-writing harnesses leave them. */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/* The value that a Python literal (dict, list, tuple, string, number, True, False, None) denotes,
 * as JSON nodes in the arena, or NULL: it is none, is deeper than 64 levels, or holds something
 * that JSON has no form for (a set, bytes, a complex number, a key that is no string). JSON that is
 * not also Python (true, null) is refused: this reader says what a text denotes as Python. */
const struct json *python_read(struct arena *arena, struct str text);
