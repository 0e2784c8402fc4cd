/* usage - see usage.h. */
#include "sandbox/usage.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { FILES_MAX = 100000, BLOCK = 512, WALK_SHARE = 20, WALK_MIN_NS = 100000000 };

/* False: too many files. Blocks, not sizes: a hole takes no disk. */
static bool walk(const char *folder, uint64_t *sum)
{
    char *paths[] = { (char *)folder, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    unsigned files = 0;
    for (FTSENT *entry; tree && files <= FILES_MAX && (entry = fts_read(tree)); files++)
        if (entry->fts_info == FTS_F || entry->fts_info == FTS_D || entry->fts_info == FTS_SL)
            *sum += (uint64_t)entry->fts_statp->st_blocks * BLOCK;
    if (tree)
        fts_close(tree);
    return files <= FILES_MAX;
}

void usage_init(struct usage *usage, const struct sandbox_run *run)
{
    *usage = (struct usage){ .own = -1 };
    for (unsigned i = 0; i < run->mounts_count && usage->folders_count < USAGE_FOLDERS_MAX; i++) {
        struct stat st;
        uint64_t sum = 0;
        const struct sandbox_mount *mount = &run->mounts[i];
        if (!mount->write || !mount->from || stat(mount->from, &st) < 0 || !S_ISDIR(st.st_mode) ||
            !walk(mount->from, &sum))
            continue;
        usage->before += sum;
        usage->folders[usage->folders_count++] = mem_string(mount->from);
    }
}

/* A walk may take a twentieth of the time, no more. */
static void walk_all(struct usage *usage)
{
    uint64_t started = clock_mono_ns(), sum = 0;
    for (unsigned i = 0; i < usage->folders_count; i++)
        walk(usage->folders[i], &sum);
    uint64_t ended = clock_mono_ns(), pause = (ended - started) * WALK_SHARE;
    usage->grown = sum > usage->before ? sum - usage->before : 0;
    usage->next_ns = ended + (pause > WALK_MIN_NS ? pause : WALK_MIN_NS);
}

uint64_t usage_look(struct usage *usage, bool fresh)
{
    struct statvfs st;
    uint64_t own = 0;
    if (usage->own >= 0 && fstatvfs(usage->own, &st) == 0)
        own = st.f_ffree == 0 ? UINT64_MAX / 2 : (st.f_blocks - st.f_bfree) * st.f_frsize;
    if (usage->folders_count > 0 && (fresh || clock_mono_ns() >= usage->next_ns))
        walk_all(usage);
    return own + usage->grown;
}

void usage_done(struct usage *usage)
{
    for (unsigned i = 0; i < usage->folders_count; i++)
        free(usage->folders[i]);
    *usage = (struct usage){ .own = -1 };
}
