/* turns - evolve.proposers on one cluster, as schedule.h decides it, with what the journal has. */
#pragma once

#include "promote/driver.h"
#include "promote/schedule.h"

struct turns {
    struct driver *driver;
    struct schedule_plan plan;
    struct config_turn one; /* where a person named one: without a schedule */
    bool named;
};
/* proposer: that a person named, or NULL. Without evolve.proposers it is search. Strings live as
 * long as the driver. */
int turns_open(struct turns *ret, struct driver *driver, struct str cluster, uint32_t groups,
    const char *proposer, struct err *err);
/* What was tried is read again, and what time it is. */
int turns_look(struct turns *turns, struct err *err);
struct schedule_said turns_said(const struct turns *turns, uint32_t turn);
/* Seconds that it may have: its own number, or less if less is left. */
uint32_t turns_seconds(const struct schedule_said *said, uint32_t seconds);
