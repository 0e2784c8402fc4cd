/* loop - works a turn off: run, step, ask the model, carry out calls.
 *
 * The conversation is the program counter: entered at any point, the loop looks at its end. Open
 * calls are carried out, else the model is asked, else the turn ends. Between two effects nothing
 * of the loop is on the stack, so one worker serves many sessions, and a turn that is entered again
 * from its last settled point asks for the same effect. */
#include "wire/shown.h"
#include "worker/effects.h"
#include "worker/hooks.h"
#include "worker/tools.h"

#include <string.h>

/* --- how a turn ends --- */

static enum stage end(struct session *session, enum wire_ended how, struct str why)
{
    session->turn.how = (uint8_t)how;
    session->turn.why = why;
    return STAGE_END;
}

static struct str reason(struct session *session)
{
    struct turn *turn = &session->turn;
    const char *plugin =
        turn->by == NONE ? "the loop" : session->harness->builds[turn->by].plugin->name;
    return str_of(arena_format(
        &turn->arena, "%s: %.*s", plugin, (int)turn->explanation.size, turn->explanation.at));
}

/* Calls that the conversation holds and that nobody will carry out now still need their results. */
static void close_calls(struct session *session)
{
    struct reply *reply = &session->turn.reply;
    for (uint32_t i = 0; reply->settled && i < reply->calls_count; i++)
        if (call_open(&session->conversation, &reply->calls[i]))
            settle_result(session, &reply->calls[i], STR("not carried out: the turn was ended"),
                true, 0, session->turn.by);
}

/* The turn ends here with the explanation as its text, which leaves like any other: by `answer`. */
static enum stage say(struct session *session, enum wire_ended how)
{
    struct turn *turn = &session->turn;
    if (turn->how)
        return end(session, WIRE_ENDED_FAILED, STR("the answer hooks refused the refusal"));
    close_calls(session);
    turn->how = (uint8_t)how;
    turn->why = turn->explanation;
    turn->reply = (struct reply){ .text = turn->explanation, .by = turn->by };
    turn->reply.text_changed = true;
    turn->body = turn->reply.text;
    return STAGE_ANSWER;
}

/* Where an action leads that ends the turn; `onward` where it does not. */
static enum stage decide(struct session *session, int action, enum stage onward)
{
    switch (action) {
    case MOULT_DENY:
        return say(session, WIRE_ENDED_REFUSED);
    case MOULT_FINISH:
        return say(session, WIRE_ENDED_ANSWERED);
    case WIRE_ACTION_FAILED:
        return end(session, WIRE_ENDED_FAILED, reason(session));
    default:
        return onward;
    }
}

static void take_body(struct turn *turn, struct str text)
{
    turn->body = text;
    turn->body_changed = false;
}

/* --- what has just arrived --- */

static enum stage start(struct session *session)
{
    struct turn *turn = &session->turn;
    uint32_t user = conversation_turn(&session->conversation);
    if (!turn->started || user == 0)
        return STAGE_RESULTS;
    const struct message *message = &session->conversation.messages[user - 1];
    if (!turn->body.at)
        take_body(turn, content_text(&turn->arena, message->content));
    int action = hooks_run(session, MOULT_TURN_START, NULL);
    if (action == MOULT_WAIT)
        return STAGE_START;
    if (turn->body_changed)
        settle_replaced(session, user - 1, message_with(&turn->arena, message->root, turn->body));
    return decide(session, action, STAGE_RESULTS);
}

static void load_call(struct session *session, struct call *call, uint32_t past)
{
    const struct past_call *from = &session->conversation.calls[past];
    *call = (struct call){ .id = from->id, .past = past, .by = NONE };
    call_complete(call, &session->turn.arena, from->name, from->args);
}

/* The next result behind the last reply that after_tool has not seen, or NONE. */
static uint32_t next_result(const struct session *session)
{
    const struct conversation *conversation = &session->conversation;
    uint32_t at = session->turn.index;
    while (at < conversation->count && conversation->messages[at].role != MOULT_RESULT)
        at++;
    return at < conversation->count ? at : NONE;
}

static void begin_result(struct session *session, const struct message *message)
{
    struct turn *turn = &session->turn;
    if (message->call != NONE)
        load_call(session, &turn->result_call, message->call);
    else
        call_complete(&turn->result_call, &turn->arena, message->name, (struct str){ 0 });
    take_body(turn, content_text(&turn->arena, message->content));
    turn->result_call.face.result = (moult_text){ turn->body.at, (uint32_t)turn->body.size };
    turn->result_call.face.failed = message->failed;
}

/* A candidate that is judged settles nothing: what it would is noted. */
static void change_result(struct session *session, uint32_t at)
{
    struct turn *turn = &session->turn;
    const struct message *message = &session->conversation.messages[at];
    if (turn->judging)
        turn->shown = wire_shown_result(
            turn->shown, at, content_text(&turn->arena, message->content), turn->body);
    else
        settle_replaced(session, at, message_with(&turn->arena, message->root, turn->body));
}

static enum stage behind_results(struct session *session)
{
    if (!session->turn.judging)
        state_settle(session);
    return STAGE_NEXT;
}

static enum stage results(struct session *session)
{
    struct turn *turn = &session->turn;
    if (session->kind != WIRE_GATEWAY || turn->resumed || !hooks_present(session, MOULT_AFTER_TOOL))
        return behind_results(session);
    for (uint32_t at; (at = next_result(session)) != NONE; turn->index = at + 1) {
        const struct message *message = &session->conversation.messages[at];
        if (!turn->result_begun)
            begin_result(session, message);
        turn->result_begun = true;
        int action = hooks_run(session, MOULT_AFTER_TOOL, &turn->result_call);
        if (action == MOULT_WAIT) {
            turn->index = at;
            return STAGE_RESULTS;
        }
        turn->result_begun = false;
        if (turn->body_changed)
            change_result(session, at);
        if (action == MOULT_FINISH)
            return say(session, WIRE_ENDED_ANSWERED);
    }
    return behind_results(session);
}

/* --- step: where the conversation says to go on --- */

/* A settled reply in hand again, with its calls; whether one of them is open. */
static bool load_reply(struct session *session, uint32_t at)
{
    struct turn *turn = &session->turn;
    const struct message *message = &session->conversation.messages[at];
    bool open = false;
    turn->reply = (struct reply){ .root = message->root, .content = message->content, .by = NONE };
    turn->reply.bytes = message->bytes;
    turn->reply.settled = true;
    turn->reply.calls = arena_alloc(&turn->arena, (message->calls_count + 1) * sizeof(struct call));
    for (uint32_t i = 0; i < message->calls_count && i < WIRE_CALLS_MAX; i++) {
        struct call *call = &turn->reply.calls[turn->reply.calls_count++];
        load_call(session, call, message->calls_from + i);
        open |= call_open(&session->conversation, call);
    }
    return open;
}

static enum stage next(struct session *session)
{
    struct turn *turn = &session->turn;
    const struct conversation *conversation = &session->conversation;
    uint32_t reply = conversation_reply(conversation);
    turn->index = 0;
    if (reply != NONE && reply + 1 >= conversation_turn(conversation) &&
        conversation->messages[reply].calls_count > 0 && load_reply(session, reply))
        return STAGE_CALLS;
    if (conversation->count > 0 && reply == conversation->count - 1)
        return end(session, WIRE_ENDED_ANSWERED, (struct str){ 0 });
    if (session->steps_max > 0 && turn_step(session) >= session->steps_max)
        return end(session, WIRE_ENDED_LIMIT, STR("as many model requests as a turn may make"));
    turn->attempt = turn->rounds = turn->model = 0;
    turn->hint = (struct str){ 0 };
    return STAGE_AGAIN;
}

/* --- ask the model --- */

static enum stage again(struct session *session)
{
    struct turn *turn = &session->turn;
    turn->dropped = NULL;
    turn->added = NULL;
    turn->added_count = turn->added_room = 0;
    return STAGE_CONTEXT;
}

static enum stage put_together(struct session *session)
{
    session->turn.face.reason =
        session->turn.error_class == MOULT_TOO_LONG ? MOULT_FOR_LENGTH : MOULT_FOR_REQUEST;
    int action = hooks_run(session, MOULT_CONTEXT, NULL);
    return action == MOULT_WAIT ? STAGE_CONTEXT : decide(session, action, STAGE_REQUEST);
}

/* What a hook that sent the model back has to say goes last, and is not settled. */
static void add_hint(struct session *session)
{
    struct turn *turn = &session->turn;
    if (turn->hint.size == 0)
        return;
    struct added *added = arena_alloc(&turn->arena, (turn->added_count + 1) * sizeof(*added));
    if (turn->added_count > 0)
        memcpy(added, turn->added, turn->added_count * sizeof(*added));
    added[turn->added_count++] = (struct added){
        .bytes = message_print(&turn->arena, "user", turn->hint),
        .build = turn->hint_by,
    };
    turn->added = added;
    turn->added_room = turn->added_count;
}

static enum stage ask_model(struct session *session)
{
    int action = hooks_run(session, MOULT_REQUEST, NULL);
    if (action == MOULT_WAIT)
        return STAGE_REQUEST;
    if (action != MOULT_PASS)
        return decide(session, action, STAGE_END);
    add_hint(session);
    effect_model(session);
    return STAGE_REPLY;
}

static enum stage model_error(struct session *session)
{
    struct turn *turn = &session->turn;
    int action = hooks_run(session, MOULT_MODEL_ERROR, NULL);
    if (action == MOULT_WAIT)
        return STAGE_ERROR;
    if (action == MOULT_FINISH)
        return say(session, WIRE_ENDED_ANSWERED);
    if (action != MOULT_RETRY || turn->attempt >= hook_rules[MOULT_MODEL_ERROR].rounds)
        return end(session, WIRE_ENDED_FAILED,
            str_of(arena_format(&turn->arena, "the model request failed: %s",
                turn->error_class < WIRE_ERRORS ? wire_error_words[turn->error_class] : "?")));
    turn->attempt++;
    turn->waited_ms = turn->wait_ms;
    if (turn->wait_ms == 0)
        return STAGE_AGAIN;
    effect_wait(session);
    turn->wait_ms = 0;
    return STAGE_AGAIN;
}

/* --- the reply --- */

/* Once more with a hint, as often as the hook's rule says. */
static bool send_back(struct session *session, enum moult_hook_id hook)
{
    struct turn *turn = &session->turn;
    if (turn->rounds >= hook_rules[hook].rounds)
        return false;
    turn->rounds++;
    turn->hint = turn->explanation;
    turn->hint_by = turn->by;
    return true;
}

static void take_text(struct turn *turn)
{
    if (!turn->body_changed)
        return;
    turn->reply.text = turn->body;
    turn->reply.text_changed = true;
    turn->reply.by = turn->body_by;
    turn->body_changed = false;
}

static enum stage reply(struct session *session)
{
    struct turn *turn = &session->turn;
    int action = hooks_run(session, MOULT_REPLY, NULL);
    if (action == MOULT_WAIT)
        return STAGE_REPLY;
    take_text(turn);
    if (action == MOULT_RETRY && send_back(session, MOULT_REPLY))
        return STAGE_AGAIN;
    if (action == MOULT_FINISH)
        return say(session, WIRE_ENDED_ANSWERED);
    turn->index = 0;
    if (turn->reply.calls_count == 0)
        return STAGE_ANSWER;
    if (session->kind == WIRE_GATEWAY)
        return STAGE_CALLS;
    settle_reply(session);
    state_settle(session);
    return STAGE_NEXT;
}

/* --- carry out calls --- */

/* before_tool on one call; STAGE_CALLS unless it ended the turn. */
static enum stage check_call(struct session *session, struct call *call)
{
    struct turn *turn = &session->turn;
    int action = hooks_run(session, MOULT_BEFORE_TOOL, call);
    if (action == MOULT_FINISH)
        return say(session, WIRE_ENDED_ANSWERED);
    if (action == MOULT_DENY || action == WIRE_ACTION_FAILED) {
        call->denied = true;
        call->by = turn->by;
        call->why = turn->explanation.size ? turn->explanation : STR("this call was denied");
    }
    return STAGE_CALLS;
}

/* A call to a tool that a plugin offers is carried out here: its text is a result that a build
 * wrote. */
static bool run_plugin_tool(struct session *session, struct call *call)
{
    struct str name = { call->face.name.at, call->face.name.size };
    if (call->denied || tools_schema(session->tools, name, (struct str){ 0 }))
        return true;
    uint32_t build;
    const struct moult_tool *tool = tools_plugin(session->harness, name, &build);
    return !tool || hooks_tool(session, build, tool, call);
}

static enum stage carry_out(struct session *session)
{
    struct turn *turn = &session->turn;
    bool hosted = session->kind == WIRE_HOSTED;
    for (; turn->index < turn->reply.calls_count; turn->index++, turn->checked = false) {
        struct call *call = &turn->reply.calls[turn->index];
        if (!call_open(&session->conversation, call))
            continue;
        enum stage stage = turn->checked ? STAGE_CALLS : check_call(session, call);
        if (stage != STAGE_CALLS || turn->waiting)
            return stage;
        turn->checked = true;
        if (!run_plugin_tool(session, call))
            return STAGE_CALLS;
        if (!hosted)
            continue;
        turn->checked = false;
        if (call->denied) {
            settle_result(session, call, call->why, !call->carried, 0, call->by);
            state_settle(session);
            return STAGE_NEXT;
        }
        turn->tool_attempt = 0;
        effect_tool(session, call);
        return STAGE_TOOL;
    }
    for (uint32_t i = 0; i < turn->reply.calls_count; i++)
        if (!turn->reply.calls[i].denied &&
            call_open(&session->conversation, &turn->reply.calls[i]))
            return STAGE_HAND;
    return STAGE_DENIED;
}

static void settle_denials(struct session *session)
{
    struct reply *reply = &session->turn.reply;
    settle_reply(session);
    for (uint32_t i = 0; i < reply->calls_count; i++)
        if (reply->calls[i].denied)
            settle_result(session, &reply->calls[i], reply->calls[i].why, !reply->calls[i].carried,
                0, reply->calls[i].by);
    state_settle(session);
}

static enum stage denied(struct session *session)
{
    settle_denials(session);
    return STAGE_NEXT;
}

static enum stage tool(struct session *session)
{
    struct turn *turn = &session->turn;
    struct call *call = &turn->reply.calls[turn->index];
    int action = hooks_run(session, MOULT_AFTER_TOOL, call);
    if (action == MOULT_WAIT)
        return STAGE_TOOL;
    if (action == MOULT_RETRY && turn->tool_attempt < hook_rules[MOULT_AFTER_TOOL].rounds) {
        turn->tool_attempt++;
        effect_tool(session, call);
        return STAGE_TOOL;
    }
    settle_result(session, call, turn->body, turn->result_failed, turn->result_effect,
        turn->body_changed ? turn->body_by : NONE);
    state_settle(session);
    turn->body_changed = false;
    return action == MOULT_FINISH ? say(session, WIRE_ENDED_ANSWERED) : STAGE_NEXT;
}

/* --- what leaves --- */

static enum stage answer(struct session *session)
{
    struct turn *turn = &session->turn;
    int action = hooks_run(session, MOULT_ANSWER, NULL);
    if (action == MOULT_WAIT)
        return STAGE_ANSWER;
    take_text(turn);
    if (action == MOULT_RETRY && !turn->how && send_back(session, MOULT_ANSWER))
        return STAGE_AGAIN;
    if (action == MOULT_RETRY)
        return end(session, WIRE_ENDED_FAILED, STR("an answer hook sent the model back too often"));
    if (action == MOULT_DENY || action == MOULT_FINISH) {
        turn->how = action == MOULT_DENY ? WIRE_ENDED_REFUSED : WIRE_ENDED_ANSWERED;
        turn->why = turn->reply.text = turn->explanation;
        turn->reply.text_changed = true;
        turn->reply.by = turn->by;
    }
    return action == WIRE_ACTION_FAILED ? decide(session, action, STAGE_END) : STAGE_HAND;
}

static enum stage hand(struct session *session)
{
    struct turn *turn = &session->turn;
    bool calls = false;
    for (uint32_t i = 0; i < turn->reply.calls_count; i++)
        calls |= !turn->reply.calls[i].denied;
    settle_denials(session);
    effect_hand(session);
    if (!turn->how)
        turn->how = calls ? WIRE_ENDED_HANDED : WIRE_ENDED_ANSWERED;
    return STAGE_END;
}

static enum stage turn_end(struct session *session)
{
    static const uint8_t ends[] = {
        [WIRE_ENDED_ANSWERED] = MOULT_ANSWERED_TURN,
        [WIRE_ENDED_HANDED] = MOULT_HANDED_OVER,
        [WIRE_ENDED_REFUSED] = MOULT_REFUSED_TURN,
        [WIRE_ENDED_FAILED] = MOULT_FAILED_TURN,
        [WIRE_ENDED_LIMIT] = MOULT_LIMIT_REACHED,
    };
    session->turn.face.ended = ends[session->turn.how];
    if (hooks_run(session, MOULT_TURN_END, NULL) == MOULT_WAIT)
        return STAGE_END;
    state_settle(session);
    effect_end(session);
    return STAGE_IDLE;
}

/* --- run --- */

/* Every stage does one thing and names the next; it names itself while a hook waits. */
static enum stage (*const stages[STAGES])(struct session *session) = {
    [STAGE_START] = start,
    [STAGE_RESULTS] = results,
    [STAGE_NEXT] = next,
    [STAGE_AGAIN] = again,
    [STAGE_CONTEXT] = put_together,
    [STAGE_REQUEST] = ask_model,
    [STAGE_ERROR] = model_error,
    [STAGE_REPLY] = reply,
    [STAGE_CALLS] = carry_out,
    [STAGE_DENIED] = denied,
    [STAGE_TOOL] = tool,
    [STAGE_ANSWER] = answer,
    [STAGE_HAND] = hand,
    [STAGE_END] = turn_end,
};

static void step(struct session *session)
{
    struct turn *turn = &session->turn;
    turn->face.step = turn_step(session);
    turn->stage = stages[turn->stage](session);
}

static void run(struct session *session)
{
    while (session->turn.stage != STAGE_IDLE && !session->turn.waiting)
        step(session);
}

/* Where the results that have just come begin. */
static uint32_t behind_reply(const struct session *session)
{
    uint32_t reply = conversation_reply(&session->conversation);
    return reply == NONE ? 0 : reply + 1;
}

void loop_run(struct session *session)
{
    struct turn *turn = &session->turn;
    turn->index = behind_reply(session);
    turn->stage = turn->resumed ? STAGE_NEXT : STAGE_START;
    run(session);
}

static void take_reply(struct session *session, const struct wire_result *result)
{
    struct turn *turn = &session->turn;
    struct err err;
    turn->error_class = result->error_class;
    turn->retry_after_ms = result->retry_after_ms;
    if (result->status != WIRE_OK && turn->error_class == MOULT_NO_ERROR)
        turn->error_class = MOULT_SERVER;
    if (result->status == WIRE_OK &&
        reply_parse(&turn->reply, &turn->arena, result->bytes, &err) < 0)
        turn->error_class = MOULT_MALFORMED;
    if (turn->error_class != MOULT_NO_ERROR) {
        turn->stage = STAGE_ERROR;
        return;
    }
    turn->reply.effect = result->effect;
    take_body(turn, turn->reply.text);
}

static void take_tool(struct session *session, const struct wire_result *result)
{
    struct turn *turn = &session->turn;
    struct call *call = &turn->reply.calls[turn->index];
    take_body(turn, (struct str){ arena_copy(&turn->arena, result->bytes.at, result->bytes.size),
                        result->bytes.size });
    turn->result_failed = result->status != WIRE_OK;
    call->face.result = (moult_text){ turn->body.at, (uint32_t)turn->body.size };
    call->face.failed = turn->result_failed;
}

static void take_asked(struct turn *turn, const struct wire_result *result)
{
    struct asked *asked = &turn->asks[turn->asks_count - 1];
    asked->answered = true;
    asked->result = (struct str){ arena_copy(&turn->arena, result->bytes.at, result->bytes.size),
        result->bytes.size };
}

void loop_result(struct session *session, const struct wire_result *result)
{
    struct turn *turn = &session->turn;
    turn->waiting = 0;
    turn->elapsed_ms = result->elapsed_ms;
    if (result->status == WIRE_NO_ANSWER) {
        turn->how = WIRE_ENDED_DIVERGED;
        turn->stage = STAGE_IDLE;
        turn->place = turn->asks_count = 0;
        state_restore(
            session); /* what ran behind the settled point belongs to the world that is gone */
        effect_end(session);
        return;
    }
    if (turn->asks_count > 0)
        take_asked(turn, result);
    else if (turn->stage == STAGE_REPLY)
        take_reply(session, result);
    else if (turn->stage == STAGE_TOOL)
        take_tool(session, result);
    run(session);
}

static enum wire_step_end how_judged(const struct session *session)
{
    const struct turn *turn = &session->turn;
    bool failed = turn->error_class != MOULT_NO_ERROR;
    if (failed && turn->waiting && turn->stage == STAGE_REPLY)
        return WIRE_STEP_ASKED;
    if (turn->waiting)
        return WIRE_STEP_WAITS;
    if (turn->stage == STAGE_AGAIN || turn->stage == STAGE_DENIED)
        return WIRE_STEP_ASKED;
    if (turn->stage == STAGE_END)
        return WIRE_STEP_FAILED;
    if (turn->how == WIRE_ENDED_REFUSED)
        return WIRE_STEP_REFUSED;
    return turn->reply.calls_count > 0 ? WIRE_STEP_HANDED : WIRE_STEP_ANSWERED;
}

/* From the error to the next model request, or to the end. The pause before it is not waited for.
 */
static enum wire_step_end judge_error(struct session *session)
{
    struct turn *turn = &session->turn;
    turn->stage = STAGE_ERROR;
    while (!turn->waiting && turn->stage != STAGE_HAND && turn->stage != STAGE_END) {
        step(session);
        if (turn->stage == STAGE_AGAIN)
            turn->waiting = 0;
    }
    return how_judged(session);
}

bool loop_judge_request(struct session *session, enum wire_step_end *ret_end)
{
    struct turn *turn = &session->turn;
    const struct reply parsed = turn->reply;
    turn->index = behind_reply(session);
    turn->stage = STAGE_RESULTS;
    while (!turn->waiting && (turn->stage == STAGE_RESULTS || turn->stage == STAGE_NEXT ||
                                 turn->stage == STAGE_AGAIN || turn->stage == STAGE_CONTEXT ||
                                 turn->stage == STAGE_REQUEST))
        step(session);
    bool asks = turn->stage == STAGE_REPLY;
    if (!asks)
        *ret_end = how_judged(session);
    else
        turn->reply = parsed;
    return asks;
}

enum wire_step_end loop_judge(struct session *session)
{
    struct turn *turn = &session->turn;
    if (turn->error_class != MOULT_NO_ERROR)
        return judge_error(session);
    turn->stage = STAGE_REPLY;
    while (!turn->waiting && (turn->stage == STAGE_REPLY || turn->stage == STAGE_CALLS ||
                                 turn->stage == STAGE_ANSWER))
        step(session);
    return how_judged(session);
}
