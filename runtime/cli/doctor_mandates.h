/* doctor_mandates - what the mandates of a home let, in a line: asked of moult-evolve, which can
 * say whether their signatures hold. */
#pragma once

#include "base/err.h"
#include "wire/home.h"

#include <stdbool.h>
#include <stddef.h>

/* *ret: one is in force. */
int doctor_mandates(bool *ret, char *detail, size_t size, const struct home *home, struct err *err);
