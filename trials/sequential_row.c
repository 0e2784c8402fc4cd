/* sequential_row - a stochastic comparison as the document that stands behind its look.
 *
 * Only what was fixed and what was seen is written. Wealth, counts and the end are worked out by
 * betting again, in the order that stands there, so a document cannot claim what its groups do not
 * give. */
#include "trials/sequential.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stddef.h>
#include <string.h>

enum { SCHEMA = 1, TEXT_MAX = 16 << 20 };

static const char *const stop_words[] = {
    [SEQUENTIAL_ANY] = "any",
    [SEQUENTIAL_FIXED] = "fixed",
};

/* clang-format off */
#define PLAN(member, type, ...) \
    { .name = #member, .kind = type, .offset = offsetof(struct sequential_plan, member), __VA_ARGS__ }
static const struct field plan_fields[] = {
    PLAN(shard, FIELD_DIGEST),
    PLAN(candidate, FIELD_DIGEST),
    PLAN(look, FIELD_U32),
    PLAN(passes, FIELD_U32),
    PLAN(level, FIELD_DOUBLE),
    PLAN(level_harm, FIELD_DOUBLE),
    PLAN(margin, FIELD_DOUBLE),
    PLAN(missing_max, FIELD_DOUBLE),
    PLAN(repeats, FIELD_U32),
    PLAN(cases, FIELD_U32),
    PLAN(groups, FIELD_U32),
    PLAN(stop, FIELD_WORD, .words = stop_words, .words_count = COUNT_OF(stop_words)),
};

#define GROUP(label, member, type) \
    { .name = label, .kind = type, .offset = offsetof(struct sequential_group, member) }
static const struct field group_fields[] = {
    GROUP("group", group, FIELD_DIGEST),
    GROUP("signature", signature, FIELD_BOOL),
    GROUP("cases", cases, FIELD_U32),
    GROUP("lost", lost, FIELD_U32),
    GROUP("old_passed", old.passed, FIELD_U32),
    GROUP("old_failed", old.failed, FIELD_U32),
    GROUP("old_missing", old.missing, FIELD_U32),
    GROUP("new_passed", new.passed, FIELD_U32),
    GROUP("new_failed", new.failed, FIELD_U32),
    GROUP("new_missing", new.missing, FIELD_U32),
};
/* clang-format on */

void sequential_print_plan(struct buf *out, const struct sequential_plan *plan)
{
    fields_print(out, plan_fields, COUNT_OF(plan_fields), plan);
}

void sequential_print_group(struct buf *out, const struct sequential_group *group)
{
    fields_print(out, group_fields, COUNT_OF(group_fields), group);
}

void sequential_print(struct buf *out, const struct sequential *sequential)
{
    buf_format(out, "{\"schema\": %d, ", SCHEMA);
    sequential_print_plan(out, &sequential->plan);
    buf_text(out, ", \"bets\": [");
    for (uint32_t i = 0; i < sequential->groups_count; i++) {
        buf_text(out, i ? ",\n{" : "\n{");
        sequential_print_group(out, &sequential->groups[i]);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

static int read_bets(
    struct sequential *to, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *list = json_get(root, "bets");
    if (!json_is(list, JSON_ARRAY))
        return fields_refuse(err, root, list ? list : root, "\"bets\" is no list");
    JSON_EACH(item, list)
    {
        struct sequential_group group = { 0 };
        struct err why;
        int rc =
            fields_read(&group, group_fields, COUNT_OF(group_fields), root, item, NULL, arena, err);
        if (rc < 0)
            return rc;
        if (sequential_add(to, &group, &why) < 0)
            return fields_refuse(err, root, item, "%s", why.text);
    }
    return 0;
}

int sequential_read(struct sequential *ret, struct str text, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(sequential_done) struct sequential row = { 0 };
    static const char *const others[] = { "schema", "bets", NULL };
    static const struct json_limits limits = { .size_max = TEXT_MAX };
    struct sequential_plan plan = { 0 };
    struct err why;
    const struct json *root = json_read(&arena, text, &limits, err);
    if (!root)
        return err_while(err, "comparison");
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return fields_refuse(err, root, root, "comparison: schema is not %d", SCHEMA);
    int rc =
        fields_read(&plan, plan_fields, COUNT_OF(plan_fields), root, root, others, &arena, err);
    if (rc == 0 && sequential_init(&row, &plan, &why) < 0)
        rc = fields_refuse(err, root, root, "%s", why.text);
    if (rc == 0)
        rc = read_bets(&row, root, &arena, err);
    if (rc < 0)
        return rc;
    *ret = row;
    row = (struct sequential){ 0 };
    return 0;
}

/* Member by member: a struct may have holes. */
static bool same_plan(const struct sequential_plan *a, const struct sequential_plan *b)
{
    CLEANUP(buf_done) struct buf left = { 0 }, right = { 0 };
    sequential_print_plan(&left, a);
    sequential_print_plan(&right, b);
    return str_equal(buf_view(&left), buf_view(&right));
}

int sequential_resume(
    struct sequential *ret, struct str text, const struct sequential_plan *plan, struct err *err)
{
    CLEANUP(sequential_done) struct sequential row = { 0 };
    int rc = sequential_read(&row, text, err);
    if (rc < 0)
        return rc;
    if (!same_plan(&row.plan, plan))
        return err_set(err, ERR_STATE, "another comparison was begun with this look");
    *ret = row;
    row = (struct sequential){ 0 };
    return 0;
}
