/* toolchain - the files of the host that a compiler is made of, and nothing beside them: its
 * programs, its own folders with its own headers, and the libraries of these. With them stands the
 * program of the run, if it is another one, with its libraries.
 *
 * Where a compiler's parts are is asked of the compiler (-print-search-dirs), in a run of its own;
 * which libraries there are is what the files say that they need. The answers are kept for the life
 * of this process, as long as the programs stay the same files. */
#pragma once

#include "sandbox/root.h"

enum { TOOLCHAIN_PARTS_MAX = 44, TOOLCHAIN_LINKS_MAX = 16 };
/* Paths are the same outside and inside. */
struct toolchain {
    struct sandbox_mount parts[TOOLCHAIN_PARTS_MAX];
    unsigned parts_count;
    struct root_link links[TOOLCHAIN_LINKS_MAX];
    unsigned links_count;
};
/* For the run's argv[0]: a compiler's own parts if it is one, else those of the compiler that moult
 * builds with. Where there is no compiler there are none. Given back with toolchain_drop; any
 * thread. ERR_LIMIT: more parts than a run has room for; ERR_LACKS as sandbox_run. */
int toolchain_take(const struct toolchain **ret, const struct sandbox_run *run, struct err *err);
void toolchain_drop(const struct toolchain *toolchain); /* NULL: nothing */
