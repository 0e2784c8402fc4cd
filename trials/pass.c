/* pass - see pass.h. */
#include "trials/pass.h"

#include "base/hash.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, DAY_MS = 24 * 60 * MINUTE_MS };

/* A step is eight times as late as the one before: seconds at first, days at the eighth. */
static uint32_t growing(uint32_t step, uint32_t answers)
{
    uint64_t elapsed_ms = SECOND_MS;
    for (uint32_t i = 0; i < step && elapsed_ms < UINT32_MAX; i++)
        elapsed_ms *= 8;
    elapsed_ms += elapsed_ms / 2 * answers;
    return elapsed_ms < UINT32_MAX ? (uint32_t)elapsed_ms : UINT32_MAX;
}

uint32_t pass_elapsed(unsigned pass, const struct run *run, uint32_t step, uint32_t answers)
{
    static const uint32_t still_ms[] = { 12 * SECOND_MS + 345, 10 * MINUTE_MS, DAY_MS };
    if (pass % PASSES == 0)
        return 0;
    uint64_t turn = hash_fast(run->session.at, run->session.size, 0) + pass % PASSES;
    unsigned clock = (unsigned)(turn % (PASSES - 1));
    return clock < sizeof still_ms / sizeof still_ms[0] ? still_ms[clock] : growing(step, answers);
}

uint64_t pass_seed(unsigned pass, uint64_t seed)
{
    return seed + 76 * (uint64_t)pass;
}

uint64_t pass_lease(unsigned pass)
{
    return 1000000 * (uint64_t)pass;
}
