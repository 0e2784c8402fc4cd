/* tell_source - what the source gate found, for a person or as JSON (CONTRACT: findings[]). */
#pragma once

#include "promote/check_source.h"

/* {"rule", "severity", "file", "line", "column", "message"}, with a comma in front unless it is the
 * first of its array. */
void tell_finding_json(struct buf *out, const char *rule, const char *file, uint32_t line,
    uint32_t column, struct str message);
/* The elements of the array, without its brackets. */
void tell_source_json(struct buf *out, const struct check_source_result *result, const char *file);
/* "FILE:LINE:COLUMN: RULE: MESSAGE" each, on standard output. */
void tell_source(const struct check_source_result *result, const char *file);
