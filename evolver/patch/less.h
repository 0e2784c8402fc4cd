/* less - a change of pipeline/order.c that only takes one plugin out, and the source without it.
 *
 * Who stands where is one table of `struct moult_place`. A change says the same with less if rows
 * of one plugin are gone from it, the others stand as they stood, and no other token of the file is
 * another. It is read from both trees; no word of a proposer counts. */
#pragma once

#include "base/arena.h"
#include "patch/syntax.h"

enum { LESS_HOOKS = 9, LESS_NAME_MAX = 64 };

struct less {
    struct str plugin;
    unsigned hooks; /* a set of 1 << enum moult_hook_id: where it stood and stands no more */
    unsigned empty; /* those of them where nobody stands any more */
    bool whole;     /* no row names the plugin any more */
};
/* Texts point into `was`. False: it is no such change. */
bool less_of(
    struct less *ret, const struct syntax *was, const struct syntax *now, struct arena *arena);

/* For people, a line each; and as a member of the answer: ,"less":{ "plugin", "hooks", "empty",
 * "whole" }, hooks by their words. */
void less_tell(struct buf *out, const struct less *less);
void less_print(struct buf *out, const struct less *less);

/* The source without the plugin's rows. ERR_MISSING: no row names it; ERR_INPUT: there is no table
 * of places that can be read. */
int less_source(struct buf *out, const struct syntax *order, struct str plugin, struct err *err);
