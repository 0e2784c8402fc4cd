/* certificate_inside - what the files of the checker share. Inside this folder only. */
#pragma once

#include "patch/certificate.h"

struct checking {
    const struct syntax *was, *now;
    const struct certificate *claimed;
    uint32_t guards; /* seen so far */
    struct {
        uint32_t at;
        bool pure;
    } functions[CERTIFICATE_MAX]; /* looked at, for conditions that call them */
    uint32_t functions_count;
    uint32_t passes; /* the last statement of the hook that is looked at */
    const char *why;
    struct place place;
};

/* certificate_outside.c: whether all that is not put in is as it was. NULL: it is. */
const char *certificate_outside(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct place *ret_place);
/* Where the tokens of a span stood in the old source, of those that are not put in; false: none is.
 * Only where certificate_outside holds. */
bool certificate_was(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct span span, struct span *ret);

/* --- certificate_quiet.c */

/* bits: what may be left; a hook is left with an answer that leaves all as it is */
enum leave { LEAVE_NOT = 0, LEAVE_LOOP = 1, LEAVE_FUNCTION = 2, LEAVE_HOOK = 4 };

bool check_is_noise(const struct checking *c, uint32_t node);
/* Statements that the patch put in, as they may stand there unguarded. *ret_left: what stands
 * behind it runs only where its condition does not hold. */
bool check_quiet_if(struct checking *c, uint32_t node, unsigned leave, bool *ret_left);
bool check_quiet_loop(struct checking *c, uint32_t node, unsigned leave);
bool check_quiet_block(struct checking *c, uint32_t block, unsigned leave);
/* The head of `for (moult_it NAME = { 0 }; moult_VERB(turn, ..., &NAME);)`. */
bool check_walks(struct checking *c, uint32_t loop);

/* --- certificate_check.c */

/* A statement of a block that the patch put in, as it may stand there unguarded. */
bool check_statement(struct checking *c, uint32_t node);
bool check_put_in(const struct checking *c, uint32_t node);

/* --- certificate_braces.c */

/* The block whose braces this insertion and the next one bring around what was there; 0: none. */
uint32_t certificate_braces(const struct checking *c, uint32_t insertion);
bool check_braces(struct checking *c, uint32_t block, uint32_t insertion);

/* --- certificate_function.c */

/* It looks and does nothing, whatever it is called with. */
bool check_function_is_pure(struct checking *c, uint32_t function);
/* A call of such a one, with what it may follow. */
bool check_calls_pure(struct checking *c, uint32_t call);

/* --- certificate_hook.c */

/* The list of the plugin's description. */
bool certificate_is_entry(const struct checking *c, uint32_t parent);
bool check_entry(struct checking *c, uint32_t list, uint32_t node);
/* A function that answers what a hook answers. */
bool check_is_hook(const struct checking *c, uint32_t function);

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
