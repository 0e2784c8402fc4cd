/* filter_kept - see filter_kept.h. */
#include "sandbox/filter_kept.h"

#include "base/fd.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { SETS_MAX = 8, FILTER_MAX = 1 << 16 };
static struct kept {
    struct kept *next;
    const struct filter_set *sets[SETS_MAX];
    enum filter_otherwise otherwise;
    struct buf rows;
} * all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is(const struct kept *kept, const struct filter_set *const *sets)
{
    size_t i = 0;
    while (sets[i] && kept->sets[i] == sets[i])
        i++;
    return kept->sets[i] == sets[i];
}

static int make(struct kept **ret, const struct filter_set *const *sets,
    enum filter_otherwise otherwise, struct err *err)
{
    CLEANUP(fd_closep) int fd = filter_seal(sets, otherwise, err);
    if (fd < 0)
        return fd;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(err, "read the filter");
    struct kept *made = mem_zero(1, sizeof *made);
    int rc = read_to_end(fd, &made->rows, FILTER_MAX, err);
    if (rc < 0) {
        buf_done(&made->rows);
        free(made);
        return rc;
    }
    for (size_t i = 0; sets[i]; i++)
        made->sets[i] = sets[i];
    made->otherwise = otherwise;
    made->next = all;
    *ret = all = made;
    return 0;
}

static int find(struct kept **ret, const struct filter_set *const *sets,
    enum filter_otherwise otherwise, struct err *err)
{
    for (*ret = all; *ret; *ret = (*ret)->next)
        if ((*ret)->otherwise == otherwise && is(*ret, sets))
            return 0;
    return make(ret, sets, otherwise, err);
}

int filter_kept(
    const struct filter_set *const *sets, enum filter_otherwise otherwise, struct err *err)
{
    struct kept *kept;
    size_t count = 0;
    while (sets[count])
        count++;
    if (count >= SETS_MAX)
        return err_set(err, ERR_DEFECT, "a filter of %zu sets", count);
    pthread_mutex_lock(&lock);
    int rc = find(&kept, sets, otherwise, err);
    if (rc == 0) /* what is kept is never changed, and never freed */
        rc = fd_seal("filter", (struct str){ kept->rows.at, kept->rows.size }, err);
    pthread_mutex_unlock(&lock);
    return rc;
}
