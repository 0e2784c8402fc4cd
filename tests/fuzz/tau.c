/* Any bytes as one recorded run: refused, or imported, read back, mined and framed without a trace
 * of undefined behaviour. The frame of a step must itself count as resolved. */
#include "trials/cluster.h"
#include "trials/import.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char tools_text[] =
    "[{\"name\":\"f\",\"write\":true,\"parameters\":{\"type\":\"object\",\"properties\":{\"ids\":{"
    "\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"n\":{\"type\":\"integer\"},\"s\":{"
    "\"enum\":["
    "\"a\"]}},\"required\":[\"ids\"]}}]";

static void frames(const struct run *run, struct arena *arena)
{
    for (unsigned i = 0; i < detectors_count; i++)
        for (uint32_t step = 0; detectors[i].frame && step < run->steps_count; step++) {
            struct effects wanted;
            if (detectors[i].frame(run, step, &wanted, arena) == 1)
                assert(
                    detect_outcome(&detectors[i], run, step, &wanted, arena) == OUTCOME_RESOLVED);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct import_options options = { .offered = -1 };
    struct import_session session;
    struct run_tools *tools;
    struct run *run;
    struct err err;
    struct str text = { arena_copy(&arena, data, size), size };
    assert(run_tools_read(&tools, str_of(tools_text), &arena, &err) == 0);
    options.tools = tools;
    if (import_tau_run(&session, text, STR("fuzz"), &options, &arena, &err) < 0)
        return 0;
    assert(import_run(&run, &session, tools, &arena, &err) == 0);
    run->offered = true;
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    miner_add(miner, run);
    miner_rank(miner);
    frames(run, &arena);
    return 0;
}
