/* waived - what moult.json waives of the sandbox, for a driver and all that it starts. */
#pragma once

#include "promote/driver.h"

/* Holds for this process from then on; the audit chain has it when it has changed. */
int waived_follow(struct driver *driver, struct err *err);
