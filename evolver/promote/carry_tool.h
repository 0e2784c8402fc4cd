/* carry_tool - one run of moult-tool in the sandbox: all its calls go in, all its answers come out.
 * Several may be under way. Inside this folder only. */
#pragma once

#include "promote/carry.h"

struct carry_job;
/* The input is copied. ERR_LACKS, ERR_DENIED: see carry_run. */
int carry_start(
    struct carry_job **ret, const struct carry_plan *plan, struct str input, struct err *err);
/* Adds the output, as far as there is any, and frees the job, also after an error. How the program
 * ended is no error: the output says what was answered. */
int carry_wait(
    struct carry_job *job, struct buf *out, struct carry_result *layers, struct err *err);
