/* canary - see canary.h. */
#include "promote/canary.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/shadowed.h"
#include "trials/trip.h"

#include <stdio.h>
#include <time.h>

/* Under a mandate nobody looks: so many units with clean live turns exclude that one in ten goes
 * bad, at 95 % (29 of them), and no time stands in for them; the driver asks again in its next
 * round. */
#define CLEAN_MARGIN .10
enum { CLEAN_MS = 50 * 60 * 1000, CLEAN_TURNS_EACH = 20 };
enum {
    LOOK_MS = 20,
    PROBE_MS = 30000,
    WHY_MAX = 200,
    SHADOW_STEPS = 16,
    SHADOW_MS = 1000,
    TURN_MS = 10000
};

static int ask(struct driver *driver, const char *verb, struct str body, struct arena *arena,
    const struct json **ret, struct err *err)
{
    struct str text;
    int rc = journal_service(driver->journal, verb, body, arena, &text, err);
    if (rc < 0)
        return rc;
    *ret = json_read(arena, text, NULL, err);
    return *ret ? 0 : err_while(err, "the service's answer to %s", verb);
}

static int ask_of(struct driver *driver, const char *verb, const struct candidate *candidate,
    const char *more, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct json *answer;
    buf_format(
        &body, "{\"candidate\":\"%.*s\"%s}", (int)candidate->id.size, candidate->id.at, more);
    return ask(driver, verb, buf_view(&body), &driver->arena, &answer, err);
}

/* 1 a service runs, 0 none does. */
static int find_service(struct driver *driver, const struct json **ret, struct err *err)
{
    int rc = ask(driver, "status", STR("{}"), &driver->arena, ret, err);
    return rc == -ERR_STATE ? 0 : rc < 0 ? rc : 1;
}

/* A generation that its service has quarantined is nothing to build on. */
static int check_follows(struct driver *driver, const struct json *status, struct err *err)
{
    int64_t on = json_int(json_get(status, "generation"), -1);
    bool none = json_is(json_get(status, "generation"), JSON_NULL); /* a repair is the way out */
    if (driver->admissions_count == 0 || none || on == (int64_t)driver_last(driver)->number)
        return 0;
    err_set(err, ERR_STATE, "generation %u is active, but the service is on generation %lld",
        driver_last(driver)->number, (long long)on);
    return err_hint(err, "it was quarantined: moult rollback goes back to what works");
}

/* What the service says of this candidate, in the arena: it is asked many times. */
static int look(const struct json **ret, struct driver *driver, const struct candidate *candidate,
    struct arena *arena, struct err *err)
{
    const struct json *status;
    int rc = ask(driver, "status", STR("{}"), arena, &status, err);
    if (rc < 0)
        return rc;
    *ret = json_get(status, "canary");
    if (str_equal(json_string(arena, json_get(*ret, "candidate")), candidate->id))
        return 0;
    err_set(err, ERR_STATE, "the service does not know candidate %.12s any more", candidate->id.at);
    return err_hint(err, "moult promote %.12s begins again", candidate->id.at);
}

static void wait_a_little(void)
{
    const struct timespec time = { .tv_nsec = LOOK_MS * 1000000L };
    nanosleep(&time, NULL);
}

static bool is_over(uint64_t began_ns, uint64_t limit_ms)
{
    return clock_mono_ns() - began_ns >= limit_ms * 1000000;
}

static int quarantine(
    struct driver *driver, struct candidate *candidate, const char *why, struct err *err)
{
    int rc = candidate_end(driver->journal, &driver->arena, candidate, ON_QUARANTINE, why, err);
    if (rc < 0)
        return rc;
    err_set(err, ERR_DENIED, "candidate %.12s is quarantined: %s", candidate->id.at, why);
    return err_hint(err, "what was active still is; moult show %.12s", candidate->id.at);
}

/* A made turn in a worker of its own; the service goes on meanwhile. */
static int await_probe(struct driver *driver, struct candidate *candidate, struct err *err)
{
    const struct json *canary;
    char why[WHY_MAX];
    for (uint64_t began_ns = clock_mono_ns();; wait_a_little()) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        int rc = look(&canary, driver, candidate, &arena, err);
        if (rc < 0)
            return rc;
        struct str probe = json_string(&arena, json_get(canary, "probe"));
        if (str_equal(probe, STR("passed")))
            return 0;
        if (!str_equal(probe, STR("running"))) {
            char text[WHY_MAX / 2];
            str_printable(text, sizeof text, json_string(&arena, json_get(canary, "why")), false);
            snprintf(why, sizeof why, "its probe failed: %s", text);
            return quarantine(driver, candidate, why, err);
        }
        if (is_over(began_ns, PROBE_MS))
            return quarantine(driver, candidate, "its probe did not end", err);
    }
}

static int probe(struct driver *driver, struct candidate *candidate, struct err *err)
{
    char why[WHY_MAX];
    int rc = ask_of(driver, "probe", candidate, "", err);
    if (rc == -ERR_PEER) { /* the worker refuses the builds */
        snprintf(why, sizeof why, "%.150s", err->text);
        return quarantine(driver, candidate, why, err);
    }
    return rc < 0 ? rc : await_probe(driver, candidate, err);
}

static uint32_t count_of(const struct json *canary, const char *name)
{
    return (uint32_t)json_int(json_get(canary, name), 0);
}

/* What the live turns have to be like. */
struct wanted {
    uint32_t turns, failed;
    uint32_t units; /* clean ones */
    uint64_t ms;
    bool all; /* time alone is not enough */
};

static bool under_mandate(const struct candidate *candidate)
{
    return hash_zero(&candidate->approval) && !hash_zero(&candidate->mandate);
}

static struct wanted wanted_of(const struct driver *driver, const struct candidate *candidate)
{
    const struct config_canary *limits = &driver->config.canary;
    if (!under_mandate(candidate))
        return (struct wanted){
            .turns = limits->turns, .failed = limits->failed, .ms = 1000ull * limits->seconds
        };
    uint32_t units = trip_clean_units(CLEAN_MARGIN);
    return (struct wanted){ .turns = limits->turns > units ? limits->turns : units,
        .units = units,
        .ms = CLEAN_MS,
        .all = true };
}

/* The service counts; what its votes mean is worked out here, each time from the first. */
static bool has_tripped(uint32_t share, const struct json *canary, struct trip *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str votes = json_string(&arena, json_get(canary, "votes"));
    trip_begin(ret, share / 100.0);
    for (size_t i = 0; i < votes.size; i++)
        trip_vote(ret, votes.at[i] == 'n');
    return ret->tripped;
}

/* What speaks against it, as words; empty: nothing does. */
static void judge_turns(char why[WHY_MAX], const struct driver *driver, const struct json *canary,
    const struct canary_seen *seen, const struct wanted *wanted)
{
    struct trip trip;
    why[0] = 0;
    if (seen->crashed > 0 || seen->failed > wanted->failed)
        snprintf(why, WHY_MAX, "of its first live turns %u ended well, %u failed, %u crashed",
            seen->turns, seen->failed, seen->crashed);
    else if (has_tripped(driver->config.canary.share, canary, &trip))
        snprintf(why, WHY_MAX,
            "%u of the %u whose turns went bad were in its share of %u %%: more than chance",
            trip.new_votes, trip.votes, driver->config.canary.share);
}

/* Until enough turns ended well, too many badly, or it has taken too long: who has no traffic is
 * not kept waiting, and is told how few turns there were. */
static int watch(
    struct canary_seen *ret, struct driver *driver, struct candidate *candidate, struct err *err)
{
    const struct wanted wanted = wanted_of(driver, candidate);
    char why[WHY_MAX];
    for (uint64_t began_ns = clock_mono_ns();; wait_a_little()) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct json *canary;
        int rc = look(&canary, driver, candidate, &arena, err);
        if (rc < 0)
            return rc;
        ret->turns = count_of(canary, "done");
        ret->failed = count_of(canary, "failed");
        ret->crashed = count_of(canary, "crashed");
        ret->units = count_of(canary, "units");
        ret->clean = count_of(canary, "clean");
        judge_turns(why, driver, canary, ret, &wanted);
        if (why[0])
            return quarantine(driver, candidate, why, err);
        if (ret->turns >= wanted.turns && ret->clean >= wanted.units)
            return 0;
        if (is_over(began_ns, wanted.ms))
            return wanted.all
                       ? err_set(err, ERR_STATE,
                             "%u of %u live turns ended well so far, of %u of %u %s", ret->turns,
                             wanted.turns, ret->clean, wanted.units, "principals or sessions")
                       : 0;
    }
}

static int take_told(struct shadowed *ret, struct driver *driver, const struct candidate *candidate,
    struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct json *answer;
    buf_format(&body, "{\"candidate\":\"%.*s\"}", (int)candidate->id.size, candidate->id.at);
    int rc = ask(driver, "shadowed", buf_view(&body), arena, &answer, err);
    if (rc == 0)
        shadowed_add(ret, json_get(answer, "told"));
    return rc;
}

static int look_at_copies(struct canary_seen *ret, struct shadowed *shadowed, struct driver *driver,
    struct candidate *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *canary;
    struct shadowed_delta delta;
    char why[WHY_MAX];
    int rc = look(&canary, driver, candidate, &arena, err);
    if (rc < 0)
        return rc;
    const struct json *seen = json_get(canary, "shadow");
    ret->shadow_same = count_of(seen, "same");
    ret->shadow_other = count_of(seen, "other");
    if (count_of(seen, "failed") > 0 || count_of(canary, "crashed") > 0) {
        snprintf(why, sizeof why, "it did not answer %u of %u copies of live steps",
            count_of(seen, "failed"), count_of(seen, "steps"));
        return quarantine(driver, candidate, why, err);
    }
    rc = ret->shadow_other > 0 && shadowed->detector
             ? take_told(shadowed, driver, candidate, &arena, err)
             : 0;
    if (rc == 0)
        rc = shadowed_judge(&delta, shadowed, driver, err);
    if (rc > 0) {
        snprintf(why, sizeof why,
            "with a copy of live turn %llu it does otherwise, and what it mends is not there",
            (unsigned long long)delta.turn);
        return quarantine(driver, candidate, why, err);
    }
    return rc;
}

/* Copies of live steps, nothing carried out, for as long as they take or a moment where nothing
 * happens. What differs has to be the repair; that it does not answer ends it. */
static int shadow(
    struct canary_seen *ret, struct driver *driver, struct candidate *candidate, struct err *err)
{
    struct shadowed shadowed;
    char more[60];
    if (driver->config.canary.seconds == 0) /* nothing is waited for */
        return 0;
    snprintf(more, sizeof more, ",\"steps\":%d", SHADOW_STEPS);
    int rc = shadowed_begin(&shadowed, driver, candidate, err);
    if (rc == 0)
        rc = ask_of(driver, "shadow", candidate, more, err);
    bool over = false;
    for (uint64_t began_ns = clock_mono_ns(); rc == 0 && !over; wait_a_little()) {
        rc = look_at_copies(ret, &shadowed, driver, candidate, err);
        bool enough = ret->shadow_same + ret->shadow_other >= SHADOW_STEPS;
        over = shadowed.count > 0 ? is_over(began_ns, TURN_MS)
                                  : enough || is_over(began_ns, SHADOW_MS);
    }
    return rc;
}

static int give_turns(
    struct canary_seen *ret, struct driver *driver, struct candidate *candidate, struct err *err)
{
    const struct wanted wanted = wanted_of(driver, candidate);
    char more[80];
    if (wanted.turns == 0)
        return 0;
    snprintf(more, sizeof more, ",\"share\":%u,\"turns\":%u", driver->config.canary.share,
        wanted.all ? CLEAN_TURNS_EACH * wanted.turns /* one may talk more than others */
                   : wanted.turns + wanted.failed);
    int rc = ask_of(driver, "canary", candidate, more, err);
    return rc < 0 ? rc : watch(ret, driver, candidate, err);
}

static int enter(struct driver *driver, struct candidate *candidate, struct err *err)
{
    if (candidate->stage == STAGE_CANARY) /* the driver was killed here */
        return 0;
    return candidate_move(driver->journal, candidate, ON_CANARY, err);
}

void canary_give_up(struct driver *driver, const struct candidate *candidate)
{
    ask_of(driver, "retire", candidate, "", NULL);
}

int canary_run(
    struct canary_seen *ret, struct driver *driver, struct candidate *candidate, struct err *err)
{
    struct canary_seen seen = { 0 };
    const struct json *status;
    int rc = find_service(driver, &status, err);
    if (rc == 0 && under_mandate(candidate))
        return err_set(err, ERR_STATE, "no service runs, so it can have no live turns first");
    seen.service = rc > 0;
    if (rc > 0 && (rc = check_follows(driver, status, err)) == 0) {
        rc = enter(driver, candidate, err);
        if (rc == 0)
            rc = ask_of(driver, "load", candidate, "", err);
        if (rc == 0)
            rc = probe(driver, candidate, err);
        if (rc == 0)
            rc = shadow(&seen, driver, candidate, err);
        if (rc == 0)
            rc = give_turns(&seen, driver, candidate, err);
        if (rc < 0)
            canary_give_up(driver, candidate);
    }
    *ret = seen;
    return rc < 0 ? rc : 0;
}

int canary_activated(
    struct driver *driver, uint32_t number, const struct candidate *candidate, struct err *err)
{
    const struct json *answer = NULL;
    int rc = find_service(driver, &answer, err);
    if (rc <= 0)
        return rc;
    rc = ask(driver, "activate", STR("{}"), &driver->arena, &answer, err);
    if (candidate)
        canary_give_up(driver, candidate);
    if (rc < 0)
        return err_while(err, "generation %u is admitted, but the service", number);
    int64_t on = json_int(json_get(answer, "generation"), -1);
    return on == (int64_t)number
               ? 0
               : err_set(err, ERR_STATE,
                     "generation %u is admitted, but the service is on generation %lld", number,
                     (long long)on);
}
