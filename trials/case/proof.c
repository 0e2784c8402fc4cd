/* proof - see proof.h. */
#include "trials/case/proof.h"

#include "base/mem.h"
#include "trials/case/shrink.h"

#include <stdio.h>

const char *const case_shown_words[3] = {
    [CASE_SHOWS] = "pass",
    [CASE_SHOWS_NOT] = "fail",
    [CASE_SHOWS_UNKNOWN] = "inconclusive",
};

static const char claims_nothing[] = "it claims nothing: there is no grader";

static int say(struct case_proof *ret, enum case_shown shown, const char *why)
{
    ret->shown = (uint8_t)shown;
    snprintf(ret->why, sizeof ret->why, "%s", why);
    return 0;
}

static bool is_claim(const struct case_grade *grade)
{
    return grade->check == CASE_DETECTOR && grade->want != CASE_WANT_PRESENT;
}

int case_grade_steps(struct case_proof *ret, const struct trial_case *of,
    struct replay *const arms[2], const struct grade_means *means, struct arena *arena,
    struct err *err)
{
    const char *lacks = case_step_lacks(of);
    *ret = (struct case_proof){ .verdict = GRADE_INCONCLUSIVE };
    for (uint32_t i = 0; i < of->grades_count; i++)
        ret->failure |= is_claim(&of->grades[i]);
    if (lacks)
        return say(ret, CASE_SHOWS_UNKNOWN, lacks);
    int rc = case_play(&ret->played, of, arms, arena, err);
    return rc < 0 ? rc : case_grade_played(ret, of, means, arena, err);
}

int case_grade_played(struct case_proof *ret, const struct trial_case *of,
    const struct grade_means *means, struct arena *arena, struct err *err)
{
    ret->results = arena_alloc(arena, (of->grades_count + 1) * sizeof *ret->results);
    int rc = grade_case(ret->results, &ret->floor, of, &ret->played.facts, means, err);
    if (rc < 0)
        return rc;
    ret->verdict = ret->played.stable ? rc : GRADE_INCONCLUSIVE;
    if (!ret->played.stable)
        return say(ret, CASE_SHOWS_UNKNOWN,
            "with other time, ids and seed the harness does something else");
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (ret->results[i].answer != GRADE_HOLDS && !ret->why[0])
            snprintf(ret->why, sizeof ret->why, "%s: %s", case_check_words[of->grades[i].check],
                ret->results[i].why);
    if (of->grades_count == 0)
        snprintf(ret->why, sizeof ret->why, "%s", claims_nothing);
    if (ret->played.facts.stopped)
        snprintf(ret->why, sizeof ret->why, "%.*s", (int)ret->played.facts.why.size,
            ret->played.facts.why.at);
    if (ret->played.facts.abnormal)
        snprintf(ret->why, sizeof ret->why, "a worker ended: %.*s", (int)ret->played.facts.why.size,
            ret->played.facts.why.at);
    return 0;
}

/* Is what the graders are about in the recording at all? */
static bool recording_shows(struct case_proof *ret, const struct trial_case *of)
{
    const struct facts *facts = &ret->played.facts;
    for (uint32_t i = 0; i < of->grades_count; i++) {
        if (of->grades[i].check != CASE_DETECTOR)
            continue;
        const struct detector *detector = detector_named(of->grades[i].detector);
        if (shrink_find(detector, facts->run, facts->first) != UINT32_MAX)
            continue;
        ret->shown = CASE_SHOWS_NOT;
        snprintf(ret->why, sizeof ret->why, "%s is nowhere in the recording", detector->id);
        return false;
    }
    return true;
}

static int prove_failure(struct case_proof *ret, const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->grades_count; i++) {
        struct case_grade present = of->grades[i];
        struct grade_result result;
        if (!is_claim(&present))
            continue;
        bool mended = ret->results[i].answer == GRADE_HOLDS;
        present.want = CASE_WANT_PRESENT;
        result = (struct grade_result){ .answer = GRADE_HOLDS };
        grade_detector(&result, &present, &ret->played.facts);
        if (result.answer != GRADE_HOLDS)
            return say(ret, CASE_SHOWS_NOT, mended ? "this harness mends it already" : result.why);
    }
    ret->shown = CASE_SHOWS;
    ret->why[0] = '\0';
    return 0;
}

int case_prove(struct case_proof *ret, const struct trial_case *of, struct replay *const arms[2],
    const struct grade_means *means, struct arena *arena, struct err *err)
{
    int rc = case_grade_steps(ret, of, arms, means, arena, err);
    if (rc < 0 || !ret->results || !recording_shows(ret, of) || !ret->played.stable)
        return rc;
    if (of->grades_count == 0)
        return say(ret, CASE_SHOWS_UNKNOWN, claims_nothing);
    if (ret->failure && !ret->played.facts.abnormal)
        return prove_failure(ret, of);
    ret->shown = ret->verdict == GRADE_PASS   ? CASE_SHOWS
                 : ret->verdict == GRADE_FAIL ? CASE_SHOWS_NOT
                                              : CASE_SHOWS_UNKNOWN;
    return 0;
}
