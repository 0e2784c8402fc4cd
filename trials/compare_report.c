/* compare_report - what both arms did, as the report that the gate reads. */
#include "trials/asked.h"
#include "trials/comparing.h"
#include "trials/report_marks.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <string.h>
#include <sys/stat.h>

double comparing_step_ns(const struct cost *cost)
{
    return cost->steps ? cost->ns / (double)cost->steps : 0;
}

static struct digest effects_digest(const struct track *track, uint32_t step)
{
    return track->complete ? track_digest(track, step) : (struct digest){ 0 };
}

/* What to show of the new arm: where it strays behind its claim, else its claim. */
static struct str detail_of(const struct track *new, uint32_t parts, uint32_t strays)
{
    const struct track_change *change = track_change_at(new, strays != UINT32_MAX ? strays : parts);
    return change && change->detail.size > 0 ? change->detail
           : new->first                      ? new->first->detail
                                             : STR("");
}

/* In a made case every repair would be overreach. A removal after which everything is as recorded
 * there has ended one, and is no worse for it. */
static bool ends_overreach(const struct comparing *c, const struct tried *tried)
{
    const struct track *new = &tried->tracks[NEW];
    return c->plan->less && tried->suite == SUITE_SAFETY && new->complete && !new->first;
}

static void fill_case(const struct comparing *c, struct report_case *ret, const struct tried *tried)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    bool both = old->complete && new->complete;
    uint32_t parts = both ? track_parts(old, new) : UINT32_MAX;
    *ret = (struct report_case){ .id = tried->run->session,
        .group = tried->run->group,
        .suite = tried->suite,
        .split = tried->suite == SUITE_SAFETY ? SPLIT_HELD_IN : tried->run->split,
        .signature = tried->suite == SUITE_BATCH || tried->suite == SUITE_HELD_OUT,
        .old_outcome = old->complete ? track_outcome(old, parts) : OUTCOME_SAME,
        .new_outcome = new->complete ? track_outcome(new, parts) : OUTCOME_SAME,
        .step = parts,
        .missing_old = !old->complete,
        .missing_new = !new->complete,
        .old_effects = effects_digest(old, parts),
        .new_effects = effects_digest(new, parts) };
    if (both && parts != UINT32_MAX && ends_overreach(c, tried))
        ret->new_outcome = OUTCOME_RESOLVED;
    ret->past = tried->run->past;
    ret->asked = c->plan->less && tried->suite != SUITE_SAFETY &&
                 (asked_hooks(tried->run) & c->plan->less->hooks) == c->plan->less->hooks;
    ret->unstable_old = tried->unstable[OLD];
    ret->unstable_new = tried->unstable[NEW];
    ret->after_step = track_strays(old, new, parts, &ret->after_symptom);
    ret->old_abnormal = ret->old_outcome == OUTCOME_ABNORMAL;
    ret->new_abnormal = ret->new_outcome == OUTCOME_ABNORMAL;
    if (ret->after_step != UINT32_MAX)
        ret->after_outcome = track_outcome(new, ret->after_step);
    if (parts != UINT32_MAX)
        ret->rider = track_rider(new, parts);
    if (ret->rider == RIDER_NONE && ret->after_step != UINT32_MAX)
        ret->rider = track_rider(new, ret->after_step);
    if (ret->split == SPLIT_HELD_IN)
        ret->detail = new->complete ? detail_of(new, parts, ret->after_step) : STR("");
}

/* What it finds wrong there in the new arm, and not in the old one at the same step. */
static uint32_t new_failures(const struct tried *tried, struct arena *arena)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    struct effects recorded;
    if (!new->failing || old->changed < new->changed)
        return 0;
    uint64_t before = old->failing;
    if (old->changed != new->changed) {
        effects_recorded(&recorded, tried->run, new->changed, arena);
        before = track_failing(tried->run, new->changed, &recorded);
    }
    return (uint32_t)__builtin_popcountll(new->failing & ~before);
}

static bool breaks_prefix(const struct tried *tried)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    for (const struct track_change *at = new->first; at; at = at->next) {
        const struct track_change *was = track_change_at(old, at->step);
        if (!at->prefix && at->outcome != OUTCOME_RESOLVED && (!was || was->prefix))
            return true;
    }
    return false;
}

/* Death under the sanitiser, or anything that the release build does not do. */
static bool sanitiser_finds(const struct tried *tried)
{
    const struct track *new = &tried->tracks[NEW], *sanitised = &tried->tracks[SANITISED];
    return sanitised->complete && new->complete &&track_parts(new, sanitised) != UINT32_MAX;
}

/* As the case that it is of: one that strays in both has its own rule. */
static bool is_mended(const struct report_case *of, const struct tried *variant)
{
    const struct track *old = &variant->tracks[OLD], *new = &variant->tracks[NEW];
    bool symptom;
    if (!new->complete)
        return false;
    uint32_t parts = track_parts(old, new);
    return track_outcome(new, parts) == OUTCOME_RESOLVED &&
           (of->missing_new || of->after_step != UINT32_MAX ||
               track_strays(old, new, parts, &symptom) == UINT32_MAX);
}

/* One that the old arm takes otherwise than the run itself is no variant of it: its harness knows
 * some of the words. */
static void fill_variant(
    struct report_case *of, const struct tried *run, const struct tried *variant)
{
    const struct track *old = &run->tracks[OLD], *varied = &variant->tracks[OLD];
    if (!old->complete || !varied->complete || old->changed != varied->changed ||
        track_outcome(old, old->changed) != track_outcome(varied, varied->changed))
        return;
    of->variants++;
    of->variants_mended += is_mended(of, variant);
}

/* Variants stand in the case that they are of. */
static void fill_case_of(struct comparing *c, struct report *ret, const struct tried *tried)
{
    if (comparing_variant(c, tried))
        fill_variant(&ret->cases[ret->cases_count - 1], &c->tried[tried->of], tried);
    else
        fill_case(c, &ret->cases[ret->cases_count++], tried);
}

static void fill_cases(struct comparing *c, struct report *ret)
{
    ret->cases = arena_alloc(c->arena, (c->tried_count + 1) * sizeof *ret->cases);
    ret->deterministic = c->tried_count > 0;
    ret->sanitised = c->arms[SANITISED].wanted;
    for (unsigned i = 0; i < c->tried_count; i++) {
        const struct tried *tried = &c->tried[i];
        if (tried->dead || c->tried[tried->of].dead) {
            ret->unreplayable += !comparing_variant(c, tried);
            continue;
        }
        fill_case_of(c, ret, tried);
        ret->claims |= tried->run->claims;
        ret->unstable_old += tried->unstable[OLD];
        ret->unstable_new += tried->unstable[NEW];
        ret->deterministic &= !tried->unstable[OLD] && !tried->unstable[NEW] && !tried->unsure;
        ret->sanitised &= tried->once || tried->tracks[SANITISED].complete;
        ret->sanitised_findings += c->arms[SANITISED].wanted && sanitiser_finds(tried);
        ret->new_signatures += new_failures(tried, c->arena);
        ret->prefix_breaks += breaks_prefix(tried);
    }
    if (c->arms[SANITISED].replay) {
        unsigned reports = replay_use(c->arms[SANITISED].replay).reports;
        if (ret->sanitised_findings < reports)
            ret->sanitised_findings = reports; /* where the release build died, too */
    }
}

static void fill_sandbox(struct comparing *c, struct report *ret)
{
    CLEANUP(buf_done) struct buf words = { 0 };
    uint32_t layers = UINT32_MAX;
    const uint32_t namespaces = LAYER_BIT(LAYER_MOUNT_NS) | LAYER_BIT(LAYER_PID_NS) |
                                LAYER_BIT(LAYER_NET_NS) | LAYER_BIT(LAYER_ROOT);
    for (int arm = 0; arm < ARMS; arm++)
        if (c->arms[arm].wanted)
            layers &= c->arms[arm].replay ? replay_layers(c->arms[arm].replay) : 0;
    for (int i = 0; i < LAYERS; i++)
        if (layers & LAYER_BIT(i))
            buf_format(&words, "%s%s", words.size ? "," : "", sandbox_layer_words[i]);
    bool strong = (layers & namespaces) == namespaces;
    ret->tier = str_of(sandbox_tier_words[strong ? SANDBOX_STRONG : SANDBOX_CONTAINER]);
    ret->layers =
        (struct str){ arena_string(c->arena, words.at ? words.at : "", words.size), words.size };
}

static const struct replay_build *build_named(const struct replay_arm *arm, const char *name)
{
    for (unsigned i = 0; i < arm->builds_count; i++)
        if (strcmp(arm->builds[i].name, name) == 0)
            return &arm->builds[i];
    return NULL;
}

static uint32_t size_of(const struct replay_build *build)
{
    struct stat info;
    return build && fstat(build->fd, &info) == 0 ? (uint32_t)info.st_size : 0;
}

/* The build that differs; several: the first by its order in the new arm, and all of their bytes.
 */
static void fill_builds(struct comparing *c, struct report *ret)
{
    const struct compare_plan *plan = c->plan;
    for (unsigned i = 0; i < plan->new.builds_count; i++) {
        const struct replay_build *new = &plan->new.builds[i];
        const struct replay_build *old = build_named(&plan->old, new->name);
        if (old && hash_equal(&old->build, &new->build))
            continue;
        if (ret->plugin.size == 0) {
            ret->plugin = str_of(arena_format(c->arena, "%s", new->name));
            ret->new_build = new->build;
            ret->old_build = old ? old->build : (struct digest){ 0 };
        }
        ret->so_bytes_old += size_of(old);
        ret->so_bytes_new += size_of(new);
    }
}

static void fill_genesis(struct comparing *c, struct report *ret)
{
    ret->genesis = c->arms[GENESIS].wanted;
    for (unsigned i = 0; i < c->tried_count && ret->genesis; i++) {
        const struct track *new = &c->tried[i].tracks[NEW], *first = &c->tried[i].tracks[GENESIS];
        if (c->tried[i].suite != SUITE_SAFETY || c->tried[i].dead || !new->complete)
            continue;
        ret->genesis &= first->complete;
        ret->drifted += first->complete && track_parts(first, new) != UINT32_MAX &&
                        !ends_overreach(c, &c->tried[i]);
    }
}

void comparing_report(struct comparing *c, struct report *ret)
{
    const struct compare_plan *plan = c->plan;
    *ret = (struct report){ .less = plan->less ? plan->less->plugin : (struct str){ 0 },
        .less_of = plan->less ? plan->less->of : 0,
        .batch = plan->less ? (struct digest){ 0 } : plan->held_in->digest,
        .detector = str_of(plan->less ? "" : plan->detector->id),
        .fresh_baseline = true,
        .run_on = true,
        .varied = true,
        .memory_old = c->arms[OLD].memory,
        .memory_new = c->arms[NEW].memory,
        .alone = c->alone,
        .alone_other = c->alone_other,
        .alone_wanted = c->alone_wanted,
        .us_step_old = comparing_step_ns(&c->total[0]) / 1000,
        .us_step_new = comparing_step_ns(&c->total[1]) / 1000 };
    fill_builds(c, ret);
    if (plan->marks) {
        report_marks(ret, plan->marks, c->arena);
        /* One whose infrastructure failed on the way has not been asked everything. */
        ret->covered = ret->branches == 0 || c->arms[MARKED].replay;
    }
    fill_genesis(c, ret);
    fill_sandbox(c, ret);
    fill_cases(c, ret);
}
