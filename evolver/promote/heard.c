/* heard - see heard.h.
 *
 * A denial or a retry asks something of the model: not to do that again. The next request's reply
 * is the answer; it was followed if the same plugin does not do the same there. Where no request
 * came behind it nobody knows, and it does not count. */
#include "promote/heard.h"

#include "base/json.h"
#include "base/mem.h"

static const struct json_limits lenient = { .duplicates = true };

static struct str word(const struct json *data, const char *key, struct arena *arena)
{
    return json_string(arena, json_get(data, key));
}

static bool read_digest(
    struct digest *ret, const struct json *data, const char *key, struct arena *arena)
{
    return hash_unhex(ret, word(data, key, arena), NULL) == 0;
}

enum { ASKS_NOTHING, ASKS_DENIES, ASKS_RETRIES };

static uint8_t asks_of(struct str action)
{
    return str_equal(action, STR("deny"))    ? ASKS_DENIES
           : str_equal(action, STR("retry")) ? ASKS_RETRIES
                                             : ASKS_NOTHING;
}

/* --- what was asked of the model */

static void settle(struct heard *heard, uint32_t plugin)
{
    struct heard_ask *ask = &heard->asks[plugin];
    if (ask->action && ask->next) {
        struct figure *row = figures_row(heard->figures, plugin, ask->model);
        row->asked++;
        row->followed += !ask->again;
    }
    *ask = (struct heard_ask){ 0 };
}

static void on_request(struct heard *heard, const struct json *data, struct arena *arena)
{
    struct digest generation;
    const struct json *number = json_get(json_get(data, "asked"), "number");
    struct str name = heard->alias(heard->with, (uint32_t)json_int(number, 0));
    heard->model = figures_model(heard->figures, name);
    heard->any = true;
    bool known = read_digest(&generation, data, "generation", arena);
    for (uint32_t i = 0; i < heard->figures->plugins_count; i++) {
        struct heard_ask *ask = &heard->asks[i];
        if (ask->next)
            settle(heard, i);
        ask->next = ask->action != 0;
        if (known && heard->stands(heard->with, i, &generation))
            figures_row(heard->figures, i, heard->model)->replies++;
    }
}

static void on_hook(struct heard *heard, const struct json *data, struct arena *arena)
{
    struct digest build;
    uint8_t action = asks_of(word(data, "action", arena));
    if (!heard->any || !read_digest(&build, data, "build", arena))
        return;
    for (uint32_t i = 0; i < heard->figures->plugins_count; i++) {
        if (!hash_equal(&heard->figures->builds[i], &build))
            continue;
        struct heard_ask *ask = &heard->asks[i];
        figures_row(heard->figures, i, heard->model)->fired++;
        if (action == ASKS_NOTHING)
            continue;
        ask->again = ask->next && ask->action == action;
        if (ask->next)
            settle(heard, i);
        *ask = (struct heard_ask){ .action = action, .model = heard->model };
    }
}

void heard_add(struct heard *heard, const struct journal_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        bool hook = str_equal(entries[i].kind, STR("hook"));
        if (!hook && !str_equal(entries[i].kind, STR("effect")))
            continue;
        const struct json *data = json_read(&arena, entries[i].data, &lenient, NULL);
        if (hook && data)
            on_hook(heard, data, &arena);
        else if (data && str_equal(word(data, "effect", &arena), STR("model")))
            on_request(heard, data, &arena);
    }
}

void heard_end(struct heard *heard)
{
    for (uint32_t i = 0; i < heard->figures->plugins_count; i++)
        settle(heard, i);
}
