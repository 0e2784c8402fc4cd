/* Any bytes as the list of tools and the content that come out of a box: what is kept of them is
 * JSON that a provider takes, with each name once. */
#include "broker/toolbox_tools.h"
#include "wire/tool_text.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_offered(const struct toolbox_tools *tools)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *list = json_read(&arena, buf_view(&tools->offered), NULL, NULL);
    assert(json_is(list, JSON_ARRAY) && list->count == tools->count);
    unsigned i = 0;
    JSON_EACH(tool, list)
    {
        const struct json *function = json_get(tool, "function");
        struct str name = json_string(&arena, json_get(function, "name"));
        assert(json_is(json_get(function, "parameters"), JSON_OBJECT));
        assert(name.size > 0 && name.size <= 64 && str_equal(name, tools->at[i].name));
        assert(toolbox_tools_find(tools, name) == &tools->at[i]);
        i++;
    }
}

/* The same list of two servers: names meet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config config;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(toolbox_tools_done) struct toolbox_tools tools = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    setenv("MOULT_LOG", "error", 1);
    log_init("fuzz");
    const struct json *list =
        json_read(&arena, (struct str){ (const char *)data, size }, NULL, NULL);
    if (!json_is(list, JSON_ARRAY))
        return 0;
    toolbox_tools_add(&tools, &config, 0, STR("a"), list);
    toolbox_tools_add(&tools, &config, 1, STR("b"), list);
    check_offered(&tools);
    tool_text(&text, &arena, list);
    return 0;
}
