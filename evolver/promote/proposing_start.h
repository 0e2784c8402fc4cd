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
/* A folder in `in` that others can enter only by knowing its name, which is random: what a run of
 * another uid is to read, or write, must be open to all. */
int proposing_folder(char ret[PATH_MAX], const struct scratch *in, struct err *err);
struct proposing_birth {
    const char *program; /* NULL: moult-propose beside the running program */
    const char *option;  /* in front of the bundle's path; NULL: none */
    struct str bundle;
    int tier; /* enum sandbox_tier: weakest allowed */
    uint32_t seconds;
};
/* ERR_MISSING: there is no such program; ERR_LACKS: a required layer. */
int proposing_start(struct proposing_start *ret, const struct proposing_birth *of, struct err *err);
/* Waits a moment for one that ends by itself (it has closed its socket), else ends it. Frees all.
 */
int proposing_finish(
    struct proposing_start *start, bool by_itself, struct sandbox_result *ret, struct err *err);
