/* carrying - the mended calls of one comparison, collected and carried out against the tool server
 * that the home names (mcpServers). Without one nothing is carried out and the report says 0. */
#pragma once

#include "promote/carry.h"
#include "promote/driver.h"
#include "trials/report.h"

struct carrying {
    const struct detector *detector;
    struct carry_plan plan;
    struct arena arena;
};
/* A resolved step: the run's first changed effect, and what the frame asks for behind it. */
void carrying_add(
    struct carrying *carrying, const struct run *run, uint32_t step, const struct effects *effects);
/* Fills the report's figures. What a server does wrong is a figure, no error. */
int carrying_run(
    struct carrying *carrying, struct driver *driver, struct report *report, struct err *err);
void carrying_done(struct carrying *carrying);
