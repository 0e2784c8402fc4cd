/* export - one session for other programs: a line of JSON. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "wire/journal.h"

struct export_format {
    const char *name;
    /* Adds the line, without its end. session as journal_read gives it. */
    int (*print)(struct buf *out, const struct journal_session *session, struct arena *arena,
        struct err *err);
};
/* atif, chat, moult; ends with a zeroed row. docs/reference/trace.md, "Export". */
extern const struct export_format export_formats[];
const struct export_format *export_format_find(const char *name); /* NULL: none */

/* JSON on one line: its line ends, which are between its parts only, become blanks. */
void export_flat(struct buf *out, struct str json);
int export_atif(
    struct buf *out, const struct journal_session *session, struct arena *arena, struct err *err);
