/* profile - what each profile sees and may do, as tables. */
#pragma once

#include "sandbox/filter.h"
#include "sandbox/sandbox.h"

enum { PROFILE_SETS_MAX = 5 };
struct profile {
    const struct sandbox_mount *mounts; /* one that the host lacks is left out */
    unsigned mounts_count;
    bool toolchain;          /* beside them the compiler's parts, and the program's: toolchain.h */
    const char *const *held; /* places that no mount of the caller may cover, or NULL */
    const char *program_place; /* argv[0] is a file of the host that stands here inside, or NULL */
    const struct filter_set *calls[PROFILE_SETS_MAX];
    bool own_root;                         /* a root of its own is built before the exec */
    uint32_t required, container_required; /* layers, by tier */
    uint32_t wanted;                       /* taken where they can be had, in both tiers */
    struct sandbox_limits limits;
    bool proc;    /* /proc of its own pid namespace, asked for or not */
    bool network; /* can be granted one */
    bool model;   /* can be granted a way to ask one */
    bool builds;  /* what it may write may run, too: people build there, and try what they built */
    const char *const *env;
    const char *cwd;
};
extern const struct profile profiles[SANDBOX_PROFILES];
