/* schema - the journal's tables, as the steps that made them: a journal of an older version gets
 * the steps that it lacks, so a home outlives the moult that made it. A step adds tables, or moves
 * rows to a better place; it loses none. */
#pragma once

#include "base/str.h"

enum { SCHEMA_VERSION = 9 };

/* The SQL that brings a journal of one version (0: an empty file) to a later one. */
void schema_print(struct buf *out, unsigned from, unsigned to);
