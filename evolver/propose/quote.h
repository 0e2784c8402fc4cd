/* quote - texts of strangers in what a model is told: data, and seen to be.
 *
 * What a recording says stands between two lines that name a mark made of the text's digest, so
 * that no text can hold its own end; control bytes, bidi and invisible characters stand there as
 * escapes, and the text is cut in its middle to what is shown. */
#pragma once

#include "base/str.h"

enum { QUOTE_MARK_HEX = 16, QUOTE_MORE = 200 };

/* "what, N bytes:" and the text between its marks: at most max bytes of it, and QUOTE_MORE. what:
 * moult's own words. */
void quote_data(struct buf *out, const char *what, struct str text, size_t max);
/* Within such a text: a piece on one line, cut at its end. */
void quote_piece(struct buf *out, struct str text, size_t max);
