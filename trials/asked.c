/* asked - see asked.h. The order of a turn is the worker's (worker/loop.c). */
#include "trials/asked.h"

#include "sdk/moult.h"

#define ASKED(hook) (1u << MOULT_##hook)

/* Behind the step before it, a message of that role: a result that nothing reads any more is behind
 * the last step. */
static bool leads_to(const struct run *run, uint32_t step, uint8_t role)
{
    for (uint32_t i = step > 0 ? run->steps[step - 1] + 1 : 0; i < run->steps[step]; i++)
        if (run->messages[i].role == role)
            return true;
    return false;
}

unsigned asked_at(const struct run *run, uint32_t step)
{
    unsigned asked = ASKED(CONTEXT) | ASKED(REQUEST) | ASKED(TURN_END);
    if (leads_to(run, step, RUN_USER))
        asked |= ASKED(TURN_START);
    if (leads_to(run, step, RUN_RESULT))
        asked |= ASKED(AFTER_TOOL);
    if (run_step_error(run, step))
        return asked | ASKED(MODEL_ERROR);
    return asked | ASKED(REPLY) |
           (run_step(run, step)->calls_count > 0 ? ASKED(BEFORE_TOOL) : ASKED(ANSWER));
}

unsigned asked_hooks(const struct run *run)
{
    unsigned asked = 0;
    for (uint32_t step = 0; step < run->steps_count; step++)
        asked |= asked_at(run, step);
    return asked;
}
