/* run - one of the agent's commands as a child, and what came of it. */
#pragma once

#include "agent/child.h"
#include "agent/command.h"

struct agent_place {
    uv_loop_t *loop;
    const char *bin;  /* folder of the programs */
    const char *home; /* path */
};
/* done is called as child.h says. */
int agent_run(struct child **ret, const struct agent_place *place,
    const struct agent_command *command, child_done done, void *with, struct err *err);
/* The text of a call's result, in the child's output or static; false: it is a failure. A candidate
 * that was rejected is an answer too. */
bool agent_said(const struct child_result *result, struct str *ret_text);
