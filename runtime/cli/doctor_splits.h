/* doctor_splits - what a home has to show a repair with: its groups by split, and what was asked of
 * them, in a line. */
#pragma once

#include "base/err.h"
#include "wire/home.h"

#include <stddef.h>

/* *ret_held_out: held-out groups. */
int doctor_splits(
    uint64_t *ret_held_out, char *detail, size_t size, const struct home *home, struct err *err);
