/* syntax - a C source as a tree of whole nodes, behind few functions.
 *
 * tree-sitter parses; the tree is then laid out as one array in document order, so that everything
 * above this file is a loop over indices, without recursion on hostile input and without a type of
 * the library. A source that does not parse cleanly has no tree: nothing is said about
 * half-understood code. Index 0 is the root, and stands for "none" where a node may be missing. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The SDK's word before an exported constant stands for an attribute, which the grammar cannot
 * know: it sees blanks there. So the word is in no node; it is looked for in `source` where `seen`
 * differs. */
#define SYNTAX_EXPORT "MOULT_EXPORT"

enum { SYNTAX_SOURCE_MAX = 256 * 1024, SYNTAX_NODES_MAX = 200 * 1000, SYNTAX_DEPTH_MAX = 200 };

struct span {
    uint32_t from, to; /* bytes of the source; empty if equal */
};
struct place {
    uint32_t line, column; /* from 1; columns are bytes */
};

struct syntax_node {
    const char *kind;  /* the grammar's word, "if_statement"; a token without a name is its text */
    const char *field; /* its part in the parent, "condition", or "" */
    struct span span;
    struct place place;
    uint32_t parent;
    uint32_t next; /* nodes to the next sibling: the size of the subtree */
    uint16_t depth;
    bool named; /* the grammar has a word for it (statements, identifiers; not "(" or ";") */
    bool leaf;
};

struct syntax {
    const char *file;
    struct str source; /* a copy, owned */
    struct str seen;   /* the same with blanks for each SYNTAX_EXPORT */
    struct syntax_node *nodes;
    uint32_t count;
    struct syntax_tree *tree; /* the library's, for query.c */
    struct arena arena;
};

/* Parses a copy of source. ERR_INPUT: an error, a missing node or a NUL byte, `where` is
 * "FILE:LINE:COLUMN" and *ret_fault (may be NULL) the place; ERR_LIMIT: too large, deep or slow. */
int syntax_parse(struct syntax **ret, const char *file, struct str source, struct place *ret_fault,
    struct err *err);
void syntax_free(struct syntax *syntax);
void syntax_freep(struct syntax **syntax);

struct str syntax_text(const struct syntax *syntax, uint32_t node);
struct str syntax_slice(const struct syntax *syntax, struct span span);
bool syntax_is(const struct syntax *syntax, uint32_t node, const char *kind);
bool syntax_has_text(const struct syntax *syntax, uint32_t node, const char *text);

/* The first child of that field, of that kind; the first child at all; the sibling behind. 0: none.
 */
uint32_t syntax_child(const struct syntax *syntax, uint32_t node, const char *field);
uint32_t syntax_child_of_kind(const struct syntax *syntax, uint32_t node, const char *kind);
uint32_t syntax_first(const struct syntax *syntax, uint32_t node);
uint32_t syntax_after(const struct syntax *syntax, uint32_t node);
/* The nearest node around this one (not itself) of that kind, or 0. */
uint32_t syntax_around(const struct syntax *syntax, uint32_t node, const char *kind);
/* The outermost node with exactly this span, or 0. */
uint32_t syntax_exact(const struct syntax *syntax, struct span span);
/* The smallest node that covers the span (the root at least). */
uint32_t syntax_covering(const struct syntax *syntax, struct span span);
struct place syntax_place(const struct syntax *syntax, uint32_t offset);

#define SYNTAX_EACH_CHILD(child, syntax, parent)                                                   \
    for (uint32_t child = syntax_first(syntax, parent); child; child = syntax_after(syntax, child))
/* The node itself and everything in it, in document order. */
#define SYNTAX_EACH_WITHIN(node, syntax, top)                                                      \
    for (uint32_t node = (top); node < (top) + (syntax)->nodes[top].next; node++)

/* Every piece of the source that the compiler sees as a token, in order: comments are left out, a
 * string or character literal is one piece, directives are left out. Next leaf at or behind `from`
 * within [0, count), or 0 at the end; begin with from = 1 and go on with the answer's end. */
uint32_t syntax_next_token(const struct syntax *syntax, uint32_t from);
uint32_t syntax_end_of_token(const struct syntax *syntax, uint32_t node);
