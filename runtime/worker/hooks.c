/* hooks - the table of hooks, and the one function that calls plugin code.
 *
 * A call of a hook is a transaction: its state is copied at its first look, its edits are a list.
 * When it ends well the edits are applied and what they leave is checked; else state and edits are
 * as before. MOULT_WAIT takes the same way back, so that a hook that waits and one that failed
 * leave nothing. */
#include "worker/hooks.h"

#include "worker/effects.h"

#include <string.h>

enum { WIPED = 32 * 1024 };

#define BIT(action) (1 << (action))
enum {
    PASSES = BIT(MOULT_PASS) | BIT(MOULT_DONE) | BIT(MOULT_WAIT),
    RETRIES = BIT(MOULT_RETRY),
    DENIES = BIT(MOULT_DENY),
    FINISHES = BIT(MOULT_FINISH)
};

/* clang-format off */
const struct hook_rule hook_rules[MOULT_HOOKS] = {
#define RULE(HOOK, member, may, edit, closes, times) \
    [HOOK] = { #member, may, edit, closes, times, offsetof(struct moult_plugin, member) }
    RULE(MOULT_TURN_START,  turn_start,  PASSES | DENIES | FINISHES,           MAY_TEXT,              true,  0),
    RULE(MOULT_CONTEXT,     context,     PASSES,                               MAY_MSGS,              false, 0),
    RULE(MOULT_REQUEST,     request,     PASSES | DENIES | FINISHES,           MAY_ROUTE | MAY_MSGS,  true,  0),
    RULE(MOULT_MODEL_ERROR, model_error, PASSES | RETRIES | FINISHES,          MAY_ROUTE | MAY_TIME,  false, 8),
    RULE(MOULT_REPLY,       reply,       PASSES | RETRIES | FINISHES,          MAY_CALLS | MAY_TEXT,  false, 3),
    RULE(MOULT_BEFORE_TOOL, before_tool, PASSES | DENIES | FINISHES,           MAY_CALL,              true,  0),
    RULE(MOULT_AFTER_TOOL,  after_tool,  PASSES | RETRIES | FINISHES,          MAY_TEXT,              false, 3),
    RULE(MOULT_ANSWER,      answer,      PASSES | RETRIES | FINISHES | DENIES, MAY_TEXT,              true,  3),
    RULE(MOULT_TURN_END,    turn_end,    PASSES,                               0,                     false, 0),
#undef RULE
};
/* clang-format on */

/* Whatever stood below the frames of the loop: what a hook leaves there no other session's hook
 * finds. Deeper than this no honest hook reaches; further down the source gate lets no pointer go.
 */
__attribute__((noinline)) static void wipe_stack(void)
{
    char below[WIPED];
    explicit_bzero(below, sizeof(below));
}

void hooks_enter(struct session *session)
{
    if (session->worker->hooked != session->lease)
        wipe_stack();
    session->worker->hooked = session->lease;
}

bool hooks_present(const struct session *session, enum moult_hook_id hook)
{
    return session->harness->chains[hook].count > 0;
}

bool hooks_looks(const struct build *build, enum moult_hook_id hook)
{
    bool passes = hook == MOULT_REPLY || hook == MOULT_BEFORE_TOOL || hook == MOULT_ANSWER;
    return passes && (build->plugin->traits & MOULT_ONLY_LOOKS);
}

static void begin(struct turn *turn)
{
    turn->edits = (struct edits){ 0 };
    turn->explanation = (struct str){ 0 };
    turn->state_taken = turn->overdrawn = turn->pending = false;
    turn->randoms = turn->asked = turn->work = 0;
}

static void put_state_back(struct session *session)
{
    struct turn *turn = &session->turn;
    if (!turn->state_taken)
        return;
    struct state *state = &session->states[turn->build - session->harness->builds];
    memcpy(state->live, turn->state_before, turn->build->plugin->state_size);
}

/* What the model says may have left already, on this word. */
static bool breaks_promise(const struct turn *turn, int action)
{
    return hooks_looks(turn->build, turn->hook) && action != MOULT_WAIT &&
           (turn->edits.count > 0 || (action != MOULT_PASS && action != MOULT_DONE));
}

/* Why a hook's answer is its failure, or NULL. */
static const char *judge(struct session *session, const struct hook_rule *rule, int action)
{
    struct turn *turn = &session->turn;
    if (action < 0 || action > MOULT_WAIT || !(rule->actions & BIT(action)))
        return "returned an action that this hook may not return";
    if (action == MOULT_WAIT)
        return turn->pending ? NULL : "waits for nothing";
    if (breaks_promise(turn, action))
        return "did more than look, which its plugin promised (MOULT_ONLY_LOOKS)";
    if (turn->overdrawn)
        return "asked for more memory than a turn has";
    return edits_apply(session);
}

static void tell(struct session *session, int action, uint32_t edits)
{
    struct turn *turn = &session->turn;
    uint32_t level = session->harness->events;
    bool did = action != MOULT_PASS || edits > 0 || turn->explanation.size > 0;
    if (turn->judging || level == WIRE_EVENTS_NONE || (level == WIRE_EVENTS_DECISIONS && !did))
        return;
    effect_event(session, action);
}

static int call_one(struct session *session, const struct place *place, struct call *call)
{
    struct turn *turn = &session->turn;
    begin(turn);
    turn->build = &session->harness->builds[place->build];
    return call ? (int)place->call(&turn->face, &call->face) : (int)place->turn(&turn->face);
}

/* One plugin, its transaction, its event. */
static int ask_one(
    struct session *session, enum moult_hook_id hook, const struct place *place, struct call *call)
{
    struct turn *turn = &session->turn;
    const struct hook_rule *rule = &hook_rules[hook];
    int action = call_one(session, place, call);
    uint32_t edits = turn->edits.count;
    if (action == MOULT_PASS && edits == 0 && !turn->overdrawn && turn->explanation.size == 0 &&
        session->harness->events < WIRE_EVENTS_ALL)
        return MOULT_PASS;
    const char *failed = judge(session, rule, action);
    if (failed || action == MOULT_WAIT)
        put_state_back(session);
    if (failed) {
        turn->failed_hook = true;
        turn->explanation = str_of(failed);
        action = WIRE_ACTION_FAILED;
    }
    if (action != MOULT_PASS)
        turn->by = place->build;
    if (action != MOULT_WAIT)
        tell(session, action, edits);
    return action;
}

/* before_tool on a call that a hook asks for. A before_tool is not asked about its own question,
 * and nothing waits inside a wait: a hook that would has denied. */
static bool nested_passes(struct session *session, struct call *call)
{
    const struct chain *chain = &session->harness->chains[MOULT_BEFORE_TOOL];
    const struct build *asker =
        session->turn.hook == MOULT_BEFORE_TOOL ? session->turn.build : NULL;
    session->turn.hook = MOULT_BEFORE_TOOL;
    session->turn.call = call;
    session->turn.asks_count = 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (&session->harness->builds[chain->places[i].build] == asker)
            continue;
        int action = ask_one(session, MOULT_BEFORE_TOOL, &chain->places[i], call);
        if (action == MOULT_DONE)
            break;
        if (action != MOULT_PASS)
            return false;
    }
    return true;
}

/* What a hook asked for leaves, or is answered here because before_tool denied it. */
static bool send_nested(struct session *session)
{
    struct turn *turn = &session->turn;
    struct asked *asked = &turn->asks[turn->asks_count - 1];
    asked->sent_name = asked->name;
    asked->sent_text = asked->text;
    if (asked->what == MOULT_ASK_TOOL) {
        struct call call = { .past = NONE };
        struct turn outer = *turn;
        call_complete(&call, &turn->arena, asked->name, asked->text);
        bool passes = nested_passes(session, &call);
        struct str why = turn->explanation.size ? turn->explanation : STR("this call was denied");
        outer.arena = turn->arena;
        outer.guarded = turn->guarded;
        outer.failed_hook |= turn->failed_hook;
        *turn = outer;
        asked->sent_name = (struct str){ call.face.name.at, call.face.name.size };
        asked->sent_text = (struct str){ call.face.raw.at, call.face.raw.size };
        asked->answered = !passes;
        asked->result = why;
        if (!passes)
            return false;
    }
    effect_nested(session);
    return true;
}

int hooks_run(struct session *session, enum moult_hook_id hook, struct call *call)
{
    struct turn *turn = &session->turn;
    const struct chain *chain = &session->harness->chains[hook];
    turn->hook = hook;
    turn->call = call;
    int action = MOULT_PASS;
    while (turn->place < chain->count) {
        action = ask_one(session, hook, &chain->places[turn->place], call);
        if (action == MOULT_WAIT && send_nested(session))
            return MOULT_WAIT;
        if (action == MOULT_WAIT)
            continue;
        turn->place++;
        turn->asks_count = 0;
        if (action == WIRE_ACTION_FAILED && !hook_rules[hook].closed)
            action = MOULT_PASS;
        if (action != MOULT_PASS)
            break;
    }
    turn->place = 0;
    turn->asks_count = 0;
    return action == MOULT_DONE ? MOULT_PASS : action;
}

bool hooks_tool(
    struct session *session, uint32_t build, const struct moult_tool *tool, struct call *call)
{
    struct turn *turn = &session->turn;
    moult_text result = { 0 };
    turn->hook = MOULT_BEFORE_TOOL;
    turn->call = call;
    begin(turn);
    turn->build = &session->harness->builds[build];
    int action = (int)tool->run(&turn->face, call->face.args, &result);
    turn->edits.count = 0; /* a tool answers; it edits nothing */
    if (action == MOULT_WAIT && turn->pending) {
        put_state_back(session);
        return send_nested(session) ? false : hooks_tool(session, build, tool, call);
    }
    turn->asks_count = 0;
    call->denied = true;
    call->carried = action == MOULT_PASS || action == MOULT_DONE;
    call->by = build;
    call->why = call->carried ? (struct str){ result.at, result.size } : turn->explanation;
    if (!call->carried)
        put_state_back(session);
    return true;
}
