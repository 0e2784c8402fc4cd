/* frame_leak - calls that a model wrote into its text instead of making them.
 *
 * Only where the tools were offered natively: a model that was told in the text to answer with JSON
 * has not leaked anything, its harness reads that JSON. The frame: these calls are made, in order,
 * and the text loses them. Where something else of the kind stands beside them, or there are more
 * than a reply can mean, nothing is claimed. */
#include "trials/frame.h"

#include "trials/detect_find.h"
#include "trials/leak.h"

static bool leaks(const struct run *run, uint32_t step, struct leak *ret, struct arena *arena)
{
    const struct run_message *reply = &run->messages[run->steps[step]];
    if (!run->offered || reply->calls_count > 0)
        return false;
    leak_read(ret, run, reply->text, arena);
    for (uint32_t i = 0; i < ret->calls_count; i++)
        if (ret->calls[i].stands)
            return true;
    return false;
}

static uint8_t class_of(const struct run *run, const struct leak *leak)
{
    for (uint32_t i = 0; i < leak->calls_count; i++)
        if (detect_class(run, leak->calls[i].name) == TOOL_WRITE)
            return TOOL_WRITE;
    return TOOL_READ;
}

static void find_leaks(const struct run *run, bool tagged, detect_sink sink, void *with)
{
    struct leak leak;
    for (uint32_t step = 0; step < run->steps_count; step++)
        if (leaks(run, step, &leak, run->arena) && leak.tagged == tagged)
            sink(with, &(struct detect_hit){
                           .step = step, .call = UINT32_MAX, .tool_class = class_of(run, &leak) });
}

void leak_find_tagged(const struct run *run, detect_sink sink, void *with)
{
    find_leaks(run, true, sink, with);
}

void leak_find_bare(const struct run *run, detect_sink sink, void *with)
{
    find_leaks(run, false, sink, with);
}

bool leak_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    struct leak leak;
    *ret_why = "no leaked call";
    if (!leaks(run, hit->step, &leak, run->arena))
        return false;
    *ret_why = "something else that looks like a call stands beside it";
    if (leak.others)
        return false;
    *ret_why = "more calls in one reply than it can mean";
    return leak.calls_count <= FRAME_CALLS_MAX;
}

int leak_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    struct leak leak;
    if (!leaks(run, step, &leak, arena) || leak.others || leak.calls_count > FRAME_CALLS_MAX)
        return 0;
    *ret = (struct effects){ .request_same = true, .end = EFFECTS_HANDED, .text = leak.rest };
    ret->calls = arena_alloc(arena, leak.calls_count * sizeof(*ret->calls));
    ret->calls_count = leak.calls_count;
    for (uint32_t i = 0; i < leak.calls_count; i++) {
        ret->calls[i].name = leak.calls[i].name;
        ret->calls[i].args = leak.calls[i].args;
    }
    effects_seal(ret);
    return 1;
}

/* The text changed and no call came of it, or the reply is gone. */
bool leak_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    (void)run;
    (void)step;
    for (uint32_t i = 0; i < seen->calls_count; i++)
        if (!seen->calls[i].denied)
            return false;
    return true;
}
