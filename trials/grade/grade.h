/* grade - a case's graders over the facts of one run.
 *
 * Three answers: it holds, it is broken, nobody can say. A case passes when there are graders and
 * all of them hold; a broken one decides before one that cannot say, since no further look could
 * mend that. An abnormal end has failed. A judge counts last and can only lower: a case that has no
 * other grader says nothing, whatever a model thinks of it. */
#pragma once

#include "trials/facts.h"

enum grade_answer { GRADE_HOLDS, GRADE_BROKEN, GRADE_UNKNOWN };
enum grade_verdict { GRADE_PASS, GRADE_FAIL, GRADE_INCONCLUSIVE };
extern const char *const grade_answer_words[3];
extern const char *const grade_verdict_words[3];

struct judge_said;
struct grade_result {
    uint8_t answer;                 /* enum grade_answer */
    char why[200];                  /* where it does not hold, or cannot say */
    const struct judge_said *votes; /* of a judge that was asked (judge.h); who asked owns them */
    uint32_t votes_count;
};
/* What a grader may use beside the facts. */
struct grade_means {
    /* The sandbox of commands; without it (run false) they cannot say. */
    bool sandbox;
    int tier;                 /* enum sandbox_tier: weakest allowed */
    uint32_t waived;          /* layers */
    const char *const *homes; /* as in struct sandbox_run */
    /* What the redactor knows as a secret; NULL: all its rules. */
    const struct config_redact *redact;
    /* Asks a model; NULL: a judge cannot say. Fills *ret; a negated ERR_ code ends all. */
    int (*judge)(void *with, const struct case_grade *grade, const struct facts *facts,
        struct grade_result *ret, struct err *err);
    void *with;
};

/* One grader. */
int grade_one(struct grade_result *ret, const struct case_grade *grade, const struct facts *facts,
    const struct grade_means *means, struct err *err);
/* All of them, results[of->grades_count]. *ret_floor: a floor was broken. means NULL: none.
 * Returns an enum grade_verdict, or a negated ERR_ code where the machine fails. */
int grade_case(struct grade_result *results, bool *ret_floor, const struct trial_case *of,
    const struct facts *facts, const struct grade_means *means, struct err *err);

/* --- inside this folder: the graders, by enum case_check. They write ret only. */
void grade_calls(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_order(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_text(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_ends(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_state(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_workspace(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_detector(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_same(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_forbidden(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_reply(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_money(struct grade_result *, const struct case_grade *, const struct facts *);
void grade_secret(struct grade_result *, const struct case_grade *, const struct facts *,
    const struct config_redact *redact);
int grade_command(struct grade_result *, const struct case_grade *, const struct facts *,
    const struct grade_means *, struct err *);

void grade_say(struct grade_result *ret, enum grade_answer answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* True where all of `known` is known; else it cannot say, for lack of `what`. */
bool grade_knows(
    struct grade_result *ret, const struct facts *facts, unsigned known, const char *what);
/* For messages: the text's beginning, harmless for a terminal. */
struct grade_shown {
    char text[64];
};
struct grade_shown grade_show(struct str text);
