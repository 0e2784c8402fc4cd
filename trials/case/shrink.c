/* shrink - see shrink.h. */
#include "trials/case/shrink.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* How often the failure is looked for, and in how many bytes: some seconds. */
enum { ASKED_MAX = 6000 };
#define BYTES_MAX (1ull << 30)

/* --- does it fail, and how would it be mended? */

struct looking {
    const struct detector *detector;
    const struct run *run;
    uint32_t step, first;
    bool found;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct looking *looking = with;
    const char *why;
    if (hit->step >= looking->run->steps_count || hit->step < looking->first ||
        (looking->detector->mendable && !looking->detector->mendable(looking->run, hit, &why)))
        return;
    if (!looking->found || hit->step < looking->step)
        looking->step = hit->step;
    looking->found = true;
}

static bool fails_at(const struct detector *detector, const struct run *run, uint32_t step)
{
    struct looking looking = { .detector = detector, .run = run, .first = step };
    detector->find(run, on_hit, &looking);
    return looking.found && looking.step == step;
}

bool shrink_shows(
    const struct detector *detector, const struct run *run, uint32_t step, struct digest *ret_frame)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct effects mended;
    *ret_frame = (struct digest){ 0 };
    if (step >= run->steps_count || !fails_at(detector, run, step))
        return false;
    if (!detector->frame)
        return true;
    if (detector->frame(run, step, &mended, &arena) != 1)
        return false;
    effects_seal(&mended);
    *ret_frame = mended.digest;
    return true;
}

uint32_t shrink_find(const struct detector *detector, const struct run *run, uint32_t from)
{
    struct digest frame;
    for (uint32_t step = from; step < run->steps_count; step++) {
        struct looking looking = { .detector = detector, .run = run, .first = step };
        detector->find(run, on_hit, &looking);
        if (!looking.found)
            return UINT32_MAX;
        step = looking.step;
        if (shrink_shows(detector, run, step, &frame))
            return step;
    }
    return UINT32_MAX;
}

/* --- taking out */

struct shrinking {
    const struct run *run;
    const struct detector *detector;
    struct digest frame;  /* of the whole run's failure */
    uint32_t target;      /* message of the reply that fails */
    uint32_t *units;      /* by message: the unit that it belongs to, UINT32_MAX: it stays */
    uint32_t units_count; /* of messages; those of tools are behind them */
    uint32_t tools_count;
    uint32_t asked;
    uint64_t bytes;
};

/* The run of what is in; NULL: that is none. *ret_step: the target's. */
static struct run *build(
    struct shrinking *s, const bool *in, struct arena *arena, uint32_t *ret_step)
{
    const struct run *run = s->run;
    struct run *made = run_like(run, arena);
    uint32_t steps = 0;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        if (s->units[i] != UINT32_MAX && !in[s->units[i]])
            continue;
        if (i == s->target)
            *ret_step = steps;
        s->bytes += message->bytes.size;
        steps += message->role == RUN_MODEL || message->role == RUN_ERROR;
        if (run_add(made, message->bytes, message->failed, NULL) < 0)
            return NULL;
        made->messages[made->messages_count - 1].own = message->own;
    }
    run_seal(made);
    return made;
}

static int keep_tools(
    const struct shrinking *s, struct run *made, const bool *in, struct arena *arena)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    struct run_tools kept = { 0 }, *read;
    const struct run_tools *tools = s->run->tools;
    if (!tools)
        return 0;
    kept.tools = arena_alloc(arena, (tools->tools_count + 1) * sizeof *kept.tools);
    for (uint32_t i = 0; i < tools->tools_count; i++)
        if (in[s->units_count + i])
            kept.tools[kept.tools_count++] = tools->tools[i];
    run_tools_print(&list, &kept);
    int rc = run_tools_read(
        &read, (struct str){ arena_string(arena, list.at, list.size), list.size }, arena, NULL);
    if (rc == 0)
        made->tools = read;
    return rc;
}

static struct run *build_all(
    struct shrinking *s, const bool *in, struct arena *arena, uint32_t *ret_step)
{
    struct run *made = build(s, in, arena, ret_step);
    return made && keep_tools(s, made, in, arena) == 0 ? made : NULL;
}

static bool may_ask(const struct shrinking *s)
{
    return s->asked < ASKED_MAX && s->bytes < BYTES_MAX;
}

static bool still_fails(struct shrinking *s, const bool *in)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct digest frame;
    uint32_t step = 0;
    s->asked++;
    struct run *made = build_all(s, in, &arena, &step);
    return made && shrink_shows(s->detector, made, step, &frame) && hash_equal(&frame, &s->frame);
}

/* Takes out units from..to-1 of `list` if the failure does not need them. */
static bool take_out(
    struct shrinking *s, bool *in, const uint32_t *list, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        in[list[i]] = false;
    if (may_ask(s) && still_fails(s, in))
        return true;
    for (uint32_t i = from; i < to; i++)
        in[list[i]] = true;
    return false;
}

static uint32_t list_in(uint32_t *list, const bool *in, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to; i++)
        if (in[i])
            list[count++] = i;
    return count;
}

/* ddmin over the units from..to-1: ever smaller parts, from the end, since what comes behind a
 * failure is rarely part of it. Ends where no single unit can go. */
static void minimise(struct shrinking *s, bool *in, uint32_t *list, uint32_t from, uint32_t to)
{
    uint32_t parts = 1, count = list_in(list, in, from, to);
    while (count > 0 && parts <= count && may_ask(s)) {
        bool less = false;
        for (uint32_t part = parts; part-- > 0;)
            less |= take_out(s, in, list, (uint32_t)((uint64_t)count * part / parts),
                (uint32_t)((uint64_t)count * (part + 1) / parts));
        count = list_in(list, in, from, to);
        if (!less && parts == count)
            break;
        parts = less ? (parts > 2 ? parts - 1 : 2) : 2 * parts;
        parts = parts > count ? count : parts;
    }
}

/* A reply and its results are one unit; the reply that fails stays with its own, and so does what
 * the person said last before it, since no turn begins without. */
static void divide(struct shrinking *s)
{
    const struct run *run = s->run;
    uint32_t asked = UINT32_MAX;
    for (uint32_t i = 0; i < s->target; i++)
        if (run->messages[i].role == RUN_USER)
            asked = i;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        bool stays = i == s->target || i == asked;
        if (message->role == RUN_RESULT && message->answers_message >= 0)
            s->units[i] = s->units[message->answers_message];
        else
            s->units[i] = stays ? UINT32_MAX : s->units_count++;
    }
}

static int finish(
    struct shrunk *ret, struct shrinking *s, const bool *in, struct arena *arena, struct err *err)
{
    struct shrunk made = { .asked = s->asked };
    made.run = build_all(s, in, arena, &made.step);
    if (!made.run)
        return err_set(err, ERR_DEFECT, "a run that is shown by its parts cannot be put together");
    made.messages = s->run->messages_count - made.run->messages_count;
    made.tools = s->tools_count - (made.run->tools ? made.run->tools->tools_count : 0);
    *ret = made;
    return 0;
}

int shrink_run(struct shrunk *ret, const struct detector *detector, const struct run *run,
    uint32_t step, struct arena *arena, struct err *err)
{
    struct shrinking s = { .run = run, .detector = detector, .target = run->steps[step] };
    if (!shrink_shows(detector, run, step, &s.frame))
        return err_set(err, ERR_INPUT, "step %u does not show %s", step, detector->id);
    s.units = mem_zero(run->messages_count + 1, sizeof *s.units);
    divide(&s);
    s.tools_count = run->tools ? run->tools->tools_count : 0;
    uint32_t all = s.units_count + s.tools_count;
    bool *in = mem_zero(all + 1, sizeof *in);
    uint32_t *list = mem_zero(all + 1, sizeof *list);
    memset(in, true, all);
    minimise(&s, in, list, 0, s.units_count);
    minimise(&s, in, list, s.units_count, all);
    int rc = finish(ret, &s, in, arena, err);
    free(s.units);
    free(in);
    free(list);
    return rc;
}
