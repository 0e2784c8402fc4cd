/* judging - see judging.h. */
#include "trials/live/judging.h"

#include "base/clock.h"
#include "base/mem.h"

enum { VOTE_S = 120 };
#define SECOND_NS 1000000000ull

static int ask_once(struct judging *judging, const struct case_grade *grade,
    const struct str messages[2], struct judge_said *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct model_answer answer;
    const struct asker_request request = {
        .of = { .model = grade->model, .messages = messages, .messages_count = 2 },
        .temperature = -1,
        .until_ns = clock_mono_ns() + VOTE_S * SECOND_NS,
    };
    int rc = asker_ask(judging->asker, &request, &answer, NULL, &arena, err);
    if (rc < 0)
        return rc;
    if (answer.chat.size > 0)
        judge_read(ret, answer.chat);
    else
        *ret = (struct judge_said){ .reason = "the provider gave no answer" };
    return 0;
}

int judging_ask(void *with, const struct case_grade *grade, const struct facts *facts,
    struct grade_result *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct judging *judging = with;
    struct judge_said *votes = arena_alloc(judging->arena, grade->votes * sizeof *votes);
    struct str messages[2];
    struct err why = { 0 };
    (void)err;
    judge_ask(messages, grade, facts, &arena);
    for (uint32_t i = 0; i < grade->votes; i++)
        if (ask_once(judging, grade, messages, &votes[i], &why) < 0) {
            grade_say(ret, GRADE_UNKNOWN, "%s%s%s", why.text, why.hint[0] ? "; " : "", why.hint);
            return 0;
        }
    judge_settle(ret, votes, grade->votes);
    return 0;
}
