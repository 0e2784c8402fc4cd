/* asked - see asked.h. The order of a turn is the worker's (worker/loop.c). */
#include "trials/asked.h"

#include "sdk/moult.h"

#define ASKED(hook) (1u << MOULT_##hook)

/* A result that stands before a step: behind the last one nobody reads it again. */
static bool has_result(const struct run *run, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (run->messages[i].role == RUN_RESULT)
            return true;
    return false;
}

unsigned asked_hooks(const struct run *run)
{
    unsigned asked = 0;
    for (uint32_t step = 0; step < run->steps_count; step++) {
        asked |= ASKED(TURN_START) | ASKED(CONTEXT) | ASKED(REQUEST) | ASKED(TURN_END);
        if (run_step_error(run, step))
            asked |= ASKED(MODEL_ERROR);
        else
            asked |= ASKED(REPLY) |
                     (run_step(run, step)->calls_count > 0 ? ASKED(BEFORE_TOOL) : ASKED(ANSWER));
    }
    if (run->steps_count > 0 && has_result(run, run->steps[run->steps_count - 1]))
        asked |= ASKED(AFTER_TOOL);
    return asked;
}
