/* mining - see mining.h. */
#include "trials/mining.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "trials/trace.h"
#include "wire/verb.h"

#include <limits.h>
#include <stdlib.h>

static void take(struct mining *mining, const struct mined *mined, uint8_t split)
{
    miner_take(mining->miner, mined, split, mining->listed.at_ms);
    verb_progress_of(++mining->sessions, mining->all, "sessions");
}

static void remember_turns(struct mining *mining, const struct journal_session *listed)
{
    if (!listed->live)
        return;
    if (mining->began_count == mining->began_room) {
        mining->began_room = mining->began_room ? mining->began_room * 2 : 256;
        mining->began = mem_grow(mining->began, mining->began_room, sizeof *mining->began);
    }
    mining->began[mining->began_count++] = (struct began){ listed->at_ms, listed->turns };
}

uint64_t mining_turns_ago(const struct mining *mining, uint64_t turns)
{
    uint64_t seen = 0;
    for (size_t i = mining->began_count; i-- > 0;)
        if ((seen += mining->began[i].turns) >= turns)
            return mining->began[i].at_ms;
    return 0;
}

/* One that has not grown since it was mined is not read again. Its split is the journal's: a group
 * may have moved since. */
static bool is_known(void *with, const struct journal_session *listed, bool settled)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct mining *mining = with;
    struct mined mined;
    mining->listed = *listed;
    remember_turns(mining, listed);
    if (!settled || listed->split == JOURNAL_NO_SPLIT ||
        !recall_find(&mining->recall, listed, &mined, &arena))
        return false;
    mined.group = listed->group;
    take(mining, &mined, listed->split);
    return true;
}

static int on_run(void *with, struct run *run, struct err *err)
{
    struct mining *mining = with;
    struct mined mined;
    (void)err;
    mined_read(&mined, run);
    recall_add(&mining->recall, &mining->listed, &mined);
    mining->read++;
    take(mining, &mined, run->split);
    return 0;
}

/* Other code may find other things: what another program found is not known. */
static int program_digest(struct digest *ret, struct err *err)
{
    enum { PROGRAM_MAX = 256 << 20 };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    int status = file_read("/proc/self/exe", &bytes, PROGRAM_MAX, err);
    if (status >= 0)
        *ret = hash_of(buf_view(&bytes));
    return status < 0 ? status : 0;
}

int mining_walk(struct mining *mining, struct journal *journal, const struct home *home,
    struct settling *settling, struct err *err)
{
    char path[PATH_MAX];
    struct digest program;
    struct err why;
    int status = program_digest(&program, err);
    if (status < 0)
        return status;
    recall_open(&mining->recall, home_path(path, home, "run/mined"), &program);
    status = trace_each_but(journal, settling, is_known, on_run, mining, err);
    if (status >= 0 && recall_save(&mining->recall, &program, &why) < 0)
        log_line(LOG_WARN, "the next mine reads these sessions again: %s", why.text);
    recall_done(&mining->recall);
    return status;
}

void mining_begin(struct mining *ret)
{
    *ret = (struct mining){ .miner = miner_new() };
}

void mining_done(struct mining *mining)
{
    miner_free(mining->miner);
    free(mining->began);
}
