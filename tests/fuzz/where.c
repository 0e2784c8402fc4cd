/* Any bytes as a plugin's source: what is marked of it, and new code at each place that there is,
 * are still sources that parse. */
#include "propose/places.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCE_MAX = 16 * 1024 };

static void parses(struct str text)
{
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    int r = syntax_parse(&syntax, "fuzz", text, NULL, NULL);
    assert(r == 0 || r == -ERR_LIMIT);
}

static void put_code(const struct target *target, bool leaves)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct insertion insertion = {
        .above = STR("static void above(void)\n{\n}\n\n"),
        .entry = leaves ? STR("\n    return MOULT_DENY;") : STR("\n    if (x)\n        return 1;"),
        .leaves = leaves && target->last,
    };
    target_print(&out, target, &arena, &insertion, STR("\n"));
    parses(buf_view(&out));
}

static void look(const struct bundle_plugin *plugin, struct str hook, struct arena *arena)
{
    CLEANUP(buf_done) struct buf marked = { 0 };
    struct suspect suspect = { .marked = true };
    struct target places[PLACES_MAX];
    if (target_begin(&suspect.target, arena, hook, plugin, NULL) < 0)
        return;
    localise_begin(&suspect.localise, suspect.target.syntax, arena);
    localise_print(&marked, &suspect.localise, 5, arena);
    parses(buf_view(&marked));
    for (uint32_t i = 0; i < suspect.localise.count; i++) {
        suspect.localise.at[i].failed = 1;
        suspect.localise.at[i].digest = i;
        suspect.localise.at[i].suspicion = i % 3;
    }
    suspect.order = localise_order(&suspect.localise, arena);
    uint32_t count = places_list(&suspect, vocabulary_hook(hook), arena, places);
    for (uint32_t i = 0; i < count; i++) {
        put_code(&places[i], false);
        put_code(&places[i], true);
    }
    target_done(&suspect.target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct str source = { (const char *)data, size };
    const struct bundle_plugin plugin = { STR("p"), STR("p.c"), source, NULL };
    if (size <= SOURCE_MAX)
        look(
            &plugin, str_find(source, STR("call")) < 0 ? STR("reply") : STR("before_tool"), &arena);
    return 0;
}
