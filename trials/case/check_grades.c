/* check_grades - each grader has what it needs and nothing that it does not read, and some run
 * could satisfy them all. */
#include "trials/case/check.h"

#include "base/fields.h"
#include "base/mem.h"
#include "base/names.h"
#include "trials/detect.h"
#include "trials/grade/judge.h"

enum { MEMBERS_MAX = 6 };

static const struct members {
    const char *may[MEMBERS_MAX], *must[2];
} members[CASE_CHECKS] = {
    [CASE_CALLS] = { { "tool", "arguments", "min", "max", "carried" }, { "tool" } },
    [CASE_ORDER] = { { "tools", "carried" }, { "tools" } },
    [CASE_TEXT] = { { "has", "lacks", "loose" } },
    [CASE_ENDS] = { { "ends" }, { "ends" } },
    [CASE_STATE] = { { "path", "equals", "absent", "digest" } },
    [CASE_WORKSPACE] = { { "path", "has", "lacks", "equals", "absent", "digest" } },
    [CASE_DETECTOR] = { { "detector", "want" }, { "detector" } },
    [CASE_SAME] = { { NULL } },
    [CASE_COMMAND] = { { "command" }, { "command" } },
    [CASE_JUDGE] = { { "rubric", "model", "votes" }, { "rubric", "model" } },
    [CASE_SECRET] = { { "values" } },
    [CASE_FORBIDDEN] = { { "tools" }, { "tools" } },
    [CASE_REPLY] = { { "address" }, { "address" } },
    [CASE_MONEY] = { { "usd" }, { "usd" } },
};

static int check_members(const struct case_grade *grade, const struct json *root,
    const struct json *node, struct err *err)
{
    const struct members *row = &members[grade->check];
    JSON_EACH(child, node)
    {
        bool known = str_equal(child->key, STR("check"));
        for (int i = 0; i < MEMBERS_MAX && row->may[i]; i++)
            known |= str_equal(child->key, str_of(row->may[i]));
        if (!known)
            return fields_refuse(
                err, root, child, "%s does not read it", case_check_words[grade->check]);
    }
    for (int i = 0; i < 2 && row->must[i]; i++)
        if (!json_get(node, row->must[i]))
            return fields_refuse(
                err, root, node, "%s needs \"%s\"", case_check_words[grade->check], row->must[i]);
    return 0;
}

/* --- one by itself */

static const char *calls_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    uint32_t min, max;
    case_grade_bounds(grade, &min, &max);
    if (min > max)
        return "more at least than at most";
    if (min > 0 && !case_tool_find(of, grade->tool))
        return "there is no such tool to call";
    return NULL;
}

static const char *order_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    for (uint32_t i = 0; i < grade->tools_count; i++)
        if (!case_tool_find(of, grade->tools[i]))
            return "there is no such tool to call";
    return grade->tools_count < 2 ? "an order is of two tools or more" : NULL;
}

static const char *text_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    return grade->has_count + grade->lacks_count == 0 ? "has or lacks what?" : NULL;
}

static const char *ends_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    for (uint32_t i = 0; i < grade->ends_count; i++)
        if (NAME_FIND(case_end_words, grade->ends[i]) < 0)
            return "not a word for an end: answered, refused, failed, limit, handed";
    return grade->ends_count == 0 ? "no end would do" : NULL;
}

/* Either a digest of all of it, or what is at one place. */
static const char *place_wrong(const struct case_grade *grade, bool pathed, bool parts)
{
    struct digest digest;
    if (grade->digest.size > 0 && hash_unhex(&digest, grade->digest, NULL) < 0)
        return "not a digest: 64 lower-case hex digits";
    unsigned asked = (grade->equals != NULL) + grade->absent + parts;
    if (grade->digest.size > 0)
        return pathed || asked > 0 ? "a digest is of all of it, and stands alone" : NULL;
    if (!pathed)
        return "where? a path, or a digest of all of it";
    return asked == 1 ? NULL : "one of: a value that it equals, absent, parts of it";
}

static const char *state_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    if (grade->path.size > 0 && grade->path.at[0] != '/')
        return "not a JSON pointer: it begins with /";
    return place_wrong(grade, grade->path.at != NULL, false);
}

static const char *workspace_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    if (grade->path.size > 0 && !check_inside(grade->path))
        return "not a path inside the workspace";
    if (grade->equals && !json_is(grade->equals, JSON_STRING))
        return "a file's text is a string";
    return place_wrong(grade, grade->path.size > 0, grade->has_count + grade->lacks_count > 0);
}

static const char *detector_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    const struct detector *detector = detector_named(grade->detector);
    if (!detector)
        return "no detector has this name: moult mine lists them";
    if (grade->want == CASE_WANT_RESOLVED && !detector->frame)
        return "nobody can say what resolves it: want gone";
    if (grade->want == CASE_WANT_RESOLVED && !of->model.recorded)
        return "resolved is a change against a recording, and there is none";
    return NULL;
}

static const char *same_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)grade;
    return of->model.recorded ? NULL : "the same as which recording?";
}

static const char *command_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    return grade->command.argv_count == 0 ? "which program?" : check_command(&grade->command);
}

static const char *forbidden_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    return grade->tools_count == 0 ? "nothing is forbidden" : NULL;
}

static const char *judge_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    if (grade->rubric.size == 0 || grade->model.size == 0)
        return "a judge has a rubric and a model";
    if (grade->rubric.size > JUDGE_RUBRIC_MAX)
        return "a rubric is at most 16 KiB";
    return grade->votes % 2 == 0 ? "an even number of votes may settle nothing" : NULL;
}

static const char *nothing_wrong(const struct trial_case *of, const struct case_grade *grade)
{
    (void)of;
    (void)grade;
    return NULL;
}

typedef const char *(*wrong_of)(const struct trial_case *, const struct case_grade *);
static const wrong_of wrongs[CASE_CHECKS] = {
    [CASE_CALLS] = calls_wrong,
    [CASE_ORDER] = order_wrong,
    [CASE_TEXT] = text_wrong,
    [CASE_ENDS] = ends_wrong,
    [CASE_STATE] = state_wrong,
    [CASE_WORKSPACE] = workspace_wrong,
    [CASE_DETECTOR] = detector_wrong,
    [CASE_SAME] = same_wrong,
    [CASE_COMMAND] = command_wrong,
    [CASE_JUDGE] = judge_wrong,
    [CASE_SECRET] = nothing_wrong,
    [CASE_FORBIDDEN] = forbidden_wrong,
    [CASE_REPLY] = nothing_wrong,
    [CASE_MONEY] = nothing_wrong,
};

/* --- one beside another */

static bool same_value(const struct json *a, const struct json *b)
{
    return a && b ? json_equal(a, b) : a == b;
}

static bool calls_against(const struct case_grade *a, const struct case_grade *b)
{
    uint32_t a_min, a_max, b_min, b_max;
    if (a->check != CASE_CALLS || b->check != CASE_CALLS || !str_equal(a->tool, b->tool) ||
        a->carried != b->carried || !same_value(a->arguments, b->arguments))
        return false;
    case_grade_bounds(a, &a_min, &a_max);
    case_grade_bounds(b, &b_min, &b_max);
    return a_min > b_max || b_min > a_max;
}

static bool forbidden_against(const struct case_grade *a, const struct case_grade *b)
{
    uint32_t min, max;
    if (a->check != CASE_FORBIDDEN || b->check != CASE_CALLS)
        return false;
    case_grade_bounds(b, &min, &max);
    return min > 0 && check_among(a->tools, a->tools_count, b->tool);
}

static bool texts_against(const struct case_grade *a, const struct case_grade *b)
{
    if (a->check != b->check || (a->check != CASE_TEXT && a->check != CASE_WORKSPACE) ||
        !str_equal(a->path, b->path))
        return false;
    for (uint32_t i = 0; i < a->has_count; i++)
        if (check_among(b->lacks, b->lacks_count, a->has[i]))
            return true;
    return false;
}

static bool ends_against(const struct case_grade *a, const struct case_grade *b)
{
    if (a->check != CASE_ENDS || b->check != CASE_ENDS)
        return false;
    for (uint32_t i = 0; i < a->ends_count; i++)
        if (check_among(b->ends, b->ends_count, a->ends[i]))
            return false;
    return true;
}

static bool places_against(const struct case_grade *a, const struct case_grade *b)
{
    if (a->check != b->check || (a->check != CASE_STATE && a->check != CASE_WORKSPACE))
        return false;
    if (a->digest.size > 0 || b->digest.size > 0)
        return a->digest.size > 0 && b->digest.size > 0 && !str_equal(a->digest, b->digest);
    return str_equal(a->path, b->path) &&
           (a->absent != b->absent ||
               (a->equals && b->equals && !json_equal(a->equals, b->equals)));
}

static bool detectors_against(const struct case_grade *a, const struct case_grade *b)
{
    if (a->check == CASE_SAME && b->check == CASE_DETECTOR)
        return b->want == CASE_WANT_RESOLVED;
    return a->check == CASE_DETECTOR && b->check == CASE_DETECTOR &&
           str_equal(a->detector, b->detector) &&
           (a->want == CASE_WANT_PRESENT) != (b->want == CASE_WANT_PRESENT);
}

static bool are_against(const struct case_grade *a, const struct case_grade *b)
{
    return calls_against(a, b) || forbidden_against(a, b) || texts_against(a, b) ||
           ends_against(a, b) || places_against(a, b) || detectors_against(a, b);
}

static int check_pairs(const struct trial_case *of, const struct json *root, struct err *err)
{
    for (uint32_t i = 0; i < of->grades_count; i++)
        for (uint32_t k = 0; k <= i; k++)
            if (are_against(&of->grades[i], &of->grades[k]) ||
                are_against(&of->grades[k], &of->grades[i]))
                return fields_refuse(err, root, check_at(root, "grade", i),
                    "no run can satisfy it and grade[%u]", k);
    return 0;
}

int check_grades(
    const struct trial_case *of, const struct json *root, struct arena *arena, struct err *err)
{
    (void)arena;
    for (uint32_t i = 0; i < of->grades_count; i++) {
        const struct json *node = check_at(root, "grade", i);
        int rc = check_members(&of->grades[i], root, node, err);
        const char *wrong = rc < 0 ? NULL : wrongs[of->grades[i].check](of, &of->grades[i]);
        if (rc < 0 || wrong)
            return rc < 0 ? rc : fields_refuse(err, root, node, "%s", wrong);
    }
    return check_pairs(of, root, err);
}
