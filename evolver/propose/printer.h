/* printer - the parts of a patch as C: lines, expressions, locals. Inside this folder only. */
#pragma once

#include "propose/search.h"

enum { PRINTER_LOCALS_MAX = 24 };

struct local {
    uint16_t expr;
    const char *name;
};
struct printer {
    struct arena *arena;
    const struct pool *pool;
    const struct actions *actions;
    const struct patch *patch;
    const char *turn, *call;
    struct local locals[PRINTER_LOCALS_MAX];
    uint32_t locals_count;
    bool inside; /* in the function that has the pool's locals, not in one that is given them */
    const char **ingredients;
    uint32_t ingredients_count;
};

/* One statement, broken where it is too long; a comment in front of a function. */
void printer_line(struct buf *out, unsigned indent, struct str text);
void printer_comment(struct buf *out, struct str text);

/* whole: not by the name of its local. */
void printer_expr(const struct printer *p, struct buf *out, uint16_t number, bool whole);
/* A call of a verb; last stands behind its arguments. */
void printer_call(const struct printer *p, struct buf *out, const struct verb *verb,
    const uint16_t args[VERB_PARAMS_MAX], const char *last);

/* One literal of the patch's condition; negated: what holds where it does not. */
void printer_literal(const struct printer *p, struct buf *out, uint32_t number, bool negated);

/* Notes what a patch is made of. */
void printer_ingredient(struct printer *p, const char *name);
void printer_ingredients_of(struct printer *p, uint16_t expr);

/* The action, and what fills its parameters, of one of the two ways; the loop. */
const uint16_t *printer_way(const struct patch *patch, unsigned number);
const struct iterator *printer_iterator(const struct printer *p);

/* A name that no local has: word, or word with a number behind it. */
const char *printer_free_name(const struct printer *p, const char *word);
/* Names for what stands in the patch twice, and for what an edit is given. */
void printer_choose_locals(struct printer *p);
/* Those of the loop's inside, or those above it. */
void printer_locals(const struct printer *p, struct buf *out, unsigned indent, bool inside);

/* What a name of the source is called in the patch; whether the patch has it; and of those that it
 * has, each behind a comma: with their types, or as they are given. */
const char *printer_given(const struct printer *p, const struct part *local);
bool printer_has(const struct printer *p, const struct part *local);
void printer_params(const struct printer *p, struct buf *out, bool with_types);

/* patch_words.c: of a patch at a hook that has a model error in hand, the whole as one sentence,
 * and how it goes on from there. */
const char *words_of_error(const struct printer *p);
void words_of_way_on(const struct printer *p, struct buf *out);

/* changes_words.c: a change of what is there: its edits, its sentence and its ingredients. */
void change_print_patch(struct printer *p, struct printed *ret, const struct target *target);
