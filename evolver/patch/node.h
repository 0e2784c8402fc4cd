/* node - changes of a source as operations on its nodes, for who knows the outline and not the
 * bytes.
 *
 * A node is named by its number in the source's own tree, so it stands for the same text as long as
 * that source is the active one. Where in the text a change lands, what becomes of commas, blank
 * lines and indentation, is worked out here; an edit that is made takes out and puts in whole
 * nodes. The patcher checks the edits like anybody's. */
#pragma once

#include "patch/edit.h"
#include "patch/syntax.h"

enum node_verb {
    NODE_REPLACE,
    NODE_BEFORE, /* text in front of it, as its neighbour */
    NODE_AFTER,
    NODE_DELETE, /* no text */
    NODE_WRAP,   /* text is a condition: the statement happens only if it holds */
    NODE_VERBS
};
extern const char *const node_verb_words[NODE_VERBS]; /* "replace", "insert_before", ... */

/* What may be named, by where it stands. */
enum node_place {
    NODE_NOWHERE,
    NODE_ITEM,      /* of the file: a function, a declaration; with the comments above it */
    NODE_STATEMENT, /* of a block */
    NODE_BRANCH,    /* the one statement of an if or loop without braces */
    NODE_CONDITION, /* the expression of an if, loop or switch, without its parentheses */
    NODE_ROW,       /* of an initialiser: `.reply = look_at_reply`, `{ MOULT_REPLY, "calls" }` */
    NODE_FIELD,     /* of a struct or an enum */
    NODE_PLACES
};
extern const char *const node_place_words[NODE_PLACES];
enum node_place node_place(const struct syntax *syntax, uint32_t node);

struct node_change {
    enum node_verb verb;
    uint32_t node;
    struct str text;
};
enum { NODE_CHANGES_MAX = 16, NODE_TEXT_MAX = 16 << 10 };
/* Edits in the order of their places, texts in the arena: room for `count`, which is how many there
 * are. ERR_INPUT says which change and why: a node that may not be named, a verb that it does not
 * take, no text or too much, changes that meet. */
int node_edits(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *changes, uint32_t count, struct arena *arena, struct err *err);
