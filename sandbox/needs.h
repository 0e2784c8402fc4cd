/* needs - what a program or library says that must be there with it: of an ELF file its loader and
 * its libraries by name, of a script its interpreter.
 *
 * The file may be anybody's. It is read by offsets and in bounds, never mapped: who may write it
 * could cut it short meanwhile. */
#pragma once

#include "base/err.h"

enum { NEEDS_NAMES_MAX = 48, NEEDS_NAME_MAX = 128, NEEDS_PATH_MAX = 1024 };
struct needs {
    char interpreter[NEEDS_PATH_MAX]; /* of a script; "": it is none */
    char loader[NEEDS_PATH_MAX];      /* "": a library, or a program that needs none */
    char folders[NEEDS_PATH_MAX];     /* its own list, by colons, with $ORIGIN as it stands */
    char names[NEEDS_NAMES_MAX][NEEDS_NAME_MAX];
    unsigned count;
};
/* ERR_SYS: it cannot be read; ERR_INPUT: neither a script nor an ELF file as a linker makes one;
 * ERR_LIMIT: it has more.
 */
int needs_read(struct needs *ret, const char *path, struct err *err);
