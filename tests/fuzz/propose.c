/* Any bytes as candidates or verdicts: refused, or the same bytes again when encoded. */
#include "propose/proposer.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_judge(struct str payload)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf again = { 0 };
    struct proposer_judge judge;
    if (proposer_judge_decode(&judge, &arena, payload, NULL) < 0)
        return;
    proposer_judge_encode(&again, &judge);
    assert(str_equal(buf_view(&again), payload));
}

static void as_judged(struct str payload)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf again = { 0 };
    struct proposer_judged judged;
    if (proposer_judged_decode(&judged, &arena, payload, NULL) < 0)
        return;
    proposer_judged_encode(&again, &judged);
    assert(str_equal(buf_view(&again), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_judge((struct str){ (const char *)data, size });
    as_judged((struct str){ (const char *)data, size });
    return 0;
}
