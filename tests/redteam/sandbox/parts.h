/* parts - what can be taken away from the sandbox: its layers, and what is no layer by name but
 * stops something. */
#pragma once

#include "lock/layer.h"

enum {
    PART_START = LAYERS, /* closed descriptors, an environment from nothing, an own session */
    PART_GUARDS,         /* what the host's programs obey is read-only in a workspace */
    PART_WATCH,          /* the parent's sums */
    PART_CLOCK,          /* a locked worker has none, not even one without the kernel */
    PARTS
};
/* For a program that locks itself: its own parts that are off (hex), and the folder to go to where
 * its root is. */
#define PARTS_OFF "MOULT_TEST_OFF"
#define PARTS_WORK "MOULT_TEST_WORK"
