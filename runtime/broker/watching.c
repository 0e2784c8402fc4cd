/* watching - see watching.h. */
#include "broker/watching.h"

#include <inttypes.h>

enum { STEPS_MAX = 10000000 };

int watching_begin(struct watching *watching, struct engine *engine,
    struct generations *generations, const void *client, const struct json *root,
    struct arena *arena, struct err *err)
{
    struct str id = json_string(arena, json_get(root, "candidate"));
    int64_t steps = json_int(json_get(root, "steps"), -1);
    struct crew_spec spec;
    if (id.size == 0 || steps < 1 || steps > STEPS_MAX)
        return err_set(err, ERR_INPUT, "it wants candidate, and steps from 1 to %d", STEPS_MAX);
    if (watching->loaded)
        return err_set(
            err, ERR_STATE, "somebody looks at candidate %.12s here", watching->candidate);
    int rc = generation_shadow(&spec, generations, id, arena, err);
    if (rc == 0)
        rc = crew_load(&watching->loaded, engine->crew, &spec, err);
    if (rc < 0)
        return rc;
    str_printable(watching->candidate, sizeof watching->candidate, id, false);
    watching->holder = client;
    shadow_begin(&watching->shadow, (uint32_t)steps, true);
    return 0;
}

void watching_status(const struct watching *watching, struct buf *out)
{
    const struct shadow *shadow = &watching->shadow;
    buf_format(out,
        "\"candidate\":\"%s\",\"steps\":%u,\"same\":%" PRIu64 ",\"other\":%" PRIu64
        ",\"failed\":%" PRIu64 ",\"crashed\":%" PRIu64,
        watching->candidate, shadow->begun, shadow->same, shadow->other, shadow->failed,
        watching->crashed);
}

int watching_tell(struct watching *watching, const void *client, struct buf *out, struct err *err)
{
    if (!watching->loaded || watching->holder != client)
        return err_set(err, ERR_STATE, "the service looks at no candidate for you any more");
    buf_char(out, '{');
    watching_status(watching, out);
    buf_char(out, ',');
    shadow_tell(&watching->shadow, out);
    buf_char(out, '}');
    return 0;
}

void watching_end(struct watching *watching)
{
    shadow_end(&watching->shadow);
    if (watching->loaded)
        crew_unload(watching->loaded);
    *watching = (struct watching){ 0 };
}
