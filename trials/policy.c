/* policy - what a gate wants, read and printed by one table. See verdict.h. */
#include "trials/verdict.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stddef.h>
#include <string.h>

#define POLICY(member, type, ...)                                                                  \
    {                                                                                              \
        .name = #member, .kind = type, .offset = offsetof(struct policy, member), __VA_ARGS__      \
    }
static const struct field policy_fields[] = {
    POLICY(p0, FIELD_DOUBLE, .min = .001, .max = .999),
    POLICY(margin, FIELD_DOUBLE, .min = .001, .max = .999),
    POLICY(level_shard, FIELD_DOUBLE, .min = 1e-9, .max = .5),
    POLICY(level_harm, FIELD_DOUBLE, .min = 0, .max = .5),
    POLICY(held_in_share, FIELD_DOUBLE, .min = .01, .max = 1),
    POLICY(missing_max, FIELD_DOUBLE, .min = 0, .max = .5),
    POLICY(held_out_groups_min, FIELD_U32),
    POLICY(patch_lines_max, FIELD_U32),
    POLICY(so_growth_max, FIELD_U32),
    POLICY(slowdown_max, FIELD_DOUBLE, .min = 1, .max = 1000),
    POLICY(prefix_breaks_max, FIELD_U32),
    POLICY(claims, FIELD_BOOL),
    POLICY(memory_growth_max, FIELD_U32),
};
/* What a schema has are the first rows. */
enum { POLICY_SCHEMA = 3, STRICT_SCHEMA = 3 };
static const unsigned policy_schemas[POLICY_SCHEMA + 1] = {
    [1] = 12, COUNT_OF(policy_fields), COUNT_OF(policy_fields)
};

struct policy policy_default(void)
{
    return (struct policy){
        .p0 = .2,
        .margin = .20,
        .level_shard = .10,
        .level_harm = .05,
        .held_in_share = .6,
        .missing_max = .10,
        .held_out_groups_min = 3,
        .patch_lines_max = 60,
        .so_growth_max = 64 << 10,
        .slowdown_max = 2,
        .claims = true,
        .memory_growth_max = 16 << 10,
    };
}

static bool is_plugin_name(struct str name)
{
    enum { NAME_MAX_SIZE = 64 };
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] != '_' && (name.at[i] < 'a' || name.at[i] > 'z') &&
            (name.at[i] < '0' || name.at[i] > '9'))
            return false;
    return name.size > 0 && name.size <= NAME_MAX_SIZE;
}

/* The names of `strict`; one policy holds so many of them as there is room for. */
static int read_strict(struct policy *policy, const struct json *root, struct err *err)
{
    const struct json *strict = json_get(root, "strict");
    CLEANUP(arena_done) struct arena arena = { 0 };
    size_t size = 0;
    if (!json_is(strict, JSON_ARRAY))
        return fields_refuse(err, root, root, "policy: strict is a list of plugins");
    JSON_EACH(each, strict)
    {
        struct str name = json_is(each, JSON_STRING) ? json_string(&arena, each) : STR("");
        if (!is_plugin_name(name) || policy_is_strict(policy, name))
            return fields_refuse(err, root, each, "policy: no plugin's name, or one named twice");
        if (size + name.size + 2 > sizeof(policy->strict))
            return fields_refuse(err, root, strict, "policy: too many plugins are strict");
        memcpy(policy->strict + size, name.at, name.size);
        memcpy(policy->strict + size + name.size, " ", 2);
        size += name.size + 1;
    }
    return 0;
}

/* Calls the next name, and where the one behind it begins. */
static struct str next_strict(const char **at)
{
    const char *end = strchr(*at, ' ');
    struct str name = { *at, end ? (size_t)(end - *at) : 0 };
    *at = end ? end + 1 : *at;
    return name;
}

bool policy_is_strict(const struct policy *policy, struct str plugin)
{
    const char *at = policy->strict;
    for (struct str name; (name = next_strict(&at)).size > 0;)
        if (str_equal(name, plugin))
            return true;
    return false;
}

/* whole: every member that its schema has is there. */
static int read_by(
    const struct field *fields, bool whole, struct policy *ret, struct str text, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    static const char *const others[] = { "schema", "strict", NULL };
    struct policy policy = policy_default();
    const struct json *root = json_read(&arena, text, NULL, err);
    if (!root)
        return err_while(err, "policy");
    int64_t schema = json_int(json_get(root, "schema"), 0);
    if (schema < 1 || schema > POLICY_SCHEMA)
        return fields_refuse(err, root, root, "policy: schema is none of 1 to %d", POLICY_SCHEMA);
    unsigned count = whole ? policy_schemas[schema] : COUNT_OF(policy_fields);
    int rc = fields_read(&policy, fields, count, root, root, others, &arena, err);
    bool strict = json_get(root, "strict") != NULL;
    if (rc == 0 && (strict || (whole && schema >= STRICT_SCHEMA)))
        rc = whole && schema < STRICT_SCHEMA
                 ? fields_refuse(err, root, root, "policy: strict is of schema %d", STRICT_SCHEMA)
                 : read_strict(&policy, root, err);
    if (rc == 0)
        *ret = policy;
    return rc;
}

int policy_read(struct policy *ret, struct str text, struct err *err)
{
    return read_by(policy_fields, true, ret, text, err);
}

int policy_read_file(struct policy *ret, struct str text, struct err *err)
{
    struct field fields[COUNT_OF(policy_fields)];
    memcpy(fields, policy_fields, sizeof fields);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        fields[i].optional = true;
    return read_by(fields, false, ret, text, err);
}

void policy_print(struct buf *out, const struct policy *policy)
{
    buf_format(out, "{\"schema\":%d,", POLICY_SCHEMA);
    fields_print(out, policy_fields, COUNT_OF(policy_fields), policy);
    buf_text(out, ",\"strict\":[");
    const char *at = policy->strict;
    for (struct str name; (name = next_strict(&at)).size > 0;)
        buf_format(
            out, "%s\"%.*s\"", name.at == policy->strict ? "" : ",", (int)name.size, name.at);
    buf_text(out, "]}");
}
