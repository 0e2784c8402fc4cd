/* edit - applies what a hook asked for, all of it or none, when the hook has ended well.
 *
 * Spans are those of the text as the hook saw it, so cuts are sorted and applied together. What is
 * left must be a valid reply and a valid view of the conversation; if it is not, the caller puts
 * all back. */
#include "worker/host.h"

#include "base/mem.h"
#include "base/sort.h"

#include <string.h>

/* --- calls --- */

static void touch(struct session *session, struct call *call)
{
    struct turn *turn = &session->turn;
    call->changed = true;
    call->by = (uint32_t)(turn->build - session->harness->builds);
    turn->reply.calls_changed = true;
    turn->reply.by = call->by;
}

static const char *add_call(struct session *session, const struct edit *edit)
{
    struct turn *turn = &session->turn;
    struct reply *reply = &turn->reply;
    if (reply->calls_count == WIRE_CALLS_MAX)
        return "added more calls than a reply may have";
    if (reply->calls_count == reply->calls_room) {
        uint32_t room = reply->calls_room ? 2 * reply->calls_room : 4;
        reply->calls = arena_grow(&turn->arena, reply->calls,
            reply->calls_room * sizeof(struct call), room * sizeof(struct call));
        reply->calls_room = room;
    }
    struct call *call = &reply->calls[reply->calls_count++];
    *call = (struct call){ .past = NONE };
    const char *id =
        arena_format(&turn->arena, "moult_%u_%u", session->conversation.count, reply->calls_count);
    call->id = str_of(id);
    call_complete(call, &turn->arena, edit->text, edit->value->raw);
    touch(session, call);
    return NULL;
}

static void set_args(struct session *session, struct call *call, struct str name, struct str raw)
{
    call_complete(call, &session->turn.arena, name, raw);
    touch(session, call);
}

static void print_member(struct buf *out, bool *first, struct str key, bool quoted, struct str raw)
{
    buf_text(out, *first ? "{" : ",");
    *first = false;
    if (quoted) {
        json_quote(out, key);
    } else {
        buf_char(out, '"');
        buf_str(out, key);
        buf_char(out, '"');
    }
    buf_char(out, ':');
    buf_str(out, raw);
}

/* The object with `key` set to value (dropped when that is NULL), or called `rename`. */
static struct str splice(struct arena *arena, const struct json *object, struct str key,
    const struct json *value, struct str rename)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool first = true, found = false;
    JSON_EACH(member, object)
    {
        bool hit = str_equal(json_key(arena, member), key);
        found |= hit;
        if (hit && rename.at)
            print_member(&out, &first, rename, true, member->raw);
        else if (hit && value)
            print_member(&out, &first, member->key, false, value->raw);
        else if (!hit)
            print_member(&out, &first, member->key, false, member->raw);
    }
    if (!found && value)
        print_member(&out, &first, key, true, value->raw);
    buf_text(&out, first ? "{}" : "}");
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

struct str args_splice(
    struct arena *arena, const struct json *object, struct str key, const struct json *value)
{
    return splice(arena, object, key, value, (struct str){ 0 });
}

/* What is set to what it is already stays as the model wrote it, to the byte: a hook that goes over
 * every argument has changed those that it gave another value. */
static bool is_there(const struct edit *edit, const struct json *args, struct str name)
{
    const struct json *member;
    switch (edit->kind) {
    case EDIT_CALL_SET:
        return (edit->text.size == 0 || str_equal(edit->text, name)) &&
               (!edit->value || (args && json_equal(args, edit->value)));
    case EDIT_ARG_SET:
        member = json_get_str(args, edit->key);
        return edit->value ? member && json_equal(member, edit->value) : !member;
    default:
        return false;
    }
}

static const char *change_call(struct session *session, const struct edit *edit)
{
    struct call *call = edit->call;
    struct str name = host_str(call->face.name), raw = host_str(call->face.raw);
    const struct json *args = (const struct json *)call->face.args;
    struct arena *arena = &session->turn.arena;
    if (is_there(edit, args, name))
        return NULL;
    switch (edit->kind) {
    case EDIT_CALL_SET:
        set_args(session, call, edit->text.size ? edit->text : name,
            edit->value ? edit->value->raw : raw);
        break;
    case EDIT_ARG_SET:
        set_args(
            session, call, name, splice(arena, args, edit->key, edit->value, (struct str){ 0 }));
        break;
    default:
        set_args(session, call, name, splice(arena, args, edit->key, NULL, edit->text));
        break;
    }
    return call->face.name.size > WIRE_TEXT_MAX ? "gave a call too long a name" : NULL;
}

/* --- text --- */

static int compare_cuts(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;
    return (x->span.from > y->span.from) - (x->span.from < y->span.from);
}

static void set_body(struct turn *turn, struct str text)
{
    if (str_equal(text, turn->body))
        return;
    turn->body = text;
    turn->body_changed = true;
    turn->body_by = (uint32_t)(turn->build - turn->session->harness->builds);
}

/* All cuts of the hook at once, then the blanks that are left at the ends. */
static void apply_cuts(struct turn *turn)
{
    struct edit *cuts = arena_alloc(&turn->arena, turn->edits.count * sizeof(*cuts));
    uint32_t count = 0;
    for (uint32_t i = 0; i < turn->edits.count; i++)
        if (turn->edits.at[i].kind == EDIT_CUT)
            cuts[count++] = turn->edits.at[i];
    if (count == 0)
        return;
    sort(cuts, count, sizeof(*cuts), compare_cuts);
    char *left = arena_alloc(&turn->arena, turn->body.size + 1);
    size_t size = 0, at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (cuts[i].span.from > at) {
            memcpy(left + size, turn->body.at + at, cuts[i].span.from - at);
            size += cuts[i].span.from - at;
        }
        if (cuts[i].span.to > at)
            at = cuts[i].span.to;
    }
    memcpy(left + size, turn->body.at + at, turn->body.size - at);
    size += turn->body.size - at;
    set_body(turn, str_trim((struct str){ left, size }));
}

/* --- what the model will see --- */

static void drop_message(struct session *session, uint32_t index)
{
    struct turn *turn = &session->turn;
    if (!turn->dropped)
        turn->dropped = arena_alloc(&turn->arena, session->conversation.count);
    turn->dropped[index] = 1;
}

static void add_message(struct session *session, const struct edit *edit)
{
    struct turn *turn = &session->turn;
    if (turn->added_count == turn->added_room) {
        uint32_t room = turn->added_room ? 2 * turn->added_room : 4;
        turn->added = arena_grow(&turn->arena, turn->added, turn->added_room * sizeof(struct added),
            room * sizeof(struct added));
        turn->added_room = room;
    }
    const char *role = edit->number == MOULT_SYSTEM  ? "system"
                       : edit->number == MOULT_MODEL ? "assistant"
                                                     : "user";
    turn->added[turn->added_count++] = (struct added){
        .bytes = message_print(&turn->arena, role, edit->text),
        .build = (uint32_t)(turn->build - session->harness->builds),
    };
}

/* A result whose call is left out, or a call whose result is, makes a request that providers
 * refuse. */
static bool view_valid(const struct session *session)
{
    const struct turn *turn = &session->turn;
    const struct conversation *conversation = &session->conversation;
    for (uint32_t i = 0; turn->dropped && i < conversation->calls_count; i++) {
        const struct past_call *call = &conversation->calls[i];
        if (call->result != NONE && turn->dropped[call->message] != turn->dropped[call->result])
            return false;
    }
    return true;
}

static const char *apply_one(struct session *session, const struct edit *edit)
{
    struct turn *turn = &session->turn;
    switch (edit->kind) {
    case EDIT_CALL_ADD:
        return add_call(session, edit);
    case EDIT_CALL_SET:
    case EDIT_ARG_SET:
    case EDIT_ARG_RENAME:
        return change_call(session, edit);
    case EDIT_CUT:
        return NULL;
    case EDIT_BODY:
        set_body(turn, edit->text);
        return NULL;
    case EDIT_MSG_DROP:
        drop_message(session, edit->number);
        return NULL;
    case EDIT_MSG_ADD:
        add_message(session, edit);
        return NULL;
    case EDIT_MODEL:
        turn->model = edit->number;
        return NULL;
    case EDIT_WAIT:
        turn->wait_ms = edit->number;
        return NULL;
    }
    return NULL;
}

/* What edits can change, as it was before them. */
struct before {
    struct reply reply;
    struct call *calls;
    struct str body;
    bool body_changed;
    uint8_t *dropped;
    uint32_t added_count, model, wait_ms;
};

static struct before take_before(struct turn *turn, uint32_t messages)
{
    struct before before = {
        .reply = turn->reply,
        .body = turn->body,
        .body_changed = turn->body_changed,
        .added_count = turn->added_count,
        .model = turn->model,
        .wait_ms = turn->wait_ms,
    };
    if (turn->reply.calls_count > 0)
        before.calls = arena_copy(
            &turn->arena, turn->reply.calls, turn->reply.calls_count * sizeof(struct call));
    if (turn->dropped)
        before.dropped = arena_copy(&turn->arena, turn->dropped, messages);
    return before;
}

static void put_before(struct turn *turn, const struct before *before)
{
    turn->reply = before->reply;
    if (before->calls)
        memcpy(turn->reply.calls, before->calls, before->reply.calls_count * sizeof(struct call));
    turn->body = before->body;
    turn->body_changed = before->body_changed;
    turn->dropped = before->dropped;
    turn->added_count = before->added_count;
    turn->model = before->model;
    turn->wait_ms = before->wait_ms;
}

const char *edits_apply(struct session *session)
{
    struct turn *turn = &session->turn;
    if (turn->edits.count == 0)
        return NULL;
    struct before before = take_before(turn, session->conversation.count);
    const char *failed = NULL;
    apply_cuts(turn);
    /* Added calls last: the list may move then, and other edits point into it. */
    for (int adding = 0; adding <= 1; adding++)
        for (uint32_t i = 0; i < turn->edits.count && !failed; i++)
            if ((turn->edits.at[i].kind == EDIT_CALL_ADD) == adding)
                failed = apply_one(session, &turn->edits.at[i]);
    if (!failed && !view_valid(session))
        failed = "left a result without its call, or a call without its result";
    if (!failed && turn->body.size > WIRE_BYTES_MAX)
        failed = "made a text that is too long";
    if (failed)
        put_before(turn, &before);
    return failed;
}
