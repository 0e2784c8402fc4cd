/* certificate - that a patch does nothing where its conditions do not hold.
 *
 * A patch that only puts in, and guards what it puts in, has a certificate: where the insertions
 * are, and which conditions guard them. It says that without the insertions the old source is left,
 * token for token, and that what runs of them unguarded looks and does nothing. Whoever writes one
 * (certify.c) is not believed: certificate_check.c shares nothing with it but the parser, and reads
 * the two sources anew.
 *
 * What it cannot say is that a condition never crashes or takes long: the driver also runs the
 * patch with its conditions switched off against the harness without it (promote/differential.h).
 */
#pragma once

#include "base/arena.h"
#include "patch/diff.h"
#include "patch/syntax.h"

struct certificate_guard {
    struct span span; /* of the condition, in the new source */
    bool holds;       /* the insertion acts only where it holds; false: only where it does not */
};
struct certificate {
    struct span *insertions; /* of the new source, ascending; whole nodes */
    struct certificate_guard *guards;
    uint32_t insertions_count, guards_count;
    bool traits; /* what the plugin says of itself is otherwise, and promises no more than before */
};
enum { CERTIFICATE_MAX = 64 }; /* insertions, guards */

/* False: the patch changes what was there, or what it puts in has no condition. */
bool certify(struct certificate *ret, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena);

/* NULL: it holds. Else why not, with the line where that shows. */
const char *certificate_check(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct place *ret_place);

/* The new source with every condition switched off, each still worked out. */
void certificate_off(
    struct buf *out, const struct syntax *now, const struct certificate *certificate);

/* ,"certificate": {...} or, where there is none or it does not hold, ,"uncertified": why. */
void certificate_print(struct buf *out, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena);
