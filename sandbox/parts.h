/* parts - finds what a toolchain is made of; see toolchain.h. Inside this folder only. */
#pragma once

#include "base/arena.h"
#include "sandbox/toolchain.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { PARTS_PROGRAMS_MAX = 12 };
/* What a toolchain rests on. A zeroed struct is empty. */
struct parts {
    struct arena arena;
    struct parts_program {
        const char *path;
        struct stat st; /* zero: it was not there */
    } programs[PARTS_PROGRAMS_MAX];
    unsigned programs_count;
};
/* from: the file of the host that the run's program is, where the caller mounts it; or NULL. Both
 * results hold memory of the arena. */
int parts_find(struct parts *ret, struct toolchain *toolchain, const struct sandbox_run *run,
    const char *from, struct err *err);
bool parts_same(const struct parts *parts); /* each program is the file that it was */
void parts_done(struct parts *parts);
