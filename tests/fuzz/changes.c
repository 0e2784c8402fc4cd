/* Any bytes as a plugin's source: what could be otherwise in it, as one trial source and each way
 * as edits, are still sources that parse. */
#include "propose/changes.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCE_MAX = 16 * 1024, WAYS = 3 }; /* of hundreds: other sizes, other ways */

static void parses(struct str text)
{
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    int r = syntax_parse(&syntax, "fuzz", text, NULL, NULL);
    assert(r == 0 || r == -ERR_LIMIT);
}

static void make(const struct target *target, const struct target_edit *edits, uint32_t count)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        assert(edits[i].from <= edits[i].to && edits[i].to <= target->plugin->source.size);
        assert(i == 0 || edits[i - 1].to <= edits[i].from);
    }
    target_apply(&out, target, edits, count);
    parses(buf_view(&out));
}

/* One of all ways, by its number. */
static void make_way(const struct target *target, const struct changes *list, uint32_t number)
{
    const struct change *change = list->at;
    for (; number >= change->values_count; change++)
        number -= change->values_count;
    const struct target_edit there = { change->at.from, change->at.to, change->values[number] };
    if (change->ways)
        make(target, change->ways[number].edits, change->ways[number].edits_count);
    else
        make(target, &there, 1);
}

static void look(const struct bundle_plugin *plugin, struct str hook, struct arena *arena)
{
    CLEANUP(buf_done) struct buf trial = { 0 };
    static const char *without[1];
    struct vocabulary vocabulary;
    struct pool pool;
    struct target target;
    struct changes list;
    uint32_t ways = 0;
    const struct insertion insertion = { STR("static int above;\n"), STR("\n    above++;") };
    const struct mined mined = { .keys = { STR("arguments") }, .keys_count = 1 };
    if (target_begin(&target, arena, hook, plugin, NULL) < 0)
        return;
    vocabulary_read(&vocabulary, without, 0);
    pool_begin(&pool, arena, &vocabulary, vocabulary_hook(hook), &mined);
    changes_begin(&list, &target, &pool, arena);
    changes_list(&list);
    changes_print(&trial, &target, arena, list.at, list.count, &insertion, STR("\nint behind;\n"));
    parses(buf_view(&trial));
    for (uint32_t i = 0; i < list.count; i++)
        ways += list.at[i].values_count;
    for (uint32_t n = 0; n < WAYS && ways > 0; n++)
        make_way(&target, &list, (uint32_t)(plugin->source.size * WAYS + n) % ways);
    target_done(&target);
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
