/* search_parts - the two halves of `moult bench search`: candidates a second, and whole searches.
 */
#pragma once

#include "base/str.h"
#include "base/err.h"

/* Appends figures: a search on each cluster of the recorded traces, its trial builds by gcc and by
 * tcc in turns; the whole, and what it is made of. */
int search_clusters(struct buf *out, struct err *err);
