/* vary - the same run among other people: ids, numbers and the person's words are others, and what
 * happened is the same. A repair that knows a rule mends it, too; one that knows the batch by heart
 * does not (metamorphic testing: Chen, Cheung, Yiu 1998).
 *
 * In all messages but the system's, words with digits in them get other digits, one to one and the
 * same everywhere, so that what was equal stays equal. What the person says gets other letters.
 * Words that tools or the system's text know stay, words in capitals, and short numbers (HTTP
 * statuses, counts): they may mean something. Errors of a provider stay as they are.
 */
#pragma once

#include "trials/run.h"

enum { VARY_COUNT = 3 }; /* variants that there are, 0 to 2 */

/* In the arena, and slices of run; its session is "SESSION ~NUMBER". NULL: nothing in it can be
 * changed. The caller looks whether it still shows what run shows. ERR_INPUT, ERR_LIMIT: as
 * run_add; a run that was read can be read again. */
int run_vary(
    struct run **ret, const struct run *run, unsigned number, struct arena *arena, struct err *err);

/* Copies a text with each of its words put by `put`. Words are letters, digits and underscores;
 * what stands between them, and escapes of JSON, is copied as it is. */
typedef void (*vary_word)(void *with, struct buf *out, struct str word);
void vary_words(struct buf *out, struct str text, vary_word put, void *with);
