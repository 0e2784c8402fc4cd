/* tables - what a case may say: the whole format, for the reader and the printer. Inside this
 * folder only. */
#pragma once

#include "trials/case/parts.h"

extern const struct part case_parts[];       /* of struct trial_case */
extern const struct part case_grade_parts[]; /* of struct case_grade */
