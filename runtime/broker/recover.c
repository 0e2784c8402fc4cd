/* recover - see recover.h. */
#include "broker/recover.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/client.h"

int recover(struct engine *engine, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_open *list;
    uint32_t count;
    int rc = live_open_turns(engine->store, &arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct err own = { 0 };
        if (!list[i].gateway && hosted_resume(engine, list[i].session, &own) < 0)
            log_line(LOG_ERROR, "turn %llu cannot go on: %s", (unsigned long long)list[i].turn,
                own.text);
    }
    return rc;
}
