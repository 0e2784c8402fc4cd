/* changes - other forms of what stands in a plugin already: the smallest patches there are, and the
 * ones for a guard that comes too late, is too wide, or stands in the wrong place.
 *
 * A change is one place of the source with its other ways. In the trial build each place becomes a
 * choice by two holes, which of them and which way, so that all are tried in one build; the ways of
 * a number are numbers of the candidate, so that more may be tried without another build. */
#pragma once

#include "propose/schema.h"
#include "propose/target.h"

enum {
    CHANGES_MAX = 224,
    CHANGES_EACH_MAX = 48, /* of one operator */
    CHANGE_VALUES_MAX = 64,
    CHANGE_USES_MAX = 16,
    CHANGE_NARROWED = 201, /* HOLE_VALUE of a condition: it holds, and is not taken by the bits */
    CHANGE_WIDENED         /* it does not hold, and is taken by the bits */
};

/* What a change does, with its word: `--without delete` leaves it out. */
enum change_kind {
    CHANGE_NUMBER,    /* another number */
    CHANGE_FLAGS,     /* other flags, or another constant in the place of one */
    CHANGE_CONDITION, /* of an if: negated, or a half of it */
    CHANGE_DELETE,    /* a statement less */
    CHANGE_MOVE,      /* a statement elsewhere in its block */
    CHANGE_SIBLING,   /* another verb of the same signature */
    CHANGE_ARGUMENT,  /* another expression in its place */
    CHANGE_TEXT,      /* another text */
    CHANGE_TABLE,     /* of a constant table: a row less, more or elsewhere, another cell */
    CHANGE_KINDS
};
extern const char *const change_words[CHANGE_KINDS];

/* One way of a change whose patch is more than another text in its place. */
struct change_way {
    struct target_edit edits[2];
    uint32_t edits_count;
    const char *does; /* a sentence without its dot */
};
struct change {
    enum change_kind kind;
    struct span at;                    /* what a patch replaces: a literal, an enumerator's value */
    struct span uses[CHANGE_USES_MAX]; /* where it is read: itself, or the enumerator's name */
    struct span seen[CHANGE_USES_MAX]; /* of a number: what it is compared with, or empty */
    uint32_t uses_count;
    struct str name; /* of an enumerator, a table; else empty */
    struct str was;
    const char *turn, *call; /* of a condition: what its function has of these, or NULL */
    struct str values[CHANGE_VALUES_MAX]; /* first those that are tried first */
    struct change_way *ways;              /* one a value, or NULL: the value stands at its place */
    uint32_t values_count;
    /* Of a table: the declarator around its name, and where its declaration ends. */
    struct str before, behind;
    uint32_t end;
};
struct changes {
    const struct target *target;
    const struct pool *pool;
    struct arena *arena;
    struct outline_functions functions;
    struct change *at; /* [CHANGES_MAX] */
    uint32_t count;
};
/* An empty list over the target's file. Texts are in the arena or the source. */
void changes_begin(struct changes *list, const struct target *target, const struct pool *pool,
    struct arena *arena);
/* All operators that the vocabulary does not lack; or each by itself. */
void changes_list(struct changes *list);
void changes_values(struct changes *list); /* numbers, flags, constants, enumerators */
void changes_conditions(struct changes *list);
void changes_statements(struct changes *list); /* deletions and moves */
void changes_calls(struct changes *list);      /* siblings, arguments, texts */
void changes_tables(struct changes *list);

/* For the files of this module. NULL: there is room for no more of that kind. */
struct change *changes_add(struct changes *list, enum change_kind kind, uint32_t node);
/* A value that is not there yet and is not what it was; false: it is, or there is no room. */
bool change_value(struct change *change, struct str value);
/* The same with its own edits; the caller fills them in. NULL: there is no room. */
struct change_way *change_way(struct changes *list, struct change *change, struct str value);
/* Constants of the SDK that may stand where this one stands. */
void change_siblings(const struct changes *list, struct change *change, struct str constant);
/* Whether the node is read when the function runs: not a case, a size, or a static table. */
bool changes_may_vary(const struct syntax *syntax, uint32_t node);

/* The trial source: the schema's edits, and a choice for each use. */
void changes_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct change *changes, uint32_t count, const struct insertion *insertion,
    struct str behind);
/* How many counters a build with these changes needs: three a change, see changes_print. */
uint32_t changes_cover(uint32_t count);
