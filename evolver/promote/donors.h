/* donors - sources that a proposer may copy from: what the active plugins were before, and the
 * stock plugins that come with moult.
 *
 * A version that was taken back is none: who left it had a reason, and a person can bring it back.
 */
#pragma once

#include "promote/driver.h"
#include "promote/evidence.h"

enum { DONORS_VERSIONS_MAX = 8 }; /* of one plugin */

struct donors {
    struct evidence_earlier *earlier; /* of each plugin the newest first */
    uint32_t earlier_count;
    const struct harness *stock; /* NULL: none */
};
/* stock: those that come with moult, too; where none are installed there are none. Texts are in the
 * arena. */
int donors_read(
    struct donors *ret, struct driver *driver, bool stock, struct arena *arena, struct err *err);
