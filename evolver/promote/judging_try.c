/* judging_try - a clean candidate, as it would be released, at every step of the evidence. */
#include "promote/judging.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/check_source.h"

#include <stdlib.h>

enum { STEP_MS = 3000 }; /* as at the gate: a step takes less than one, on a machine at rest */

void judging_tried_done(struct judging_tried *tried)
{
    buf_done(&tried->findings);
}

/* --- what was tried already */

enum { KNOWN_MAX = 32 };
struct judging_known {
    struct digest shape;
    unsigned number;             /* of the try */
    struct judging_tried *tried; /* with findings of its own */
};

void judging_forget(struct judging *judging)
{
    for (unsigned i = 0; i < judging->known_count; i++) {
        judging_tried_done(judging->known[i].tried);
        free(judging->known[i].tried);
    }
    free(judging->known);
    judging->known = NULL;
    judging->known_count = 0;
}

static void copy_tried(
    struct judging_tried *to, const struct judging_tried *from, const char *first)
{
    struct str findings = buf_view(&from->findings);
    *to = *from;
    to->findings = (struct buf){ 0 };
    buf_char(&to->findings, '[');
    if (first)
        judging_finding(&to->findings, "duplicate", str_of(first));
    if (findings.size > 2) {
        buf_text(&to->findings, first ? "," : "");
        buf_add(&to->findings, findings.at + 1, findings.size - 2);
    }
    buf_char(&to->findings, ']');
}

static bool knows(
    struct judging_tried *ret, const struct judging *judging, const struct digest *shape)
{
    for (unsigned i = 0; i < judging->known_count; i++) {
        const struct judging_known *known = &judging->known[i];
        if (!hash_equal(&known->shape, shape))
            continue;
        CLEANUP(mem_freep)
        char *said = mem_format("the same program as try %u: its answer again", known->number);
        buf_done(&ret->findings);
        copy_tried(ret, known->tried, said);
        return true;
    }
    return false;
}

static void remember(
    struct judging *judging, const struct digest *shape, const struct judging_tried *tried)
{
    if (judging->known_count == KNOWN_MAX || hash_zero(shape))
        return;
    if (!judging->known)
        judging->known = mem_zero(KNOWN_MAX, sizeof(*judging->known));
    struct judging_known *known = &judging->known[judging->known_count++];
    *known = (struct judging_known){ *shape, judging->tries, mem_zero(1, sizeof(*tried)) };
    copy_tried(known->tried, tried, NULL);
}

/* --- the source */

static void source_findings(struct buf *out, const struct check_source_result *checked)
{
    buf_char(out, '[');
    for (unsigned i = 0; i < checked->findings_count; i++) {
        const struct check_finding *found = &checked->findings[i];
        CLEANUP(mem_freep) char *text = mem_format("line %u: %s", found->line, found->message);
        judging_finding(out, found->rule, str_of(text));
    }
    buf_char(out, ']');
}

/* 1: the new source is in *source; 0: refused, or known. *shape: of the new source. */
static int check_edits(struct judging *judging, const struct proposal *proposal,
    const struct harness_source *of, struct judging_tried *ret, struct buf *source,
    struct digest *shape, struct err *err)
{
    CLEANUP(mem_freep) struct check_source_result *checked = mem_zero(1, sizeof(*checked));
    const struct check_source_plan plan = { .path = of->path,
        .old = of->text,
        .edits = proposal->edits,
        .edits_count = proposal->edits_count,
        .sdk = judging->plan.sdk,
        .patcher = judging->plan.patcher,
        .strict = judging->plan.policy && policy_is_strict(judging->plan.policy, proposal->plugin),
        .tier = judging->plan.tier };
    int rc = check_source_run(checked, &plan, err);
    if (rc < 0)
        return rc;
    bool ok = checked->ok;
    *shape = checked->shape;
    if (ok && hash_equal(shape, &checked->shape_old)) {
        buf_char(&ret->findings, '[');
        judging_finding(&ret->findings, "nothing", STR("the same program as the active one"));
        buf_char(&ret->findings, ']');
        ok = false;
    } else if (ok && knows(ret, judging, shape))
        ok = false;
    else if (ok)
        buf_str(source, buf_view(&checked->source));
    else
        source_findings(&ret->findings, checked);
    check_source_done(checked);
    return ok;
}

/* --- the replay */

struct trying {
    const struct evidence *evidence;
    struct judging_tried *ret;
    bool *groups;  /* fixed */
    bool *claimed; /* of a run: its first change is seen */
    bool *seen;    /* of a step */
};

static void note(uint32_t *list, uint32_t max, uint32_t *count, uint32_t number)
{
    if (*count < max)
        list[*count] = number;
    ++*count;
}

static void count_step(struct trying *trying, uint32_t number, bool as_wanted)
{
    const struct evidence_step *step = &trying->evidence->steps[number];
    struct judging_tried *ret = trying->ret;
    if (step->kind == EVIDENCE_BEHIND)
        return;
    if (step->kind != EVIDENCE_FAIL && !as_wanted)
        note(ret->changed, COUNT_OF(ret->changed), &ret->changed_count, number);
    else if (step->kind == EVIDENCE_FAIL && !as_wanted)
        note(ret->unfixed, COUNT_OF(ret->unfixed), &ret->unfixed_count, number);
    else
        ret->fixed += step->kind == EVIDENCE_FAIL;
}

/* The one claim of a run is its first change: its group is fixed if that is what was wanted. */
static void count_claim(struct trying *trying, const struct evidence_step *step, bool as_wanted)
{
    if (trying->claimed[step->at_run])
        return;
    trying->claimed[step->at_run] = true;
    if (!as_wanted)
        return;
    trying->ret->fixed_groups += !trying->groups[step->group];
    trying->groups[step->group] = true;
}

static int on_step(
    void *with, const struct run *run, uint32_t number_in_run, const struct effects *effects)
{
    struct trying *trying = with;
    uint32_t number = evidence_find(trying->evidence, run, number_in_run);
    if (number == UINT32_MAX || trying->seen[number])
        return 0;
    const struct evidence_step *step = &trying->evidence->steps[number];
    struct evidence_digests seen = evidence_digest(effects);
    bool whole = effects->end != EFFECTS_ABNORMAL;
    bool as_wanted = whole && evidence_equal(&seen, &step->want);
    trying->seen[number] = true;
    count_step(trying, number, as_wanted);
    if (!whole || !evidence_equal(&seen, &step->then))
        count_claim(trying, step, as_wanted);
    return 0;
}

static int replay(struct judging *judging, struct str plugin, const struct compile_result *built,
    struct judging_tried *ret, struct err *err)
{
    const struct evidence *evidence = judging->plan.evidence;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct replay_build builds[JUDGING_BUILDS_MAX];
    struct replay *workers = NULL;
    struct trying trying = { .evidence = evidence,
        .ret = ret,
        .groups = arena_alloc(&arena, evidence->steps_count + 1),
        .claimed = arena_alloc(&arena, evidence->runs_count + 1),
        .seen = arena_alloc(&arena, evidence->steps_count + 1) };
    CLEANUP(fd_closep) int fd = fd_seal("candidate", buf_view(&built->image), err);
    if (fd < 0)
        return fd;
    int rc = judging_workers(&workers, judging, builds, plugin, fd, &built->build, err);
    if (rc == 0)
        rc = replay_runs(
            workers, evidence->runs, evidence->runs_count, STEP_MS, on_step, &trying, err);
    replay_free(workers);
    /* What was never answered is no pass. */
    for (uint32_t i = 0; rc == 0 && i < evidence->steps_count; i++)
        if (!trying.seen[i])
            count_step(&trying, i, false);
    return rc;
}

static int build_and_replay(struct judging *judging, const struct harness_source *of,
    struct str source, struct judging_tried *ret, struct err *err)
{
    struct compile_result built;
    const struct compile_plan plan = { .source = source,
        .path = of->path,
        .profile = ELF_RELEASE,
        .tier = judging->plan.tier,
        .sdk = judging->plan.sdk };
    int rc = compile_run(&built, &plan, err);
    if (rc < 0)
        return rc;
    ret->stage = compile_stage_words[built.stage];
    judging_findings(&ret->findings, &built);
    if (built.stage == COMPILE_OK) {
        rc = replay(judging, of->name, &built, ret, err);
        ret->ok = rc == 0;
        if (judging_refused(rc)) {
            ret->stage = "load";
            buf_clear(&ret->findings);
            buf_char(&ret->findings, '[');
            judging_finding(&ret->findings, "load", str_of(err->text));
            buf_char(&ret->findings, ']');
            rc = 0;
        }
    }
    compile_result_done(&built);
    return rc;
}

int judging_try(struct judging *judging, const struct proposal *proposal, struct judging_tried *ret,
    struct err *err)
{
    const struct harness_source *of = harness_find(judging->plan.harness, proposal->plugin);
    CLEANUP(buf_done) struct buf source = { 0 };
    struct digest shape = { { 0 } };
    *ret = (struct judging_tried){ .stage = "source" };
    judging->tries++;
    if (!of)
        return err_set(err, ERR_INPUT, "no plugin of that name in the active harness");
    int rc = check_edits(judging, proposal, of, ret, &source, &shape, err);
    if (rc == 1) {
        rc = build_and_replay(judging, of, buf_view(&source), ret, err);
        if (rc == 0)
            remember(judging, &shape, ret);
    }
    if (rc < 0)
        judging_tried_done(ret);
    return rc < 0 ? rc : 0;
}
