/* Any bytes as a donor, and after a line of ===== another file, into which its function comes: what
 * is handed out is C again. */
#include "propose/graft.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct graft *graft, const char *hook)
{
    CLEANUP(syntax_freep) struct syntax *again = NULL;
    assert(strlen(hook) && strlen(graft->function) > 0);
    assert(str_find(graft->code, str_of(graft->function)) >= 0);
    if (graft->code.size < SYNTAX_SOURCE_MAX && str_find(graft->code, STR(SYNTAX_EXPORT)) < 0)
        assert(syntax_parse(&again, "graft", graft->code, NULL, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hooks[] = { "reply", "before_tool", "model_error", "context" };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *into = NULL;
    const struct str all = { (const char *)data, size }, line = STR("\n=====\n");
    ptrdiff_t at = str_find(all, line);
    struct str rest = { "", 0 };
    if (at >= 0)
        rest = (struct str){ all.at + at + line.size, all.size - (size_t)at - line.size };
    if (syntax_parse(&into, "into", rest, NULL, NULL) < 0)
        return 0;
    const struct bundle_plugin donor = { .path = STR("plugins/donor/donor.c"),
        .source = { all.at, at < 0 ? all.size : (size_t)at } };
    for (size_t i = 0; i < COUNT_OF(hooks); i++) {
        struct graft graft;
        if (graft_take(&graft, &arena, &donor, hooks[i], into, NULL) == 0)
            check(&graft, hooks[i]);
    }
    return 0;
}
