/* claim_print - the claim as a document, and back. See claim.h. */
#include "promote/claim.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stddef.h>

enum { SCHEMA = 1 };

#define FIELD(member, type, ...)                                                                   \
    {                                                                                              \
        .name = #member, .kind = type, .offset = offsetof(struct claim, member), __VA_ARGS__       \
    }
static const struct field fields[] = {
    FIELD(candidate, FIELD_STR),
    FIELD(parent, FIELD_STR),
    FIELD(detector, FIELD_STR),
    FIELD(shard, FIELD_U32),
    FIELD(sessions, FIELD_U32),
    FIELD(left_out, FIELD_U32),
    FIELD(groups, FIELD_U32),
    FIELD(worse, FIELD_U32),
    FIELD(failing, FIELD_U32),
    FIELD(fixed, FIELD_U32),
    FIELD(worse_at_most, FIELD_DOUBLE, .max = 1),
    FIELD(fixed_at_least, FIELD_DOUBLE, .max = 1),
    FIELD(level, FIELD_DOUBLE, .max = 1),
    FIELD(claims, FIELD_BOOL),
};
static const char *const others[] = { "schema", NULL };

void claim_print(struct buf *out, const struct claim *claim)
{
    buf_format(out, "{\"schema\":%d,", SCHEMA);
    fields_print(out, fields, COUNT_OF(fields), claim);
    buf_char(out, '}');
}

int claim_read(struct claim *ret, struct str text, struct arena *arena, struct err *err)
{
    struct claim claim = { 0 };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "claim");
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return fields_refuse(err, root, root, "claim: schema is not %d", SCHEMA);
    int rc = fields_read(&claim, fields, COUNT_OF(fields), root, root, others, arena, err);
    if (rc < 0)
        return err_while(err, "claim");
    fields_own(&claim, fields, COUNT_OF(fields), arena);
    *ret = claim;
    return 0;
}
