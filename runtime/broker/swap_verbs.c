/* swap_verbs - what a driver asks of a service: to load a candidate, try it, give it turns, go over
 * to what was admitted, and say how things stand. What its answers mean is the driver's
 * (evolver/promote/canary.h). */
#include "broker/swap_inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>

static int text_member(const struct json *root, const char *name, struct arena *arena,
    struct str *ret, struct err *err)
{
    *ret = json_string(arena, json_get(root, name));
    return ret->size > 0 ? 0 : err_set(err, ERR_INPUT, "it wants %s", name);
}

static int verb_load(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    struct engine *engine = swap->engine;
    struct crew_spec spec;
    struct str id;
    int rc = text_member(root, "candidate", arena, &id, err);
    if (rc == 0)
        rc = generation_candidate(&spec, swap->generations, id, arena, err);
    if (rc < 0)
        return rc;
    struct canary next = { .holder = swap->client };
    rc = crew_load(&next.slot.loaded, engine->crew, &spec, err);
    if (rc < 0)
        return rc;
    probe_end(&swap->canary.probe);
    shadow_end(&swap->canary.shadow);
    swap_empty(&swap->canary.slot);
    str_printable(next.candidate, sizeof next.candidate, id, false);
    swap->canary = next;
    buf_text(out, "{\"ok\":true}");
    return 0;
}

static int need_canary(
    struct swap *swap, const struct json *root, struct arena *arena, struct err *err)
{
    struct str id;
    int rc = text_member(root, "candidate", arena, &id, err);
    if (rc < 0)
        return rc;
    if (!swap->canary.slot.loaded || !str_equal(id, str_of(swap->canary.candidate)))
        return err_set(err, ERR_STATE, "this candidate is not loaded");
    return 0;
}

static int verb_probe(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    struct canary *canary = &swap->canary;
    int rc = need_canary(swap, root, arena, err);
    if (rc < 0)
        return rc;
    probe_end(&canary->probe);
    rc = probe_start(&canary->probe, swap->engine, canary->slot.loaded, err);
    if (rc == 0)
        buf_format(out, "{\"ok\":true,\"worker_pid\":%d}", (int)crew_pid(canary->probe.worker));
    return rc;
}

/* Copies of so many live steps. */
static int verb_shadow(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = need_canary(swap, root, arena, err);
    int64_t steps = json_int(json_get(root, "steps"), -1);
    if (rc < 0)
        return rc;
    if (steps < 0 || steps > 100000)
        return err_set(err, ERR_INPUT, "steps is 0 to 100000");
    shadow_begin(&swap->canary.shadow, (uint32_t)steps, true);
    buf_text(out, "{\"ok\":true}");
    return 0;
}

/* Where it would do otherwise, since the last time. */
static int verb_shadowed(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = need_canary(swap, root, arena, err);
    if (rc < 0)
        return rc;
    buf_char(out, '{');
    shadow_tell(&swap->canary.shadow, out);
    buf_char(out, '}');
    return 0;
}

static int verb_canary(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = need_canary(swap, root, arena, err);
    int64_t share = json_int(json_get(root, "share"), -1),
            turns = json_int(json_get(root, "turns"), -1);
    if (rc < 0)
        return rc;
    if (share < 0 || share > 100 || turns < 0 || turns > 100000)
        return err_set(err, ERR_INPUT, "share is 0 to 100 percent, turns 0 to 100000");
    if ((rc = canary_units_begin(&swap->canary.units, (uint32_t)share, err)) < 0)
        return rc;
    swap->canary.turns_max = (uint32_t)turns;
    buf_text(out, "{\"ok\":true}");
    return 0;
}

static int verb_activate(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    (void)root;
    (void)arena;
    int rc = swap_refresh(swap, err);
    if (rc == 0)
        buf_format(out, "{\"ok\":true,\"generation\":%" PRIu64 "}", swap_number(&swap->active));
    return rc;
}

static int verb_retire(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = swap->canary.slot.loaded ? need_canary(swap, root, arena, err) : 0;
    if (rc < 0)
        return rc;
    swap_end_canary(swap);
    buf_text(out, "{\"ok\":true}");
    return 0;
}

static int verb_watch(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = watching_begin(
        &swap->watching, swap->engine, swap->generations, swap->client, root, arena, err);
    if (rc == 0)
        buf_text(out, "{\"ok\":true}");
    return rc;
}

static int verb_watched(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    (void)root;
    (void)arena;
    return watching_tell(&swap->watching, swap->client, out, err);
}

static const struct verb_row {
    const char *name;
    int (*run)(struct swap *swap, const struct json *root, struct arena *arena, struct buf *out,
        struct err *err);
} verbs[] = {
    { "load", verb_load },
    { "probe", verb_probe },
    { "shadow", verb_shadow },
    { "shadowed", verb_shadowed },
    { "canary", verb_canary },
    { "activate", verb_activate },
    { "retire", verb_retire },
    { "watch", verb_watch },
    { "watched", verb_watched },
};

void swap_left(struct swap *swap, const void *client)
{
    if (swap->watching.loaded && swap->watching.holder == client)
        watching_end(&swap->watching);
    if (!swap->canary.slot.loaded || swap->canary.holder != client)
        return;
    log_line(LOG_WARN, "candidate %.12s is left: its promotion ended before it did",
        swap->canary.candidate);
    swap_end_canary(swap);
}

int swap_verb(struct swap *swap, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, body.size ? body : STR("{}"), NULL, err);
    if (!root)
        return -err->code;
    swap->client = client;
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (str_equal(verb, str_of(verbs[i].name)))
            return verbs[i].run(swap, root, &arena, out, err);
    return err_set(err, ERR_MISSING, "a service has no such verb");
}

void swap_status(const struct swap *swap, bool whole, struct buf *out)
{
    const struct canary *canary = &swap->canary;
    char hex[DIGEST_HEX];
    if (swap->active.loaded)
        buf_format(out, "\"generation\":%" PRIu64 ",\"generation_digest\":\"%s\"",
            swap_number(&swap->active),
            hash_hex(hex, &crew_spec_of(swap->active.loaded)->generation));
    else
        buf_text(out, "\"generation\":null,\"generation_digest\":null");
    if (!whole)
        return;
    if (swap->before.loaded)
        buf_format(out, ",\"before\":%" PRIu64, swap_number(&swap->before));
    if (swap->watching.loaded) {
        buf_text(out, ",\"watched\":{");
        watching_status(&swap->watching, out);
        buf_char(out, '}');
    }
    if (canary->slot.loaded)
        buf_format(out,
            ",\"canary\":{\"candidate\":\"%s\",\"share\":%u,\"turns\":%" PRIu64 ",\"done\":%" PRIu64
            ",\"failed\":%" PRIu64 ",\"crashed\":%" PRIu64 ",\"probe\":\"%s\",\"why\":",
            canary->candidate, canary->units.share, canary->turns, canary->done, canary->failed,
            canary->crashed, probe_words[canary->probe.state]);
    if (canary->slot.loaded) {
        json_quote(out, str_of(canary->probe.why));
        buf_char(out, ',');
        canary_units_tell(&canary->units, out);
        buf_format(out,
            ",\"shadow\":{\"steps\":%u,\"same\":%" PRIu64 ",\"other\":%" PRIu64
            ",\"failed\":%" PRIu64 "}}",
            canary->shadow.begun, canary->shadow.same, canary->shadow.other, canary->shadow.failed);
    }
}
