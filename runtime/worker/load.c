/* load - maps the builds of a generation and checks them against each other.
 *
 * dlopen reads /proc/self/fd/N, so this must happen before the lock; RTLD_NOW so that nothing is
 * left to resolve afterwards. Builds have no constructors (the ELF check sees to that), hence no
 * code of theirs runs here. */
#include "worker/load.h"

#include "worker/hooks.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static int map_build(int fd, void **ret, struct err *err)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return err_set(err, ERR_INPUT, "cannot be mapped: %s", dlerror());
    *ret = object;
    return 0;
}

static bool good_name(const char *name)
{
    size_t size = name ? strnlen(name, NAME_MAX_BYTES) : 0;
    if (size == 0 || size == NAME_MAX_BYTES)
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

int harness_check(const struct moult_plugin *plugin, struct str name, struct err *err)
{
    if (plugin->abi != MOULT_ABI)
        return err_set(
            err, ERR_INPUT, "made for ABI %u; this worker has %u", plugin->abi, MOULT_ABI);
    if (plugin->size != sizeof(struct moult_plugin))
        return err_set(err, ERR_INPUT, "moult_plugin has %u bytes, not %zu", plugin->size,
            sizeof(struct moult_plugin));
    if (!good_name(plugin->name))
        return err_set(err, ERR_INPUT, "its name is not 1 to 63 of a-z, 0-9 and _");
    if (!str_equal(str_of(plugin->name), name))
        return err_set(err, ERR_INPUT, "calls itself %s", plugin->name);
    if (plugin->state_size > WIRE_STATE_MAX)
        return err_set(err, ERR_LIMIT, "wants %u bytes of state; at most %d are kept",
            plugin->state_size, WIRE_STATE_MAX);
    if (plugin->tools_count > WIRE_PLUGINS_MAX || (plugin->tools_count > 0 && !plugin->tools))
        return err_set(err, ERR_INPUT, "its list of tools is broken");
    return 0;
}

static int load_one(struct harness *harness, const struct wire_plugin *wanted,
    const struct moult_pipeline **ret_pipeline, struct err *err)
{
    void *object = NULL;
    int r = map_build((int)wanted->fd, &object, err);
    if (r < 0)
        return r;
    const struct moult_pipeline *pipeline = dlsym(object, "moult_pipeline");
    const struct moult_plugin *plugin = dlsym(object, "moult_plugin");
    if (ret_pipeline) {
        if (!pipeline)
            return err_set(err, ERR_INPUT, "exports no moult_pipeline");
        *ret_pipeline = pipeline;
        return 0;
    }
    if (!plugin)
        return err_set(err, ERR_INPUT, "exports no moult_plugin");
    r = harness_check(plugin, wanted->name, err);
    if (r < 0)
        return r;
    const struct moult_trial *trial = dlsym(object, "moult_trial");
    if (trial && (trial->size != sizeof(*trial) || trial->holes_count > WIRE_HOLES_MAX ||
                     trial->atoms_count > MOULT_TRIAL_ATOMS_MAX))
        return err_set(err, ERR_INPUT, "its moult_trial is not of this ABI");
    harness->builds[harness->builds_count++] = (struct build){
        .name = str_of(plugin->name),
        .digest = wanted->build,
        .plugin = plugin,
        .trial = trial,
    };
    return 0;
}

static int find_build(const struct harness *harness, const char *name)
{
    for (uint32_t i = 0; i < harness->builds_count; i++)
        if (name && strcmp(harness->builds[i].plugin->name, name) == 0)
            return (int)i;
    return -1;
}

static int add_place(struct harness *harness, const struct moult_place *row, struct err *err)
{
    if ((unsigned)row->hook >= MOULT_HOOKS)
        return err_set(
            err, ERR_INPUT, "the order names hook %u; there are %d", row->hook, MOULT_HOOKS);
    int build = find_build(harness, row->plugin);
    if (build < 0)
        return err_set(err, ERR_INPUT, "the order names a plugin that is not loaded: %.64s",
            row->plugin ? row->plugin : "(none)");
    struct chain *chain = &harness->chains[row->hook];
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->places[i].build == (uint32_t)build)
            return err_set(
                err, ERR_INPUT, "%s stands twice in %s", row->plugin, hook_rules[row->hook].word);
    struct place place = { .build = (uint32_t)build };
    memcpy(&place.turn, (const char *)harness->builds[build].plugin + hook_rules[row->hook].offset,
        sizeof(place.turn));
    if (!place.turn)
        return err_set(
            err, ERR_INPUT, "%s has no function for %s", row->plugin, hook_rules[row->hook].word);
    chain->places[chain->count++] = place;
    return 0;
}

static bool listed(const char *const *names, const char *name)
{
    for (unsigned i = 0; names && names[i] && i < WIRE_PLUGINS_MAX; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Two plugins of one hook, the first standing before the second. */
static int check_pair(enum moult_hook_id hook, const struct moult_plugin *first,
    const struct moult_plugin *second, struct err *err)
{
    const char *why = NULL;
    if (listed(first->after, second->name) || listed(second->before, first->name))
        why = "one of them says so";
    else if ((first->traits & MOULT_WANTS_FINAL_CALLS) && (second->traits & MOULT_REWRITES_CALLS))
        why = "it must see calls as they will be, and the other rewrites them";
    if (!why)
        return 0;
    return err_set(err, ERR_INPUT, "in %s, %s must stand behind %s: %s", hook_rules[hook].word,
        first->name, second->name, why);
}

static int check_chain(const struct harness *harness, enum moult_hook_id hook, struct err *err)
{
    const struct chain *chain = &harness->chains[hook];
    for (uint32_t i = 0; i < chain->count; i++)
        for (uint32_t k = i + 1; k < chain->count; k++) {
            int r = check_pair(hook, harness->builds[chain->places[i].build].plugin,
                harness->builds[chain->places[k].build].plugin, err);
            if (r < 0)
                return r;
        }
    return 0;
}

int harness_order(struct harness *harness, const struct moult_pipeline *pipeline, struct err *err)
{
    if (pipeline->abi != MOULT_ABI || pipeline->size != sizeof(*pipeline))
        return err_set(err, ERR_INPUT, "the order is not of this ABI");
    if (pipeline->places_count > WIRE_PLUGINS_MAX * MOULT_HOOKS)
        return err_set(err, ERR_LIMIT, "the order has %u rows", pipeline->places_count);
    for (uint32_t i = 0; i < pipeline->places_count; i++) {
        int r = add_place(harness, &pipeline->places[i], err);
        if (r < 0)
            return r;
    }
    for (int hook = 0; hook < MOULT_HOOKS; hook++) {
        int r = check_chain(harness, (enum moult_hook_id)hook, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int harness_load(struct harness *ret, const struct wire_load *load, struct err *err)
{
    const struct moult_pipeline *pipeline = NULL;
    if (load->version != WIRE_VERSION)
        return err_set(err, ERR_INPUT, "the peer speaks version %u, this worker %d", load->version,
            WIRE_VERSION);
    memset(ret, 0, sizeof(*ret));
    ret->events = load->events;
    for (uint32_t i = 0; i < load->plugins_count; i++) {
        const struct wire_plugin *wanted = &load->plugins[i];
        bool order = str_equal(wanted->name, load->pipeline);
        int r = load_one(ret, wanted, order ? &pipeline : NULL, err);
        if (r < 0)
            return err_while(err, "build %.*s",
                (int)(wanted->name.size < 64 ? wanted->name.size : 64), wanted->name.at);
    }
    if (!pipeline)
        return err_set(err, ERR_INPUT, "no build is the pipeline");
    return harness_order(ret, pipeline, err);
}
