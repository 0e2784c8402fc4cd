/* listening - see listening.h. */
#include "promote/listening.h"

#include "base/mem.h"
#include "promote/heard.h"

static void read_known(struct listening *l, struct listening_known *known)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct generation generation;
    struct str text;
    if (journal_get(l->driver->journal, "generation", &known->digest, &arena, &text, NULL) < 0 ||
        generation_read(&generation, text, &arena, NULL) < 0)
        return;
    for (uint32_t i = 0; i < l->figures->plugins_count; i++) {
        struct generation_build *build = generation_find(&generation, l->figures->plugins[i]);
        known->stands[i] = build && hash_equal(&build->build, &l->figures->builds[i]);
    }
}

static bool stands(void *with, uint32_t plugin, const struct digest *generation)
{
    struct listening *l = with;
    uint32_t i = 0;
    while (i < l->known_count && !hash_equal(&l->known[i].digest, generation))
        i++;
    if (i == LISTENING_GENERATIONS_MAX)
        return false;
    if (i == l->known_count) {
        l->known[l->known_count++] = (struct listening_known){ .digest = *generation };
        read_known(l, &l->known[i]);
    }
    return l->known[i].stands[plugin];
}

static struct str alias(void *with, uint32_t number)
{
    const struct config *config = &((struct listening *)with)->driver->config;
    return number < config->models_count ? config->models[number].name : STR("another model");
}

int listen_to(struct listening *l, uint64_t session, uint32_t *ret_model, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(mem_freep) struct heard *heard = mem_zero(1, sizeof *heard);
    struct journal_entry *entries;
    uint32_t count = 1;
    heard->figures = l->figures;
    heard->stands = stands;
    heard->alias = alias;
    heard->with = l;
    for (uint64_t from = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_entries(
            l->driver->journal, session, JOURNAL_ALL_TURNS, from, &arena, &entries, &count, err);
        if (rc < 0)
            return rc;
        if (count > 0)
            from = entries[count - 1].seq + 1;
        heard_add(heard, entries, count);
    }
    heard_end(heard);
    *ret_model = heard->any ? heard->model : figures_model(l->figures, STR("no model"));
    return 0;
}
