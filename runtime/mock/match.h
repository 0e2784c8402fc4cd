/* match - does a rule hold for a request? */
#pragma once

#include "mock/script.h"

bool match(const struct script_rule *rule, const struct ask *ask);
/* Counts one more request for which everything else of the rule held, and says whether `after` and
 * `times` let this one have it. */
bool match_turn(struct script_rule *rule);
