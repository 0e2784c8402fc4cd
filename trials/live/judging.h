/* judging - asks the models of graders `judge`, through the service: means->judge of grade.h. */
#pragma once

#include "trials/grade/judge.h"
#include "trials/live/asker.h"

struct judging {
    struct asker *asker;
    struct arena *arena; /* of votes, which stay as long as results do */
};
/* with: a struct judging. Where nobody can be asked, or too little is left to pay for all votes,
 * the grader cannot say, with the reason: that is no error. */
int judging_ask(void *with, const struct case_grade *grade, const struct facts *facts,
    struct grade_result *ret, struct err *err);
