/* answering - what a case says to each effect: faults first, then the recording, the script, the
 * world; and where none of them can, the case's word. */
#include "base/clock.h"
#include "base/mem.h"
#include "protocol/protocol.h"
#include "trials/episode/model_script.h"
#include "trials/episode/playing.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define MS_NS 1000000ull
#define SECOND_NS 1000000000ull

/* --- divergences */

static void part(struct playing *p, bool call, uint32_t at, struct str recorded, struct str asked)
{
    struct episode_parting *parting = &p->episode->parting;
    if (parting->at)
        return;
    *parting = (struct episode_parting){ .at = at + 1,
        .call = call,
        .recorded = { arena_string(p->arena, recorded.at ? recorded.at : "", recorded.size),
            recorded.size },
        .asked = { arena_string(p->arena, asked.at ? asked.at : "", asked.size), asked.size } };
}

/* The run ends here, and the case has said how that counts. */
static void stop(struct playing *p, struct answering *ret, enum case_divergence how, struct str why)
{
    struct facts *facts = &p->episode->facts;
    ret->result.status = WIRE_NO_ANSWER;
    p->over = true;
    facts->stopped = true;
    facts->divergence = (uint8_t)how;
    facts->why = (struct str){ arena_string(p->arena, why.at, why.size), why.size };
}

static enum case_divergence word_of(const struct playing *p)
{
    return (enum case_divergence)p->of->settings.divergence;
}

/* --- faults */

static const struct case_fault *fault_at(const struct playing *p, uint32_t step, uint32_t call)
{
    for (uint32_t i = 0; i < p->of->faults_count; i++)
        if (p->of->faults[i].step == step && p->of->faults[i].call == call)
            return &p->of->faults[i];
    return NULL;
}

/* Requests that were answered, faults aside: what `step` of a fault counts. */
static uint32_t answered(const struct episode *episode)
{
    return episode->by[EPISODE_RECORDED] + episode->by[EPISODE_SCRIPT] + episode->by[EPISODE_LIVE];
}

static bool fails(struct playing *p, struct answering *ret)
{
    const struct case_fault *fault = fault_at(p, answered(p->episode), UINT32_MAX);
    if (!fault || p->attempts >= fault->times)
        return false;
    p->attempts++;
    p->episode->by[EPISODE_FAULT]++;
    ret->kill = fault->kind == CASE_KILL;
    ret->result.status = WIRE_FAILED;
    ret->result.error_class = case_fault_rows[fault->kind].class;
    ret->result.retry_after_ms = fault->retry_after_ms;
    return true;
}

/* --- models */

static void say(struct playing *p, struct answering *ret, enum episode_by by, struct str chat)
{
    p->attempts = 0;
    p->episode->by[by]++;
    ret->result.bytes = (struct str){ arena_string(p->arena, chat.at, chat.size), chat.size };
}

static void from_script(
    struct playing *p, const struct model_request *request, struct answering *ret)
{
    struct model_answer answer;
    model_script_ask(&answer, p->engine, request, &p->scratch);
    if (answer.unanswered) {
        stop(p, ret, CASE_INCONCLUSIVE, STR("no rule of the model's script holds"));
    } else if (answer.error_class) {
        ret->result.status = WIRE_FAILED;
        ret->result.error_class = answer.error_class;
        ret->result.retry_after_ms = answer.retry_after_ms;
    } else {
        say(p, ret, EPISODE_SCRIPT, answer.chat);
    }
}

/* Of what the harness asked, not of who was asked. */
static bool is_harness_s(uint8_t error_class)
{
    return error_class == PROTOCOL_BAD_REQUEST || error_class == PROTOCOL_TOO_LONG ||
           error_class == PROTOCOL_REFUSED;
}

static int from_live(
    struct playing *p, const struct model_request *request, struct answering *ret, struct err *err)
{
    const struct episode_model *live = p->plan->live;
    struct model_answer answer = { 0 };
    int rc = live->ask(live->with, request, p->until_ns, &answer, &p->scratch, err);
    if (rc < 0)
        return rc;
    p->episode->unanswered = answer.error_class != 0 && !is_harness_s(answer.error_class);
    if (answer.error_class) {
        ret->result.status = WIRE_FAILED;
        ret->result.error_class = answer.error_class;
        ret->result.retry_after_ms = answer.retry_after_ms;
    } else {
        say(p, ret, EPISODE_LIVE, answer.chat);
    }
    return 0;
}

static void from_recording(struct playing *p, uint32_t step, struct answering *ret)
{
    const struct run_message *message = run_step(p->run, step);
    recording_took(&p->recording);
    if (!message->error) {
        say(p, ret, EPISODE_RECORDED, run_said(message));
        return;
    }
    ret->result.status = WIRE_FAILED;
    ret->result.error_class = message->error->class;
    ret->result.retry_after_ms = message->error->retry_after_ms;
}

static struct model_request request_of(
    struct playing *p, const struct wire_effect *effect, const struct str *messages, uint32_t count)
{
    struct str tools = effect->tools;
    if (tools.size == 0 && p->run->offered && p->run->tools) {
        struct buf text = { 0 };
        run_tools_print(&text, p->run->tools);
        tools = (struct str){ arena_string(&p->scratch, text.at, text.size), text.size };
        buf_done(&text);
    }
    bool named = effect->model < p->of->settings.models_count;
    return (struct model_request){ named ? p->of->settings.models[effect->model] : STR("main"),
        messages, count, tools };
}

static int answer_model(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    struct str *messages;
    uint32_t count, step = UINT32_MAX;
    int rc = said_request(&p->talk, effect, &p->scratch, &messages, &count, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < count; i++)
        hash_add(&p->hash, messages[i].at, messages[i].size);
    uint32_t number = p->episode->requests++;
    if (fails(p, ret))
        return 0;
    if (p->plan->live) {
        const struct model_request request = request_of(p, effect, messages, count);
        return from_live(p, &request, ret, err);
    }
    if (p->of->model.recorded)
        step = recording_find(&p->recording, messages, count);
    if (step != UINT32_MAX) {
        from_recording(p, step, ret);
        return 0;
    }
    if (p->of->model.recorded && !p->engine && recording_over(&p->recording, messages, count)) {
        ret->result.status = WIRE_NO_ANSWER;
        p->over = p->cut = true;
        return 0;
    }
    if (p->of->model.recorded) {
        struct recording_parting at = recording_parts(&p->recording, messages, count);
        part(p, false, number, at.recorded, at.asked);
    }
    const struct model_request request = request_of(p, effect, messages, count);
    if (p->engine && (!p->of->model.recorded || word_of(p) == CASE_GO_ON))
        from_script(p, &request, ret);
    else
        stop(p, ret, word_of(p) == CASE_FAIL ? CASE_FAIL : CASE_INCONCLUSIVE,
            STR("a model is asked what was not recorded"));
    return 0;
}

/* --- tools */

static void spoil(struct playing *p, const struct case_fault *fault, struct answering *ret)
{
    if (fault->kind == CASE_TOOL_TIMEOUT) {
        ret->result.status = WIRE_UNKNOWN_OUTCOME;
        ret->result.bytes = STR("the outcome is unknown, it may have been carried out: "
                                "the tool did not answer in time");
        return;
    }
    char *bytes = arena_alloc(p->arena, fault->bytes + 1);
    for (uint32_t i = 0; i < fault->bytes; i++)
        bytes[i] = fault->kind == CASE_BINARY ? (char)(i * 37 + 128) : (char)('a' + i % 26);
    ret->result.bytes = (struct str){ bytes, fault->bytes };
}

/* A call that the case cannot answer. */
static void diverge_call(struct playing *p, const struct wire_call *call, uint32_t number,
    struct str why, struct answering *ret)
{
    CLEANUP(buf_done) struct buf asked = { 0 };
    buf_str(&asked, call->name);
    buf_char(&asked, ' ');
    buf_str(&asked, call->args);
    part(p, true, number, why, buf_view(&asked));
    if (word_of(p) != CASE_GO_ON) {
        stop(p, ret, word_of(p), why);
        return;
    }
    ret->result.status = WIRE_FAILED;
    ret->result.bytes = STR("Error: this tool has no answer to that");
}

static int from_world(struct playing *p, const struct wire_call *call, uint32_t number,
    struct answering *ret, struct err *err)
{
    struct world_answer answer = { 0 };
    int rc = world_call(p->episode->world, call->name, call->args, p->arena, &answer, err);
    if (rc < 0)
        return rc;
    if (answer.status == WIRE_NO_ANSWER) {
        diverge_call(p, call, number, answer.text, ret);
        return 0;
    }
    ret->result.status = answer.status;
    ret->result.bytes = answer.text;
    return 0;
}

static int answer_tool(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    if (effect->calls_count != 1)
        return err_set(err, ERR_PEER, "protocol: the worker asks for a tool without a call");
    uint32_t number = p->episode->calls++;
    const struct case_fault *fault = fault_at(p, UINT32_MAX, number);
    int rc = from_world(p, &effect->calls[0], number, ret, err);
    if (rc == 0 && fault && ret->result.status != WIRE_NO_ANSWER)
        spoil(p, fault, ret);
    return rc;
}

/* --- what a hook asks for, the person, pauses, what leaves */

static int answer_nested(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf prompt = { 0 };
    const struct wire_call call = { .name = effect->name, .args = effect->body };
    if (effect->model == 1)
        return from_world(p, &call, p->episode->calls, ret, err);
    if (!p->engine && !p->plan->live) {
        stop(p, ret, word_of(p) == CASE_FAIL ? CASE_FAIL : CASE_INCONCLUSIVE,
            STR("a hook asks a model, and the case has no script"));
        return 0;
    }
    buf_text(&prompt, "{\"role\":\"user\",\"content\":");
    json_quote(&prompt, effect->body);
    buf_char(&prompt, '}');
    const struct str message = buf_view(&prompt);
    const struct model_request request = {
        .model = STR("main"), .messages = &message, .messages_count = 1
    };
    if (p->plan->live)
        return from_live(p, &request, ret, err);
    from_script(p, &request, ret);
    return 0;
}

static int answer_person(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    (void)p, (void)effect, (void)err;
    ret->result.status = WIRE_REFUSED;
    ret->result.bytes = STR("nobody is there to ask");
    return 0;
}

static void rest(uint64_t ms, uint64_t until_ns)
{
    uint64_t now = clock_mono_ns(), left = now < until_ns ? until_ns - now : 0;
    uint64_t ns = ms < left / MS_NS ? ms * MS_NS : left;
    struct timespec time = { (time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS) };
    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        ;
}

/* A provider that wants to be left alone for a while is. */
static int answer_wait(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    (void)ret, (void)err;
    p->episode->waited_ms += effect->ms;
    if (p->plan->live)
        rest(effect->ms, p->until_ns);
    return 0;
}

/* What is exactly the reply travels once: its text is the reply's. */
static int text_of(
    struct playing *p, const struct wire_effect *effect, struct str *ret, struct err *err)
{
    struct run *one = run_new(p->arena);
    *ret = effect->text;
    for (uint32_t i = p->answers_count; effect->same && i-- > 0;)
        if (p->answers[i].effect == effect->reply) {
            int rc = run_add(one, p->answers[i].bytes, false, err);
            if (rc == 0)
                *ret = one->messages[0].text;
            return rc;
        }
    return effect->same
               ? err_set(err, ERR_PEER, "protocol: the worker hands over a reply that it never had")
               : 0;
}

static int answer_hand(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    struct facts_text text = { 0 };
    ret->silent = true;
    int rc = text_of(p, effect, &text.text, err);
    if (rc < 0)
        return rc;
    text.text.at = arena_string(p->arena, text.text.at ? text.text.at : "", text.text.size);
    if (text.text.size > 0)
        facts_add_text(&p->episode->facts, &p->making, &text);
    return 0;
}

typedef int (*answer_fn)(
    struct playing *, const struct wire_effect *, struct answering *, struct err *);
static const answer_fn answers[] = {
    [WIRE_MODEL] = answer_model,
    [WIRE_HAND] = answer_hand,
    [WIRE_TOOL] = answer_tool,
    [WIRE_NESTED] = answer_nested,
    [WIRE_PERSON] = answer_person,
    [WIRE_WAIT] = answer_wait,
};

static void hash_effect(struct playing *p, const struct wire_effect *effect)
{
    const uint32_t numbers[] = { effect->kind, effect->step, effect->index, effect->attempt,
        effect->model, effect->ms, effect->refused, effect->calls_count };
    const struct str texts[] = { effect->text, effect->name, effect->body, effect->tools };
    hash_add(&p->hash, numbers, sizeof numbers);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        hash_add(&p->hash, &texts[i].size, sizeof texts[i].size);
        hash_add(&p->hash, texts[i].at ? texts[i].at : "", texts[i].size);
    }
    for (uint32_t i = 0; i < effect->calls_count; i++) {
        uint64_t call = wire_call_digest(&p->scratch, effect->calls[i].name, effect->calls[i].args);
        hash_add(&p->hash, &call, sizeof call);
    }
}

int answer_effect(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err)
{
    *ret = (struct answering){
        .result = { .lease = p->lease, .effect = effect->number, .status = WIRE_OK }
    };
    if (effect->kind == 0 || effect->kind >= COUNT_OF(answers))
        return err_set(err, ERR_PEER, "protocol: the worker asks for what nobody knows");
    hash_effect(p, effect);
    return answers[effect->kind](p, effect, ret, err);
}
