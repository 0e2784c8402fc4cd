/* generation - see generation.h. */
#include "admission/generation.h"

#include "base/fields.h"
#include "base/mem.h"
#include "wire/effect.h"

#include <stddef.h>

static const struct field head[] = {
    { .name = "number", .kind = FIELD_U32, .offset = offsetof(struct generation, number) },
    { .name = "commit", .kind = FIELD_STR, .offset = offsetof(struct generation, commit) },
    { .name = "pipeline", .kind = FIELD_STR, .offset = offsetof(struct generation, pipeline) },
    { .name = "tree", .kind = FIELD_DIGEST, .offset = offsetof(struct generation, tree) },
};
static const struct field row[] = {
    { .name = "name", .kind = FIELD_STR, .offset = offsetof(struct generation_build, name) },
    { .name = "path", .kind = FIELD_STR, .offset = offsetof(struct generation_build, path) },
    { .name = "source", .kind = FIELD_DIGEST, .offset = offsetof(struct generation_build, source) },
    { .name = "build", .kind = FIELD_DIGEST, .offset = offsetof(struct generation_build, build) },
};
static const char *const others[] = { "schema", "builds", NULL };

void generation_print(struct buf *out, const struct generation *generation)
{
    buf_text(out, "{\"schema\":1,");
    fields_print(out, head, COUNT_OF(head), generation);
    buf_text(out, ",\"builds\":[");
    for (uint32_t i = 0; i < generation->builds_count; i++) {
        buf_text(out, i ? ",{" : "{");
        fields_print(out, row, COUNT_OF(row), &generation->builds[i]);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

static int read_builds(
    struct generation *ret, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *builds = json_get(root, "builds");
    int rc = 0;
    if (!json_is(builds, JSON_ARRAY) || builds->count > WIRE_PLUGINS_MAX)
        return fields_refuse(err, root, builds ? builds : root, "a list of builds is wanted");
    ret->builds = arena_alloc(arena, (builds->count + 1) * sizeof *ret->builds);
    JSON_EACH(build, builds)
    {
        struct generation_build *to = &ret->builds[ret->builds_count];
        if ((rc = fields_read(to, row, COUNT_OF(row), root, build, NULL, arena, err)) < 0)
            return rc;
        fields_own(to, row, COUNT_OF(row), arena);
        ret->builds_count++;
    }
    return rc;
}

int generation_read(struct generation *ret, struct str text, struct arena *arena, struct err *err)
{
    struct generation generation = { 0 };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "generation");
    if (json_int(json_get(root, "schema"), 0) != 1)
        return fields_refuse(err, root, root, "a generation of schema 1 is wanted");
    int rc = fields_read(&generation, head, COUNT_OF(head), root, root, others, arena, err);
    fields_own(&generation, head, COUNT_OF(head), arena);
    if (rc == 0)
        rc = read_builds(&generation, root, arena, err);
    if (rc == 0 && !generation_find(&generation, generation.pipeline))
        rc = fields_refuse(err, root, root, "the pipeline is none of the builds");
    *ret = generation;
    return rc < 0 ? err_while(err, "generation") : 0;
}

struct generation_build *generation_find(const struct generation *generation, struct str name)
{
    for (uint32_t i = 0; i < generation->builds_count; i++)
        if (str_equal(generation->builds[i].name, name))
            return &generation->builds[i];
    return NULL;
}
