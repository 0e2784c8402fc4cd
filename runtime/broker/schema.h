/* schema - the journal's tables, as the steps that made them: a journal of an older version gets
 * the steps that it lacks, so a home outlives the moult that made it. A step only adds. */
#pragma once

#include "base/str.h"

enum { SCHEMA_VERSION = 3 };

/* The SQL that brings a journal of that version (0: an empty file) to SCHEMA_VERSION. */
void schema_print(struct buf *out, unsigned version);
