/* list - list_files: names of the workspace, sorted, down to a depth, links not followed. */
#include "base/fd.h"
#include "base/mem.h"
#include "tool/beneath.h"
#include "tool/builtin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEPTH_DEFAULT = 2,
    DEPTH_MAX = 64,
    SHOWN_MAX = 1000,
    SHOWN_BYTES_MAX = 64 << 10,
    SEEN_MAX = 200000
};

struct listing {
    struct buf *out;
    struct arena arena;
    const char *glob; /* NULL: everything */
    int64_t depth;
    unsigned shown, left_out, seen;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_plain(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* All names of one folder, sorted; the descriptor is used up. */
static unsigned read_names(struct listing *listing, int folder, const char ***ret)
{
    const char **names = NULL;
    unsigned count = 0;
    DIR *stream = fdopendir(folder);
    if (!stream)
        close(folder);
    for (struct dirent *entry; stream && listing->seen < SEEN_MAX && (entry = readdir(stream));) {
        if (!is_plain(entry->d_name))
            continue;
        if ((count & (count - 1)) == 0)
            names = mem_grow(names, count > 0 ? count * 2u : 1, sizeof *names);
        names[count++] = arena_string(&listing->arena, entry->d_name, strlen(entry->d_name));
        listing->seen++;
    }
    if (stream)
        closedir(stream);
    if (count > 0)
        qsort(names, count, sizeof *names, by_name);
    *ret = names;
    return count;
}

/* '*' crosses folders, and a folder that it stands for may be none at all. */
static bool fits_path(const char *glob, const char *path)
{
    const char *any = strstr(glob, "**/");
    if (fnmatch(glob, path, 0) == 0)
        return true;
    if (!any)
        return false;
    CLEANUP(mem_freep)
    char *without = mem_format("%.*s%s", (int)(any - glob), glob, any + 3);
    return fits_path(without, path);
}

static bool fits(const struct listing *listing, const char *path, const char *name)
{
    if (!listing->glob)
        return true;
    return strchr(listing->glob, '/') ? fits_path(listing->glob, path)
                                      : fnmatch(listing->glob, name, 0) == 0;
}

static void print_link(struct listing *listing, int folder, const char *name)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(folder, name, target, sizeof target);
    if (size <= 0)
        return;
    buf_text(listing->out, " -> ");
    buf_add(listing->out, target, (size_t)size);
}

static void print_entry(
    struct listing *listing, int folder, const char *path, const char *name, mode_t mode)
{
    if (!fits(listing, path, name))
        return;
    if (listing->shown == SHOWN_MAX || listing->out->size + strlen(path) > SHOWN_BYTES_MAX) {
        listing->left_out++;
        return;
    }
    listing->shown++;
    buf_text(listing->out, path);
    if (S_ISDIR(mode))
        buf_char(listing->out, '/');
    else if (S_ISLNK(mode))
        print_link(listing, folder, name);
    buf_char(listing->out, '\n');
}

/* Takes the descriptor of the folder whose path is `path` (empty: where the list begins). */
static void list_folder(struct listing *listing, int folder, const char *path, int64_t depth)
{
    CLEANUP(mem_freep) const char **names = NULL;
    CLEANUP(fd_closep) int own = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    unsigned count = read_names(listing, folder, &names);
    for (unsigned i = 0; own >= 0 && i < count; i++) {
        struct stat st;
        char *at = arena_format(&listing->arena, "%s%s%s", path, *path ? "/" : "", names[i]);
        if (fstatat(own, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        print_entry(listing, own, at, names[i], st.st_mode);
        if (!S_ISDIR(st.st_mode) || depth <= 1 || strcmp(names[i], ".git") == 0)
            continue;
        int next = openat(own, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next >= 0)
            list_folder(listing, next, at, depth - 1);
    }
}

static void print_end(const struct listing *listing)
{
    if (listing->left_out > 0)
        buf_format(
            listing->out, "[%u more; give a path, a glob or a smaller depth]\n", listing->left_out);
    if (listing->seen >= SEEN_MAX)
        buf_format(listing->out, "[stopped after %d names]\n", SEEN_MAX);
    if (listing->out->size == 0)
        buf_text(listing->out, listing->glob ? "[nothing fits]" : "[the folder is empty]");
}

int tool_list(struct builtin *builtin, const struct builtin_value *values, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str path = values[0].given ? values[0].text : STR(".");
    struct str glob = values[1].text;
    struct listing listing = { .out = &builtin->text, .depth = DEPTH_DEFAULT };
    int folder =
        beneath_open(builtin->root, builtin_path(builtin, path), O_RDONLY | O_DIRECTORY, err);
    if (folder < 0)
        return folder;
    if (values[1].given)
        listing.glob = arena_string(&arena, glob.at, glob.size);
    listing.depth = values[2].given ? values[2].number : listing.glob ? DEPTH_MAX : DEPTH_DEFAULT;
    list_folder(&listing, folder, "", listing.depth);
    print_end(&listing);
    arena_done(&listing.arena);
    return 0;
}
