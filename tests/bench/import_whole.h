/* import_whole - moult import as a person runs it: program, redactor, broker and disk. */
#pragma once

#include "base/err.h"

#include <stddef.h>

struct import_whole {
    double wall_s, program_s, broker_s; /* processor time of the importer, of the broker */
    double program_mb, broker_mb;       /* the most memory that each had */
};
/* Once, in a new home. */
int import_whole(struct import_whole *ret, const char *format, char *const *paths, size_t count,
    struct err *err);
