/* judging_try - a clean candidate, as it would be released, at every step of the evidence. */
#include "promote/judging.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>

enum { STEP_MS = 10000 };

void judging_tried_done(struct judging_tried *tried)
{
    buf_done(&tried->findings);
}

/* --- the replay */

struct trying {
    const struct evidence *evidence;
    struct judging_tried *ret;
    bool *groups;  /* fixed */
    uint8_t *seen; /* a step of the evidence: was it replayed */
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
    if (step->kind != EVIDENCE_FAIL) {
        if (!as_wanted)
            note(ret->changed, COUNT_OF(ret->changed), &ret->changed_count, number);
        return;
    }
    if (!as_wanted) {
        note(ret->unfixed, COUNT_OF(ret->unfixed), &ret->unfixed_count, number);
        return;
    }
    ret->fixed++;
    ret->fixed_groups += !trying->groups[step->group];
    trying->groups[step->group] = true;
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct trying *trying = with;
    uint32_t number = evidence_find(trying->evidence, run, step);
    if (number == UINT32_MAX || trying->seen[number])
        return 0;
    struct evidence_digests seen = evidence_digest(effects);
    trying->seen[number] = 1;
    count_step(trying, number,
        effects->request_same && effects->end != EFFECTS_ABNORMAL &&
            evidence_equal(&seen, &trying->evidence->steps[number].want));
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
    *ret = (struct judging_tried){ .stage = "source" };
    if (!of)
        return err_set(err, ERR_INPUT, "no plugin of that name in the active harness");
    int rc = proposal_apply(&source, proposal, of->text, err);
    if (rc == 0)
        rc = build_and_replay(judging, of, buf_view(&source), ret, err);
    if (rc < 0)
        judging_tried_done(ret);
    return rc < 0 ? rc : 0;
}
