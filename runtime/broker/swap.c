/* swap - see swap.h. */
#include "broker/swap.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/generation.h"
#include "broker/probe.h"
#include "broker/shadow.h"
#include "broker/turn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PRINCIPALS_TO_BLAME = 2, NAME_BYTES = 64 };
#define LAST UINT64_MAX

/* A generation that may run, and what its deaths say. */
struct slot {
    struct crew_generation *loaded;               /* NULL: nobody here */
    char killed[PRINCIPALS_TO_BLAME][NAME_BYTES]; /* principals whose turns ended it */
    unsigned killed_count;
};
struct canary {
    struct slot slot;
    char candidate[80];
    const void *holder;        /* who loaded it, and watches it */
    uint32_t share, turns_max; /* percent of new turns; no more than so many */
    uint64_t turns, failed, crashed, done;
    struct probe probe;
    struct shadow shadow;
};
struct swap {
    struct engine *engine;
    struct generations *generations;
    struct slot active, before;
    struct canary canary;
    const void *client; /* whose verb is in work */
    uint64_t lost;      /* turns that the active generation ended, with none before it */
    char lost_why[100];
};

static uint64_t number_of(const struct slot *slot)
{
    return crew_spec_of(slot->loaded)->number;
}

static void empty(struct slot *slot)
{
    if (slot->loaded)
        crew_unload(slot->loaded);
    *slot = (struct slot){ 0 };
}

/* --- which generations may run */

static int none_may_run(struct err *err)
{
    err_set(err, ERR_LACKS, "every generation of this home is quarantined");
    return err_hint(err, "moult log says why; moult rollback --to COMMIT runs an old one all the "
                         "same, and a repair can be promoted");
}

/* The newest admission that is not quarantined: the last one, or from `number` down. ERR_LACKS:
 * each of them is. */
static int load_newest(struct swap *swap, uint64_t number, struct slot *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct engine *engine = swap->engine;
    struct crew_spec spec;
    int rc = number == LAST ? generation_active(&spec, swap->generations, &arena, err)
                            : generation_at(&spec, swap->generations, number, &arena, err);
    while (rc == 0) {
        rc = live_quarantined(engine->store, &spec.generation, err);
        if (rc <= 0)
            return rc < 0 ? rc : crew_load(&ret->loaded, engine->crew, &spec, err);
        log_line(LOG_WARN, "generation %" PRIu64 " is quarantined", spec.number);
        if (spec.number == 0)
            break;
        rc = generation_at(&spec, swap->generations, spec.number - 1, &arena, err);
    }
    if (rc < 0)
        return rc;
    return none_may_run(err);
}

static void end_of_canary(struct swap *swap);

static bool same_builds(const struct crew_spec *a, const struct crew_spec *b)
{
    bool same = a->builds_count == b->builds_count;
    for (uint32_t i = 0; same && i < a->builds_count; i++)
        same = hash_equal(&a->builds[i].build, &b->builds[i].build);
    return same;
}

/* Its driver may have ended between the admission and its word to the service. */
static bool canary_is_active(const struct swap *swap)
{
    return swap->canary.slot.loaded &&
           same_builds(crew_spec_of(swap->canary.slot.loaded), crew_spec_of(swap->active.loaded));
}

int swap_refresh(struct swap *swap, struct err *err)
{
    struct slot next = { 0 };
    int rc = load_newest(swap, LAST, &next, err);
    if (rc < 0)
        return rc;
    if (swap->active.loaded && number_of(&swap->active) == number_of(&next)) {
        empty(&next);
        return 0;
    }
    empty(&swap->before);
    swap->before = swap->active;
    swap->active = next;
    swap->lost = 0;
    if (swap->before.loaded)
        swap->engine->metrics.swaps++;
    if (canary_is_active(swap))
        end_of_canary(swap);
    return 0;
}

int swap_new(struct swap **ret, struct engine *engine, struct err *err)
{
    struct swap *swap = mem_zero(1, sizeof *swap);
    struct err unused;
    swap->engine = engine;
    swap->generations = generations_new(engine->store, engine->home);
    int rc = swap_refresh(swap, err);
    if (rc < 0 && rc != -ERR_LACKS) {
        swap_free(swap);
        return rc;
    }
    if (rc < 0)
        log_line(LOG_ERROR, "no turn can be served: %s; %s", err->text, err->hint);
    /* The one before is there for turns that the active one kills. */
    else if (number_of(&swap->active) > 0 &&
             load_newest(swap, number_of(&swap->active) - 1, &swap->before, &unused) < 0)
        log_line(LOG_WARN, "no earlier generation to fall back to: %s", unused.text);
    *ret = swap;
    return 0;
}

void swap_free(struct swap *swap)
{
    if (!swap)
        return;
    empty(&swap->canary.slot);
    empty(&swap->before);
    empty(&swap->active);
    generations_free(swap->generations);
    free(swap);
}

struct crew_generation *swap_active(const struct swap *swap)
{
    return swap->active.loaded;
}

/* --- which one a turn gets */

static bool wants_canary(const struct canary *canary, const struct turn *turn)
{
    return canary->slot.loaded && canary->turns < canary->turns_max &&
           hash_fast(&turn->row, sizeof turn->row, 1) % 100 < canary->share;
}

int swap_choose(struct crew_generation **ret, struct turn *turn, struct err *err)
{
    struct swap *swap = turn->session->engine->swap;
    struct slot *slot = &swap->active;
    if (turn->deaths > 0 && swap->before.loaded && turn->killer == swap->active.loaded)
        slot = &swap->before;
    else if (turn->deaths == 0 && turn->leases == 0 && wants_canary(&swap->canary, turn)) {
        slot = &swap->canary.slot;
        swap->canary.turns++;
    }
    if (!slot->loaded)
        return none_may_run(err);
    *ret = slot->loaded;
    return 0;
}

bool swap_moves(const struct turn *turn)
{
    const struct engine *engine = turn->session->engine;
    const struct swap *swap = engine->swap;
    if (engine->config->swap_at_turn || turn->deaths > 0)
        return false;
    return turn->generation != swap->active.loaded && turn->generation != swap->canary.slot.loaded;
}

/* --- what a death says */

static int journal_quarantine(
    struct swap *swap, const char *reason, const char *why, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct engine *engine = swap->engine;
    buf_format(&text, "%s: %s", reason, why);
    int rc = commit_begin(engine->commit, err);
    if (rc == 0)
        rc = live_quarantine(
            engine->store, &crew_spec_of(swap->active.loaded)->generation, buf_view(&text), err);
    return rc;
}

static void quarantine(struct swap *swap, const char *reason, const char *why)
{
    struct err err = { 0 };
    uint64_t number = number_of(&swap->active);
    if (!swap->before.loaded)
        return; /* nothing to go back to: turns end one by one, and say so */
    if (journal_quarantine(swap, reason, why, &err) < 0)
        log_line(LOG_ERROR, "quarantine: %s", err.text);
    log_line(LOG_ERROR,
        "generation %" PRIu64 " is quarantined (%s: %s); %" PRIu64 " is active again", number,
        reason, why, number_of(&swap->before));
    swap->engine->metrics.quarantined++;
    struct slot bad = swap->active;
    swap->active = swap->before;
    swap->before = (struct slot){ 0 };
    swap->lost = 0;
    if (number_of(&swap->active) > 0 &&
        load_newest(swap, number_of(&swap->active) - 1, &swap->before, &err) < 0)
        log_line(LOG_WARN, "no earlier generation to fall back to: %s", err.text);
    empty(&bad);
}

static struct slot *slot_of(struct swap *swap, const struct crew_generation *generation)
{
    struct slot *slots[] = { &swap->active, &swap->before, &swap->canary.slot };
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        if (generation && slots[i]->loaded == generation)
            return slots[i];
    return NULL;
}

static void note_principal(struct slot *slot, struct str principal)
{
    char name[NAME_BYTES];
    str_printable(name, sizeof name, principal, false);
    for (unsigned i = 0; i < slot->killed_count; i++)
        if (strcmp(slot->killed[i], name) == 0)
            return;
    if (slot->killed_count < PRINCIPALS_TO_BLAME)
        memcpy(slot->killed[slot->killed_count++], name, sizeof name);
}

static void end_canary(struct swap *swap)
{
    swap->canary.crashed++;
    swap->canary.share = 0; /* it gets no more turns; the driver takes it away */
}

/* A lone generation is not quarantined: some of its turns come through, and without it none. */
static void lose(struct swap *swap, const char *why)
{
    if (swap->lost++ == 0)
        log_line(LOG_ERROR, "generation %" PRIu64 " ended a turn, and there is none to go back to",
            number_of(&swap->active));
    snprintf(swap->lost_why, sizeof swap->lost_why, "%s", why);
}

bool swap_degraded(const struct swap *swap, struct buf *out)
{
    struct err err;
    if (!swap->active.loaded) {
        none_may_run(&err);
        buf_format(out, "%s: no turn is served; %s", err.text, err.hint);
    } else if (swap->lost > 0)
        buf_format(out,
            "generation %" PRIu64 " ended %" PRIu64 " turn%s (%s), and there is none before it to "
            "go back to; look at moult log and moult trace, and promote a repair",
            number_of(&swap->active), swap->lost, swap->lost == 1 ? "" : "s", swap->lost_why);
    return !swap->active.loaded || swap->lost > 0;
}

void swap_died(struct turn *turn, enum crew_end end, const char *why)
{
    static const char *const reasons[] = { "told", "crashed", "hung", "broke the protocol" };
    struct swap *swap = turn->session->engine->swap;
    struct slot *slot = slot_of(swap, turn->generation);
    turn->killer = turn->generation;
    snprintf(turn->killed_by, sizeof turn->killed_by, "%s: %.80s", reasons[end], why);
    if (!slot)
        return;
    if (slot == &swap->canary.slot) {
        end_canary(swap);
        return;
    }
    if (slot == &swap->active && !swap->before.loaded && turn->deaths >= TURN_DEATHS_MAX)
        lose(swap, turn->killed_by);
    note_principal(slot, turn->session->principal);
    if (slot == &swap->active && slot->killed_count >= PRINCIPALS_TO_BLAME)
        quarantine(swap, "it ended turns of more than one principal", turn->killed_by);
}

void swap_survived(struct turn *turn)
{
    struct swap *swap = turn->session->engine->swap;
    if (swap->canary.slot.loaded && turn->generation == swap->canary.slot.loaded)
        swap->canary.done++;
    if (turn->deaths == 0 || !turn->killer || turn->killer == turn->generation)
        return;
    if (turn->killer == swap->active.loaded)
        quarantine(
            swap, "the generation before it survives the turn that it did not", turn->killed_by);
    turn->killer = NULL;
}

void swap_failed(const struct turn *turn)
{
    struct canary *canary = &turn->session->engine->swap->canary;
    if (canary->slot.loaded && turn->generation == canary->slot.loaded)
        canary->failed++;
}

/* --- the driver's verbs */

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
    empty(&swap->canary.slot);
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

bool swap_message(struct swap *swap, const struct wire *message)
{
    return probe_message(&swap->canary.probe, message) ||
           shadow_message(&swap->canary.shadow, message);
}

void swap_worker_gone(
    struct swap *swap, const struct crew_worker *worker, enum crew_end end, const char *why)
{
    probe_gone(&swap->canary.probe, worker, why);
    if (shadow_gone(&swap->canary.shadow, worker) && end != CREW_TOLD)
        swap->canary.crashed++;
}

static struct shadow *shadow_of(const struct turn *turn)
{
    struct swap *swap = turn->session->engine->swap;
    return swap->canary.slot.loaded && turn->generation == swap->active.loaded
               ? &swap->canary.shadow
               : NULL;
}

void swap_reply(struct turn *turn, const struct note *note)
{
    struct shadow *shadow = shadow_of(turn);
    if (shadow && shadow->wanted > 0)
        shadow_reply(shadow, turn, turn->session->engine->swap->canary.slot.loaded, note);
}

void swap_effect(const struct turn *turn, const struct wire_effect *effect)
{
    struct shadow *shadow = shadow_of(turn);
    if (shadow && shadow->wanted > 0)
        shadow_seen(shadow, turn, effect);
}

/* Its turns go on with what is active; its probe ends. */
static void end_of_canary(struct swap *swap)
{
    probe_end(&swap->canary.probe);
    shadow_end(&swap->canary.shadow);
    empty(&swap->canary.slot);
    swap->canary = (struct canary){ 0 };
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
    shadow_begin(&swap->canary.shadow, (uint32_t)steps);
    buf_text(out, "{\"ok\":true}");
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
    swap->canary.share = (uint32_t)share;
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
        buf_format(out, "{\"ok\":true,\"generation\":%" PRIu64 "}", number_of(&swap->active));
    return rc;
}

static int verb_retire(struct swap *swap, const struct json *root, struct arena *arena,
    struct buf *out, struct err *err)
{
    int rc = swap->canary.slot.loaded ? need_canary(swap, root, arena, err) : 0;
    if (rc < 0)
        return rc;
    end_of_canary(swap);
    buf_text(out, "{\"ok\":true}");
    return 0;
}

static const struct verb_row {
    const char *name;
    int (*run)(struct swap *swap, const struct json *root, struct arena *arena, struct buf *out,
        struct err *err);
} verbs[] = {
    { "load", verb_load },
    { "probe", verb_probe },
    { "shadow", verb_shadow },
    { "canary", verb_canary },
    { "activate", verb_activate },
    { "retire", verb_retire },
};

void swap_left(struct swap *swap, const void *client)
{
    if (!swap->canary.slot.loaded || swap->canary.holder != client)
        return;
    log_line(LOG_WARN, "candidate %.12s is left: its promotion ended before it did",
        swap->canary.candidate);
    end_of_canary(swap);
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
            number_of(&swap->active),
            hash_hex(hex, &crew_spec_of(swap->active.loaded)->generation));
    else
        buf_text(out, "\"generation\":null,\"generation_digest\":null");
    if (!whole)
        return;
    if (swap->before.loaded)
        buf_format(out, ",\"before\":%" PRIu64, number_of(&swap->before));
    if (canary->slot.loaded)
        buf_format(out,
            ",\"canary\":{\"candidate\":\"%s\",\"share\":%u,\"turns\":%" PRIu64 ",\"done\":%" PRIu64
            ",\"failed\":%" PRIu64 ",\"crashed\":%" PRIu64 ",\"probe\":\"%s\",\"why\":",
            canary->candidate, canary->share, canary->turns, canary->done, canary->failed,
            canary->crashed, probe_words[canary->probe.state]);
    if (canary->slot.loaded) {
        json_quote(out, str_of(canary->probe.why));
        buf_format(out,
            ",\"shadow\":{\"steps\":%u,\"same\":%" PRIu64 ",\"other\":%" PRIu64
            ",\"failed\":%" PRIu64 "}}",
            canary->shadow.begun, canary->shadow.same, canary->shadow.other, canary->shadow.failed);
    }
}
