/* search_graft - what has been written already, in the place where it lacks: ways to copy, each as
 * edits of one file. Inside this folder only. */
#pragma once

#include "propose/search.h"

enum { GRAFT_WAYS_MAX = 24 };

struct graft_way {
    struct str plugin, path; /* whose file changes */
    struct target_edit edits[TARGET_EDITS_MAX];
    uint32_t edits_count;
    const char *ingredient; /* "graft:earlier:BUILD", "graft:PLUGIN" */
    const char *summary;    /* one sentence: where it comes from */
    struct str function;    /* blamed; empty: none */
    uint32_t size;          /* bytes put in */
    bool is_long;           /* longer than the home's policy lets pass */
    bool is_own;            /* of this harness, as it is or was */
};
struct graft_ways {
    struct graft_way at[GRAFT_WAYS_MAX];
    uint32_t count;
};
void graft_ways_add(struct graft_ways *ways, const struct graft_way *way);

/* search_graft_earlier.c: functions of an active plugin as they were, or all that differs. */
void graft_earlier(struct graft_ways *ways, struct search *search, const struct syntax *order);
/* search_graft_stock.c: a plugin that is active, and that the order does not ask at the hook; and a
 * stock plugin's function at the entry of the target's, or as it. */
void graft_rows(struct graft_ways *ways, struct search *search, const struct syntax *order);
void graft_stock(struct graft_ways *ways, struct search *search);
