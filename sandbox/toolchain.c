/* toolchain - see toolchain.h. What is kept of earlier answers; how one is found is in parts.c. */
#include "sandbox/toolchain.h"

#include "base/mem.h"
#include "sandbox/parts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 4 };

struct kept {
    struct toolchain toolchain; /* first: a caller's pointer leads back to all of it */
    struct parts parts;
    char *program, *from; /* what it was asked for */
    unsigned users;       /* and one while it is in the table */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *table[KEPT_MAX];
static unsigned oldest;

static void let_go(struct kept *kept)
{
    if (!kept || --kept->users > 0)
        return;
    parts_done(&kept->parts);
    free(kept->program);
    free(kept->from);
    free(kept);
}

/* The file of the host that argv[0] is, where it stands in a mount of the caller; else NULL. */
static char *find_mounted(const struct sandbox_run *run)
{
    const char *program = run->argv[0];
    for (unsigned i = 0; i < run->mounts_count; i++) {
        const struct sandbox_mount *mount = &run->mounts[i];
        size_t size = strlen(mount->to);
        if (mount->from && strncmp(program, mount->to, size) == 0 &&
            (program[size] == 0 || program[size] == '/'))
            return mem_format("%s%s", mount->from, program + size);
    }
    return NULL;
}

static bool is_for(const struct kept *kept, const char *program, const char *from)
{
    return kept && strcmp(kept->program, program) == 0 && !kept->from == !from &&
           (!from || strcmp(kept->from, from) == 0);
}

/* The place in the table: of what is for these, or of what has been there for longest. */
static unsigned find_place(const char *program, const char *from)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (is_for(table[i], program, from))
            return i;
    return oldest++ % KEPT_MAX;
}

static int make(struct kept **ret, const struct sandbox_run *run, const char *from, struct err *err)
{
    struct kept *kept = mem_zero(1, sizeof *kept);
    kept->users = 1;
    kept->program = mem_string(run->argv[0]);
    kept->from = from ? mem_string(from) : NULL;
    int rc = parts_find(&kept->parts, &kept->toolchain, run, from, err);
    if (rc < 0)
        let_go(kept);
    else
        *ret = kept;
    return rc;
}

int toolchain_take(const struct toolchain **ret, const struct sandbox_run *run, struct err *err)
{
    CLEANUP(mem_freep) char *from = find_mounted(run);
    int rc = 0;
    pthread_mutex_lock(&lock);
    unsigned place = find_place(run->argv[0], from);
    struct kept *kept = table[place];
    if (!is_for(kept, run->argv[0], from) || !parts_same(&kept->parts)) {
        rc = make(&kept, run, from, err);
        if (rc == 0) {
            let_go(table[place]);
            table[place] = kept;
        }
    }
    if (rc == 0) {
        kept->users++;
        *ret = &kept->toolchain;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void toolchain_drop(const struct toolchain *toolchain)
{
    if (!toolchain)
        return; /* nor is the lock taken: a compiler is asked under it, in a run that has none */
    pthread_mutex_lock(&lock);
    let_go((struct kept *)toolchain);
    pthread_mutex_unlock(&lock);
}
