/* grading - see grading.h. */
#include "trials/episode/grading.h"

#include "base/clock.h"
#include "base/mem.h"

enum { MS_NS = 1000000, SIDE_MAX = 400 };

struct episode_plan episode_pass(const struct episode_grading *grading, const struct trial_case *of,
    unsigned pass, const struct episode *before)
{
    struct episode_plan plan = { .of = of,
        .arm = grading->arm,
        .means = grading->means,
        .again = pass > 0,
        .seed = 1 + pass,
        .steps_max = grading->steps_max };
    plan.means.before = before ? before->world : NULL;
    return plan;
}

bool episode_waits(const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (of->tools[i].source == CASE_TOOL_COMMAND && of->tools[i].command.steady)
            return true;
    return false;
}

int episode_grade(struct case_proof *ret, const struct trial_case *of, const struct episode *first,
    const struct episode *second, const struct grade_means *means, struct arena *arena,
    struct err *err)
{
    *ret = (struct case_proof){ .verdict = GRADE_INCONCLUSIVE,
        .played = { .facts = first->facts,
            .effects = first->effects,
            .cover = first->cover,
            .stable = hash_equal(&first->effects, &second->effects) } };
    int rc = case_grade_played(ret, of, means, arena, err);
    ret->played.facts.workspace = NULL; /* gone with the episode */
    return rc;
}

int case_grade_episode(struct case_proof *ret, struct episode_parting *ret_parting,
    const struct trial_case *of, const struct episode_grading *grading,
    const struct grade_means *means, struct arena *arena, struct err *err)
{
    CLEANUP(episode_done) struct episode first = { 0 };
    CLEANUP(episode_done) struct episode second = { 0 };
    uint64_t from = clock_mono_ns();
    struct episode_plan plan = episode_pass(grading, of, 0, NULL);
    int rc = episode_play(&first, &grading->seats[0], &plan, arena, err);
    if (rc < 0)
        return rc;
    plan = episode_pass(grading, of, 1, &first);
    rc = episode_play(&second, &grading->seats[1], &plan, arena, err);
    if (rc == 0)
        rc = episode_grade(ret, of, &first, &second, means, arena, err);
    *ret_parting = first.parting;
    ret->played.ms = (clock_mono_ns() - from) / MS_NS;
    return rc;
}

static void say_side(struct buf *out, const char *word, struct str text)
{
    char shown[4 * SIDE_MAX];
    buf_format(out, ", %s ", word);
    if (text.size == 0)
        buf_text(out, "nothing");
    else
        buf_text(
            out, str_printable(shown, sizeof shown,
                     (struct str){ text.at, text.size < SIDE_MAX ? text.size : SIDE_MAX }, false));
}

void episode_parting_say(struct buf *out, const struct episode_parting *parting)
{
    if (parting->at == 0)
        return;
    buf_format(out, "%s %u", parting->call ? "call" : "request", parting->at);
    say_side(out, parting->call ? "because" : "recorded", parting->recorded);
    say_side(out, "asked", parting->asked);
}
