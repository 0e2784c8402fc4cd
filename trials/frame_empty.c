/* frame_empty - a reply without text and calls: the person is left without an answer.
 *
 * The frame: the model is asked once more. What it would have said is not recorded. An empty reply
 * straight behind another, as who had asked again would have it, is no step (run.h). */
#include "trials/detect_find.h"
#include "trials/frame.h"

void empty_find(const struct run *run, detect_sink sink, void *with)
{
    find_empty_assistant(run, sink, with);
}

bool empty_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    bool solved = run->graded && run->solved;
    (void)hit;
    *ret_why = solved ? "the run was solved all the same" : "";
    return !solved;
}

int empty_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    const struct run_message *reply = run_step(run, step);
    if (reply->error || reply->calls_count > 0 || str_trim(reply->text).size > 0 ||
        (run->graded && run->solved))
        return 0;
    frame_begin(ret, run, step, arena);
    ret->same = false;
    ret->end = EFFECTS_ASKED;
    ret->text = (struct str){ 0 };
    effects_seal(ret);
    return 1;
}

/* Words of the harness's own in the model's place. */
bool empty_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    (void)run;
    (void)step;
    return seen->end == EFFECTS_ANSWERED || seen->end == EFFECTS_REFUSED;
}
