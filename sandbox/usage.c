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

struct seen {
    uint64_t bytes;
    unsigned dark; /* folders that may not be read, or all behind too many files */
};

/* False: too many files. Blocks, not sizes: a hole takes no disk. */
static bool walk(const char *folder, struct seen *seen)
{
    char *paths[] = { (char *)folder, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    unsigned files = 0;
    for (FTSENT *entry; tree && files <= FILES_MAX && (entry = fts_read(tree)); files++) {
        if (entry->fts_info == FTS_F || entry->fts_info == FTS_D || entry->fts_info == FTS_SL)
            seen->bytes += (uint64_t)entry->fts_statp->st_blocks * BLOCK;
        seen->dark += entry->fts_info == FTS_DNR;
    }
    if (tree)
        fts_close(tree);
    return files <= FILES_MAX;
}

/* Of each file system once. */
static uint64_t used_bytes(const struct usage *usage)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < usage->folders_count; i++) {
        struct statvfs st;
        unsigned first = 0;
        while (usage->folders[first].device != usage->folders[i].device)
            first++;
        if (first == i && statvfs(usage->folders[i].path, &st) == 0)
            sum += (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize;
    }
    return sum;
}

static uint64_t less(uint64_t from, uint64_t bytes)
{
    return from > bytes ? from - bytes : 0;
}

void usage_init(struct usage *usage, const struct sandbox_run *run)
{
    uint64_t all = 0;
    *usage = (struct usage){ .own = -1 };
    for (unsigned i = 0; i < run->mounts_count && usage->folders_count < USAGE_FOLDERS_MAX; i++) {
        struct stat st;
        struct seen seen = { 0 };
        const struct sandbox_mount *mount = &run->mounts[i];
        if (!mount->write || !mount->from || stat(mount->from, &st) < 0 || !S_ISDIR(st.st_mode) ||
            !walk(mount->from, &seen))
            continue;
        usage->folders[usage->folders_count++] =
            (struct usage_folder){ mem_string(mount->from), seen.bytes, seen.dark, st.st_dev };
        all += seen.bytes;
    }
    usage->others = less(used_bytes(usage), all);
}

bool usage_is_due(const struct usage *usage)
{
    return usage->folders_count > 0 && clock_mono_ns() >= usage->next_ns;
}

/* A run can make a folder that it may enter and a parent that is not root may not read, or so many
 * files that they are not walked. */
static bool walk_all(const struct usage *usage, uint64_t *ret_all, uint64_t *ret_grown)
{
    bool dark = false;
    *ret_all = *ret_grown = 0;
    for (unsigned i = 0; i < usage->folders_count; i++) {
        const struct usage_folder *folder = &usage->folders[i];
        struct seen seen = { 0 };
        dark |= !walk(folder->path, &seen) || seen.dark > folder->dark;
        *ret_all += seen.bytes;
        *ret_grown += less(seen.bytes, folder->before);
    }
    return dark;
}

void usage_begin(struct usage *usage)
{
    usage->used = used_bytes(usage);
}

/* A walk may take a twentieth of the time, no more. */
void usage_walk(struct usage *usage, const struct usage_hints *hints)
{
    uint64_t started = clock_mono_ns(), all, grown;
    bool dark = walk_all(usage, &all, &grown);
    uint64_t others = less(usage->used, all + hints->nameless);
    if (hints->fresh && !hints->hides && !dark)
        usage->others = others;
    usage->grown = grown + (hints->lasting || dark ? less(others, usage->others) : 0);
    uint64_t ended = clock_mono_ns(), pause = (ended - started) * WALK_SHARE;
    usage->cost_ns = ended - started;
    usage->next_ns = ended + (pause > WALK_MIN_NS ? pause : WALK_MIN_NS);
}

uint64_t usage_bytes(const struct usage *usage)
{
    struct statvfs st;
    uint64_t own = 0;
    if (usage->own >= 0 && fstatvfs(usage->own, &st) == 0)
        own = st.f_ffree == 0 ? UINT64_MAX / 2 : (st.f_blocks - st.f_bfree) * st.f_frsize;
    return own + usage->grown;
}

void usage_done(struct usage *usage)
{
    for (unsigned i = 0; i < usage->folders_count; i++)
        free(usage->folders[i].path);
    *usage = (struct usage){ .own = -1 };
}
