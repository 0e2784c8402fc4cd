/* nested - what a hook asks for itself, with moult_ask: a tool call, or a model with one prompt.
 * Its answer goes to the hook and nowhere else; nothing of it reaches a client's stream. */
#include "broker/model.h"
#include "broker/toolcall.h"

#include "base/mem.h"

enum { ASK_MODEL, ASK_TOOL }; /* of moult_request.what */

static int prepare(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    note->nested_tool = effect->model == ASK_TOOL;
    if (effect->model > ASK_TOOL)
        return err_set(err, ERR_INPUT, "a hook asks for what there is not");
    if (note->nested_tool)
        return toolcall_nested(turn, note, effect, facts, body);
    /* A name that moult.json does not have is a plugin's mistake: the hook is told so. */
    note->unknown = !model_known(turn, effect->name);
    if (note->unknown) {
        buf_text(body, "{\"model\":");
        json_quote(body, effect->name);
        buf_char(body, '}');
        return 0;
    }
    return model_nested(turn, note, effect, body, err);
}

static void dispatch(struct turn *turn, struct note *note)
{
    if (note->nested_tool)
        toolcall_run(turn, note);
    else if (note->unknown)
        effect_answer(turn, note, WIRE_REFUSED, STR("no model has that name"));
    else
        effect_model.dispatch(turn, note);
}

const struct effect_kind effect_nested = { prepare, dispatch, NULL };
