/* variant - see variant.h. */
#include "trials/case/variant.h"

#include "trials/case/make.h"
#include "trials/case/play.h"
#include "trials/case/rename.h"
#include "trials/case/resize.h"
#include "trials/case/shrink.h"

static bool shows_the_same(
    const struct trial_case *of, const struct run *run, const struct run *variant)
{
    struct digest frame;
    for (uint32_t i = 0; i < of->grades_count; i++) {
        if (of->grades[i].check != CASE_DETECTOR)
            continue;
        const struct detector *detector = detector_named(of->grades[i].detector);
        for (uint32_t step = 0; step < run->steps_count; step++)
            if (shrink_shows(detector, run, step, &frame) !=
                shrink_shows(detector, variant, step, &frame))
                return false;
    }
    return true;
}

const char *case_unvaried(const struct trial_case *of)
{
    static const bool wordless[CASE_CHECKS] = {
        [CASE_DETECTOR] = true,
        [CASE_SAME] = true,
        [CASE_FORBIDDEN] = true,
        [CASE_MONEY] = true,
        [CASE_ENDS] = true,
        [CASE_ORDER] = true,
    };
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (!wordless[of->grades[i].check])
            return "a grader names words of the case";
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (!of->tools[i].recorded)
            return "a tool answers in words of the case";
    return case_step_lacks(of);
}

/* Tools that the case names itself keep their names. */
static bool names_tools(const struct trial_case *of)
{
    bool names = of->settings.offered_count > 0;
    for (uint32_t i = 0; i < of->grades_count; i++)
        names |= of->grades[i].tools_count > 0;
    return names;
}

static int vary_run(struct run **ret, const struct trial_case *of, const struct run *run,
    unsigned number, struct arena *arena, struct err *err)
{
    *ret = NULL;
    if (number < VARY_COUNT)
        return run_vary(ret, run, number, arena, err);
    if (number == CASE_VARIANT_SIZES)
        return run_resize(ret, run, arena, err);
    if (number >= CASE_VARIANT_LANGUAGES)
        return run_speak(ret, run, number - CASE_VARIANT_LANGUAGES, arena, err);
    return names_tools(of) ? 0 : run_rename(ret, run, arena, err);
}

int case_vary(struct trial_case *ret, const struct trial_case *of, unsigned number,
    struct arena *arena, struct err *err)
{
    struct digest parent = case_digest(of);
    struct run *run, *variant = NULL;
    uint32_t first;
    char hex[DIGEST_HEX];
    int rc = case_run(&run, &first, of, arena, err);
    if (rc == 0)
        rc = vary_run(&variant, of, run, number, arena, err);
    if (rc < 0 || first > 0 || !variant || !shows_the_same(of, run, variant))
        return rc < 0 ? rc : 0;
    struct trial_case made;
    if ((rc = case_of_run(&made, variant, of->origin.step, arena, err)) < 0)
        return rc;
    int kept = of->id.size < CASE_ID_MAX - 3 ? (int)of->id.size : CASE_ID_MAX - 3;
    made.id = str_of(arena_format(arena, "%.*s.v%u", kept, of->id.at, number));
    made.origin = of->origin;
    made.origin.from = CASE_FROM_VARIANT;
    made.origin.parent = str_of(arena_string(arena, hash_hex(hex, &parent), DIGEST_HEX - 1));
    made.origin.variant = number;
    made.tags = of->tags;
    made.tags_count = of->tags_count;
    made.grades = of->grades;
    made.grades_count = of->grades_count;
    made.settings = of->settings;
    *ret = made;
    return 1;
}
