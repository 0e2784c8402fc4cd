/* run - the conversation of a case in the form that detectors, frames and replay share. */
#include "trials/run.h"

#include "base/mem.h"
#include "trials/case/case.h"

#include <string.h>

/* The tools that are offered, or known to a model that was told of them in words. */
static int add_tools(struct run *run, const struct trial_case *of, struct err *err)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    struct run_tools *tools;
    bool native = !of->settings.offered || of->settings.offered_count > 0;
    for (uint32_t i = 0; i < of->tools_count; i++) {
        if (native && !case_offers(of, of->tools[i].name))
            continue;
        buf_char(&list, list.size ? ',' : '[');
        buf_str(&list, of->tools[i].schema->raw);
    }
    run->offered = native;
    if (list.size == 0)
        return 0;
    buf_char(&list, ']');
    struct str text = { arena_string(run->arena, list.at, list.size), list.size };
    int rc = run_tools_read(&tools, text, run->arena, err);
    if (rc == 0)
        run->tools = tools;
    return rc < 0 ? err_where(err, "$.tools") : 0;
}

static int add(struct run *run, const struct json *message, bool failed, const char *list,
    uint32_t index, struct err *err)
{
    int rc = run_add(run, message->raw, failed, err);
    return rc < 0 && err ? err_where(err, "$.%s[%u]", list, index) : rc;
}

static bool among(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static int add_recorded(struct run *run, const struct trial_case *of, struct err *err)
{
    for (uint32_t i = 0; i < of->model.recorded_count; i++) {
        const struct case_recorded *entry = &of->model.recorded[i];
        bool person = entry->inbox != UINT32_MAX;
        int rc = person ? add(run, of->inbox[entry->inbox], false, "inbox", entry->inbox, err)
                        : add(run, entry->message, entry->failed, "model.recorded", i, err);
        if (rc < 0)
            return rc;
        if (entry->said)
            run->messages[run->messages_count - 1].own = entry->said->raw;
    }
    return 0;
}

/* What is said before anybody has answered: without a recording that is all there is. */
static int add_first(struct run *run, const struct trial_case *of, struct err *err)
{
    return of->model.recorded || of->inbox_count == 0
               ? 0
               : add(run, of->inbox[0], false, "inbox", 0, err);
}

int case_run(struct run **ret, uint32_t *ret_first, const struct trial_case *of,
    struct arena *arena, struct err *err)
{
    struct run *run = run_new(arena);
    uint32_t first = 0;
    int rc = add_tools(run, of, err);
    for (uint32_t i = 0; i < of->state.messages_count && rc == 0; i++) {
        bool failed = among(of->state.failed, of->state.failed_count, i);
        rc = add(run, of->state.messages[i], failed, "state.messages", i, err);
        first +=
            rc == 0 && (run->messages[i].role == RUN_MODEL || run->messages[i].role == RUN_ERROR);
    }
    if (rc == 0)
        rc = add_recorded(run, of, err);
    if (rc == 0)
        rc = add_first(run, of, err);
    if (rc < 0)
        return rc;
    run_seal(run);
    run->session = of->id;
    run->group = of->origin.group;
    run->source = of->origin.format;
    run->origin = STR("case");
    run->claims = of->origin.claims;
    run->graded = run->solved = of->model.solved;
    *ret = run;
    *ret_first = first;
    return 0;
}
