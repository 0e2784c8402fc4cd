/* proposing - serves one proposer; see proposing.h.
 *
 * One request at a time, in the order in which they come; each is a row of a table. A request that
 * is malformed or over budget is answered with DENIED and counted; bytes that are no message end
 * the run, since nobody knows where the next one begins. */
#include "promote/proposing.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/patience.h"
#include "promote/peer.h"
#include "promote/proposing_start.h"
#include "wire/pack.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SAID_SIZE = 240,
    SAID_MAX = 2000,
    STOP_MAX = 64 << 10,
    NS_A_US = 1000,
    ANSWER_MAX = 8 << 20, /* of a model */
    SPARE_S = 5           /* of its time, for what it has when its model does not answer */
};
static const uint64_t second_ns = 1000000000;

const char *const proposing_end_words[PROPOSING_ENDS] = {
    [PROPOSING_STOPPED] = "stopped",
    [PROPOSING_ENDED] = "ended without a word",
    [PROPOSING_LATE] = "over its time",
    [PROPOSING_BROKE] = "broke the protocol",
    [PROPOSING_FLOODED] = "over its bytes",
    [PROPOSING_DEAF] = "refused too often",
    [PROPOSING_REFUSED] = "refused",
    [PROPOSING_FAILED] = "failed",
};

void proposing_result_done(struct proposing_result *result)
{
    if (!result)
        return;
    buf_done(&result->asked_last);
    arena_done(&result->arena);
}

struct serving {
    const struct proposing_plan *plan;
    struct proposing_budget budget;
    struct proposing_result *ret;
    struct judging judging;
    struct peer peer;
    struct arena arena; /* of one request */
    bool stopped;
    bool told_slow; /* that trial builds are gcc's */
};

/* ERR_USAGE is a request that is refused: answered, and the run goes on. Any other code ends it. */
static int refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_USAGE, "%s", why);
}

/* What the request itself is to blame for becomes a refusal. */
static int refused(struct err *err, int rc)
{
    if (rc != -ERR_INPUT && rc != -ERR_LIMIT && rc != -ERR_DENIED && rc != -ERR_MISSING &&
        rc != -ERR_STATE)
        return rc;
    err->code = ERR_USAGE;
    return -ERR_USAGE;
}

/* --- requests */

/* Once a run: what costs seconds is not kept back. */
static void tell_slow(struct serving *s)
{
    char line[SAID_SIZE];
    if (s->told_slow || !*s->judging.not_by_tcc || !s->plan->say)
        return;
    snprintf(line, sizeof(line), "a trial build is made by gcc: %s", s->judging.not_by_tcc);
    s->plan->say(s->plan->with, line);
    s->told_slow = true;
}

static int serve_build(struct serving *s, struct str payload, struct err *err)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    static const struct json_limits limits = { .nodes_max = 16, .depth_max = 4 };
    const struct json *root = json_read(&s->arena, payload, &limits, err);
    struct str plugin = json_string(&s->arena, json_get(root, "plugin"));
    struct str source = json_string(&s->arena, json_get(root, "source"));
    if (!json_is(root, JSON_OBJECT) || root->count != 2 || !plugin.at || !source.at)
        return refuse(err, "a build is {\"plugin\": NAME, \"source\": C}");
    if (s->ret->builds == s->budget.builds)
        return refuse(err, "no trial builds are left");
    uint64_t from = clock_mono_ns();
    s->ret->builds++;
    int rc = judging_build(&s->judging, plugin, source, &answer, err);
    s->ret->build_us += (clock_mono_ns() - from) / NS_A_US;
    if (rc < 0)
        return refused(err, rc);
    s->ret->builds_ok += rc == 1;
    tell_slow(s);
    return peer_send(&s->peer, PROPOSER_BUILT, buf_view(&answer), err);
}

static int send_judged(void *with, const struct proposer_judged *judged, struct err *err)
{
    struct serving *s = with;
    CLEANUP(buf_done) struct buf answer = { 0 };
    proposer_judged_encode(&answer, judged);
    return peer_send(&s->peer, PROPOSER_JUDGED, buf_view(&answer), err);
}

static int serve_judge(struct serving *s, struct str payload, struct err *err)
{
    struct proposer_judge judge;
    int rc = proposer_judge_decode(&judge, &s->arena, payload, err);
    if (rc < 0)
        return refused(err, rc);
    uint64_t rows = (uint64_t)judge.jobs_count * judge.count, from = clock_mono_ns();
    if (rows > s->budget.judged - s->ret->judged)
        return refuse(err, "no rows to judge are left");
    s->ret->judges++;
    s->ret->judged += rows;
    rc = judging_judge(&s->judging, &judge, send_judged, s, err);
    s->ret->judge_us += (clock_mono_ns() - from) / NS_A_US;
    if (rc < 0 && peer_left_ns(&s->peer) == 0)
        return err_set(err, ERR_TIMEOUT, "the proposer's time is over");
    return s->peer.sent > s->peer.bytes_max ? rc : refused(err, rc);
}

/* A proposal of this cluster, for a file of the active harness, within its bounds. */
static int read_proposal(
    struct serving *s, struct arena *arena, struct str text, struct proposal *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf source = { 0 };
    const struct judging_plan *plan = &s->plan->judging;
    int rc = proposal_read(ret, text, arena, err);
    if (rc < 0)
        return rc;
    const struct harness_source *of = harness_find(plan->harness, ret->plugin);
    if (!of || !str_equal(of->path, ret->path))
        return err_set(err, ERR_DENIED, "the active harness has no such plugin at this path");
    if (!str_equal(ret->cluster, str_of(plan->evidence->detector->id)))
        return err_set(err, ERR_DENIED, "this is the evidence of another cluster");
    for (uint32_t i = 0; i < ret->fixes_count; i++)
        if (ret->fixes[i] >= plan->evidence->steps_count)
            return err_set(err, ERR_INPUT, "%u is no step's number", ret->fixes[i]);
    for (uint32_t i = 0; i < ret->risk_steps_count; i++)
        if (ret->risk_steps[i] >= plan->evidence->steps_count ||
            plan->evidence->steps[ret->risk_steps[i]].kind == EVIDENCE_FAIL)
            return err_set(err, ERR_INPUT, "%u is no step that must stay", ret->risk_steps[i]);
    return proposal_apply(&source, ret, of->text, err);
}

static void list(struct buf *out, const char *name, const uint32_t *numbers, uint32_t count)
{
    buf_format(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++)
        buf_format(out, "%s%u", i ? "," : "", numbers[i]);
    buf_char(out, ']');
}

static uint32_t shown(uint32_t count, size_t room)
{
    return count < room ? count : (uint32_t)room;
}

static void print_tried(struct buf *out, const struct evidence *evidence,
    const struct judging_tried *tried, uint64_t ms)
{
    buf_format(out, "{\"ok\":%s,\"stage\":\"%s\",\"findings\":%s", tried->ok ? "true" : "false",
        tried->stage, tried->findings.at ? tried->findings.at : "[]");
    buf_format(out, ",\"fixed_groups\":%u,\"fail_groups\":%u,\"fixed\":%u,\"fails\":%u",
        tried->fixed_groups, evidence->fail_groups, tried->fixed, evidence->fails);
    list(out, "unfixed_steps", tried->unfixed,
        shown(tried->unfixed_count, COUNT_OF(tried->unfixed)));
    list(out, "changed_steps", tried->changed,
        shown(tried->changed_count, COUNT_OF(tried->changed)));
    buf_format(out, ",\"changed\":%u,\"ms\":%llu}", tried->changed_count, (unsigned long long)ms);
}

static int serve_try(struct serving *s, struct str payload, struct err *err)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    struct proposal proposal;
    struct judging_tried tried;
    if (s->ret->tries == s->budget.tries)
        return refuse(err, "no tries are left");
    int rc = read_proposal(s, &s->arena, payload, &proposal, err);
    if (rc < 0)
        return refused(err, rc);
    uint64_t from = clock_mono_ns();
    s->ret->tries++;
    rc = judging_try(&s->judging, &proposal, &tried, err);
    uint64_t us = (clock_mono_ns() - from) / NS_A_US;
    s->ret->try_us += us;
    if (rc < 0)
        return refused(err, rc);
    print_tried(&answer, s->plan->judging.evidence, &tried, us / 1000);
    judging_tried_done(&tried);
    return peer_send(&s->peer, PROPOSER_TRIED, buf_view(&answer), err);
}

static int serve_propose(struct serving *s, struct str payload, struct err *err)
{
    struct proposing_result *ret = s->ret;
    struct proposal proposal;
    if (ret->proposals_count == PROPOSER_CANDIDATES_MAX)
        return refuse(err, "no more proposals are taken");
    struct arena_mark mark = arena_mark(&ret->arena);
    struct str kept = { arena_string(&ret->arena, payload.size ? payload.at : "", payload.size),
        payload.size };
    int rc = read_proposal(s, &ret->arena, kept, &proposal, err);
    if (rc < 0) {
        arena_release(&ret->arena, mark);
        return refused(err, rc);
    }
    ret->proposals[ret->proposals_count++] = proposal;
    return 0;
}

/* That a model does not answer is the proposer's to deal with: it has what it found so far. */
static int serve_ask(struct serving *s, struct str payload, struct err *err)
{
    CLEANUP(buf_done) struct buf answer = { 0 }, body = { .max = ANSWER_MAX };
    struct err why = { 0 };
    unsigned status = 0;
    if (!s->plan->way)
        return refuse(err, "this proposer asks no model");
    if (s->ret->asked == s->budget.rounds)
        return refuse(err, "no requests to its model are left");
    uint64_t left = peer_left_ns(&s->peer), spare = SPARE_S * second_ns;
    uint64_t until = s->peer.deadline_ns - (left > 2 * spare ? spare : left / 2);
    const struct patience patience = { until, &s->ret->asked, s->budget.rounds };
    buf_clear(&s->ret->asked_last);
    buf_str(&s->ret->asked_last, payload);
    if (patience_ask(s->plan->way, payload, &patience, &status, &body, &why) < 0) {
        status = 0;
        buf_clear(&body);
        buf_text(&body, why.text);
    }
    pack_u32(&answer, status);
    pack_text(&answer, buf_view(&body));
    return peer_send(&s->peer, PROPOSER_ANSWERED, buf_view(&answer), err);
}

static int serve_say(struct serving *s, struct str payload, struct err *err)
{
    char line[SAID_SIZE];
    (void)err;
    str_printable(line, sizeof(line), payload, false);
    if (s->ret->said++ < SAID_MAX && s->plan->say)
        s->plan->say(s->plan->with, line);
    return 0;
}

static int serve_stop(struct serving *s, struct str payload, struct err *err)
{
    struct arena *arena = &s->ret->arena;
    const struct json *root =
        payload.size > STOP_MAX ? NULL : json_read(&s->arena, payload, NULL, err);
    if (!json_is(root, JSON_OBJECT))
        return refuse(err, "the last message is a JSON object");
    s->ret->stop = (struct str){ arena_string(arena, payload.at, payload.size), payload.size };
    s->stopped = true;
    return 0;
}

static int (*const requests[])(struct serving *s, struct str payload, struct err *err) = {
    [PROPOSER_BUILD] = serve_build,
    [PROPOSER_JUDGE] = serve_judge,
    [PROPOSER_TRY] = serve_try,
    [PROPOSER_PROPOSE] = serve_propose,
    [PROPOSER_SAY] = serve_say,
    [PROPOSER_ASK] = serve_ask,
    [PROPOSER_STOP] = serve_stop,
};

/* --- the run */

static void end_as(struct serving *s, enum proposing_end end, const char *why)
{
    s->ret->end = (uint8_t)end;
    snprintf(s->ret->why, sizeof(s->ret->why), "%s", why);
}

static int deny(struct serving *s, struct err *err)
{
    if (++s->ret->denied > s->budget.denials) {
        end_as(s, PROPOSING_DEAF, err->text);
        return 0;
    }
    return peer_send(&s->peer, PROPOSER_DENIED, str_of(err->text), err);
}

/* The socket's errors are the proposer's doing, and so an answer. */
static int peer_failed(struct serving *s, int rc, const struct err *err)
{
    static const struct {
        enum err_code code;
        enum proposing_end end;
    } ends[] = {
        { ERR_TIMEOUT, PROPOSING_LATE },
        { ERR_INPUT, PROPOSING_BROKE },
        { ERR_PEER, PROPOSING_BROKE },
        { ERR_LIMIT, PROPOSING_FLOODED },
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (rc == -(int)ends[i].code) {
            end_as(s, ends[i].end, err->text);
            return 0;
        }
    return rc;
}

static int serve(struct serving *s, struct err *err)
{
    enum proposer_type type;
    struct str payload;
    s->ret->end = PROPOSING_ENDS;
    while (s->ret->end == PROPOSING_ENDS) {
        int rc = peer_receive(&s->peer, &type, &payload, err);
        if (rc == 0)
            end_as(s, PROPOSING_ENDED, "");
        if (rc > 0)
            rc = requests[type](s, payload, err);
        if (rc == -ERR_USAGE)
            rc = deny(s, err);
        if (rc < 0 && (rc = peer_failed(s, rc, err)) < 0)
            return rc;
        if (s->stopped)
            end_as(s, PROPOSING_STOPPED, "");
        arena_reset(&s->arena);
    }
    return 0;
}

static uint64_t or_else(uint64_t value, uint64_t fallback)
{
    return value ? value : fallback;
}

/* Of what costs the machine no more than there is by default, whatever a schedule leaves. */
static uint64_t within(uint64_t value, uint64_t most)
{
    return value && value < most ? value : most;
}

static struct proposing_budget full_budget(const struct proposing_budget *from)
{
    return (struct proposing_budget){
        .seconds = (uint32_t)or_else(from->seconds, 60),
        .builds = (uint32_t)or_else(from->builds, PROPOSER_BUILDS_MAX),
        .tries = (uint32_t)within(from->tries, 16),
        .denials = (uint32_t)or_else(from->denials, 64),
        .rounds = (uint32_t)or_else(from->rounds, 24),
        .judged = within(from->judged, 200000000),
        .bytes = or_else(from->bytes, 4ull << 30),
    };
}

static void take_end(struct proposing_result *ret, const struct sandbox_result *result)
{
    size_t size = strlen(ret->why);
    char said[SAID_SIZE];
    ret->tier = result->tier;
    ret->layers = result->layers;
    if (ret->end == PROPOSING_STOPPED)
        return;
    if (result->limit != LIMIT_NONE)
        size += (size_t)snprintf(ret->why + size, sizeof(ret->why) - size, "%slimit %s",
            size ? "; " : "", sandbox_limit_words[result->limit]);
    else if (ret->end == PROPOSING_ENDED)
        size += (size_t)snprintf(ret->why + size, sizeof(ret->why) - size, "%s %d",
            result->signal ? "signal" : "exit",
            result->signal ? result->signal : result->exit_code);
    if (result->err.size > 0 && size < sizeof(ret->why))
        snprintf(ret->why + size, sizeof(ret->why) - size, "; stderr: %s",
            str_printable(said, sizeof(said), buf_view(&result->err), false));
}

int proposing_run(struct proposing_result *ret, const struct proposing_plan *plan, struct err *err)
{
    struct proposing_start start;
    struct serving serving = { .plan = plan, .budget = full_budget(&plan->budget), .ret = ret };
    struct sandbox_result result = { 0 };
    uint64_t from = clock_mono_ns();
    *ret = (struct proposing_result){ .evidence = hash_of(plan->bundle) };
    const struct proposing_birth birth = { .program = plan->program,
        .option = plan->way ? "--llm" : NULL,
        .bundle = plan->bundle,
        .tier = plan->judging.tier,
        .seconds = serving.budget.seconds };
    int rc = proposing_start(&start, &birth, err);
    if (rc < 0)
        return rc;
    serving.peer = (struct peer){ .fd = start.fd,
        .deadline_ns = from + serving.budget.seconds * second_ns,
        .bytes_max = serving.budget.bytes };
    judging_open(&serving.judging, &plan->judging);
    serving.judging.deadline_ns = serving.peer.deadline_ns;
    rc = serve(&serving, err);
    ret->bytes_in = serving.peer.received;
    ret->bytes_out = serving.peer.sent;
    ret->worker_layers = serving.judging.layers;
    memcpy(ret->built_by, serving.judging.built_by, sizeof ret->built_by);
    judging_done(&serving.judging);
    peer_done(&serving.peer);
    arena_done(&serving.arena);
    int waited =
        proposing_finish(&start, ret->end == PROPOSING_ENDED, &result, rc < 0 ? NULL : err);
    if (rc == 0 && waited == 0)
        take_end(ret, &result);
    sandbox_result_done(&result);
    ret->wall_us = (clock_mono_ns() - from) / NS_A_US;
    if (rc < 0 || waited < 0)
        proposing_result_done(ret);
    return rc < 0 ? rc : waited;
}
