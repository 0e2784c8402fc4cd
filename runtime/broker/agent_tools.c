/* agent_tools - see agent_tools.h. */
#include "broker/agent_tools.h"

bool agent_tool(const struct engine *engine, struct str name)
{
    (void)engine;
    (void)name;
    return false;
}

struct str agent_tools(const struct engine *engine)
{
    (void)engine;
    return (struct str){ 0 };
}

void agent_tool_call(
    struct turn *turn, struct str name, struct str args, toolbox_done done, void *with)
{
    const struct toolbox_answer none = { WIRE_REFUSED, STR("there is no such tool") };
    (void)turn;
    (void)name;
    (void)args;
    done(with, &none);
}
