/* table - every probe: which attempt, with what, and where it must be refused.
 *
 * Each has a control: the same attempt without a sandbox, as root in a mount and host name
 * namespace of its own. One that is refused there, too, shows nothing and does not count. */
#pragma once

#include "sandbox/sandbox.h"

enum {
    STRONG_ONLY = 1, /* without a root of its own a run can still look at names, and files of the
                        workspace are not protected: that is why that tier must be asked for */
    OWN_UID = 2,     /* in the container tier only where the parent is root: what its uid owns a run
                        may change */
    AS_ROOT = 4,     /* shows something only where the parent is root */
    OUTLIVES = 8,    /* it got through if a process of it is left: descriptor 3 is open */
    GRANTED = 16,    /* a grant of a network gives that much */
    REMAINS = 64,    /* it got through if the file is there after the run */
    LOCKED_ONLY = 128, /* other profiles may: a worker has no clock, and one bound of memory */
    RENAMES = 32,      /* it got through if the parent's machine has another name */
};
struct probe {
    const char *name;
    const char *attempt;  /* of probe_*.c */
    const char *argument; /* "@word": of the scene */
    const char *what;     /* it tries to ... */
    const char *lacks;    /* why it may be refused without a sandbox, too; NULL: never as root */
    unsigned flags;
};
extern const struct probe probes[];
extern const unsigned probes_count;

struct bomb {
    const char *name; /* and attempt */
    const char *what;
    struct sandbox_limits limits;
    enum sandbox_limit want;
    bool or_refused; /* the kernel may refuse it before it is passed */
    unsigned flags;
};
extern const struct bomb bombs[];
extern const unsigned bombs_count;
