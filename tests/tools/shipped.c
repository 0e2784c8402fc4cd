/* shipped - see shipped.h. */
#include "shipped.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/import.h"

#include <glob.h>
#include <stdlib.h>

enum { TOOLS_MAX = 1 << 20 };

void shipped_done(struct shipped *shipped)
{
    miner_free(shipped->miner);
    free(shipped->runs);
    arena_done(&shipped->arena);
    *shipped = (struct shipped){ 0 };
}

static struct str keep(struct shipped *shipped, struct str s)
{
    return (struct str){ arena_string(&shipped->arena, s.size ? s.at : "", s.size), s.size };
}

/* A run's slices point into the session, which is gone after the call. */
static int take(void *with, const struct import_session *session, struct err *err)
{
    struct shipped *shipped = with;
    struct import_session kept = *session;
    struct run *run;
    kept.meta = keep(shipped, session->meta);
    kept.messages =
        arena_alloc(&shipped->arena, (session->messages_count + 1) * sizeof(*kept.messages));
    for (uint32_t i = 0; i < session->messages_count; i++)
        kept.messages[i] = keep(shipped, session->messages[i]);
    int rc = import_run(&run, &kept, shipped->tools, &shipped->arena, err);
    if (rc < 0)
        return rc;
    run->session = str_of(arena_format(&shipped->arena, "run %u", shipped->seen++));
    run->split = (uint8_t)split_of(STR("0123456789abcdef0123456789abcdef"), run->group, false);
    miner_add(shipped->miner, run);
    if (run->split != SPLIT_HELD_IN && !shipped->all)
        return 0;
    if (shipped->runs_count == shipped->runs_room) {
        shipped->runs_room = shipped->runs_room ? shipped->runs_room * 2 : 256;
        shipped->runs = mem_grow(shipped->runs, shipped->runs_room, sizeof(*shipped->runs));
    }
    shipped->runs[shipped->runs_count++] = run;
    return 0;
}

static void skipped(void *with, const char *where, const char *why)
{
    (void)with;
    (void)where;
    (void)why;
}

static int read_tools(struct shipped *shipped, const char *folder, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/tau_retail_tools.json", folder);
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = file_read(path, &text, TOOLS_MAX, err);
    if (rc < 0)
        return rc;
    return run_tools_read(&shipped->tools, keep(shipped, buf_view(&text)), &shipped->arena, err);
}

static int load(struct shipped *ret, const char *folder, bool all, struct err *err)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.jsonl.gz", folder);
    glob_t files = { 0 };
    *ret = (struct shipped){ .miner = miner_new(), .all = all };
    int rc = read_tools(ret, folder, err);
    if (rc == 0 && glob(pattern, 0, NULL, &files) != 0)
        rc = err_set(err, ERR_MISSING, "no traces in %s", folder);
    const struct import_options options = { ret->tools, -1 };
    const struct import_sink sink = { ret, take, skipped };
    for (size_t i = 0; rc == 0 && i < files.gl_pathc; i++)
        rc = import_tau(files.gl_pathv[i], &options, &sink, err);
    globfree(&files);
    if (rc < 0)
        shipped_done(ret);
    else
        miner_rank(ret->miner);
    return rc;
}

int shipped_load(struct shipped *ret, const char *folder, struct err *err)
{
    return load(ret, folder, false, err);
}

int shipped_load_all(struct shipped *ret, const char *folder, struct err *err)
{
    return load(ret, folder, true, err);
}

int shipped_batch(struct batch *ret, struct shipped *shipped, const char *cluster, struct err *err)
{
    CLEANUP(buf_done) struct buf held_in = { 0 }, held_out = { 0 };
    const struct cluster *found = miner_find(shipped->miner, cluster);
    if (!found)
        return err_set(err, ERR_MISSING, "no cluster %s", cluster);
    int rc = batch_print(&held_in, &held_out, shipped->miner, found, err);
    return rc < 0 ? rc : batch_read(ret, keep(shipped, buf_view(&held_in)), &shipped->arena, err);
}
