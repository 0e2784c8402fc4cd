/* make - cases out of recorded conversations. What is made says what was recorded and no more; its
 * id, tags and graders are the caller's. */
#pragma once

#include "trials/case/case.h"
#include "trials/run.h"

/* The run as a case whose model and tools are recorded. `step` is what it was made for, UINT32_MAX:
 * the run. ERR_INPUT: a message has a member twice, which a case cannot have. */
int case_of_run(struct trial_case *ret, const struct run *run, uint32_t step, struct arena *arena,
    struct err *err);
/* Gives each recorded tool a script of the answers that were recorded: the same arguments get the
 * same answers in their order, and the last one from then on. Calls without a result, and with
 * arguments that are no object, are left out: *ret_left counts them. */
int case_script_tools(struct trial_case *of, const struct run *run, uint32_t *ret_left,
    struct arena *arena, struct err *err);
