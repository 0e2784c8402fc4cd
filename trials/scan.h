/* scan - finds what looks like tool calls in a text. */
#pragma once

#include "trials/run.h"

/* A zeroed cursor begins. The next `{` at or behind it from which a JSON object can be read,
 * scanning left to right; the search goes on behind that object. NULL at the end. */
struct scan_objects {
    size_t at;
};
const struct json *scan_object(struct scan_objects *cursor, struct str text, struct arena *arena);

/* The object names a known tool and has an object under `arguments` or `parameters`: that object.
 */
const struct json *scan_call(
    const struct run *run, const struct json *object, struct str *ret_name);
/* The text between `open` and `close`, or the end if there is no `close`; false when there is none.
 */
bool scan_between(struct str text, size_t *at, struct str open, struct str close, struct str *ret);
/* A whole text that is one JSON object, or NULL. */
const struct json *scan_whole(struct str text, struct arena *arena);
bool scan_has(struct str text, const char *part);
