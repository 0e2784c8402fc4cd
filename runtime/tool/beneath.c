/* beneath - see beneath.h. */
#include "tool/beneath.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 128, LINKS_MAX = 40, WAY_MAX = 2 * PATH_MAX };

struct walk {
    int folders[DEPTH_MAX]; /* come through; [0] is the root, not ours to close */
    unsigned depth;         /* the last one's place */
    unsigned links;
    char way[WAY_MAX]; /* what is still to go begins at `at` */
    size_t at;
    bool make;
};

void beneath_done(struct beneath *place)
{
    fd_closep(&place->folder);
}

static void walk_done(struct walk *walk)
{
    while (walk->depth > 0)
        close(walk->folders[walk->depth--]);
}

static int denied(struct err *err)
{
    err_set(err, ERR_DENIED, "the path leads out of the workspace");
    return err_hint(err, "give a path inside of it, such as src/main.c");
}

/* The next part, or false at the end. */
static bool next_part(
    struct walk *walk, char part[NAME_MAX + 1], bool *ret_last, int *rc, struct err *err)
{
    const char *way = walk->way + walk->at;
    way += strspn(way, "/");
    size_t size = strcspn(way, "/");
    if (size == 0)
        return false;
    if (size > NAME_MAX) {
        *rc = err_set(err, ERR_LIMIT, "a name of more than %d bytes", NAME_MAX);
        return false;
    }
    memcpy(part, way, size);
    part[size] = 0;
    way += size;
    *ret_last = way[strspn(way, "/")] == 0;
    walk->at = (size_t)(way - walk->way);
    return true;
}

/* Puts a link's text in front of what is still to go. 1: it is a link, 0: it is none. */
static int take_link(struct walk *walk, const char *part, struct err *err)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(walk->folders[walk->depth], part, target, sizeof target);
    if (size < 0)
        return errno == EINVAL || errno == ENOENT ? 0 : err_sys(err, "read the link %s", part);
    const char *rest = walk->way + walk->at;
    size_t rest_size = strlen(rest);
    if (++walk->links > LINKS_MAX || (size_t)size + rest_size + 2 > sizeof walk->way)
        return err_set(err, ERR_LIMIT, "too many links, or too long ones");
    if (size == 0 || target[0] == '/')
        return denied(err);
    memmove(walk->way + size + 1, rest, rest_size + 1);
    memcpy(walk->way, target, (size_t)size);
    walk->way[size] = '/';
    walk->at = 0;
    return 1;
}

static int open_part(struct walk *walk, const char *part)
{
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int above = walk->folders[walk->depth];
    int fd = openat(above, part, flags);
    if (fd < 0 && errno == ENOENT && walk->make && mkdirat(above, part, 0777) == 0)
        fd = openat(above, part, flags);
    return fd;
}

static int enter(struct walk *walk, const char *part, struct err *err)
{
    int fd = open_part(walk, part);
    if (fd < 0) {
        int error = errno;
        int rc = error == ENOTDIR || error == ELOOP ? take_link(walk, part, err) : 0;
        errno = error;
        if (rc != 0)
            return rc;
        return error == ENOENT ? err_set(err, ERR_MISSING, "no folder %s", part)
                               : err_sys(err, "folder %s", part);
    }
    if (walk->depth + 1 == DEPTH_MAX) {
        close(fd);
        return err_set(err, ERR_LIMIT, "more than %d folders deep", DEPTH_MAX);
    }
    walk->folders[++walk->depth] = fd;
    return 0;
}

static int go_back(struct walk *walk, struct err *err)
{
    if (walk->depth == 0)
        return denied(err);
    close(walk->folders[walk->depth--]);
    return 0;
}

/* Leaves the last part's name in `name`, or "." */
static int go(struct walk *walk, char name[NAME_MAX + 1], struct err *err)
{
    char part[NAME_MAX + 1];
    bool last;
    int rc = 0;
    while (rc >= 0 && next_part(walk, part, &last, &rc, err)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0)
            rc = go_back(walk, err);
        else if (!last)
            rc = enter(walk, part, err);
        else if ((rc = take_link(walk, part, err)) == 0) {
            memcpy(name, part, sizeof part);
            return 0;
        }
    }
    strcpy(name, ".");
    return rc < 0 ? rc : 0;
}

int beneath_find(struct beneath *ret, int root, struct str path, bool make, struct err *err)
{
    CLEANUP(walk_done) struct walk walk = { .folders = { root }, .make = make };
    struct beneath place = { .folder = -1 };
    if (path.size == 0 || path.size >= PATH_MAX || memchr(path.at, 0, path.size))
        return err_set(err, ERR_INPUT, "a path is 1 to %d bytes", PATH_MAX - 1);
    if (path.at[0] == '/')
        return denied(err);
    memcpy(walk.way, path.at, path.size);
    int rc = go(&walk, place.name, err);
    if (rc < 0)
        return rc;
    place.folder = fcntl(walk.folders[walk.depth], F_DUPFD_CLOEXEC, 0);
    if (place.folder < 0)
        return err_sys(err, "folder");
    *ret = place;
    return 0;
}

int beneath_open(int root, struct str path, int flags, struct err *err)
{
    CLEANUP(beneath_done) struct beneath place = { .folder = -1 };
    int rc = beneath_find(&place, root, path, false, err);
    if (rc < 0)
        return rc;
    int fd = openat(place.folder, place.name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_MISSING, "no such file or folder");
    return fd < 0 ? err_sys(err, "open") : fd;
}
