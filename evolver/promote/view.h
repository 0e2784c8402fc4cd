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

/* The same without the diff. */
int view_review_words(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err);
/* The review as one HTML page that needs nothing else (page.h). Puts the cases that flipped to both
 * arms once more. */
int view_page(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err);
/* Its stored report as JUnit XML. ERR_STATE: it has none. */
int view_junit(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err);

/* view_cases.c: parts of the review, with nothing where there is nothing to say. */
struct report;
void view_taken(struct buf *out, const struct report *report);
void view_flaky(struct buf *out, const struct report *report);
void view_branches(struct buf *out, const struct report *report);

/* A document's text in the arena; the empty view where the digest is zero. */
int view_document(struct str *ret, struct driver *driver, const char *kind,
    const struct digest *digest, struct err *err);
