/* report - what was replayed, as data: read by the gate and by people. JSON, schema 1
 * (docs/reference). */
#pragma once

#include "trials/effects.h"
#include "trials/split.h"

enum suite { SUITE_BATCH, SUITE_HELD_OUT, SUITE_REGRESSION, SUITE_SAFETY, SUITES };
extern const char *const suite_words[SUITES];

/* One run in one suite: the first changed effect of the run is its one claim. */
struct report_case {
    struct str id; /* session */
    struct str group;
    uint8_t suite, split;
    bool signature; /* the batch's signature occurs in it */
    uint8_t old_outcome,
        new_outcome; /* enum outcome of the run: its first changed effect, else SAME */
    uint32_t step;   /* where the new arm first differed from the old, UINT32_MAX: nowhere */
    bool old_abnormal, new_abnormal;
    bool missing_old, missing_new; /* infrastructure failed in that arm */
    struct digest old_effects,
        new_effects;   /* over the steps up to that one; equal: nothing differed */
    struct str detail; /* held-in only: what was seen, for people */
};
struct report {
    struct digest batch, old_build, new_build, old_generation, new_generation, source;
    struct str detector, plugin;
    bool fresh_baseline; /* both arms were run now, interleaved */
    bool deterministic;  /* second pass with other time, ids and seed gave the same effects */
    bool sanitised;      /* the sanitised build was replayed too, to its end */
    uint32_t sanitised_findings; /* what it found */
    bool claims;     /* rests on claims: imported messages, or those that a client brought */
    struct str tier; /* sandbox tier */
    struct str layers;
    struct report_case *cases;
    uint32_t cases_count;
    /* budgets */
    uint32_t patch_lines, so_bytes_old, so_bytes_new;
    double us_step_old, us_step_new;
    uint32_t prefix_breaks;  /* steps where the model request lost its recorded prefix */
    uint32_t new_signatures; /* failure signatures seen in the new arm and not in the old */
    /* what of the mended calls was really carried out */
    uint32_t carried, carried_ok, carried_conditional, carried_conditional_ok;
};
void report_print(struct buf *out, const struct report *report);
int report_read(struct report *ret, struct str text, struct arena *arena, struct err *err);
