/* grade - see grade.h: the table of graders, and what their answers come to. */
#include "trials/grade/grade.h"

#include <stdarg.h>
#include <stdio.h>

const char *const grade_answer_words[3] = {
    [GRADE_HOLDS] = "holds",
    [GRADE_BROKEN] = "broken",
    [GRADE_UNKNOWN] = "unknown",
};
const char *const grade_verdict_words[3] = {
    [GRADE_PASS] = "pass",
    [GRADE_FAIL] = "fail",
    [GRADE_INCONCLUSIVE] = "inconclusive",
};

/* Those that need facts alone. */
static void (*const graders[CASE_CHECKS])(
    struct grade_result *, const struct case_grade *, const struct facts *) = {
    [CASE_CALLS] = grade_calls,
    [CASE_ORDER] = grade_order,
    [CASE_TEXT] = grade_text,
    [CASE_ENDS] = grade_ends,
    [CASE_STATE] = grade_state,
    [CASE_WORKSPACE] = grade_workspace,
    [CASE_DETECTOR] = grade_detector,
    [CASE_SAME] = grade_same,
    [CASE_FORBIDDEN] = grade_forbidden,
    [CASE_REPLY] = grade_reply,
    [CASE_MONEY] = grade_money,
};

void grade_say(struct grade_result *ret, enum grade_answer answer, const char *format, ...)
{
    va_list args;
    ret->answer = (uint8_t)answer;
    va_start(args, format);
    vsnprintf(ret->why, sizeof ret->why, format, args);
    va_end(args);
}

bool grade_knows(
    struct grade_result *ret, const struct facts *facts, unsigned known, const char *what)
{
    if ((facts->known & known) == known)
        return true;
    grade_say(ret, GRADE_UNKNOWN, "nobody saw %s in this mode", what);
    return false;
}

struct grade_shown grade_show(struct str text)
{
    struct grade_shown shown;
    str_printable(shown.text, sizeof shown.text, text, false);
    return shown;
}

static int ask_judge(struct grade_result *ret, const struct case_grade *grade,
    const struct facts *facts, const struct grade_means *means, struct err *err)
{
    if (means->judge)
        return means->judge(means->with, grade, facts, ret, err);
    grade_say(ret, GRADE_UNKNOWN, "there is no model to ask");
    return 0;
}

int grade_one(struct grade_result *ret, const struct case_grade *grade, const struct facts *facts,
    const struct grade_means *means, struct err *err)
{
    static const struct grade_means none = { 0 };
    const struct grade_means *use = means ? means : &none;
    *ret = (struct grade_result){ .answer = GRADE_HOLDS };
    if (grade->check == CASE_COMMAND)
        return grade_command(ret, grade, facts, use, err);
    if (grade->check == CASE_JUDGE)
        return ask_judge(ret, grade, facts, use, err);
    if (grade->check == CASE_SECRET)
        grade_secret(ret, grade, facts, use->redact);
    else
        graders[grade->check](ret, grade, facts);
    return 0;
}

/* Without judges. */
static enum grade_verdict settle(const struct grade_result *results, bool *ret_floor,
    const struct trial_case *of, const struct facts *facts)
{
    unsigned asked = 0, broken = 0, unknown = 0;
    *ret_floor = false;
    for (uint32_t i = 0; i < of->grades_count; i++) {
        if (of->grades[i].check == CASE_JUDGE)
            continue;
        asked++;
        broken += results[i].answer == GRADE_BROKEN;
        unknown += results[i].answer == GRADE_UNKNOWN;
        *ret_floor |= results[i].answer == GRADE_BROKEN && case_is_floor(&of->grades[i]);
    }
    if (*ret_floor || facts->abnormal || (facts->stopped && facts->divergence == CASE_FAIL))
        return GRADE_FAIL;
    if (facts->stopped) /* what had not happened yet might have */
        return GRADE_INCONCLUSIVE;
    if (broken > 0)
        return GRADE_FAIL;
    return asked == 0 || unknown > 0 ? GRADE_INCONCLUSIVE : GRADE_PASS;
}

/* Only where the rest passes: a judge can lower that, and costs money. */
static int judge_all(struct grade_result *results, enum grade_verdict *verdict,
    const struct trial_case *of, const struct facts *facts, const struct grade_means *means,
    struct err *err)
{
    bool ask = *verdict == GRADE_PASS;
    for (uint32_t i = 0; i < of->grades_count; i++) {
        if (of->grades[i].check != CASE_JUDGE)
            continue;
        if (!ask) {
            grade_say(&results[i], GRADE_UNKNOWN, "not asked: it could raise nothing");
            continue;
        }
        int rc = grade_one(&results[i], &of->grades[i], facts, means, err);
        if (rc < 0)
            return rc;
        if (results[i].answer == GRADE_BROKEN)
            *verdict = GRADE_FAIL;
        else if (results[i].answer == GRADE_UNKNOWN && *verdict == GRADE_PASS)
            *verdict = GRADE_INCONCLUSIVE;
    }
    return 0;
}

int grade_case(struct grade_result *results, bool *ret_floor, const struct trial_case *of,
    const struct facts *facts, const struct grade_means *means, struct err *err)
{
    for (uint32_t i = 0; i < of->grades_count; i++) {
        if (of->grades[i].check == CASE_JUDGE)
            continue;
        int rc = grade_one(&results[i], &of->grades[i], facts, means, err);
        if (rc < 0)
            return err_while(err, "grader %u", i);
    }
    enum grade_verdict verdict = settle(results, ret_floor, of, facts);
    int rc = judge_all(results, &verdict, of, facts, means, err);
    return rc < 0 ? rc : (int)verdict;
}
