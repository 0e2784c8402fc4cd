/* generation - see generation.h. Each link is a check in a table, so that none is left out. */
#include "broker/generation.h"

#include "admission/admission.h"
#include "admission/approve.h"
#include "admission/generation.h"
#include "base/clock.h"
#include "base/mem.h"
#include "broker/mandated.h"

#include <stdio.h>

struct held { /* an admission that holds */
    struct digest digest, generation;
    struct digest mandate; /* that it rests on, or zero */
    uint8_t kind;
    char plugin[MANDATE_NAME_MAX + 1];
};
struct generations {
    struct store *store;
    const struct home *home;
    struct held *held; /* by number */
    uint32_t count, room;
    uint32_t reviewers; /* the highest number of the list that one rested on */
};
/* One admission in work. */
struct link {
    struct generations *of;
    struct arena arena;
    struct admission admission;
    struct generation generation, before; /* before: empty at init */
    struct reviewers reviewers;
};

struct generations *generations_new(struct store *store, const struct home *home)
{
    struct generations *generations = mem_zero(1, sizeof *generations);
    generations->store = store;
    generations->home = home;
    return generations;
}

void generations_free(struct generations *generations)
{
    if (!generations)
        return;
    mem_freep(&generations->held);
    mem_freep(&generations);
}

/* --- documents */

static int read_generation(struct generation *ret, struct generations *of,
    const struct digest *digest, struct arena *arena, struct err *err)
{
    struct str text;
    int rc = mandated_document(of->store, "generation", digest, arena, &text, err);
    return rc < 0 ? rc : generation_read(ret, text, arena, err);
}

/* --- one admission */

static int broken(struct err *err, const char *what)
{
    return err_set(err, ERR_VERIFY, "%s", what);
}

static int check_place(struct link *link, struct err *err)
{
    const struct admission *admission = &link->admission;
    const struct generations *of = link->of;
    if (!str_equal(admission->home, str_of(of->home->id)))
        return broken(err, "it is of another home");
    if (admission->number != of->count)
        return broken(err, "its number is another");
    if (of->count == 0)
        return hash_zero(&admission->before) ? 0 : broken(err, "something came before the first");
    return hash_equal(&admission->before, &of->held[of->count - 1].digest)
               ? 0
               : broken(err, "the admission before it is another");
}

static int check_kind(struct link *link, struct err *err)
{
    bool first = link->of->count == 0;
    return (link->admission.kind == ADMIT_INIT) == first
               ? 0
               : broken(err, "only the first is admitted without any");
}

static int check_generation(struct link *link, struct err *err)
{
    struct generations *of = link->of;
    const struct admission *admission = &link->admission;
    int rc = read_generation(&link->generation, of, &admission->generation, &link->arena, err);
    if (rc == 0 && of->count > 0)
        rc = read_generation(
            &link->before, of, &of->held[of->count - 1].generation, &link->arena, err);
    if (rc < 0)
        return rc;
    if (link->generation.number != admission->number)
        return broken(err, "its generation has another number");
    if (!str_equal(link->generation.commit, admission->commit))
        return broken(err, "its generation is of another commit");
    return 0;
}

/* Every build but the named one is the same in both. */
static int check_same(
    const struct generation *now, const struct generation *then, struct str except, struct err *err)
{
    if (now->builds_count != then->builds_count || !str_equal(now->pipeline, then->pipeline))
        return broken(err, "its generation has other plugins");
    for (uint32_t i = 0; i < now->builds_count; i++) {
        const struct generation_build *build = &now->builds[i];
        const struct generation_build *old = generation_find(then, build->name);
        if (!old || (!str_equal(build->name, except) && !hash_equal(&build->build, &old->build)))
            return err_set(err, ERR_VERIFY, "nothing admitted this build of %.*s",
                (int)build->name.size, build->name.at);
    }
    return 0;
}

static int check_build(const struct generation *generation, struct str plugin,
    const struct digest *want, struct err *err)
{
    const struct generation_build *build = generation_find(generation, plugin);
    return build && hash_equal(&build->build, want)
               ? 0
               : broken(err, "its generation holds another build than was admitted");
}

/* An old list that was put back would know nothing of who was revoked since. */
static int read_reviewers(struct reviewers *ret, const struct generations *of,
    const struct admission *admission, struct err *err)
{
    uint32_t least = of->reviewers;
    if (admission && admission->reviewers > least)
        least = admission->reviewers;
    int rc = reviewers_read(ret, of->home, err);
    if (rc < 0 || ret->number >= least)
        return rc;
    return err_set(err, ERR_VERIFY,
        "the list of reviewers has number %llu; an approval rested on number %u",
        (unsigned long long)ret->number, least);
}

static int check_approval(struct link *link, struct err *err)
{
    const struct admission *admission = &link->admission;
    struct approval want = { .batch = admission->batch,
        .tree = link->generation.tree,
        .build = admission->build,
        .report = admission->report,
        .policy = admission->policy,
        .admission_before = admission->before,
        .corpus = admission->corpus };
    struct approval have;
    struct str envelope;
    int rc = hash_unhex(&want.candidate, admission->candidate, err);
    if (rc == 0)
        rc = mandated_document(
            link->of->store, "approval", &admission->approval, &link->arena, &envelope, err);
    if (rc == 0)
        rc = read_reviewers(&link->reviewers, link->of, admission, err);
    if (rc == 0)
        rc = approval_held(&have, envelope, &want, link->of->home, &link->reviewers,
            admission->reviewers, 1000 * (uint64_t)admission->at_s, err);
    if (rc < 0)
        return rc;
    if (!str_equal(admission->by, str_of(have.by)) || admission->unattended != have.unattended)
        return broken(err, "its approval was given by another");
    return 0;
}

/* --- under a mandate */

static bool knows(const struct generations *of, const struct digest *admission)
{
    bool known = false;
    for (uint32_t i = 0; i < of->count && !known; i++)
        known = hash_equal(&of->held[i].digest, admission);
    return known;
}

static struct mandate_past past_of(
    const struct generations *of, const struct digest *mandate, struct str plugin)
{
    struct mandate_past past = { 0 };
    for (uint32_t i = 0; i < of->count; i++) {
        const struct admission one = { .kind = of->held[i].kind,
            .mandate = of->held[i].mandate,
            .plugin = str_of(of->held[i].plugin) };
        mandate_past_add(&past, &one, mandate, plugin);
    }
    return past;
}

/* reviewers: read already. before: the active build of the plugin. */
static int check_mandated(struct generations *of, struct mandated *asked,
    const struct generation_build *before, const struct reviewers *reviewers, struct mandate *ret,
    struct arena *arena, struct err *err)
{
    if (!before)
        return broken(err, "its plugin is not part of the active generation");
    asked->path = before->path;
    asked->build_before = before->build;
    asked->past = past_of(of, &asked->want.mandate, asked->plugin);
    int rc = mandated_check(ret, asked, of->store, of->home, reviewers, arena, err);
    return rc < 0 || knows(of, &ret->admission_before)
               ? rc
               : broken(err, "its mandate was given for other admissions than these");
}

static int check_mandate(struct link *link, struct err *err)
{
    const struct admission *admission = &link->admission;
    struct mandated asked = { .want = { .batch = admission->batch,
                                  .build = admission->build,
                                  .report = admission->report,
                                  .policy = admission->policy,
                                  .mandate = admission->mandate,
                                  .admission_before = admission->before },
        .confirmation = admission->confirmation,
        .plugin = admission->plugin,
        .at_ms = 1000 * (uint64_t)admission->at_s,
        .list = admission->reviewers };
    struct mandate mandate;
    if (!hash_zero(&admission->approval))
        return broken(err, "it rests on an approval and on a mandate");
    int rc = hash_unhex(&asked.want.candidate, admission->candidate, err);
    if (rc == 0)
        rc = read_reviewers(&link->reviewers, link->of, admission, err);
    if (rc == 0)
        rc = check_mandated(link->of, &asked, generation_find(&link->before, admission->plugin),
            &link->reviewers, &mandate, &link->arena, err);
    if (rc < 0)
        return rc;
    if (!str_equal(admission->by, str_of(mandate.by)) ||
        admission->unattended != mandate.unattended)
        return broken(err, "its mandate was given by another");
    return 0;
}

static int check_promotion(struct link *link, struct err *err)
{
    const struct admission *admission = &link->admission;
    int rc = check_same(&link->generation, &link->before, admission->plugin, err);
    if (rc == 0)
        rc = check_build(&link->generation, admission->plugin, &admission->build, err);
    if (rc < 0)
        return rc;
    return hash_zero(&admission->mandate) ? check_approval(link, err) : check_mandate(link, err);
}

static int find_returned(struct generation *ret, struct link *link, struct err *err)
{
    const struct generations *of = link->of;
    for (uint32_t i = 0; i < of->count; i++)
        if (hash_equal(&of->held[i].digest, &link->admission.returns))
            return read_generation(ret, link->of, &of->held[i].generation, &link->arena, err);
    return broken(err, "what it returns to was never admitted");
}

/* One plugin, or all of them, as they were at the admission that it names. */
static int check_rollback(struct link *link, struct err *err)
{
    const struct admission *admission = &link->admission;
    struct generation returned;
    int rc = find_returned(&returned, link, err);
    if (rc < 0 || admission->plugin.size == 0)
        return rc < 0 ? rc : check_same(&link->generation, &returned, (struct str){ 0 }, err);
    const struct generation_build *old = generation_find(&returned, admission->plugin);
    if (!old)
        return broken(err, "what it returns to has no such plugin");
    rc = check_same(&link->generation, &link->before, admission->plugin, err);
    return rc < 0 ? rc : check_build(&link->generation, admission->plugin, &old->build, err);
}

static int check_init(struct link *link, struct err *err)
{
    return link->generation.builds_count > 0 ? 0 : broken(err, "it has no builds");
}

static int (*const by_kind[ADMISSION_KINDS])(struct link *, struct err *) = {
    [ADMIT_INIT] = check_init,
    [ADMIT_PROMOTION] = check_promotion,
    [ADMIT_ROLLBACK] = check_rollback,
};

static int check_all(struct link *link, const struct journal_admission *row, struct err *err)
{
    int rc = admission_read(&link->admission, row, &link->arena, err);
    if (rc == 0)
        rc = check_place(link, err);
    if (rc == 0)
        rc = check_kind(link, err);
    if (rc == 0)
        rc = check_generation(link, err);
    return rc < 0 ? rc : by_kind[link->admission.kind](link, err);
}

static int hold(struct generations *of, const struct journal_admission *row, struct err *err)
{
    struct link *link = mem_zero(1, sizeof *link);
    link->of = of;
    int rc = check_all(link, row, err);
    if (rc == 0 && of->count == of->room) {
        of->room = of->room ? 2 * of->room : 16;
        of->held = mem_grow(of->held, of->room, sizeof *of->held);
    }
    if (rc == 0) {
        const struct admission *admission = &link->admission;
        struct held *held = &of->held[of->count++];
        *held = (struct held){ .digest = admission->digest,
            .generation = admission->generation,
            .mandate = admission->mandate,
            .kind = admission->kind };
        snprintf(held->plugin, sizeof held->plugin, "%.*s", (int)admission->plugin.size,
            admission->plugin.size ? admission->plugin.at : "");
        if (admission->reviewers > of->reviewers)
            of->reviewers = admission->reviewers;
    }
    arena_done(&link->arena);
    mem_freep(&link);
    return rc < 0 ? err_while(err, "admission %llu may not run", (unsigned long long)row->number)
                  : 0;
}

/* --- all of them */

static int hold_page(struct generations *of, uint32_t *ret_count, struct err *err)
{
    CLEANUP(buf_done) struct buf packed = { 0 };
    int rc = store_admissions(of->store, of->count, &packed, err);
    if (rc < 0)
        return rc;
    struct unpack in = unpack_begin(buf_view(&packed));
    uint32_t count = unpack_u32(&in);
    for (uint32_t i = 0; rc == 0 && i < count && !in.bad; i++) {
        struct journal_admission row;
        row.number = unpack_u64(&in);
        row.at_ms = unpack_u64(&in);
        row.digest = unpack_digest(&in);
        row.body = unpack_text(&in, JOURNAL_BODY_MAX);
        rc = hold(of, &row, err);
    }
    if (rc == 0 && !unpack_end(&in))
        rc = broken(err, "a row of admissions is none");
    *ret_count = count;
    return rc;
}

static int hold_all(struct generations *of, struct err *err)
{
    int rc = 0;
    for (uint32_t count = 1; rc == 0 && count > 0;)
        rc = hold_page(of, &count, err);
    if (rc == 0 && of->count == 0) {
        err_set(err, ERR_MISSING, "nothing was admitted in this home");
        return err_hint(err, "moult init admits the first generation");
    }
    return rc;
}

static int fill(struct crew_spec *ret, struct generations *of, uint32_t number, struct arena *arena,
    struct err *err)
{
    struct generation generation;
    int rc = read_generation(&generation, of, &of->held[number].generation, arena, err);
    if (rc < 0)
        return rc;
    struct crew_build *builds = arena_alloc(arena, (generation.builds_count + 1) * sizeof *builds);
    for (uint32_t i = 0; i < generation.builds_count; i++)
        builds[i] = (struct crew_build){ generation.builds[i].name, generation.builds[i].build };
    *ret = (struct crew_spec){ .number = number,
        .generation = of->held[number].generation,
        .pipeline = generation.pipeline,
        .builds = builds,
        .builds_count = generation.builds_count };
    return 0;
}

int generation_active(
    struct crew_spec *ret, struct generations *generations, struct arena *arena, struct err *err)
{
    int rc = hold_all(generations, err);
    return rc < 0 ? rc : fill(ret, generations, generations->count - 1, arena, err);
}

int generation_at(struct crew_spec *ret, struct generations *generations, uint64_t number,
    struct arena *arena, struct err *err)
{
    int rc = hold_all(generations, err);
    if (rc == 0 && number >= generations->count)
        rc = err_set(
            err, ERR_MISSING, "generation %llu was never admitted", (unsigned long long)number);
    return rc < 0 ? rc : fill(ret, generations, (uint32_t)number, arena, err);
}

/* --- a candidate */

/* The row of a page with that id; *ret_from: where the next page begins, 0 behind the last. */
static int find_in_page(struct journal_candidate *ret, struct generations *of, struct str id,
    uint64_t *ret_from, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf packed = { 0 };
    int rc = store_candidates(of->store, *ret_from, &packed, err);
    if (rc < 0)
        return rc;
    struct unpack in = unpack_begin(buf_view(&packed));
    uint32_t count = unpack_u32(&in);
    bool found = false;
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        *ret_from = unpack_u64(&in) + 1;
        struct str one = unpack_text(&in, JOURNAL_ID_MAX);
        struct str state = unpack_text(&in, JOURNAL_WORD_MAX);
        struct str body = unpack_text(&in, JOURNAL_BODY_MAX);
        if (in.bad || !str_equal(one, id))
            continue;
        found = true;
        *ret =
            (struct journal_candidate){ id, { arena_copy(arena, state.at, state.size), state.size },
                { arena_copy(arena, body.at, body.size), body.size } };
    }
    if (!unpack_end(&in))
        return broken(err, "a row of candidates is none");
    if (!found && count == 0)
        return err_set(err, ERR_MISSING, "no candidate %.*s", (int)(id.size & 127), id.at);
    return found;
}

static int find_candidate(struct journal_candidate *ret, struct generations *of, struct str id,
    struct arena *arena, struct err *err)
{
    uint64_t from = 0;
    int rc = 0;
    while (rc == 0)
        rc = find_in_page(ret, of, id, &from, arena, err);
    return rc < 0 ? rc : 0;
}

static int find_approved(struct journal_candidate *ret, struct generations *of, struct str id,
    struct arena *arena, struct err *err)
{
    int rc = find_candidate(ret, of, id, arena, err);
    if (rc < 0)
        return rc;
    if (str_equal(ret->state, STR("approved")) || str_equal(ret->state, STR("canary")))
        return 0;
    return err_set(err, ERR_STATE, "candidate %.12s is %.*s, not approved", id.at,
        (int)ret->state.size, ret->state.at);
}

/* As the driver will check it when it is admitted, and for the same admission before. */
static int check_candidate_mandate(struct generations *of, const struct json *row,
    const struct approval *links, struct arena *arena, struct err *err)
{
    struct reviewers *reviewers = arena_alloc(arena, sizeof *reviewers);
    struct mandated asked = { .want = { .candidate = links->candidate,
                                  .batch = links->batch,
                                  .build = links->build,
                                  .report = links->report,
                                  .policy = links->policy,
                                  .admission_before = links->admission_before },
        .plugin = json_string(arena, json_get(row, "plugin")),
        .at_ms = clock_wall_ms(),
        .list = REVIEWERS_NOW };
    struct generation active;
    struct mandate mandate;
    int rc = hash_unhex(&asked.want.mandate, json_string(arena, json_get(row, "mandate")), err);
    if (rc == 0)
        rc =
            hash_unhex(&asked.confirmation, json_string(arena, json_get(row, "confirmation")), err);
    if (rc == 0)
        rc = read_generation(&active, of, &of->held[of->count - 1].generation, arena, err);
    if (rc == 0)
        rc = read_reviewers(reviewers, of, NULL, err);
    return rc < 0 ? rc
                  : check_mandated(of, &asked, generation_find(&active, asked.plugin), reviewers,
                        &mandate, arena, err);
}

static int check_candidate(struct generations *of, const struct json *row, struct str id,
    struct approval *want, struct arena *arena, struct err *err)
{
    struct reviewers *reviewers = arena_alloc(arena, sizeof *reviewers);
    struct approval have;
    struct digest document;
    struct str envelope;
    want->admission_before = of->held[of->count - 1].digest;
    int rc = hash_unhex(&want->candidate, id, err);
    if (rc == 0)
        rc = approval_links_of(want, row, arena, err);
    /* A person may have approved what was given back. */
    bool approved = json_is(json_get(row, "approval"), JSON_STRING);
    if (rc == 0 && !approved && json_is(json_get(row, "mandate"), JSON_STRING))
        return check_candidate_mandate(of, row, want, arena, err);
    if (rc == 0)
        rc = hash_unhex(&document, json_string(arena, json_get(row, "approval")), err);
    if (rc == 0)
        rc = mandated_document(of->store, "approval", &document, arena, &envelope, err);
    if (rc == 0)
        rc = read_reviewers(reviewers, of, NULL, err);
    if (rc == 0)
        rc = approval_check(&have, envelope, want, of->home, reviewers, clock_wall_ms(), err);
    return rc;
}

static int put_in_place(
    struct crew_spec *spec, struct str plugin, const struct digest *build, struct err *err)
{
    struct crew_build *builds = (struct crew_build *)spec->builds;
    for (uint32_t i = 0; i < spec->builds_count; i++)
        if (str_equal(builds[i].name, plugin)) {
            builds[i].build = *build;
            return 0;
        }
    return err_set(err, ERR_VERIFY, "its plugin is not part of the active generation");
}

int generation_candidate(struct crew_spec *ret, struct generations *generations, struct str id,
    struct arena *arena, struct err *err)
{
    struct journal_candidate candidate;
    struct approval links = { 0 };
    int rc = generation_active(ret, generations, arena, err);
    if (rc == 0)
        rc = find_approved(&candidate, generations, id, arena, err);
    if (rc < 0)
        return rc;
    const struct json *row = json_read(arena, candidate.body, NULL, err);
    if (!row)
        return err_while(err, "candidate");
    rc = check_candidate(generations, row, id, &links, arena, err);
    if (rc == 0)
        rc = put_in_place(ret, json_string(arena, json_get(row, "plugin")), &links.build, err);
    ret->number = UINT64_MAX;
    ret->generation = links.candidate;
    return rc < 0 ? err_while(err, "candidate %.12s may not run", id.at) : 0;
}

/* A copy of a turn carries nothing out, so no approval is asked for; that the gate passed is. The
 * build is hashed when it is loaded, as any. */
int generation_shadow(struct crew_spec *ret, struct generations *generations, struct str id,
    struct arena *arena, struct err *err)
{
    static const char *const states[] = { "in_review", "approved", "canary" };
    struct journal_candidate candidate;
    struct digest build;
    bool passed = false;
    int rc = generation_active(ret, generations, arena, err);
    if (rc == 0)
        rc = find_candidate(&candidate, generations, id, arena, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < COUNT_OF(states); i++)
        passed |= str_equal(candidate.state, str_of(states[i]));
    if (!passed)
        return err_set(err, ERR_STATE,
            "candidate %.12s is %.*s: the gate has not passed it, or "
            "it was decided on",
            id.at, (int)candidate.state.size, candidate.state.at);
    const struct json *row = json_read(arena, candidate.body, NULL, err);
    if (!row)
        return err_while(err, "candidate");
    rc = hash_unhex(&build, json_string(arena, json_get(row, "build")), err);
    if (rc == 0)
        rc = put_in_place(ret, json_string(arena, json_get(row, "plugin")), &build, err);
    if (rc == 0)
        rc = hash_unhex(&ret->generation, id, err);
    ret->number = UINT64_MAX;
    return rc < 0 ? err_while(err, "candidate %.12s may not be shown turns", id.at) : 0;
}
