/* markup - anybody's text as character data of XML or HTML, in elements and in quoted attributes.
 *
 * Shown as a terminal would be shown it (str_printable), so that neither a control, a bidi mark nor
 * a byte of no character gets into a document; what marks up is escaped. Of what comes out no
 * parser makes anything but text. */
#pragma once

#include "base/str.h"

void markup_text(struct buf *out, struct str text);
/* Newlines and tabs stay: for what is shown as it is laid out. */
void markup_lines(struct buf *out, struct str text);
