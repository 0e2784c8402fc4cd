/* toolbox_box - see toolbox_box.h: the queue of a box's calls. Its process is toolbox_run.c's. */
#include "broker/toolbox_box.h"

#include "base/mem.h"
#include "broker/toolbox_run.h"
#include "broker/toolbox_talk.h"

#include <stdlib.h>

enum { CALL_MS = 60000, SHELL_MS = 630000 };

struct box *box_new(const struct box_plan *plan)
{
    struct box *box = mem_zero(1, sizeof *box);
    box->plan = *plan;
    box->last = &box->first;
    return box;
}

void box_start(struct box *box)
{
    if (!box->run)
        run_begin(box);
}

uint32_t box_call_ms(const struct box *box)
{
    return box->plan.call_ms ? box->plan.call_ms : box->plan.server ? CALL_MS : SHELL_MS;
}

struct call *box_pop(struct box *box)
{
    struct call *call = box->first;
    box->first = call->next;
    if (!box->first)
        box->last = &box->first;
    return call;
}

void box_call(
    struct box *box, struct str tool, const struct json *args, toolbox_done done, void *with)
{
    struct call *call = call_new(tool, args->raw, done, with);
    *box->last = call;
    box->last = &call->next;
    if (!box->run)
        run_begin(box);
    else
        talk_on(box->run);
}

void box_cancel(struct box *box, void *with)
{
    struct run *run = box->run;
    bool on_its_way = run && run->sent && box->first;
    struct call **place = &box->first;
    if (on_its_way && box->first->with == with)
        box->first->cancelled = true;
    if (on_its_way)
        place = &box->first->next;
    while (*place) {
        struct call *call = *place;
        if (call->with != with) {
            place = &call->next;
            continue;
        }
        *place = call->next;
        call_free(call);
    }
    box->last = place;
    if (on_its_way && box->first->cancelled && !box->first->next)
        run_end(run, true, "the call was cancelled");
}

bool box_holder(const struct box *box, struct toolbox_holder *ret)
{
    if (!box->run || !box->run->sandbox)
        return false;
    *ret = box->run->holder;
    return true;
}

void box_kill(struct box *box)
{
    if (box->run && box->run->sandbox)
        sandbox_kill(box->run->sandbox);
}

void box_free(struct box *box)
{
    if (!box)
        return;
    if (box->run)
        run_drop(box->run);
    while (box->first)
        call_free(box_pop(box));
    free(box);
}
