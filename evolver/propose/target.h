/* target - the plugin that a patch goes into, and the places in its source.
 *
 * New code stands in two places: functions above the hook's own, and a statement at its entry,
 * which runs whatever the hook does after it; or at another place of it (places.h). A plugin that
 * the order asks at this hook and that has no function for it gets one. */
#pragma once

#include "patch/outline.h"
#include "propose/bundle.h"
#include "propose/vocabulary.h"

struct target {
    const struct bundle_plugin *plugin;
    struct syntax *syntax;      /* owned */
    uint32_t above;             /* byte offset for functions */
    uint32_t entry;             /* for the statement; with a new hook: unused */
    uint32_t member;            /* for `.hook = function`, of a new hook; else 0 */
    uint32_t promise, promised; /* the line that says it only looks: a patch does more; or 0, 0 */
    const char *hook;
    const char *turn, *call; /* the names of the hook function's parameters */
    const char *function;    /* its name, or of the new one */
    bool is_new;
    /* Of a place that is not the entry (places.h): */
    unsigned indent; /* more than at the entry, in columns */
    bool in_line;    /* code stands on the same line behind it */
    uint32_t alone;  /* the end of a body without braces, which gets them; or 0 */
    uint32_t leave;  /* the end of the `return` behind it: what always leaves replaces that */
    bool last;       /* what always leaves here leaves nothing behind it that cannot run */
    bool mute;       /* its function returns no action: new code decides nothing */
    const struct part *locals; /* names in scope that have values */
    uint32_t locals_count;
};

/* MOULT_BEFORE_TOOL of "before_tool", in the arena. */
struct str target_constant(struct arena *arena, struct str hook);
/* The node of a plugin's name (in its quotes) if this one is a row of the order with that constant,
 * else 0. */
uint32_t target_row(const struct syntax *order, uint32_t node, struct str constant);

/* Whether the order asks the plugin there. */
bool target_in_order(const struct syntax *order, struct str constant, struct str plugin);

/* The plugins that a patch could go into: those that the order asks at the hook and that have a
 * function for it; where there is none, the first of the others. Returns how many.
 * ERR_MISSING: no plugin stands at the hook in the order, so that a second file would have to
 * change. ERR_INPUT: the order does not parse. */
enum { TARGETS_MAX = 8 };
int target_list(const struct bundle_plugin *ret[TARGETS_MAX], struct arena *arena,
    const struct bundle *bundle, struct err *err);
/* The entry of one of them. ERR_INPUT: its source does not parse, or has no such function. Strings
 * are in the arena. */
int target_begin(struct target *ret, struct arena *arena, struct str hook,
    const struct bundle_plugin *plugin, struct err *err);
/* The first of the list that can be patched. Errors as of both. */
int target_find(
    struct target *ret, struct arena *arena, const struct bundle *bundle, struct err *err);
void target_done(struct target *target);
/* A name that nothing in the file has: word, or word with a number behind it. In the arena. */
const char *target_name(const struct target *target, struct arena *arena, const char *word);

/* Texts for the two places; entry is a statement with its indentation and a newline in front. */
struct insertion {
    struct str above, entry;
    bool leaves; /* always: it replaces a `return` that stands there */
};
/* The patch as edits in the order of their places. Texts are in the arena. */
struct target_edit {
    uint32_t from, to; /* bytes of the source; equal: an insertion */
    struct str text;
};
enum { TARGET_EDITS_MAX = 4 };
uint32_t target_edits(const struct target *target, struct arena *arena,
    const struct insertion *insertion, struct target_edit ret[TARGET_EDITS_MAX]);
/* Edits in the order of their places. */
void target_apply(
    struct buf *out, const struct target *target, const struct target_edit *edits, uint32_t count);
/* The source with an insertion made, and `behind` at its end. */
void target_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct insertion *insertion, struct str behind);
