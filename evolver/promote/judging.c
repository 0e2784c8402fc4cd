/* judging - trial builds and their verdicts; see judging.h. */
#include "promote/judging.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/effect.h"

#include <stdlib.h>
#include <string.h>

enum { FINDING_MAX = 2000, MS_US = 1000 };

void judging_open(struct judging *ret, const struct judging_plan *plan)
{
    *ret = (struct judging){ .plan = *plan, .trial_fd = -1 };
}

static void drop_trial(struct judging *judging)
{
    replay_free(judging->trial);
    judging->trial = NULL;
    fd_closep(&judging->trial_fd);
    mem_freep(&judging->trial_name_owned);
}

void judging_done(struct judging *judging)
{
    if (!judging)
        return;
    drop_trial(judging);
    judging_forget(judging);
}

int judging_workers(struct replay **ret, struct judging *judging, struct replay_build *builds,
    struct str plugin, int fd, const struct digest *build, struct err *err)
{
    const struct judging_plan *plan = &judging->plan;
    bool found = false;
    if (plan->builds_count > JUDGING_BUILDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d builds", JUDGING_BUILDS_MAX);
    for (unsigned i = 0; i < plan->builds_count; i++) {
        builds[i] = plan->builds[i];
        if (!str_equal(str_of(builds[i].name), plugin))
            continue;
        builds[i].fd = fd;
        builds[i].build = *build;
        found = true;
    }
    if (!found)
        return err_set(err, ERR_INPUT, "the active generation has no build of this plugin");
    const struct replay_arm arm = { .worker = plan->worker,
        .builds = builds,
        .builds_count = plan->builds_count,
        .pipeline = plan->pipeline,
        .tier = plan->tier,
        .seed = 1 };
    int rc = replay_open(ret, &arm, plan->workers ? plan->workers : 2, err);
    if (rc == 0)
        judging->layers = replay_layers(*ret);
    return rc;
}

/* --- what the compiler and the gate said, as findings */

void judging_finding(struct buf *out, const char *rule, struct str message)
{
    if (message.size > FINDING_MAX)
        message.size = FINDING_MAX;
    buf_format(out, "%s{\"rule\":\"%s\",\"message\":", out->size > 1 ? "," : "", rule);
    json_quote(out, message);
    buf_char(out, '}');
}

void judging_findings(struct buf *out, const struct compile_result *result)
{
    buf_char(out, '[');
    if (result->stage == COMPILE_COMPILE)
        judging_finding(out, "compile", buf_view(&result->diagnostics));
    if (result->stage == COMPILE_LIMIT)
        judging_finding(out, "limit", str_of(sandbox_limit_words[result->limit]));
    for (unsigned i = 0; i < result->findings.count; i++)
        judging_finding(
            out, result->findings.list[i].rule, str_of(result->findings.list[i].message));
    buf_char(out, ']');
}

bool judging_refused(int rc)
{
    return rc == -ERR_INPUT || rc == -ERR_PEER || rc == -ERR_DENIED || rc == -ERR_TIMEOUT;
}

/* --- a trial build */

static int load(
    struct judging *judging, struct str plugin, const struct compile_result *built, struct err *err)
{
    judging->trial_fd = fd_seal("trial", buf_view(&built->image), err);
    if (judging->trial_fd < 0)
        return judging->trial_fd;
    judging->trial_name_owned = mem_format("%.*s", (int)plugin.size, plugin.at);
    judging->trial_name = str_of(judging->trial_name_owned);
    judging->trial_build = built->build;
    return judging_workers(&judging->trial, judging, judging->builds, judging->trial_name,
        judging->trial_fd, &judging->trial_build, err);
}

static void answer_built(struct buf *answer, const struct compile_result *built, bool ok,
    const char *stage, const struct buf *findings)
{
    buf_format(answer,
        "{\"ok\":%s,\"stage\":\"%s\",\"findings\":%s,\"compiler\":\"%s\",\"ms\":%llu}",
        ok ? "true" : "false", stage, findings->at, compile_by_words[built->by],
        (unsigned long long)(built->wall_us / MS_US));
}

int judging_build(struct judging *judging, struct str plugin, struct str source, struct buf *answer,
    struct err *err)
{
    const struct harness_source *of = harness_find(judging->plan.harness, plugin);
    struct compile_result built;
    CLEANUP(buf_done) struct buf findings = { 0 };
    drop_trial(judging);
    if (!of || str_equal(plugin, str_of(judging->plan.pipeline)))
        return err_set(err, ERR_INPUT, "no plugin of that name may be on trial");
    const struct compile_plan plan = { .source = source,
        .path = of->path,
        .profile = ELF_TRIAL,
        .by = judging->plan.by_gcc ? COMPILE_BY_GCC : COMPILE_BY_TCC,
        .tier = judging->plan.tier,
        .sdk = judging->plan.sdk };
    int rc = compile_run(&built, &plan, err);
    if (rc < 0)
        return rc;
    const char *stage = compile_stage_words[built.stage];
    judging->built_by[built.by]++;
    memcpy(judging->not_by_tcc, built.not_by_tcc, sizeof judging->not_by_tcc);
    judging_findings(&findings, &built);
    bool ok = built.stage == COMPILE_OK;
    if (ok && (rc = load(judging, plugin, &built, err)) < 0) {
        drop_trial(judging);
        ok = false;
        stage = "load";
        buf_clear(&findings);
        buf_char(&findings, '[');
        judging_finding(&findings, "load", str_of(err->text));
        buf_char(&findings, ']');
        rc = judging_refused(rc) ? 0 : rc;
    }
    if (rc == 0)
        answer_built(answer, &built, ok, stage, &findings);
    compile_result_done(&built);
    return rc < 0 ? rc : ok;
}

/* --- verdicts */

struct asked {
    const struct evidence *evidence;
    const uint32_t *jobs;
    uint32_t count; /* of rows */
    struct proposer_verdict *verdicts;
    judging_each each;
    void *with;
    struct err *err;
    int rc;
};

static int hand_on(void *with, unsigned index, const struct replay_verdicts *verdicts)
{
    struct asked *asked = with;
    struct proposer_judged judged = { .job = asked->jobs[index],
        .verdicts = asked->verdicts,
        .count = asked->count,
        .atoms = verdicts->atoms,
        .cover = verdicts->cover };
    for (uint32_t i = 0; i < asked->count; i++) {
        const struct wire_verdict *from = &verdicts->verdicts[i];
        judged.verdicts[i] = (struct proposer_verdict){ .calls = from->calls,
            .text = from->text,
            .end = from->end,
            .reached = from->reached,
            .abnormal = from->abnormal };
    }
    asked->rc = asked->each(asked->with, &judged, asked->err);
    return asked->rc;
}

/* Steps of one run side by side: its conversation then travels to a worker once. */
static int by_run(const void *a, const void *b, void *with)
{
    const struct evidence_step *steps = with;
    const struct evidence_step *left = &steps[*(const uint32_t *)a];
    const struct evidence_step *right = &steps[*(const uint32_t *)b];
    if (left->run != right->run)
        return (uintptr_t)left->run < (uintptr_t)right->run ? -1 : 1;
    return left->step < right->step ? -1 : left->step > right->step;
}

static int check(const struct judging *judging, const struct proposer_judge *judge, struct err *err)
{
    if (!judging->trial)
        return err_set(err, ERR_STATE, "there is no trial build to judge");
    if (judge->count == 0 || judge->jobs_count == 0)
        return err_set(err, ERR_INPUT, "nothing to judge");
    for (uint32_t i = 0; i < judge->jobs_count; i++)
        if (judge->jobs[i] >= judging->plan.evidence->steps_count)
            return err_set(err, ERR_INPUT, "%u is no step's number", judge->jobs[i]);
    return 0;
}

static int judge_all(struct judging *judging, const struct proposer_judge *judge,
    struct asked *asked, struct arena *arena, struct err *err)
{
    const struct evidence_step *steps = asked->evidence->steps;
    uint32_t count = judge->jobs_count;
    uint32_t *sorted = arena_copy(arena, judge->jobs, count * sizeof(*sorted));
    struct replay_job *jobs = arena_take(arena, count * sizeof(*jobs));
    qsort_r(sorted, count, sizeof(*sorted), by_run, (void *)steps);
    for (uint32_t i = 0; i < count; i++)
        jobs[i] = (struct replay_job){ steps[sorted[i]].run, steps[sorted[i]].step };
    asked->jobs = sorted;
    asked->verdicts = arena_take(arena, judge->count * sizeof(*asked->verdicts));
    const struct replay_vectors vectors = { .holes = judge->holes,
        .count = judge->count,
        .width = judge->width,
        .decide = judge->decide,
        .atoms = judge->atoms,
        .cover = judge->cover,
        .asks = detect_asks(asked->evidence->detector),
        .deadline_ns = judging->deadline_ns };
    return replay_vectors_many(judging->trial, jobs, count, &vectors, hand_on, asked, err);
}

int judging_judge(struct judging *judging, const struct proposer_judge *judge, judging_each each,
    void *with, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct err said = { 0 };
    struct asked asked = { .evidence = judging->plan.evidence,
        .count = judge->count,
        .each = each,
        .with = with,
        .err = &said };
    int rc = check(judging, judge, err);
    if (rc == 0)
        rc = judge_all(judging, judge, &asked, &arena, err);
    if (asked.rc < 0) {
        if (err)
            *err = said;
        return asked.rc;
    }
    if (rc == -ERR_PEER || rc == -ERR_TIMEOUT) { /* of a worker, so of the build that it ran */
        rc = -ERR_STATE;
        if (err)
            err->code = ERR_STATE;
    }
    return rc;
}
