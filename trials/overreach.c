/* overreach - reads a detector's made cases through the code that reads recordings. */
#include "trials/overreach.h"

static int read_case(struct run *run, const struct json *item, struct err *err)
{
    struct run_tools *tools;
    const struct json *of = json_get(item, "tools");
    int status = run_tools_read(&tools, of ? of->raw : STR("null"), run->arena, err);
    run->tools = tools;
    run->offered = true;
    run->meta = item;
    JSON_EACH(message, status < 0 ? NULL : json_get(item, "context"))
    {
        status = run_add(run, message->raw, false, err);
        if (status < 0)
            return status;
    }
    const struct json *reply = json_get(item, "reply");
    return status < 0 ? status : run_add(run, reply ? reply->raw : STR("null"), false, err);
}

/* Only the reply is put to the harness; earlier ones are its context. */
static void last_step_only(struct run *run)
{
    run->steps[0] = run->steps[run->steps_count - 1];
    run->steps_count = 1;
}

/* Detectors share cases, and a case has one name: by the first of the table that has it. */
static const char *named_by(const struct detector *detector)
{
    for (unsigned i = 0; i < detectors_count; i++)
        if (detectors[i].overreach == detector->overreach)
            return detectors[i].id;
    return detector->id;
}

int overreach_runs(const struct detector *detector, struct arena *arena, struct run ***ret,
    unsigned *ret_count, struct err *err)
{
    *ret_count = 0;
    if (!detector->overreach)
        return 0;
    const struct json *list = json_read(arena, str_of(detector->overreach), NULL, err);
    if (!json_is(list, JSON_ARRAY))
        return list ? err_set(err, ERR_DEFECT, "made cases of %s are no list", detector->id)
                    : err_while(err, "made cases of %s", detector->id);
    *ret = arena_alloc(arena, (list->count + 1) * sizeof(**ret));
    JSON_EACH(item, list)
    {
        struct run *run = run_new(arena);
        int status = read_case(run, item, err);
        if (status < 0)
            return err_while(err, "made case %u of %s", *ret_count, detector->id);
        run_seal(run);
        last_step_only(run);
        run->session = run->group =
            str_of(arena_format(arena, "%s overreach %u", named_by(detector), *ret_count));
        run->origin = STR("overreach");
        (*ret)[(*ret_count)++] = run;
    }
    return 0;
}
