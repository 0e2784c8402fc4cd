/* toolbox_call - see toolbox_call.h. */
#include "broker/toolbox_call.h"

#include "base/mem.h"

#include <stdlib.h>

/* A newline in JSON that was checked is white space. */
static void print_call(struct buf *out, struct str tool, struct str args)
{
    buf_text(out, "\"tool\":");
    json_quote(out, tool);
    buf_text(out, ",\"arguments\":");
    size_t at = out->size;
    buf_str(out, args);
    for (; at < out->size; at++)
        if (out->at[at] == '\n' || out->at[at] == '\r')
            out->at[at] = ' ';
    buf_text(out, "}\n");
}

struct call *call_new(struct str tool, struct str args, toolbox_done done, void *with)
{
    struct call *call = mem_zero(1, sizeof *call);
    call->done = done;
    call->with = with;
    print_call(&call->line, tool, args);
    return call;
}

void call_free(struct call *call)
{
    buf_done(&call->line);
    free(call);
}

void call_answer(struct call *call, uint8_t status, struct str text)
{
    const struct toolbox_answer given = { status, text };
    toolbox_done done = call->cancelled ? NULL : call->done;
    void *with = call->with;
    call_free(call);
    if (done)
        done(with, &given);
}

void call_answer_error(struct call *call, uint8_t status, const struct err *why)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, status == WIRE_UNKNOWN_OUTCOME
                        ? "the outcome is unknown, it may have been carried out: "
                        : "not carried out: ");
    buf_text(&text, why->text);
    if (why->hint[0])
        buf_format(&text, "; %s", why->hint);
    call_answer(call, status, buf_view(&text));
}
