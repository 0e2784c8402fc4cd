/* source - what a plugin's source may not hold.
 *
 * Three readings: the bytes (source_text.c: what a reviewer cannot see), the tokens as the compiler
 * cuts them (source_words.c: directives, attributes and the compiler's own words, by allow-list),
 * the tree (source_tree.c, deny.scm: declarations and constructs, by allow-list;
 * source_pointers.c). What one misses another sees: the grammar of the tree is not the compiler's,
 * so nothing that matters rests on the tree alone. */
#pragma once

#include "patch/rules.h"

/* What may be included, used and written: allow-lists, each ended by NULL. */
extern const char *const source_headers[], *const source_builtins[], *const source_attributes[];

void source_check_text(struct findings *findings, struct str text);
void source_check_words(struct findings *findings, struct str text);
/* Pointers that walk: part of source_check_tree. */
void source_check_pointers(struct findings *findings, const struct syntax *syntax);
/* ERR_DEFECT: deny.scm does not suit the grammar. */
int source_check_tree(struct findings *findings, const struct syntax *syntax, struct err *err);

/* All three. *ret is the tree if there is one (also when something else was found), else NULL. */
int source_check(struct findings *findings, struct syntax **ret, const char *file, struct str text,
    struct err *err);
