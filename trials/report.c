/* report - prints and reads the document that the gate believes.
 *
 * Both ways go by the same tables. Beyond its members a report is read for what it says: cases
 * whose marks contradict each other, or that tell of a held-out case more than the gate may pass
 * on, are refused. */
#include "trials/report.h"

#include "base/mem.h"
#include "base/fields.h"

#include <stddef.h>

enum { SCHEMA = 1, CASES_MAX = 1000000 };

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
};
/* clang-format on */

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
    buf_text(out, "]}\n");
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
    return NULL;
}

static int read_cases(
    struct report *ret, const struct json *root, struct arena *arena, struct err *err)
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
        int rc = fields_read(c, case_fields, COUNT_OF(case_fields), root, item, NULL, arena, err);
        if (rc < 0)
            return rc;
        const char *wrong = case_wrong(c);
        if (wrong)
            return fields_refuse(err, root, item, "%s", wrong);
    }
    return 0;
}

int report_read(struct report *ret, struct str text, struct arena *arena, struct err *err)
{
    static const char *const others[] = { "schema", "cases", NULL };
    struct report report = { 0 };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "report");
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return fields_refuse(err, root, root, "report: schema is not %d", SCHEMA);
    int rc = fields_read(
        &report, report_fields, COUNT_OF(report_fields), root, root, others, arena, err);
    if (rc == 0)
        rc = read_cases(&report, root, arena, err);
    if (rc == 0)
        *ret = report;
    return rc;
}
