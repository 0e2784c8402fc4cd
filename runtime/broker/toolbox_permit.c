/* toolbox_permit - what moult.json's `tools` says of one tool. */
#include "base/mem.h"
#include "broker/toolbox.h"

/* The built-in ones; what a server says of its own tools is not taken for true. */
static const char *const reading[] = { "read_file", "list_files" };

/* '*' stands for any text, none too; everything else for itself. */
static bool fits(struct str pattern, struct str name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, from = 0;
    while (n < name.size) {
        if (p < pattern.size && pattern.at[p] == '*') {
            star = p++;
            from = n;
        } else if (p < pattern.size && pattern.at[p] == name.at[n]) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.at[p] == '*')
        p++;
    return p == pattern.size;
}

/* The exact name before patterns, these in their order. */
static const struct config_tool *find(const struct config *config, struct str name)
{
    for (uint32_t i = 0; i < config->tools_count; i++)
        if (str_equal(config->tools[i].pattern, name))
            return &config->tools[i];
    for (uint32_t i = 0; i < config->tools_count; i++)
        if (fits(config->tools[i].pattern, name))
            return &config->tools[i];
    return NULL;
}

enum tool_permission toolbox_permission(const struct config *config, struct str name)
{
    const struct config_tool *tool = find(config, name);
    if (tool)
        return (enum tool_permission)tool->permission;
    for (size_t i = 0; i < COUNT_OF(reading); i++)
        if (str_equal(name, str_of(reading[i])))
            return TOOL_ALLOW;
    return TOOL_ASK;
}

enum tool_permission toolbox_permission_of_set(const struct config *config, struct str name)
{
    const struct config_tool *tool = find(config, name);
    return tool ? (enum tool_permission)tool->permission : TOOL_ALLOW;
}

bool toolbox_idempotent(const struct config *config, struct str name)
{
    const struct config_tool *tool = find(config, name);
    return tool && tool->idempotent;
}
