/* search_where - looks on where the entry of the most suspicious plugin's function has no patch
 * that is whole: at the other plugins of the hook, and at places inside their functions.
 *
 * Each is a search of its own with the same evidence, so they stand behind everything else, are
 * few, and are begun only while there is time. What is not whole elsewhere is forgotten, and the
 * entry's patches stay. */
#include "propose/places.h"
#include "propose/search.h"

#include "base/mem.h"

#include <string.h>

enum {
    ELSEWHERE_MAX = TARGETS_MAX + 2 * PLACES_MAX,
    BUILDS_NEEDED = 14 /* trial builds of one search */
};

struct elsewhere {
    uint32_t suspect;
    bool inner; /* not the entry: the source's own numbers and conditions were tried there */
    struct target target;
};

/* More than half of the groups, as the order's swaps are judged. */
static bool whole(const struct search *search, const struct patch *patches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (2 * patches[i].condition.mended_groups > search->fail_groups)
            return true;
    return false;
}

/* The other plugins' entries, since theirs are other sources to change; then places inside. */
static uint32_t list(struct search *search, struct elsewhere ret[ELSEWHERE_MAX])
{
    const struct suspects *suspects = &search->suspects;
    uint32_t count = 0;
    for (uint32_t i = 1; i < suspects->count; i++)
        ret[count++] = (struct elsewhere){ i, false, suspects->at[i].target };
    for (uint32_t i = 0; i < suspects->count; i++) {
        struct target places[PLACES_MAX];
        uint32_t found = places_list(&suspects->at[i], search->pool.hook, &search->arena, places);
        for (uint32_t k = 0; k < found && count < ELSEWHERE_MAX; k++)
            ret[count++] = (struct elsewhere){ i, true, places[k] };
    }
    return count;
}

/* Edits of its own may meet those of new code: then it matters what comes first. */
static bool edits(const struct search *search, const struct target *target)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (uint32_t i = 0; i < search->vocabulary.count; i++) {
        const struct verb *verb = &search->vocabulary.at[i];
        const char *call = arena_format(&arena, "moult_%s(", verb->name);
        if (verb->edit && str_find(target->plugin->source, str_of(call)) >= 0)
            return true;
    }
    return false;
}

/* An action may be given it. */
static bool brings_values(const struct search *search, const struct target *target)
{
    const char *types = search->pool.hook->numbers ? "TJCN" : "TJC";
    for (uint32_t i = 0; i < target->locals_count; i++)
        if (strchr(types, target->locals[i].type))
            return true;
    return false;
}

/* Where the entry had no action that is right under any condition, a place inside is only another
 * condition: unless it has other values, or what stands before it counts. */
static bool worth(const struct search *search, const struct elsewhere *elsewhere, bool right)
{
    return right || !elsewhere->inner || brings_values(search, &elsewhere->target) ||
           edits(search, &elsewhere->target);
}

/* Everything that was found out about a place is found out anew. */
static void move_to(struct search *search, const struct elsewhere *elsewhere)
{
    search->suspect = elsewhere->suspect;
    search->target = elsewhere->target;
    search->inner = elsewhere->inner;
    search->left_out = search->loops = false;
    search->bodies_count = 0;
    memset(search->atoms_count, 0, sizeof(search->atoms_count));
    search_begin_values(search);
}

static void tell(struct search *search)
{
    const struct target *target = &search->target;
    judge_say(&search->judge, "nothing whole there: %s line %u in %s of %.*s",
        search->inner ? "before" : "at",
        syntax_place(target->syntax, target->entry).line + !target->in_line, target->function,
        (int)target->plugin->name.size, target->plugin->name.at);
}

/* What a search has of its place. */
struct here {
    uint32_t suspect, bodies_count;
    struct target target;
    struct pool pool;
    struct actions actions;
};

static struct here here_of(const struct search *search)
{
    return (struct here){ search->suspect, search->bodies_count, search->target, search->pool,
        search->actions };
}

static void go_back(struct search *search, const struct here *here)
{
    search->suspect = here->suspect;
    search->bodies_count = here->bodies_count;
    search->target = here->target;
    search->pool = here->pool;
    search->actions = here->actions;
}

int search_elsewhere(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    if (whole(search, ret, *ret_count) || vocabulary_lacks(&search->vocabulary, "elsewhere"))
        return 0;
    CLEANUP(mem_freep) struct elsewhere *at = mem_zero(ELSEWHERE_MAX, sizeof(*at));
    CLEANUP(mem_freep) struct patch *found = mem_zero(max, sizeof(*found));
    const struct here entry = here_of(search);
    uint32_t places = list(search, at);
    bool right = search->bodies_count > 0;
    for (uint32_t i = 0; i < places && search_has_room(search, BUILDS_NEEDED, 0); i++) {
        uint32_t count = 0;
        if (!worth(search, &at[i], right))
            continue;
        move_to(search, &at[i]);
        tell(search);
        int r = search_find(search, found, max, &count, err);
        if (r == -ERR_INPUT) /* a name there that C reads otherwise: the entry's patches stay */
            continue;
        if (r < 0)
            return r;
        right |= search->bodies_count > 0;
        if (!whole(search, found, count))
            continue;
        memcpy(ret, found, count * sizeof(*found));
        *ret_count = count;
        return 0;
    }
    go_back(search, &entry);
    return 0;
}
