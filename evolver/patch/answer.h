/* answer - one question to moult-patch and its answer, as JSON.
 *
 * { "schema": 1, "path": "plugins/x/x.c", "source": C, "preprocessed": text of `gcc -E`, which may
 *   be left out, then tokens are not compared: the driver refuses such a source itself,
 *   and of a patch: "old": C, "edits": [ { "from": BYTE, "to": BYTE, "text": C } ], left out where
 *   they are to be derived, "literals": [ text ], "lines_max": N, "strict": true for the
 * tighter bounds (bounds.h), "cover": true where the marked source (cover.h) is wanted, too,
 *   and of an order alone: "retire": the plugin without whose rows it is wanted }
 *
 * { "schema": 1, "findings": [ { "rule", "line", "column", "message" } ], "more": N,
 *   "kinds": [ text ], "description": [ text ], "lines": N, "shape": HEX of a source that parses,
 *   of a patch "shape_old", too (shape.h), and if there are no findings "certificate": { "guards":
 *   [ { "line", "function", "holds", "condition" } ], "traits", "off": C } (certificate.h) or
 *   "uncertified": text, why there is none; and if it was wanted and there are no
 *   findings "cover": { "source": C, "points": [ [ line, "function", what (enum cover_what),
 *   wanted ] ] }; of an order whose change only takes one plugin out "less": { "plugin", "hooks":
 *   [ word ], "empty", "whole" } (less.h); and if it was wanted "retired": C, or "unretired": text
 * } */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum { ANSWER_QUESTION_MAX = 32 << 20 };

/* ERR_INPUT, ERR_LIMIT: the question is none; ERR_DEFECT. */
int answer_question(struct buf *out, struct str question, struct err *err);
