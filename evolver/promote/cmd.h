/* cmd - the commands of moult-evolve, one function a file cmd_NAME.c. See wire/verb.h for what they
 * return. */
#pragma once

#include "wire/verb.h"

extern const struct verb verb_init, verb_trust, verb_reviewer, verb_build, verb_check, verb_audit;
extern const struct verb verb_candidates, verb_show, verb_review, verb_approve, verb_reject,
    verb_report;
extern const struct verb verb_promote, verb_rollback, verb_freeze, verb_thaw, verb_mandate,
    verb_shadow;
extern const struct verb verb_log, verb_blame, verb_plugins, verb_rebuild, verb_propose,
    verb_evolve, verb_case_retire, verb_proposers;

/* Finds the home of a command and says so in the error. */
int cmd_home(struct home *ret, const struct verb_call *call, struct err *err);
