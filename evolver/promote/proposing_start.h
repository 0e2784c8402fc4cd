/* proposing_start - a proposer's birth and end: the sandbox, the bundle's folder, the socket. */
#pragma once

#include "base/scratch.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

#include <limits.h>

struct proposing_start {
    struct sandbox *box;
    int fd;                /* the driver's end of the socket */
    struct scratch folder; /* of the bundle; removed at the end */
};
/* program NULL: moult-propose beside the running program. ERR_MISSING: there is none; ERR_LACKS: a
 * required layer. */
int proposing_start(struct proposing_start *ret, const char *program, struct str bundle, int tier,
    uint32_t seconds, struct err *err);
/* Waits a moment for one that ends by itself (it has closed its socket), else ends it. Frees all.
 */
int proposing_finish(
    struct proposing_start *start, bool by_itself, struct sandbox_result *ret, struct err *err);
