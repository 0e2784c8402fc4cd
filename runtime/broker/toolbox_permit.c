/* toolbox_permit - what moult.json's `tools` says of one tool. */
#include "base/mem.h"
#include "broker/toolbox.h"

/* The built-in ones; what a server says of its own tools is not taken for true. */
static const char *const reading[] = { "read_file", "list_files" };

enum tool_permission toolbox_permission(const struct config *config, struct str name)
{
    const struct config_tool *tool = config_tool(config, name);
    if (tool)
        return (enum tool_permission)tool->permission;
    for (size_t i = 0; i < COUNT_OF(reading); i++)
        if (str_equal(name, str_of(reading[i])))
            return TOOL_ALLOW;
    return TOOL_ASK;
}

enum tool_permission toolbox_permission_of_set(const struct config *config, struct str name)
{
    const struct config_tool *tool = config_tool(config, name);
    return tool ? (enum tool_permission)tool->permission : TOOL_ALLOW;
}

bool toolbox_idempotent(const struct config *config, struct str name)
{
    const struct config_tool *tool = config_tool(config, name);
    return tool && tool->idempotent;
}
