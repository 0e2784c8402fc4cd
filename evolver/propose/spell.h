/* spell - literals and names in C. */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* A string literal; the text is printable ASCII (mine_plain). No trigraph comes of it. */
void spell_literal(struct buf *out, struct str text);
/* Whether it can be the name of a local variable. */
bool spell_is_name(struct str text);
