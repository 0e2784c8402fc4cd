/* host_edit - verbs that ask for a change. Each is checked here against what the hook may touch and
 * against what is there, and noted; edit.c applies the notes when the hook has ended. */
#include "worker/host.h"

#include "base/mem.h"

#include <string.h>

enum { EDITS_MAX = 4096, WAIT_MAX_MS = 10 * 60 * 1000 };

struct edit *host_edit(struct turn *turn, enum edit_kind kind, uint16_t class)
{
    struct edits *edits = &turn->edits;
    if (!(hook_rules[turn->hook].edits & class) || edits->count >= EDITS_MAX)
        return NULL;
    if (edits->count == edits->room) {
        uint32_t room = edits->room ? 2 * edits->room : 4;
        edits->at = arena_grow(
            &turn->arena, edits->at, edits->room * sizeof(struct edit), room * sizeof(struct edit));
        edits->room = room;
    }
    struct edit *edit = &edits->at[edits->count++];
    *edit = (struct edit){ .kind = kind };
    return edit;
}

/* A note of a change to one call: any of the reply, or the one that before_tool has in hand. */
static struct edit *edit_call(struct turn *turn, enum edit_kind kind, moult_call *which)
{
    struct call *call = (struct call *)(void *)which;
    if (!call)
        return NULL;
    if (call == turn->call)
        return host_edit(turn, kind, MAY_CALL | MAY_CALLS);
    const struct reply *reply = &turn->reply;
    if (call < reply->calls || call >= reply->calls + reply->calls_count)
        return NULL;
    return host_edit(turn, kind, MAY_CALLS);
}

bool host_call_add(moult_turn *face, moult_text tool, const moult_json *args)
{
    struct turn *turn = host_turn(face);
    if (tool.size == 0 || tool.size > WIRE_TEXT_MAX || !json_is(host_json(args), JSON_OBJECT))
        return false;
    struct edit *edit = host_edit(turn, EDIT_CALL_ADD, MAY_CALLS);
    if (!edit)
        return false;
    edit->text = host_str(tool);
    edit->value = host_json(args);
    return true;
}

bool host_call_set(moult_turn *face, moult_call *call, moult_text tool, const moult_json *args)
{
    if ((tool.size == 0 && !args) || tool.size > WIRE_TEXT_MAX ||
        (args && !json_is(host_json(args), JSON_OBJECT)))
        return false;
    struct edit *edit = edit_call(host_turn(face), EDIT_CALL_SET, call);
    if (!edit)
        return false;
    edit->call = (struct call *)(void *)call;
    edit->text = host_str(tool);
    edit->value = host_json(args);
    return true;
}

bool host_arg_set(moult_turn *face, moult_call *call, moult_text key, const moult_json *value)
{
    if (!call || !call->args || key.size == 0)
        return false;
    struct edit *edit = edit_call(host_turn(face), EDIT_ARG_SET, call);
    if (!edit)
        return false;
    edit->call = (struct call *)(void *)call;
    edit->key = host_str(key);
    edit->value = host_json(value);
    return true;
}

bool host_arg_rename(moult_turn *face, moult_call *call, moult_text from, moult_text to)
{
    if (!call || !call->args || from.size == 0 || to.size == 0)
        return false;
    const struct json *args = host_json(call->args);
    if (!json_get_str(args, host_str(from)) || json_get_str(args, host_str(to)))
        return false;
    struct edit *edit = edit_call(host_turn(face), EDIT_ARG_RENAME, call);
    if (!edit)
        return false;
    edit->call = (struct call *)(void *)call;
    edit->key = host_str(from);
    edit->text = host_str(to);
    return true;
}

bool host_cut(moult_turn *face, moult_span span)
{
    struct turn *turn = host_turn(face);
    if (span.from >= span.to || span.to > turn->body.size)
        return false;
    struct edit *edit = host_edit(turn, EDIT_CUT, MAY_TEXT);
    if (edit)
        edit->span = span;
    return edit != NULL;
}

bool host_body_set(moult_turn *face, moult_text text)
{
    struct edit *edit = host_edit(host_turn(face), EDIT_BODY, MAY_TEXT);
    if (edit)
        edit->text = host_str(text);
    return edit != NULL;
}

bool host_msg_drop(moult_turn *face, uint32_t index)
{
    struct turn *turn = host_turn(face);
    if (index >= turn->session->conversation.count)
        return false;
    struct edit *edit = host_edit(turn, EDIT_MSG_DROP, MAY_MSGS);
    if (edit)
        edit->number = index;
    return edit != NULL;
}

bool host_msg_add(moult_turn *face, uint32_t role, moult_text text)
{
    if (role != MOULT_SYSTEM && role != MOULT_USER && role != MOULT_MODEL)
        return false;
    if (text.size == 0)
        return false;
    struct edit *edit = host_edit(host_turn(face), EDIT_MSG_ADD, MAY_MSGS);
    if (!edit)
        return false;
    edit->number = role;
    edit->text = host_str(text);
    return true;
}

bool host_use_model(moult_turn *face, uint32_t index)
{
    struct turn *turn = host_turn(face);
    if (index >= turn->session->models_count)
        return false;
    struct edit *edit = host_edit(turn, EDIT_MODEL, MAY_ROUTE);
    if (edit)
        edit->number = index;
    return edit != NULL;
}

bool host_wait(moult_turn *face, uint32_t ms)
{
    struct edit *edit = ms == 0 ? NULL : host_edit(host_turn(face), EDIT_WAIT, MAY_TIME);
    if (edit)
        edit->number = ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
    return edit != NULL;
}
