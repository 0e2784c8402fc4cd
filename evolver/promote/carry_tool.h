/* carry_tool - one run of moult-tool: all its calls go in, all its answers come out. Inside this
 * folder only. */
#pragma once

#include "promote/carry.h"

/* Output as far as there is any; ERR_LACKS: see carry_run. How the program ended is no error: the
 * output says what was answered. */
int carry_tool(struct buf *out, const struct carry_plan *plan, struct str input,
    struct carry_result *layers, struct err *err);
