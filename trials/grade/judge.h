/* judge - a model's word on a run: what it is asked, how its answer is read, what its votes come
 * to. Who asks is elsewhere (grade.h: means->judge).
 *
 * What is judged may have been written by who wants to pass, so it is quoted as data behind a
 * marker that it cannot contain, and the answer has one strict form: a model that was talked into
 * anything else has not voted. Only a majority of all votes that were wanted says anything, so a
 * vote that is lost counts for nobody. */
#pragma once

#include "trials/grade/grade.h"

enum { JUDGE_RUBRIC_MAX = 16 << 10, JUDGE_RECORD_MAX = 256 << 10 };
enum judge_vote { JUDGE_NONE, JUDGE_PASS, JUDGE_FAIL };
extern const char *const judge_vote_words[3];
struct judge_said {
    uint8_t vote;     /* enum judge_vote */
    char reason[321]; /* the model's, cut; of JUDGE_NONE: why it is no vote */
};

/* The two messages of the request, in the chat format, in the arena. */
void judge_ask(struct str ret[2], const struct case_grade *grade, const struct facts *facts,
    struct arena *arena);
/* chat: the assistant message. */
void judge_read(struct judge_said *ret, struct str chat);
/* count: votes that were wanted. The votes are kept by their place. */
void judge_settle(struct grade_result *ret, const struct judge_said *votes, uint32_t count);
