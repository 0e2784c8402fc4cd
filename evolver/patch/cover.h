/* cover - the same source, telling which of its branches ran.
 *
 * Code that no replayed case runs passes every rule that compares effects: a branch that waits for
 * a word which nobody has said yet does nothing until somebody says it. So a source is written once
 * more with a mark at each statement and on both ways out of each condition, along the syntax tree,
 * in its own lines; it is compiled for replays only (moult_trial.h) and never admitted. Compilers
 * count lines and blocks; here `a || b` has four ways out, and a patch is a set of nodes. A choice
 * needs no branch: `8 * (n / 300)` is nothing until the three hundredth call. So a comparison is a
 * condition wherever it stands, and a number that was zero in every case, or one and the same in
 * all of them, has chosen nothing (cover_numbers.h).
 *
 * What ran is a plugin's word about itself. It may refuse a patch and never help one: a source that
 * wrote its own marks would lose a defence and win nothing. */
#pragma once

#include "patch/diff.h"

/* A number that must vary has a bit for each class of values: of what it was, by its lower half. */
enum { COVER_BITS_MAX = 8192, COVER_CLASSES = 8 };

enum cover_what {
    COVER_RAN,
    COVER_TRUE,
    COVER_FALSE,
    COVER_OTHER, /* a number that is worked out, other than zero */
    COVER_VARIED /* such a number, with two values: COVER_CLASSES bits */
};
/* Bits that the worker reports are in the order of the list. */
struct cover_point {
    struct place place;
    struct str function;
    uint8_t what; /* enum cover_what */
    /* The patch made it, or changed what it is about: it must be seen. Of a condition the way in is
     * wanted always; the way past it only where it keeps code from running that was there before,
     * since else nothing happens there but what always did. */
    bool wanted;
};
struct cover {
    struct cover_point *at; /* in the caller's arena */
    uint32_t count, bits;
};
/* Appends the marked source. diff: of the source before and this one; its points are marked as
 * wanted. ERR_LIMIT: more bits than can be reported. */
int cover_source(struct buf *out, struct cover *ret, const struct syntax *was,
    const struct syntax *now, const struct diff *diff, struct arena *arena, struct err *err);

/* cover_wanted.c: of each node of `now`. */
struct cover_changes {
    const struct syntax *was, *now;
    const struct diff *diff;
    bool *fresh;   /* the patch put it there */
    bool *touched; /* something within it was changed, put in or taken out */
};
void cover_changes_of(struct cover_changes *ret, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena);
/* Of a statement: whether it must be seen to run. Of a condition: whether its ways out must be. */
bool cover_wants(const struct cover_changes *changes, uint32_t node);
bool cover_wants_false(const struct cover_changes *changes, uint32_t condition);
