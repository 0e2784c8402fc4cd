/* report_certificate - what a report says of the certificate of its patch: printed and read.
 *
 * It is the patch's, by its digest (docs/reference/patch.md). A certificate that differential runs
 * speak against is none, so a report that has one is refused. */
#include "trials/report_certificate.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stddef.h>

#define GUARD(member, type)                                                                        \
    {                                                                                              \
#member, type, offsetof(struct report_guard, member)                                       \
    }
static const struct field guard_fields[] = {
    GUARD(line, FIELD_U32),
    GUARD(function, FIELD_STR),
    GUARD(holds, FIELD_BOOL),
    GUARD(condition, FIELD_STR),
};
#define OF(member, type)                                                                           \
    {                                                                                              \
#member, type, offsetof(struct report_certificate, member)                                 \
    }
static const struct field fields[] = {
    OF(digest, FIELD_DIGEST),
};
static const struct field differential_fields[] = {
    OF(runs, FIELD_U32),
    OF(steps, FIELD_U32),
    OF(seed, FIELD_U32),
    OF(differences, FIELD_U32),
};

void report_certificate_print(struct buf *out, const struct report_certificate *certificate)
{
    buf_text(out, ", \"certificate\": ");
    if (!certificate) {
        buf_text(out, "null");
        return;
    }
    buf_char(out, '{');
    fields_print(out, fields, COUNT_OF(fields), certificate);
    buf_text(out, ", \"guards\": [");
    for (uint32_t i = 0; i < certificate->guards_count; i++) {
        buf_text(out, i ? ", {" : "{");
        fields_print(out, guard_fields, COUNT_OF(guard_fields), &certificate->guards[i]);
        buf_char(out, '}');
    }
    buf_text(out, "], \"differential\": ");
    if (certificate->tried) {
        buf_char(out, '{');
        fields_print(out, differential_fields, COUNT_OF(differential_fields), certificate);
        buf_char(out, '}');
    } else
        buf_text(out, "null");
    buf_char(out, '}');
}

static int read_guards(struct report_certificate *ret, const struct json *root,
    const struct json *object, struct arena *arena, struct err *err)
{
    const struct json *list = json_get(object, "guards");
    if (!json_is(list, JSON_ARRAY) || list->count == 0 || list->count > REPORT_GUARDS_MAX)
        return fields_refuse(
            err, root, list ? list : object, "\"guards\" is no list of 1 to %d", REPORT_GUARDS_MAX);
    ret->guards = arena_alloc(arena, list->count * sizeof *ret->guards);
    JSON_EACH(item, list)
    {
        struct report_guard *guard = &ret->guards[ret->guards_count++];
        *guard = (struct report_guard){ 0 };
        int rc =
            fields_read(guard, guard_fields, COUNT_OF(guard_fields), root, item, NULL, arena, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_differential(struct report_certificate *ret, const struct json *root,
    const struct json *object, struct arena *arena, struct err *err)
{
    const struct json *of = json_get(object, "differential");
    ret->tried = !json_is(of, JSON_NULL);
    if (!ret->tried)
        return 0;
    int rc = fields_read(ret, differential_fields, COUNT_OF(differential_fields), root,
        of ? of : object, NULL, arena, err);
    if (rc == 0 && ret->differences > 0)
        rc = fields_refuse(err, root, of, "a certificate that differential runs speak against");
    return rc;
}

int report_certificate_read(const struct report_certificate **ret, const struct json *root,
    struct arena *arena, struct err *err)
{
    static const char *const others[] = { "guards", "differential", NULL };
    const struct json *object = json_get(root, "certificate");
    struct report_certificate *made = arena_alloc(arena, sizeof *made);
    *made = (struct report_certificate){ 0 };
    if (json_is(object, JSON_NULL))
        return 0;
    if (!json_is(object, JSON_OBJECT))
        return fields_refuse(
            err, root, object ? object : root, "\"certificate\" is an object or null");
    int rc = fields_read(made, fields, COUNT_OF(fields), root, object, others, arena, err);
    if (rc == 0)
        rc = read_guards(made, root, object, arena, err);
    if (rc == 0)
        rc = read_differential(made, root, object, arena, err);
    if (rc == 0)
        *ret = made;
    return rc;
}
