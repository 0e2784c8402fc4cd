/* view - a candidate for people and for programs: what `show`, `review`, `candidates` and `evolve`
 * print. Whatever a proposer or a compiler wrote is made printable first. */
#pragma once

#include "promote/driver.h"

/* The members of `candidates[]`: one line's worth. */
void view_short(struct buf *out, const struct candidate *candidate);
/* The members of `show`. */
int view_whole(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err);
/* One line for a list on a terminal. */
void view_line(struct buf *out, const struct candidate *candidate);
/* The review: the diff, what failed before, what passes now, what changed in words, what is not
 * known. */
int view_review(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err);

/* A document's text in the arena; the empty view where the digest is zero. */
int view_document(struct str *ret, struct driver *driver, const char *kind,
    const struct digest *digest, struct err *err);
