/* carrying - see carrying.h. */
#include "promote/carrying.h"

#include "base/mem.h"

#include <stdlib.h>

void carrying_add(
    struct carrying *carrying, const struct run *run, uint32_t step, const struct effects *effects)
{
    carry_add(&carrying->plan, run, step, effects, true, &carrying->arena);
    carry_add_later(&carrying->plan, run, step, carrying->detector, &carrying->arena);
}

static const char *text_of(struct arena *arena, struct str text)
{
    return arena_string(arena, text.at ? text.at : "", text.size);
}

/* The server as moult.json names it. Of several the first is taken: which of them has a tool is the
 * service's to know. */
static void set_server(struct carrying *carrying, const struct config_server *server)
{
    struct arena *arena = &carrying->arena;
    const char **command = arena_alloc(arena, (server->args_count + 2) * sizeof *command);
    const char **env = arena_alloc(arena, (server->env_count + 1) * sizeof *env);
    command[0] = text_of(arena, server->command);
    for (uint32_t i = 0; i < server->args_count; i++)
        command[i + 1] = text_of(arena, server->args[i]);
    for (uint32_t i = 0; i < server->env_count; i++)
        env[i] = text_of(arena, server->env[i]);
    carrying->plan.command = command;
    carrying->plan.env = env;
}

int carrying_run(
    struct carrying *carrying, struct driver *driver, struct report *report, struct err *err)
{
    struct carry_result result;
    if (driver->config.servers_count == 0 || carrying->plan.calls_count == 0)
        return 0;
    set_server(carrying, &driver->config.servers[0]);
    carrying->plan.tool = arena_format(&carrying->arena, "%s/moult-tool", driver->bin);
    carrying->plan.tier = (enum sandbox_tier)driver->config.tier;
    int rc = carry_run(&result, &carrying->plan, &carrying->arena, err);
    if (rc < 0)
        return err_while(err, "carry out the mended calls");
    report->carried = result.carried;
    report->carried_ok = result.carried_ok;
    report->carried_conditional = result.conditional;
    report->carried_conditional_ok = result.conditional_ok;
    return 0;
}

void carrying_done(struct carrying *carrying)
{
    arena_done(&carrying->arena);
}
