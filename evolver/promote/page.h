/* page - the pieces that a review's HTML page is put together from.
 *
 * One file that needs nothing else: no script, no picture, no other address, and a policy in it
 * that forbids them, so that what a text might smuggle past the escaping has nothing to start. */
#pragma once

#include "promote/sides.h"

void page_begin(struct buf *out, struct str title);
void page_end(struct buf *out);
/* A part of the page, and a way to it from the top. All are words of ours. */
void page_heading(struct buf *out, const char *name, const char *title);
void page_link(struct buf *out, const char *name, const char *text);
/* Anybody's text in a <pre>; a long one folded, a very long one cut, which it says. class: of the
 * sheet, or "". */
void page_pre(struct buf *out, const char *class, struct str text);
/* A unified diff, line by line. */
void page_diff(struct buf *out, struct str diff);
/* One case: where it comes from, what was said before, and both sides. */
void page_sides(struct buf *out, const struct sides *sides);
