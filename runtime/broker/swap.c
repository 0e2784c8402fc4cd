/* swap - see swap.h. */
#include "broker/swap_inside.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/generation.h"
#include "broker/turn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LAST UINT64_MAX

uint64_t swap_number(const struct slot *slot)
{
    return crew_spec_of(slot->loaded)->number;
}

void swap_empty(struct slot *slot)
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
    if (swap->active.loaded && swap_number(&swap->active) == swap_number(&next)) {
        swap_empty(&next);
        return 0;
    }
    swap_empty(&swap->before);
    swap->before = swap->active;
    swap->active = next;
    swap->lost = 0;
    watching_end(&swap->watching); /* it stood in the generation before */
    if (swap->before.loaded)
        swap->engine->metrics.swaps++;
    if (canary_is_active(swap))
        swap_end_canary(swap);
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
    else if (swap_number(&swap->active) > 0 &&
             load_newest(swap, swap_number(&swap->active) - 1, &swap->before, &unused) < 0)
        log_line(LOG_WARN, "no earlier generation to fall back to: %s", unused.text);
    *ret = swap;
    return 0;
}

void swap_free(struct swap *swap)
{
    if (!swap)
        return;
    watching_end(&swap->watching);
    swap_empty(&swap->canary.slot);
    swap_empty(&swap->before);
    swap_empty(&swap->active);
    generations_free(swap->generations);
    free(swap);
}

struct crew_generation *swap_active(const struct swap *swap)
{
    return swap->active.loaded;
}

/* --- which one a turn gets */

static struct canary_unit *unit_of(struct canary *canary, const struct turn *turn)
{
    const struct session *session = turn->session;
    return canary->slot.loaded ? canary_unit_of(&canary->units, session->principal, session->number)
                               : NULL;
}

static bool wants_canary(struct canary *canary, const struct turn *turn)
{
    const struct canary_unit *unit = unit_of(canary, turn);
    return unit && unit->in_new && canary->turns < canary->turns_max;
}

/* A bad turn of the candidate, or of what is active beside it. */
static void note_bad(struct swap *swap, const struct turn *turn)
{
    struct canary *canary = &swap->canary;
    bool on_new = canary->slot.loaded && turn->generation == canary->slot.loaded;
    if (on_new || turn->generation == swap->active.loaded)
        canary_unit_bad(&canary->units, unit_of(canary, turn), on_new);
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
    uint64_t number = swap_number(&swap->active);
    if (!swap->before.loaded)
        return; /* nothing to go back to: turns end one by one, and say so */
    if (journal_quarantine(swap, reason, why, &err) < 0)
        log_line(LOG_ERROR, "quarantine: %s", err.text);
    log_line(LOG_ERROR,
        "generation %" PRIu64 " is quarantined (%s: %s); %" PRIu64 " is active again", number,
        reason, why, swap_number(&swap->before));
    swap->engine->metrics.quarantined++;
    struct slot bad = swap->active;
    swap->active = swap->before;
    swap->before = (struct slot){ 0 };
    swap->lost = 0;
    if (swap_number(&swap->active) > 0 &&
        load_newest(swap, swap_number(&swap->active) - 1, &swap->before, &err) < 0)
        log_line(LOG_WARN, "no earlier generation to fall back to: %s", err.text);
    swap_empty(&bad);
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

static void end_share(struct swap *swap)
{
    swap->canary.crashed++;
    swap->canary.units.share = 0; /* it gets no more turns; the driver takes it away */
}

/* A lone generation is not quarantined: some of its turns come through, and without it none. */
static void lose(struct swap *swap, const char *why)
{
    if (swap->lost++ == 0)
        log_line(LOG_ERROR, "generation %" PRIu64 " ended a turn, and there is none to go back to",
            swap_number(&swap->active));
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
            swap_number(&swap->active), swap->lost, swap->lost == 1 ? "" : "s", swap->lost_why);
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
    note_bad(swap, turn);
    if (slot == &swap->canary.slot) {
        end_share(swap);
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
    bool on_new = swap->canary.slot.loaded && turn->generation == swap->canary.slot.loaded;
    swap->canary.done += on_new;
    canary_unit_done(unit_of(&swap->canary, turn), on_new);
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
    note_bad(turn->session->engine->swap, turn);
    if (canary->slot.loaded && turn->generation == canary->slot.loaded)
        canary->failed++;
}

/* --- copies for who only looks */

bool swap_message(struct swap *swap, const struct wire *message)
{
    return probe_message(&swap->canary.probe, message) ||
           shadow_message(&swap->canary.shadow, message) ||
           shadow_message(&swap->watching.shadow, message);
}

void swap_worker_gone(
    struct swap *swap, const struct crew_worker *worker, enum crew_end end, const char *why)
{
    probe_gone(&swap->canary.probe, worker, why);
    if (shadow_gone(&swap->canary.shadow, worker) && end != CREW_TOLD)
        swap->canary.crashed++;
    if (shadow_gone(&swap->watching.shadow, worker) && end != CREW_TOLD)
        swap->watching.crashed++;
}

/* Copies are made of what the active generation works on, no other's. */
static bool is_active(const struct turn *turn)
{
    return turn->generation == turn->session->engine->swap->active.loaded;
}

void swap_reply(struct turn *turn, const struct note *note)
{
    struct swap *swap = turn->session->engine->swap;
    if (swap->canary.slot.loaded && is_active(turn))
        shadow_reply(&swap->canary.shadow, turn, swap->canary.slot.loaded, note);
    if (swap->watching.loaded && is_active(turn))
        shadow_reply(&swap->watching.shadow, turn, swap->watching.loaded, note);
}

void swap_effect(const struct turn *turn, const struct wire_effect *effect)
{
    struct swap *swap = turn->session->engine->swap;
    if (swap->canary.slot.loaded && is_active(turn))
        shadow_seen(&swap->canary.shadow, turn, effect);
    if (swap->watching.loaded && is_active(turn))
        shadow_seen(&swap->watching.shadow, turn, effect);
}

/* Its turns go on with what is active; its probe ends. */
void swap_end_canary(struct swap *swap)
{
    probe_end(&swap->canary.probe);
    shadow_end(&swap->canary.shadow);
    swap_empty(&swap->canary.slot);
    swap->canary = (struct canary){ 0 };
}
