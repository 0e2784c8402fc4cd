/* closure - what a function needs of its own file, so that it can stand in another one.
 *
 * A name that a piece of the file uses and the file declares brings the piece that declares it, and
 * that one its own. A local of the same name brings it as well: too much is harmless, too little
 * does not compile. */
#pragma once

#include "patch/syntax.h"

/* What the file declares for all that follows: functions, constants, enumerators; tags and types.
 */
struct closure_name {
    struct str name;
    uint32_t item; /* the root's child that declares it */
    bool type;     /* a tag or a type: names of their own */
};
struct closure_names {
    struct closure_name *at;
    uint32_t count;
};
struct closure_names closure_names(const struct syntax *syntax, struct arena *arena);
bool closure_declares(const struct closure_names *names, struct str name, bool type);
/* Whether the leaf is a name that a declaration of the file could be meant by; not a member's. */
bool closure_is_name(const struct syntax *syntax, uint32_t leaf, bool *ret_type);

/* Children of the root in the order of the file, the item itself among them. In the arena.
 * ERR_STATE: it needs what cannot be taken along, a macro or the exported constant. */
struct closure {
    uint32_t *items;
    uint32_t count;
};
int closure_of(struct closure *ret, const struct syntax *syntax, const struct closure_names *names,
    uint32_t item, struct arena *arena, struct err *err);
/* Its text: with the ';' that ends it, and with the comments above it or without. */
struct span closure_span(const struct syntax *syntax, uint32_t item, bool comments);
