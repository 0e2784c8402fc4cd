/* pool - typed expressions over what a hook has in hand, grown by one verb a round.
 *
 * Two expressions that have the same value on all the evidence are one: after each round the trial
 * build tells their values' prints, and only one of each stays (the simplest), so the next round
 * builds on few. An expression belongs to a scope: 0 is what the hook has in hand, i the inside of
 * iterator i. */
#pragma once

#include "propose/mine.h"
#include "propose/vocabulary.h"

enum {
    POOL_MAX = 4000,
    POOL_ITERATORS_MAX = 32,
    POOL_ATOMS_MAX = 1024,
    POOL_NOTHING_TEXT = 0,
    POOL_NOTHING_VALUE
};

struct expr {
    enum expr_kind {
        EXPR_NOTHING,  /* the empty text, the null value */
        EXPR_CONSTANT, /* a mined text */
        EXPR_NUMBER,   /* of the vocabulary */
        EXPR_PART,     /* a member of the scope */
        EXPR_FLAG,
        EXPR_ANY, /* args[0]: an iterator that finds something */
        EXPR_VERB
    } kind;
    char type;
    uint8_t role;     /* of a constant: enum role */
    uint8_t iterator; /* its scope */
    uint8_t round;    /* when it was made; 0: given */
    uint16_t cost;
    uint16_t args[VERB_PARAMS_MAX];
    const struct verb *verb;
    const struct part *part;
    struct str text; /* of a constant; of flags and numbers: as C */
    uint64_t print;  /* of its values on the evidence */
};
struct iterator {
    const struct verb *verb; /* NULL for number 0: no loop */
    uint16_t args[VERB_PARAMS_MAX];
    bool idle; /* never found anything in the evidence */
};
/* A condition: a yes-or-no expression, or a comparison of another. */
struct atom {
    uint16_t expr;
    const char *how, *value; /* NULL: the expression itself; ">=" "3", "!=" "NULL" */
};
struct pool {
    struct arena *arena;
    const struct vocabulary *vocabulary;
    const struct judged_hook *hook;
    struct expr *at;
    uint32_t count;
    uint8_t round;
    struct iterator iterators[POOL_ITERATORS_MAX];
    uint32_t iterators_count;
    const struct part *locals; /* what the source has declared at the place */
    uint32_t locals_count;
};

void pool_begin(struct pool *pool, struct arena *arena, const struct vocabulary *vocabulary,
    const struct judged_hook *hook, const struct mined *mined);
/* Names that the source has at the place; before any round. They must outlive the pool. */
void pool_locals(struct pool *pool, const struct part *locals, uint32_t count);
/* The loops over what scope 0 has, and their parts. Once, after the first round. */
void pool_iterate(struct pool *pool, const struct mined *mined);
/* One round of new expressions in all scopes. Returns how many. */
uint32_t pool_grow(struct pool *pool);
/* Takes out what the last round made in a scope and is always nothing or has the print of another.
 * prints: of each expression by number. Numbers above the round's first change. */
void pool_merge(struct pool *pool, const uint64_t *prints);
/* Conditions of a scope, at most max. May add expressions. */
uint32_t pool_atoms(struct pool *pool, uint8_t iterator, struct atom *ret, uint32_t max);
/* Calls back with each way to fill the parameters of a verb in a scope, simple ones first; at most
 * max. Returns how many. */
typedef void (*pool_combo)(void *with, const uint16_t args[VERB_PARAMS_MAX]);
uint32_t pool_combine(struct pool *pool, const struct verb *verb, uint8_t iterator, uint32_t max,
    pool_combo combo, void *with);
/* Whether the expression is, or is made with, `part`; expressions equal part if the same number. */
bool pool_uses(const struct pool *pool, uint16_t expr, uint16_t part);
/* Whether the flags of one have all bits of the other's. */
bool pool_has_flags(const struct expr *flags, const struct expr *of);
