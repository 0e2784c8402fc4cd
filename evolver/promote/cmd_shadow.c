/* cmd_shadow - moult shadow ID: what a candidate would do with the turns that come in now.
 *
 * The running service puts copies of live steps to the candidate (broker/watching.h) and keeps what
 * differs until it is asked; here it is fetched, told as it comes, and told in groups at the end.
 * Nothing is carried out, so a person can look before deciding. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "promote/cmd.h"
#include "promote/driver.h"
#include "trials/decisions.h"
#include "trials/shown.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STEPS_MAX = 10000000, LOOK_MS = 200, MS_NS = 1000000, SECOND_MS = 1000, INCONCLUSIVE = 3 };

struct shadowing {
    const struct verb_call *call;
    struct driver *driver;
    struct candidate candidate;
    uint64_t for_ms; /* 0: until ^C */
    uint64_t steps, same, other, failed, crashed, untold;
    struct decisions decisions;
    struct shown shown;
};

/* --- what differs */

static struct effects effects_of(const struct json *said, struct arena *arena)
{
    struct effects ret = { .request_same = true,
        .text = json_string(arena, json_get(said, "text")) };
    const struct json *calls = json_get(said, "calls");
    int end = NAME_FIND(effects_end_words, json_string(arena, json_get(said, "end")));
    ret.end = end < 0 ? EFFECTS_ASKED : (uint8_t)end;
    ret.calls = arena_alloc(arena, ((calls ? calls->count : 0) + 1) * sizeof *ret.calls);
    JSON_EACH(call, calls)
    {
        ret.calls[ret.calls_count++] =
            (struct effects_call){ json_string(arena, json_get(call, "name")),
                json_string(arena, json_get(call, "args")), false };
    }
    return ret;
}

/* The id by which moult trace finds it, and whether its words may be told: a group without a split
 * is moved for an example that is wanted, and for no other. */
static int find_example(struct shadowing *s, uint64_t number, bool wanted, struct arena *arena,
    struct decision_example *ret, struct err *err)
{
    struct journal_session *page;
    uint32_t count = 0;
    char hex[DIGEST_HEX];
    if (number == 0)
        return 0;
    int rc = journal_list(s->driver->journal, number - 1, arena, &page, &count, err);
    if (rc < 0 || count == 0 || page[0].number != number)
        return rc;
    ret->session = str_of(arena_string(arena, hash_hex(hex, &page[0].id), DIGEST_HEX - 1));
    rc = page[0].split == JOURNAL_NO_SPLIT && !wanted
             ? 0
             : shown_take(&s->shown, number, page[0].split, err);
    ret->shows = rc == 1;
    return rc < 0 ? rc : 0;
}

static void tell_one(
    const struct effects *was, const struct effects *is, uint64_t turn, uint32_t step)
{
    const struct decision decision = decision_of(was, is);
    char tool[200];
    verb_progress_clear();
    printf("turn %" PRIu64 ", step %u: %s: %s, then: %s\n", turn, step,
        str_printable(
            tool, sizeof tool, decision.tool.size ? decision.tool : STR("the step"), false),
        decision.was, decision.is);
    fflush(stdout);
}

static int add_told(struct shadowing *s, const struct json *told, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    JSON_EACH(one, told)
    {
        const struct effects was = effects_of(json_get(one, "was"), &arena);
        const struct effects is = effects_of(json_get(one, "is"), &arena);
        uint64_t number = (uint64_t)json_int(json_get(one, "session"), 0);
        struct decision_example example = { .session = STR(""),
            .step = (uint32_t)json_int(json_get(one, "step"), 0) };
        bool wanted = !decisions_has(&s->decisions, &was, &is);
        int rc = find_example(s, number, wanted, &arena, &example, err);
        if (rc < 0)
            return rc;
        decisions_add(&s->decisions, &was, &is, &example, false);
        if (!s->call->json)
            tell_one(&was, &is, (uint64_t)json_int(json_get(one, "turn"), 0), example.step);
    }
    return 0;
}

/* --- the service */

static int ask(struct shadowing *s, const char *verb, struct str body, struct arena *arena,
    const struct json **ret, struct err *err)
{
    struct str text;
    int rc = journal_service(s->driver->journal, verb, body, arena, &text, err);
    if (rc < 0)
        return rc;
    *ret = json_read(arena, text, NULL, err);
    return *ret ? 0 : err_while(err, "the service's answer to %s", verb);
}

static int look(struct shadowing *s, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *seen;
    int rc = ask(s, "watched", STR("{}"), &arena, &seen, err);
    if (rc < 0)
        return rc;
    s->steps = (uint64_t)json_int(json_get(seen, "steps"), 0);
    s->same = (uint64_t)json_int(json_get(seen, "same"), 0);
    s->other = (uint64_t)json_int(json_get(seen, "other"), 0);
    s->failed = (uint64_t)json_int(json_get(seen, "failed"), 0);
    s->crashed = (uint64_t)json_int(json_get(seen, "crashed"), 0);
    s->untold += (uint64_t)json_int(json_get(seen, "untold"), 0);
    verb_progress_of(s->same + s->other, 0, "steps");
    return add_told(s, json_get(seen, "told"), err);
}

static int begin(struct shadowing *s, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct json *answer;
    buf_format(&body, "{\"candidate\":\"%.*s\",\"steps\":%d}", (int)s->candidate.id.size,
        s->candidate.id.at, STEPS_MAX);
    return ask(s, "watch", buf_view(&body), &arena, &answer, err);
}

/* --- all */

/* True: a person or the service's end says that it is enough. */
static bool told_to_end(const sigset_t *ends)
{
    const struct timespec little = { .tv_nsec = (long)LOOK_MS * MS_NS };
    return sigtimedwait(ends, NULL, &little) > 0;
}

static int watch(struct shadowing *s, struct err *err)
{
    uint64_t from = clock_mono_ns();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int rc = begin(s, err);
    bool over = false;
    while (rc == 0 && !over) {
        over = told_to_end(&ends) || (s->for_ms > 0 && clock_mono_ns() - from >= s->for_ms * MS_NS);
        rc = look(s, err);
    }
    return rc;
}

static void tell(struct shadowing *s, uint64_t ms)
{
    CLEANUP(buf_done) struct buf groups = { 0 };
    double rate = ms ? (double)(s->same + s->other) * SECOND_MS / (double)ms : 0;
    verb_progress_clear();
    (s->call->json ? decisions_json : decisions_text)(&groups, &s->decisions);
    if (s->call->json)
        printf("{\"candidate\":\"%.*s\",\"groups\":%s,\"totals\":{\"steps\":%" PRIu64
               ",\"same\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"failed\":%" PRIu64
               ",\"crashed\":%" PRIu64 ",\"untold\":%" PRIu64 ",\"ms\":%" PRIu64
               ",\"steps_a_second\":%.1f}}\n",
            (int)s->candidate.id.size, s->candidate.id.at, groups.at, s->steps, s->same, s->other,
            s->failed, s->crashed, s->untold, ms, rate);
    else
        printf("%s%s%" PRIu64 " copies of live steps: %" PRIu64 " as the active harness, %" PRIu64
               " otherwise, %" PRIu64 " not answered; %.1f a second\n",
            groups.size ? "\n" : "", groups.size ? groups.at : "", s->steps, s->same, s->other,
            s->failed, rate);
    if (!s->call->json && s->untold > 0)
        printf("%" PRIu64 " of those came faster than they could be told\n", s->untold);
}

/* Made for what is active: beside anything else it was never replayed. */
static int check(const struct shadowing *s, struct err *err)
{
    const struct candidate *candidate = &s->candidate;
    if (str_equal(candidate->parent, str_of(s->driver->active.hex)))
        return 0;
    err_set(err, ERR_STATE, "candidate %.12s was made for another generation than the active one",
        candidate->id.at);
    return err_hint(err, "moult candidates says which wait; moult evolve makes one for this");
}

static int shadow(struct shadowing *s, const char *id, struct err *err)
{
    struct driver *driver = s->driver;
    int rc = candidate_find(driver->journal, &driver->arena, str_of(id), &s->candidate, err);
    if (rc == 0)
        rc = check(s, err);
    uint64_t from = clock_mono_ns();
    if (rc == 0)
        rc = watch(s, err);
    if (rc < 0)
        return rc;
    tell(s, (clock_mono_ns() - from) / MS_NS);
    if (s->failed + s->crashed > 0)
        return 1;
    return s->same + s->other > 0 ? 0 : INCONCLUSIVE;
}

static int run_shadow(const struct verb_call *call, struct err *err)
{
    const char *args[1], *length = NULL;
    const struct option options[] = {
        { "--for", 0, OPTION_TEXT, "TIME", "so long: 45s, 30m, 12h (default: until ^C)", &length },
        { 0 },
    };
    struct driver driver;
    int rc = verb_options(call, &verb_shadow, options, args, COUNT_OF(args), err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "shadow wants a candidate's id");
    CLEANUP(mem_freep) struct shadowing *s = mem_zero(1, sizeof *s);
    if (length && (rc = option_span("--for", length, &s->for_ms, err)) == 0 && s->for_ms == 0)
        rc = err_set(err, ERR_USAGE, "--for %s: that is no time at all", length);
    if (rc < 0 || (rc = driver_open(&driver, call, err)) < 0)
        return rc;
    s->call = call;
    s->driver = &driver;
    s->shown.home = &driver.home;
    rc = shadow(s, args[0], err);
    shown_done(&s->shown);
    decisions_done(&s->decisions);
    driver_done(&driver);
    return rc;
}

const struct verb verb_shadow = { "shadow", run_shadow, "shadow ID [--for TIME]",
    "what a candidate would do with the turns that come in now, on copies of them" };
