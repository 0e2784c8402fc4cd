/* certificate_inside - what the files of the checker share. Inside this folder only. */
#pragma once

#include "patch/certificate.h"

struct checking {
    const struct syntax *was, *now;
    const struct certificate *claimed;
    uint32_t guards; /* seen so far */
    const char *why;
    struct place place;
};

/* certificate_outside.c: whether all that is not put in is as it was. NULL: it is. */
const char *certificate_outside(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct place *ret_place);

/* --- certificate_pure.c */

struct check_verb {
    const char *name, *signature, *purity;
};
/* Notes why not, if nothing is noted yet; false. */
bool check_no(struct checking *c, uint32_t node, const char *why);
bool check_is(const struct checking *c, uint32_t node, const char *kind);
/* The function around a node, or itself; 0: none. */
uint32_t check_function(const struct checking *c, uint32_t node);
/* How often a word is declared within a node, and where last. */
uint32_t check_declared(const struct checking *c, uint32_t top, struct str name, uint32_t *ret);
/* A pointer that leads somewhere: the turn, the call in hand, the session's state, and nothing that
 * was put in its place. */
bool check_leads(const struct checking *c, uint32_t node);
const struct check_verb *check_verb(const struct checking *c, uint32_t call);
bool check_is_pure(struct checking *c, uint32_t node);
/* All arguments of a call but one (0: all). */
bool check_pure_arguments(struct checking *c, uint32_t call, uint32_t but);
