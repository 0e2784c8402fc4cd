/* Any bytes as a judge's answer: a vote has a reason that people can be shown, and what is no vote
 * says why. The same bytes as what is judged: the record stays one JSON document. */
#include "trials/grade/judge.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_answer(struct str text)
{
    CLEANUP(buf_done) struct buf chat = { 0 };
    struct judge_said said;
    judge_read(&said, text); /* as the whole message */
    assert(said.vote <= JUDGE_FAIL && str_utf8(str_of(said.reason)));
    buf_text(&chat, "{\"role\":\"assistant\",\"content\":");
    json_quote(&chat, text);
    buf_char(&chat, '}');
    judge_read(&said, buf_view(&chat));
    assert(said.vote <= JUDGE_FAIL && str_utf8(str_of(said.reason)));
    assert(said.vote != JUDGE_NONE || said.reason[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str text = { (const char *)data, size }, messages[2];
    const struct case_grade grade = { .check = CASE_JUDGE, .rubric = text };
    const struct facts_call call = { .tool = text, .args = text, .result = text, .carried = true };
    const struct facts_text said = { .text = text };
    const struct facts facts = {
        .calls = &call, .calls_count = 1, .texts = &said, .texts_count = 1
    };
    read_as_answer(text);
    judge_ask(messages, &grade, &facts, &arena);
    assert(json_read(&arena, messages[1], NULL, NULL));
    return 0;
}
