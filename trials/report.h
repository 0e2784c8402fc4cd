/* report - what was replayed, as data: read by the gate and by people. JSON, schema 7
 * (docs/reference). */
#pragma once

#include "trials/effects.h"
#include "trials/report_certificate.h"
#include "trials/rider.h"
#include "trials/split.h"

enum suite { SUITE_BATCH, SUITE_HELD_OUT, SUITE_REGRESSION, SUITE_SAFETY, SUITES };
extern const char *const suite_words[SUITES];

/* One run in one suite: the first step where the arms part is its one claim. */
struct report_case {
    struct str id; /* session */
    struct str group;
    uint8_t suite, split;
    bool signature; /* the batch's signature occurs in it */
    uint8_t old_outcome,
        new_outcome; /* enum outcome at the claim; they never part: of their first change */
    uint32_t step;   /* where the new arm first differed from the old, UINT32_MAX: nowhere */
    bool old_abnormal, new_abnormal;
    bool missing_old, missing_new; /* infrastructure failed in that arm */
    struct digest old_effects,
        new_effects;   /* over the steps up to that one; equal: nothing differed */
    struct str detail; /* held-in only: what was seen, for people */
    /* Where the new arm first does neither the old arm's effects nor the repair behind the claim;
     * UINT32_MAX: nowhere. */
    uint32_t after_step;
    uint8_t after_outcome; /* enum outcome there, against the recording */
    bool after_symptom;    /* the symptom is there: not mended, yet nothing that passed is harmed */
    /* Of a case with the signature: variants of it that the old arm takes as it takes the case, and
     * how many of them the new arm mends. */
    uint32_t variants, variants_mended;
    uint8_t rider; /* enum rider: what the new arm does beside the repair, where the arms part or
                      where it strays */
    /* Further passes of an arm did otherwise; of the old one: the case is flaky. From schema 5. */
    bool unstable_old, unstable_new;
    bool asked; /* every hook where a plugin stands no more is asked in it. From schema 7 */
    bool past;  /* of an older held-out shard: it must not get worse, and no claim counts it. From
                   schema 6 */
};
/* A case that the home took in (taken.h), played by both arms: graders decide. From schema 5. */
enum report_mode { REPORT_STEP, REPORT_EPISODE, REPORT_MODES };
struct report_taken {
    struct str id;
    struct digest identity;
    uint8_t suite;    /* SUITE_REGRESSION, SUITE_SAFETY */
    uint8_t mode;     /* enum report_mode */
    uint8_t old, new; /* enum grade_verdict (grade.h); inconclusive where there is no result */
    bool old_abnormal, new_abnormal, missing_old, missing_new;
    bool flaky;    /* two plays of the old arm did otherwise: it says nothing, and passes nothing */
    bool unstable; /* two plays of the new arm did, and those of the old one did not */
    struct digest old_effects, new_effects; /* of the first plays; zero: missing */
    struct str detail;                      /* why the new arm does not pass, for people */
};
/* A branch that the patch made or changed, and who ran it. From schema 5. */
enum { REPORT_BRANCH_CASES_MAX = 8, REPORT_BRANCHES_MAX = 512 };
struct report_branch {
    struct str function;
    uint32_t line;
    uint8_t what;             /* enum marks_what (marks.h) */
    uint32_t cases, held_out; /* that ran it; those of them that are held out */
    const struct str *shown;  /* some of the others, by id */
    uint32_t shown_count;
};
struct report {
    struct digest batch, old_build, new_build, old_generation, new_generation, source;
    struct str detector, plugin;
    bool fresh_baseline; /* both arms were run now, interleaved */
    bool deterministic;  /* further passes with other time, ids and seed gave the same effects */
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
    uint32_t unstable_old, unstable_new; /* cases where one of an arm's did not */
    bool varied;                         /* variants were run; schema 1: no */
    bool run_on; /* each run was put to its end, whatever had changed in it before; schema 1: no */
    uint32_t left_out; /* runs that could have been replayed, had there been room; schema 3 */
    /* From schema 4. */
    bool covered;                       /* it was watched which branches of the patch ran */
    uint32_t branches, branches_missed; /* of the patch; those that no case ran */
    struct str branches_note;           /* some of those missed: function, line */
    uint32_t memory_old, memory_new;    /* KiB, the most that a worker had; 0: not known */
    bool genesis;                       /* the safety suite was run on generation 0, too */
    uint32_t drifted;                   /* cases of it where the new arm does otherwise than that */
    uint32_t alone, alone_other; /* cases put again to a new worker of their own; those where it did
                                    otherwise than among others */
    /* From schema 5. */
    bool played;           /* the cases that the home took in were played */
    uint32_t alone_wanted; /* how many there were of which `alone` were put to their own worker */
    uint32_t unreplayable; /* runs that the old arm's worker dies on: in no case, whatever the new
                              one does there */
    struct report_taken *taken;
    uint32_t taken_count;
    struct report_branch *ran;
    uint32_t ran_count;
    const struct report_certificate *certificate; /* of the patch; NULL: none. From schema 7 */
    /* From schema 7. */
    struct str less;  /* the plugin that the candidate only takes out; empty: it mends a failure */
    uint32_t less_of; /* how many plugins there were to choose it from */
};
void report_print(struct buf *out, const struct report *report);
/* Earlier schemas, too: what they do not say is that nothing was seen to. */
int report_read(struct report *ret, struct str text, struct arena *arena, struct err *err);
