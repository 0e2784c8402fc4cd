/* profile - what each profile sees and may do, as tables. */
#pragma once

#include "sandbox/filter.h"
#include "sandbox/sandbox.h"

struct profile {
    const struct sandbox_mount
        *mounts; /* read-only; one that the host lacks is left out if it is optional */
    unsigned mounts_count;
    const struct filter_call *calls;
    unsigned calls_count;
    bool errno_default;                    /* what is not in the table: EPERM instead of the end */
    bool own_root;                         /* a root of its own is built before the exec */
    uint32_t required, container_required; /* layers, by tier */
    struct sandbox_limits limits;
    const char *const *env;
    const char *cwd;
};
extern const struct profile profiles[SANDBOX_PROFILES];
