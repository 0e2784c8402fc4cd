/* proposal - what a proposer hands in: edits of one plugin, and a contract that can be held against
 * them.
 *
 * Format: propose/proposer.h. Read strictly: every member, none unknown, lists and texts bounded.
 * Its words are a proposer's: shown to people made printable, put into no commit. The driver reads
 * a proposal again from its document, so that what is patched is what was kept. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "patch/edit.h"

#include <stdint.h>

enum {
    PROPOSAL_SIZE_MAX = 256 << 10, /* bytes of the document */
    PROPOSAL_EDITS_MAX = 32,
    PROPOSAL_EDIT_MAX = 64 << 10, /* bytes of one edit's text */
    PROPOSAL_LIST_MAX = 4096,
    PROPOSAL_RISKS_MAX = 256, /* steps at risk */
    PROPOSAL_TEXT_MAX = 2000
};

struct proposal {
    struct str raw; /* the document */
    struct str proposer, cluster, plugin, path;
    struct patch_edit *edits; /* of the active source, in order, apart from each other */
    uint32_t edits_count;
    struct str hypothesis, falsified_by;
    struct str *blamed, *risks, *ingredients;
    uint32_t blamed_count, risks_count, ingredients_count;
    uint32_t *fixes; /* step numbers of the evidence */
    uint32_t fixes_count;
    uint32_t *risk_steps; /* those that must stay and that it may change; NULL: it does not say */
    uint32_t risk_steps_count;
    uint32_t judged; /* what it cost */
    double seconds, score;
};
/* Strings are in the arena or in text. ERR_INPUT names the path, ERR_LIMIT the bound. */
int proposal_read(struct proposal *ret, struct str text, struct arena *arena, struct err *err);
/* Is it a whole new source in the place of the old one (a patch by hand)? Which nodes that changes
 * is found out, not told. */
bool proposal_is_whole(const struct proposal *proposal, struct str old);
/* The plugin's source with the edits, as they stand: no syntax is looked at. ERR_INPUT: an edit
 * beyond the end. */
int proposal_apply(
    struct buf *out, const struct proposal *proposal, struct str source, struct err *err);
