/* check_source - the source gate: one plugin's C, and what a patch changes in it, past the patcher.
 *
 * Two programs look at the source, both in the compile sandbox, since both read hostile C: `gcc -E`
 * says what the compiler will see, moult-patch (evolver/patch/) parses, checks and describes. This
 * process only splices bytes and reads the answer strictly. A patch may change only plugins/NAME/
 * NAME.c and pipeline/order.c, on whole syntax nodes. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "patch/edit.h"
#include "sandbox/sandbox.h"

enum { CHECK_FINDINGS_MAX = 64 };

/* Why the source is refused: a rule of docs/reference/patch.md. Texts may quote the source. */
struct check_finding {
    char rule[32];
    uint32_t line, column; /* from 1; 0: of the whole file or patch */
    char message[240];     /* with what to do */
};

struct check_source_plan {
    struct str path;   /* harness-relative, "plugins/x/x.c"; for a patch it must be such a one */
    struct str source; /* the whole new source; empty when edits are given */
    struct str old;    /* the source before; empty: no patch, the source is checked alone */
    const struct patch_edit *edits; /* into old; NULL: source is given, edits are derived */
    unsigned edits_count;
    const char *sdk;            /* folder of moult.h and the flag lists: compile_sdk */
    const char *patcher;        /* moult-patch; NULL: the one beside the running program */
    int tier;                   /* enum sandbox_tier: weakest allowed */
    const struct str *literals; /* texts of the batch, which a patch should not quote:
                                 * flagged; the first 8 MiB of them are looked at */
    unsigned literals_count;
    unsigned lines_max; /* changed lines of a patch; 0: as the bounds have it (patch/bounds.h) */
    bool strict;        /* the tighter bounds, of a plugin that the policy names */
};

/* A patch that only puts in what conditions guard (patch/certificate.h). */
enum { CHECK_GUARDS_MAX = 64 };
struct check_guard {
    uint32_t line;
    bool holds; /* it acts only where the condition holds; false: only where it does not */
    struct str function, condition;
};
struct check_certificate {
    bool there, traits;
    struct check_guard guards[CHECK_GUARDS_MAX];
    unsigned guards_count;
    struct str off;         /* the source with its conditions switched off */
    struct str uncertified; /* why there is none */
    struct arena arena;     /* owns the texts */
};

/* A patch of the order that only takes one plugin out (patch/less.h). */
struct check_less {
    char plugin[64]; /* empty: it is no such patch */
    unsigned hooks;  /* a set of 1 << enum moult_hook_id: where it stands no more */
};

struct check_source_result {
    bool ok; /* no findings */
    struct check_finding findings[CHECK_FINDINGS_MAX];
    unsigned findings_count, findings_more; /* more: found, not listed */
    struct buf source;                      /* the new source */
    struct buf kinds;       /* one line an edit: the node kinds that it puts, takes or changes */
    struct buf description; /* one line a change, in words; flags begin with "guard weaker: " or
                             * "copied from the batch: ", a new state begins "state: " */
    struct check_certificate certificate; /* of a patch that is ok */
    struct check_less less;               /* of a patch that is ok */
    struct digest shape, shape_old; /* what it says, whatever it is called: patch/shape.h; zero:
                                     * it does not parse */
    unsigned lines;                 /* lines added and lines removed, summed */
    enum sandbox_tier tier;
    uint64_t wall_us;
};
void check_source_done(struct check_source_result *result);
/* Reads a member of that kind, in the patcher's answer or in a patch's document; NULL: there is
 * none. False: it is not what the patcher writes. */
bool check_less_read(struct check_less *ret, const struct json *less, struct arena *arena);
/* 0 when the question was answered, whatever the answer; errors are the machine's: ERR_LACKS names
 * a missing compiler, program or layer. ret is filled only then. */
int check_source_run(
    struct check_source_result *ret, const struct check_source_plan *plan, struct err *err);
