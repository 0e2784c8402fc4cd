/* report - prints and reads the document that the gate believes.
 *
 * Both ways go by the same tables. Beyond its members a report is read for what it says: cases
 * whose marks contradict each other, or that tell of a held-out case more than the gate may pass
 * on, are refused. */
#include "trials/report.h"

#include "trials/grade/grade.h"
#include "trials/marks.h"

#include "base/mem.h"
#include "base/fields.h"

#include <stddef.h>

enum { SCHEMA = 7, CASES_MAX = 1000000, TAKEN_ROWS_MAX = 1024 };

static const char *const mode_words[REPORT_MODES] = {
    [REPORT_STEP] = "step",
    [REPORT_EPISODE] = "episode",
};

/* clang-format off */
#define REPORT(member, type, ...) \
    { .name = #member, .kind = type, .offset = offsetof(struct report, member), __VA_ARGS__ }
static const struct field report_fields[] = {
    REPORT(batch, FIELD_DIGEST),
    REPORT(detector, FIELD_STR),
    REPORT(plugin, FIELD_STR),
    REPORT(source, FIELD_DIGEST),
    REPORT(old_build, FIELD_DIGEST),
    REPORT(new_build, FIELD_DIGEST),
    REPORT(old_generation, FIELD_DIGEST),
    REPORT(new_generation, FIELD_DIGEST),
    REPORT(fresh_baseline, FIELD_BOOL),
    REPORT(deterministic, FIELD_BOOL),
    REPORT(sanitised, FIELD_BOOL),
    REPORT(sanitised_findings, FIELD_U32),
    REPORT(claims, FIELD_BOOL),
    REPORT(tier, FIELD_STR),
    REPORT(layers, FIELD_STR),
    REPORT(patch_lines, FIELD_U32),
    REPORT(so_bytes_old, FIELD_U32),
    REPORT(so_bytes_new, FIELD_U32),
    REPORT(us_step_old, FIELD_DOUBLE, .min = 0, .max = 1e12),
    REPORT(us_step_new, FIELD_DOUBLE, .min = 0, .max = 1e12),
    REPORT(prefix_breaks, FIELD_U32),
    REPORT(new_signatures, FIELD_U32),
    REPORT(carried, FIELD_U32),
    REPORT(carried_ok, FIELD_U32),
    REPORT(carried_conditional, FIELD_U32),
    REPORT(carried_conditional_ok, FIELD_U32),
    REPORT(run_on, FIELD_BOOL),
    REPORT(unstable_old, FIELD_U32),
    REPORT(unstable_new, FIELD_U32),
    REPORT(varied, FIELD_BOOL),
    REPORT(left_out, FIELD_U32),
    REPORT(covered, FIELD_BOOL),
    REPORT(branches, FIELD_U32),
    REPORT(branches_missed, FIELD_U32),
    REPORT(branches_note, FIELD_STR),
    REPORT(memory_old, FIELD_U32),
    REPORT(memory_new, FIELD_U32),
    REPORT(genesis, FIELD_BOOL),
    REPORT(drifted, FIELD_U32),
    REPORT(alone, FIELD_U32),
    REPORT(alone_other, FIELD_U32),
    REPORT(played, FIELD_BOOL),
    REPORT(alone_wanted, FIELD_U32),
    REPORT(unreplayable, FIELD_U32),
    REPORT(less, FIELD_STR),
    REPORT(less_of, FIELD_U32),
};

#define CASE(member, type, ...) \
    { .name = #member, .kind = type, .offset = offsetof(struct report_case, member), __VA_ARGS__ }
#define WORDS(table) .words = table, .words_count = COUNT_OF(table)
static const struct field case_fields[] = {
    CASE(id, FIELD_STR),
    CASE(group, FIELD_STR),
    CASE(suite, FIELD_WORD, WORDS(suite_words)),
    CASE(split, FIELD_WORD, WORDS(split_words)),
    CASE(signature, FIELD_BOOL),
    CASE(old_outcome, FIELD_WORD, WORDS(outcome_words)),
    CASE(new_outcome, FIELD_WORD, WORDS(outcome_words)),
    CASE(step, FIELD_STEP),
    CASE(old_abnormal, FIELD_BOOL),
    CASE(new_abnormal, FIELD_BOOL),
    CASE(missing_old, FIELD_BOOL),
    CASE(missing_new, FIELD_BOOL),
    CASE(old_effects, FIELD_DIGEST),
    CASE(new_effects, FIELD_DIGEST),
    CASE(detail, FIELD_STR),
    CASE(after_step, FIELD_STEP),
    CASE(after_outcome, FIELD_WORD, WORDS(outcome_words)),
    CASE(after_symptom, FIELD_BOOL),
    CASE(variants, FIELD_U32),
    CASE(variants_mended, FIELD_U32),
    CASE(rider, FIELD_WORD, WORDS(rider_words)),
    CASE(unstable_old, FIELD_BOOL),
    CASE(unstable_new, FIELD_BOOL),
    CASE(past, FIELD_BOOL),
    CASE(asked, FIELD_BOOL),
};

#define TAKEN(member, type, ...) \
    { .name = #member, .kind = type, .offset = offsetof(struct report_taken, member), __VA_ARGS__ }
static const struct field taken_fields[] = {
    TAKEN(id, FIELD_STR),
    TAKEN(identity, FIELD_DIGEST),
    TAKEN(suite, FIELD_WORD, WORDS(suite_words)),
    TAKEN(mode, FIELD_WORD, WORDS(mode_words)),
    TAKEN(old, FIELD_WORD, WORDS(grade_verdict_words)),
    TAKEN(new, FIELD_WORD, WORDS(grade_verdict_words)),
    TAKEN(old_abnormal, FIELD_BOOL),
    TAKEN(new_abnormal, FIELD_BOOL),
    TAKEN(missing_old, FIELD_BOOL),
    TAKEN(missing_new, FIELD_BOOL),
    TAKEN(flaky, FIELD_BOOL),
    TAKEN(unstable, FIELD_BOOL),
    TAKEN(old_effects, FIELD_DIGEST),
    TAKEN(new_effects, FIELD_DIGEST),
    TAKEN(detail, FIELD_STR),
};

#define BRANCH(member, type, ...) \
    { .name = #member, .kind = type, .offset = offsetof(struct report_branch, member), __VA_ARGS__ }
static const struct field branch_fields[] = {
    BRANCH(function, FIELD_STR),
    BRANCH(line, FIELD_U32),
    BRANCH(what, FIELD_WORD, WORDS(marks_words)),
    BRANCH(cases, FIELD_U32),
    BRANCH(held_out, FIELD_U32),
};
/* clang-format on */

/* What a schema has are the first rows of the tables: a new one only adds behind them. */
static const struct schema {
    unsigned report, cases;
} schemas[SCHEMA + 1] = {
    [1] = { 26, 15 },
    [2] = { 30, 20 },
    [3] = { 31, 20 },
    [4] = { 41, 21 },
    [5] = { 44, 23 },
    [6] = { 44, 24 },
    [SCHEMA] = { COUNT_OF(report_fields), COUNT_OF(case_fields) },
};

static void print_taken(struct buf *out, const struct report *report)
{
    buf_text(out, "],\n\"taken\": [");
    for (uint32_t i = 0; i < report->taken_count; i++) {
        buf_text(out, i ? ",\n{" : "\n{");
        fields_print(out, taken_fields, COUNT_OF(taken_fields), &report->taken[i]);
        buf_char(out, '}');
    }
}

static void print_branches(struct buf *out, const struct report *report)
{
    buf_text(out, "],\n\"ran\": [");
    for (uint32_t i = 0; i < report->ran_count; i++) {
        const struct report_branch *branch = &report->ran[i];
        buf_text(out, i ? ",\n{" : "\n{");
        fields_print(out, branch_fields, COUNT_OF(branch_fields), branch);
        buf_text(out, ", \"shown\": [");
        for (uint32_t k = 0; k < branch->shown_count; k++) {
            buf_text(out, k ? ", " : "");
            json_quote(out, branch->shown[k]);
        }
        buf_text(out, "]}");
    }
}

void report_print(struct buf *out, const struct report *report)
{
    buf_format(out, "{\"schema\": %d, ", SCHEMA);
    fields_print(out, report_fields, COUNT_OF(report_fields), report);
    buf_text(out, ", \"cases\": [");
    for (uint32_t i = 0; i < report->cases_count; i++) {
        buf_text(out, i ? ",\n{" : "\n{");
        fields_print(out, case_fields, COUNT_OF(case_fields), &report->cases[i]);
        buf_char(out, '}');
    }
    print_taken(out, report);
    print_branches(out, report);
    buf_char(out, ']');
    report_certificate_print(out, report->certificate);
    buf_text(out, "}\n");
}

static int read_certificate(struct report *ret, int64_t schema, const struct json *root,
    struct arena *arena, struct err *err)
{
    const struct json *early = schema < 7 ? json_get(root, "certificate") : NULL;
    if (early)
        return fields_refuse(err, root, early, "\"certificate\" is of schema 7");
    return schema < 7 ? 0 : report_certificate_read(&ret->certificate, root, arena, err);
}

/* One arm of a case: an outcome, its mark, and effects if it has any. */
static const char *arm_wrong(
    uint8_t outcome, bool abnormal, bool missing, const struct digest *effects)
{
    if (missing)
        return abnormal || outcome != OUTCOME_SAME || !hash_zero(effects)
                   ? "an arm that is missing has no outcome"
                   : NULL;
    if (abnormal != (outcome == OUTCOME_ABNORMAL))
        return "an arm is abnormal by its mark or by its outcome, but not by both";
    return hash_zero(effects) ? "an arm without effects is missing" : NULL;
}

static const char *case_wrong(const struct report_case *c)
{
    const char *old = arm_wrong(c->old_outcome, c->old_abnormal, c->missing_old, &c->old_effects);
    const char *new = arm_wrong(c->new_outcome, c->new_abnormal, c->missing_new, &c->new_effects);
    if (old || new)
        return old ? old : new;
    bool both = !c->missing_old && !c->missing_new;
    if (both && (c->step == UINT32_MAX) != hash_equal(&c->old_effects, &c->new_effects))
        return "the arms differ at a step, or their effects are equal";
    if (c->split != SPLIT_HELD_IN && c->detail.size > 0)
        return "only a held-in case may tell what was seen";
    if (c->after_step != UINT32_MAX && (!both || c->after_step <= c->step))
        return "an arm strays only behind the step where the arms part";
    if (c->after_step == UINT32_MAX ? c->after_outcome != OUTCOME_SAME || c->after_symptom
                                    : c->after_outcome == OUTCOME_RESOLVED)
        return "an arm that strays does something, and no repair";
    if (c->variants_mended > c->variants || (c->variants > 0 && !c->signature))
        return "only a case with the signature has variants, and no more mended than there are";
    bool beside = c->new_outcome == OUTCOME_SUPPRESSED || c->new_outcome == OUTCOME_UNEXPLAINED;
    if (c->rider != RIDER_NONE && !beside && c->after_step == UINT32_MAX)
        return "what came beside a repair is of an arm that did something else";
    return NULL;
}

/* What only a report of the other kind of candidate says. */
static const char *kind_wrong(const struct report *report, const struct report_case *c)
{
    if (c->asked && !report->less.size)
        return "only a report of a removal says which hooks a case asks";
    return c->signature && report->less.size ? "a removal has no failing case" : NULL;
}

static int read_cases(struct report *ret, const struct schema *schema, const struct json *root,
    struct arena *arena, struct err *err)
{
    const struct json *list = json_get(root, "cases");
    if (!json_is(list, JSON_ARRAY))
        return fields_refuse(err, root, list ? list : root, "\"cases\" is no list");
    if (list->count > CASES_MAX)
        return fields_refuse(err, root, list, "more than %d cases", CASES_MAX);
    ret->cases = arena_alloc(arena, (list->count + 1) * sizeof *ret->cases);
    JSON_EACH(item, list)
    {
        struct report_case *c = &ret->cases[ret->cases_count++];
        *c = (struct report_case){ .after_step = UINT32_MAX };
        int rc = fields_read(c, case_fields, schema->cases, root, item, NULL, arena, err);
        if (rc < 0)
            return rc;
        const char *wrong = case_wrong(c);
        if (!wrong)
            wrong = kind_wrong(ret, c);
        if (wrong)
            return fields_refuse(err, root, item, "%s", wrong);
    }
    return 0;
}

static const char *taken_wrong(const struct report_taken *c)
{
    bool none_old = c->missing_old || c->flaky;
    if (c->suite != SUITE_REGRESSION && c->suite != SUITE_SAFETY)
        return "a case that was taken in is in the suite regression or safety";
    if ((none_old && c->old != GRADE_INCONCLUSIVE) ||
        ((c->missing_new || c->unstable) && c->new != GRADE_INCONCLUSIVE))
        return "an arm that is missing, or goes both ways, passes and fails nothing";
    if ((c->old_abnormal && (c->missing_old || c->old == GRADE_PASS)) ||
        (c->new_abnormal && (c->missing_new || c->new == GRADE_PASS)))
        return "an arm that ends abnormally is there, and does not pass";
    if (c->flaky && c->unstable)
        return "what goes both ways in the old arm is not held against the new one";
    if (c->missing_old != hash_zero(&c->old_effects) ||
        c->missing_new != hash_zero(&c->new_effects))
        return "an arm without effects is missing";
    return NULL;
}

/* A list of the document, with room for its items; earlier schemas have none. */
static int open_list(const struct json **ret, const char *name, uint32_t most, int64_t schema,
    const struct json *root, struct err *err)
{
    *ret = json_get(root, name);
    if (schema < 5)
        return *ret ? fields_refuse(err, root, *ret, "\"%s\" is of schema 5", name) : 0;
    if (!json_is(*ret, JSON_ARRAY) || (*ret)->count > most)
        return fields_refuse(
            err, root, *ret ? *ret : root, "\"%s\" is no list of at most %u", name, most);
    return 0;
}

static int read_taken(struct report *ret, int64_t schema, const struct json *root,
    struct arena *arena, struct err *err)
{
    const struct json *list;
    int rc = open_list(&list, "taken", TAKEN_ROWS_MAX, schema, root, err);
    if (rc < 0 || !list)
        return rc;
    ret->taken = arena_alloc(arena, (list->count + 1) * sizeof *ret->taken);
    JSON_EACH(item, list)
    {
        struct report_taken *one = &ret->taken[ret->taken_count++];
        *one = (struct report_taken){ 0 };
        rc = fields_read(one, taken_fields, COUNT_OF(taken_fields), root, item, NULL, arena, err);
        if (rc < 0)
            return rc;
        const char *wrong = taken_wrong(one);
        if (wrong || !ret->played)
            return fields_refuse(err, root, item, "%s", wrong ? wrong : "nothing was played");
    }
    return 0;
}

static int read_shown(struct report_branch *ret, const struct json *root, const struct json *item,
    struct arena *arena, struct err *err)
{
    const struct json *list = json_get(item, "shown");
    struct str *shown = arena_alloc(arena, REPORT_BRANCH_CASES_MAX * sizeof *shown);
    if (!json_is(list, JSON_ARRAY) || list->count > REPORT_BRANCH_CASES_MAX)
        return fields_refuse(
            err, root, item, "\"shown\" is no list of at most %d", REPORT_BRANCH_CASES_MAX);
    JSON_EACH(id, list)
    {
        if (!json_is(id, JSON_STRING))
            return fields_refuse(err, root, id, "no id");
        shown[ret->shown_count++] = json_string(arena, id);
    }
    ret->shown = shown;
    if (ret->held_out > ret->cases || ret->shown_count > ret->cases - ret->held_out)
        return fields_refuse(err, root, item, "more cases are shown than ran it");
    return 0;
}

static int read_branches(struct report *ret, int64_t schema, const struct json *root,
    struct arena *arena, struct err *err)
{
    static const char *const others[] = { "shown", NULL };
    const struct json *list;
    int rc = open_list(&list, "ran", REPORT_BRANCHES_MAX, schema, root, err);
    if (rc < 0 || !list)
        return rc;
    ret->ran = arena_alloc(arena, (list->count + 1) * sizeof *ret->ran);
    JSON_EACH(item, list)
    {
        struct report_branch *one = &ret->ran[ret->ran_count++];
        *one = (struct report_branch){ 0 };
        rc = fields_read(
            one, branch_fields, COUNT_OF(branch_fields), root, item, others, arena, err);
        if (rc == 0)
            rc = read_shown(one, root, item, arena, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int report_read(struct report *ret, struct str text, struct arena *arena, struct err *err)
{
    static const char *const others[] = { "schema", "cases", "taken", "ran", "certificate", NULL };
    struct report report = { 0 };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "report");
    int64_t number = json_int(json_get(root, "schema"), 0);
    if (number < 1 || number > SCHEMA)
        return fields_refuse(err, root, root, "report: schema is none of 1 to %d", SCHEMA);
    const struct schema *schema = &schemas[number];
    int rc = fields_read(&report, report_fields, schema->report, root, root, others, arena, err);
    if (rc == 0 && report.deterministic && (report.unstable_old || report.unstable_new))
        rc = fields_refuse(err, root, root, "report: deterministic, with cases that are not");
    if (rc == 0 && (report.less.size > 0) != (report.less_of > 0))
        rc = fields_refuse(
            err, root, root, "report: a removal is of some plugins, a repair of none");
    if (rc == 0 && report.less.size && !hash_zero(&report.batch))
        rc = fields_refuse(err, root, root, "report: of a removal, which has no batch");
    if (rc == 0 && (report.branches_missed > report.branches || report.alone_other > report.alone))
        rc = fields_refuse(err, root, root, "report: a part is more than the whole");
    if (rc == 0)
        rc = read_cases(&report, schema, root, arena, err);
    if (rc == 0)
        rc = read_taken(&report, number, root, arena, err);
    if (rc == 0)
        rc = read_branches(&report, number, root, arena, err);
    if (rc == 0)
        rc = read_certificate(&report, number, root, arena, err);
    if (rc == 0)
        *ret = report;
    return rc;
}
