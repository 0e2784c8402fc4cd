/* marks - which branches of a patch the replayed cases ran, from a build that tells of itself.
 *
 * A branch that no case runs has not been judged: whatever it does, every effect is as it was. The
 * marks are testimony of the code that is judged, so they can only be held against it. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* As moult-patch has them. */
enum marks_what { MARKS_RAN, MARKS_TRUE, MARKS_FALSE, MARKS_OTHER, MARKS_VARIED, MARKS_WHATS };
enum { MARKS_CLASSES = 8 };
struct mark {
    uint32_t line;
    struct str function; /* of [A-Za-z0-9_] */
    uint8_t what;
    bool wanted; /* the patch made it or changed what it is about */
};
enum { MARKS_SHOWN_MAX = 8 };
/* Who ran one. Variants of a case ran it, and are no cases. */
struct mark_seen {
    bool ran;        /* what is wanted of it was seen */
    uint8_t classes; /* of VARIED: which classes of values; two of them make it so */
    uint32_t cases, held_out;
    struct str shown[MARKS_SHOWN_MAX]; /* ids of some that are not held out; the cases' own */
    uint32_t shown_count;
};
struct marks {
    const struct mark *at; /* [count], the caller's */
    uint32_t count;
    struct mark_seen *seen; /* [count]; the caller's, zeroed */
};
extern const char *const marks_words[MARKS_WHATS];
struct mark_case {
    struct str id;
    bool variant, held_out;
};
uint32_t marks_wanted(const struct marks *marks);
/* Wanted ones that no case ran. */
uint32_t marks_missed(const struct marks *marks);
/* Is there a wanted one that was not seen, or of which more could be shown? */
bool marks_want_more(const struct marks *marks);
/* Bits of one case, one a mark, and MARKS_CLASSES of one that is to vary; those behind the last
 * mark are nobody's. */
void marks_add(struct marks *marks, struct str bits, const struct mark_case *of);
/* Bits of one more step, added to those before; in the arena. */
void marks_join(struct str *bits, struct str more, struct arena *arena);
/* "count_call, line 21: never true; ...", the first few of those missed. */
void marks_tell(struct buf *out, const struct marks *marks);
