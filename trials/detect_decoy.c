/* detect_decoy - what looks like a failure of the harness and is none, each with its reason.
 * They stay in the table so that a person sees that they were looked at. */
#include "trials/frame.h"

bool python_repr_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    *ret_why = frame_call(run, hit)->failed
                   ? "the refusal is not about the form: the trace does not say what the tool got"
                   : "the call was accepted: the form is how the trace was written";
    return false;
}

bool multi_call_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    const struct run_message *reply = &run->messages[run->steps[hit->step]];
    *ret_why = "each of its calls was carried out";
    for (uint32_t i = 0; i < reply->calls_count; i++)
        if (reply->calls[i].result < 0)
            *ret_why = "a call is unanswered: the trace does not say why";
    return false;
}

bool provider_error_mendable(
    const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    (void)run;
    (void)hit;
    *ret_why = "nothing but the error was recorded: there is no step to replay";
    return false;
}
