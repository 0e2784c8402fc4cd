/* recover - see recover.h. */
#include "broker/recover.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/client.h"

static int end(struct engine *engine, const struct live_open *open, struct str why, struct err *err)
{
    return open->handed
               ? live_turn_end(engine->store, open->turn, WIRE_ENDED_ANSWERED, STR(""), err)
               : live_turn_end(engine->store, open->turn, WIRE_ENDED_FAILED, why, err);
}

/* Its client is gone. It may come with the results of calls that it was handed, or ask again, which
 * is another turn or gets the answer of this one. */
static int end_of_gateway(struct engine *engine, const struct live_open *open, struct err *err)
{
    if (open->waits)
        return 0;
    int rc = commit_begin(engine->commit, err);
    return rc < 0 ? rc : end(engine, open, STR("the service ended before the answer"), err);
}

int recover_end(struct engine *engine, uint64_t turn, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_open *list;
    uint32_t count;
    int rc = live_open_turns(engine->store, &arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (list[i].turn == turn)
            return end(engine, &list[i], STR("the journal could not be written"), err);
    return rc;
}

int recover(struct engine *engine, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_open *list;
    uint32_t count;
    int rc = live_open_turns(engine->store, &arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct err own = { 0 };
        if (list[i].gateway)
            rc = end_of_gateway(engine, &list[i], err);
        else if (hosted_resume(engine, list[i].session, &own) < 0)
            log_line(LOG_ERROR, "turn %llu cannot go on: %s", (unsigned long long)list[i].turn,
                own.text);
    }
    return rc == 0 ? commit_now(engine->commit, err) : rc;
}
