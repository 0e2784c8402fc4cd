/* probe - see probe.h. */
#include "broker/probe.h"

#include "base/mem.h"

#include <stdio.h>

enum { EFFECTS_MAX = 64, RUNS = 2 };

const char *const probe_words[] = { "none", "running", "passed", "failed" };

static const char tools[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"lookup\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]}}}]";
static const char call_reply[] =
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"probe-1\",\"type\":"
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}";
static const char text_reply[] = "{\"role\":\"assistant\",\"content\":\"It is there.\"}";
static const char user[] = "{\"role\":\"user\",\"content\":\"Is number 7 there?\"}";
static const char result[] =
    "{\"role\":\"tool\",\"tool_call_id\":\"probe-1\",\"content\":\"{\\\"id\\\": \\\"7\\\"}\"}";

static void end(struct probe *probe, enum probe_state state, const char *why)
{
    probe->state = state;
    snprintf(probe->why, sizeof probe->why, "%s", why);
    probe_end(probe);
}

void probe_end(struct probe *probe)
{
    const struct wire close = { WIRE_CLOSE, .close = { probe->lease } };
    if (probe->worker) {
        crew_send(probe->worker, &close);
        crew_lease(probe->worker, -1);
    }
    probe->worker = NULL;
    probe->lease = 0;
}

static void run(struct probe *probe)
{
    struct wire_message all[] = { { str_of(user), false }, { str_of(call_reply), false },
        { str_of(result), false } };
    const struct wire put = { WIRE_PUT,
        .put = { probe->lease, 0, all, probe->runs == 0 ? 1 : COUNT_OF(all) } };
    const struct wire go = { WIRE_RUN, .run = { probe->lease, 0, probe->runs == 0, false } };
    crew_send(probe->worker, &put);
    crew_send(probe->worker, &go);
}

int probe_start(
    struct probe *probe, struct engine *engine, struct crew_generation *generation, struct err *err)
{
    *probe = (struct probe){ 0 };
    int rc = crew_worker_for(&probe->worker, generation, STR("local"), err);
    if (rc < 0) {
        probe->worker = NULL;
        return rc;
    }
    probe->lease = ++engine->last_lease;
    probe->state = PROBE_RUNNING;
    crew_lease(probe->worker, 1);
    const struct wire open = { WIRE_OPEN, .open = { .lease = probe->lease,
                                              .kind = WIRE_GATEWAY,
                                              .seed = 1,
                                              .steps_max = 8,
                                              .tools = str_of(tools),
                                              .models = STR("[\"probe\"]") } };
    crew_send(probe->worker, &open);
    run(probe);
    return 0;
}

static void on_effect(struct probe *probe, const struct wire_effect *effect)
{
    if (effect->kind == WIRE_HAND)
        return;
    if (++probe->effects > EFFECTS_MAX) {
        end(probe, PROBE_FAILED, "a made turn does not come to an end");
        return;
    }
    bool model = effect->kind == WIRE_MODEL;
    const struct wire answer = { WIRE_RESULT,
        .result = {
            .lease = probe->lease,
            .effect = effect->number,
            .status = model || effect->kind == WIRE_WAIT ? WIRE_OK : WIRE_REFUSED,
            .bytes = !model             ? STR("not in a probe")
                     : probe->runs == 0 ? str_of(call_reply)
                                        : str_of(text_reply),
        } };
    crew_send(probe->worker, &answer);
}

static void on_end(struct probe *probe, const struct wire_end *ended)
{
    char why[160];
    if (ended->how == WIRE_ENDED_FAILED || ended->how == WIRE_ENDED_LIMIT) {
        snprintf(why, sizeof why, "a made turn failed: %.*s",
            (int)(ended->why.size < 100 ? ended->why.size : 100), ended->why.at);
        end(probe, PROBE_FAILED, why);
    } else if (++probe->runs < RUNS) {
        run(probe);
    } else {
        end(probe, PROBE_PASSED, "");
    }
}

bool probe_message(struct probe *probe, const struct wire *message)
{
    if (probe->state != PROBE_RUNNING || message->close.lease != probe->lease)
        return false;
    if (message->type == WIRE_EFFECT)
        on_effect(probe, &message->effect);
    else if (message->type == WIRE_END)
        on_end(probe, &message->end);
    else if (message->type == WIRE_FAULT)
        end(probe, PROBE_FAILED, "its worker refuses a made turn");
    return true;
}

void probe_gone(struct probe *probe, const struct crew_worker *worker, const char *why)
{
    if (probe->state != PROBE_RUNNING || probe->worker != worker)
        return;
    crew_lease(probe->worker, -1);
    probe->worker = NULL;
    end(probe, PROBE_FAILED, why);
}
