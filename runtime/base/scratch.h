/* scratch - temporary folders that do not outlive their makers for long.
 *
 * A folder is held by a lock on itself (flock(2)) as long as its maker lives. Whoever is killed
 * leaves the folder without the lock, and the next sweep takes it away. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct scratch {
    char path[64]; /* "/tmp/moult-scratch-KIND.XXXXXX"; empty: there is none */
    int lock;      /* a descriptor, or -1 */
};
/* kind: small letters. mode: of the folder, whatever the umask is. */
int scratch_make(struct scratch *ret, const char *kind, mode_t mode, struct err *err);
void scratch_remove(struct scratch *scratch); /* with what is in it; a zeroed one is fine */
/* Removes this user's folders whose makers are dead. Best effort: what cannot be had is left. */
void scratch_sweep(void);
/* Of that kind ("*": any) and at least that old. The younger they may be, the likelier is one whose
 * maker has not locked it yet: scratch_sweep leaves it ten seconds. */
void scratch_sweep_kind(const char *kind, unsigned seconds);
