/* config_tool - which row of `tools` speaks for a tool. */
#include "wire/config.h"

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

const struct config_tool *config_tool(const struct config *config, struct str name)
{
    for (uint32_t i = 0; i < config->tools_count; i++)
        if (str_equal(config->tools[i].pattern, name))
            return &config->tools[i];
    for (uint32_t i = 0; i < config->tools_count; i++)
        if (fits(config->tools[i].pattern, name))
            return &config->tools[i];
    return NULL;
}
