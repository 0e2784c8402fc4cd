/* measure - the figures of the active plugins, out of the journal and by replay. */
#pragma once

#include "promote/driver.h"
#include "promote/figures.h"

/* Hears all live sessions, and puts all conversations that are not sealed to the active harness and
 * to as many others as it has plugins, in each of which one of them only passes. figures_done ends
 * *ret, also after a failure. */
int measure(struct figures *ret, struct driver *driver, struct err *err);
