/* layers - takes layers of the sandbox away, for tests. The sandbox's own code is the one that
 * moult has: what it calls is replaced when the test is linked (ld's --wrap, list in
 * tests/redteam.cmake), so nothing that could be switched off is in moult. */
#pragma once

#include "parts.h"
#include "sandbox/sandbox.h"

extern const char *const parts_words[PARTS]; /* "user_ns", ... */

/* Bit a part. LAYER_USER_NS takes the own uid along. LAYER_ROOT is LAYER_MOUNT_NS, too: the run
 * then has a copy of the host's mounts, so that nothing that it mounts reaches the host. */
void layers_off(uint32_t parts);
/* As on a machine that gives no namespaces. */
void layers_container(bool on);
