/* agent_tools - see agent_tools.h. Which command a call is, says agent/command.c; here it is run,
 * and what it prints becomes the call's result. */
#include "broker/agent_tools.h"

#include "agent/run.h"
#include "base/mem.h"
#include "broker/evolving.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALLS_MAX = 4 }; /* at once, of all sessions */

struct agent_call { /* outlives its turn: a proposal goes on when nobody waits for it */
    struct child *child;
    toolbox_done done;
    void *with;
    struct agent_call *next, **link;
};

bool agent_tool(const struct engine *engine, struct str name)
{
    return engine->config->agent_tools && agent_command_known(name);
}

struct str agent_tools(const struct engine *engine, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (!engine->config->agent_tools)
        return (struct str){ 0 };
    const struct json *all = json_read(arena, str_of(agent_command_definitions), NULL, NULL);
    JSON_EACH(tool, all)
    {
        struct str name = json_string(arena, json_get(json_get(tool, "function"), "name"));
        if (toolbox_permission_of_set(engine->config, name) == TOOL_DENY)
            continue;
        buf_char(&out, out.size ? ',' : '[');
        buf_str(&out, tool->raw);
    }
    buf_char(&out, ']');
    return out.size > 1 ? (struct str){ arena_string(arena, out.at, out.size), out.size }
                        : (struct str){ 0 };
}

static void refuse(const char *why, toolbox_done done, void *with)
{
    char text[320];
    snprintf(text, sizeof text, "not carried out: %s", why);
    const struct toolbox_answer answer = { WIRE_REFUSED, str_of(text) };
    done(with, &answer);
}

static void call_free(struct agent_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    free(call);
}

static void on_ended(void *with, const struct child_result *result)
{
    struct agent_call *call = with;
    struct toolbox_answer answer = { .status = WIRE_OK };
    if (!agent_said(result, &answer.text))
        answer.status = WIRE_FAILED;
    call->done(call->with, &answer);
    call_free(call);
}

static unsigned calls_of(const struct engine *engine)
{
    unsigned count = 0;
    for (const struct agent_call *call = engine->agent_calls; call; call = call->next)
        count++;
    return count;
}

int agent_call_start(struct agent_call **ret, struct engine *engine, const struct agent_ask *ask,
    toolbox_done done, void *with, struct err *err)
{
    struct agent_command command;
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct agent_place place = { engine->loop, engine->bin, engine->home->path };
    int rc = agent_command(&command, ask->tool, ask->args, ask->principal, ask->by, &arena, err);
    if (rc < 0)
        return rc;
    if (calls_of(engine) >= CALLS_MAX)
        return err_set(err, ERR_LIMIT, "%d such calls are at work: try again later", CALLS_MAX);
    if (command.proposes && !evolving_take_round(engine->evolving))
        return err_set(err, ERR_LIMIT, "the rounds of today are used up");
    struct agent_call *call = mem_zero(1, sizeof *call);
    *call = (struct agent_call){ .done = done, .with = with, .link = &engine->agent_calls };
    rc = agent_run(&call->child, &place, &command, on_ended, call, err);
    if (rc < 0) {
        free(call);
        return rc;
    }
    call->next = engine->agent_calls;
    if (call->next)
        call->next->link = &call->next;
    engine->agent_calls = call;
    *ret = call;
    return 0;
}

void agent_call_cancel(struct agent_call *call)
{
    child_free(call->child);
    call_free(call);
}

void agent_tool_call(
    struct turn *turn, struct str name, struct str args, toolbox_done done, void *with)
{
    struct err err = { 0 };
    struct agent_call *unused;
    const struct agent_ask ask = { name, args, turn->session->principal, STR("agent") };
    if (agent_call_start(&unused, turn->session->engine, &ask, done, with, &err) < 0)
        refuse(err.text, done, with);
}

void agent_tools_end(struct engine *engine)
{
    const struct toolbox_answer none = { WIRE_UNKNOWN_OUTCOME, STR("the service ended") };
    while (engine->agent_calls) {
        struct agent_call *call = engine->agent_calls;
        child_free(call->child);
        call->done(call->with, &none);
        call_free(call);
    }
}
