/* worktree - see worktree.h. Names in the tree are hostile: each is opened below its folder without
 * following anything, and shown printable. */
#include "promote/worktree.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- out */

static int make_folders(const char *folder, const char *path, struct err *err)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        CLEANUP(mem_freep) char *at = mem_format("%s/%.*s", folder, (int)(slash - path), path);
        if ((mkdir(at, 0777) < 0 && errno != EEXIST) || chmod(at, 0777) < 0)
            return err_sys(err, "make %s", path);
    }
    return 0;
}

int worktree_write(const char *folder, const struct harness *harness, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < harness->count; i++) {
        const struct harness_source *source = &harness->at[i];
        CLEANUP(mem_freep)
        char *path = mem_format("%.*s", (int)source->path.size, source->path.at);
        CLEANUP(mem_freep) char *at = mem_format("%s/%s", folder, path);
        if ((rc = make_folders(folder, path, err)) == 0 &&
            (rc = file_write(at, source->text, 0666, err)) == 0 && chmod(at, 0666) < 0)
            rc = err_sys(err, "make %s", path);
    }
    return rc;
}

/* --- back */

struct reading {
    struct worktree_change *ret;
    const struct harness *harness;
    bool seen[HARNESS_SOURCES_MAX];
    unsigned entries;
    struct err *err;
};

static int refuse(struct reading *reading, const char *path, const char *why)
{
    char shown[160];
    return err_set(reading->err, ERR_DENIED, "%s %s",
        str_printable(shown, sizeof shown, str_of(path), false), why);
}

static const struct harness_source *source_at(const struct harness *harness, const char *path)
{
    for (uint32_t i = 0; i < harness->count; i++)
        if (str_equal(harness->at[i].path, str_of(path)))
            return &harness->at[i];
    return NULL;
}

/* A folder that holds a source, at whatever depth. */
static bool leads_to_source(const struct harness *harness, const char *path)
{
    size_t size = strlen(path);
    for (uint32_t i = 0; i < harness->count; i++)
        if (str_starts(harness->at[i].path, str_of(path)) && harness->at[i].path.size > size &&
            harness->at[i].path.at[size] == '/')
            return true;
    return false;
}

static int take_text(struct reading *reading, const struct harness_source *source, struct buf *text)
{
    struct worktree_change *ret = reading->ret;
    if (str_equal(source->text, buf_view(text)))
        return 0;
    if (ret->source) {
        char shown[120];
        return err_set(reading->err, ERR_DENIED,
            "%.*s and %s are both changed: one file a proposal", (int)ret->source->path.size,
            ret->source->path.at, str_printable(shown, sizeof shown, source->path, false));
    }
    ret->source = source;
    ret->text = *text;
    *text = (struct buf){ 0 };
    return 0;
}

static int read_source(struct reading *reading, const char *path, int file, const struct stat *st)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct harness_source *source = source_at(reading->harness, path);
    struct err why = { 0 };
    if (!source)
        return refuse(reading, path, "was not there: only the sources of plugins may change");
    reading->seen[source - reading->harness->at] = true;
    if (st->st_nlink != 1)
        return refuse(reading, path, "is linked to another name");
    if (st->st_mode & 07111)
        return refuse(reading, path, "was made a program");
    if (st->st_size > WORKTREE_FILE_MAX)
        return refuse(reading, path, "is too large for a source");
    int rc = read_to_end(file, &text, WORKTREE_FILE_MAX, &why);
    if (rc < 0) {
        *reading->err = why;
        return rc;
    }
    if (memchr(text.at ? text.at : "", 0, text.size) || !str_utf8(buf_view(&text)))
        return refuse(reading, path, "is no text");
    return take_text(reading, source, &text);
}

static int read_folder(struct reading *reading, const char *path, int folder);

static int read_entry(struct reading *reading, const char *path, const char *name, int folder)
{
    struct stat st;
    CLEANUP(mem_freep)
    char *at = *path ? mem_format("%s/%s", path, name) : mem_string(name);
    if (reading->entries++ == WORKTREE_ENTRIES_MAX)
        return refuse(reading, at, "and others before it are too many");
    if (strcmp(name, ".git") == 0)
        return refuse(reading, at, "is a repository: nothing is to be committed");
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(reading->err, "look at the tree");
    bool is_folder = S_ISDIR(st.st_mode);
    if (!is_folder && !S_ISREG(st.st_mode))
        return refuse(reading, at, S_ISLNK(st.st_mode) ? "is a link" : "is no file");
    if (is_folder && !leads_to_source(reading->harness, at))
        return refuse(reading, at, "was not there: only the sources of plugins may change");
    CLEANUP(fd_closep)
    int fd = openat(folder, name,
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0));
    if (fd < 0)
        return errno == EACCES ? refuse(reading, at, "cannot be read")
                               : err_sys(reading->err, "open the tree");
    return is_folder ? read_folder(reading, at, fd) : read_source(reading, at, fd, &st);
}

/* Bounded in depth by the sources' own paths. */
static int read_folder(struct reading *reading, const char *path, int folder)
{
    int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0), rc = 0;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list) {
        fd_closep(&fd);
        return err_sys(reading->err, "list the tree");
    }
    for (struct dirent *entry; rc == 0 && (entry = readdir(list));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = read_entry(reading, path, entry->d_name, folder);
    closedir(list);
    return rc;
}

void worktree_change_done(struct worktree_change *change)
{
    buf_done(&change->text);
    *change = (struct worktree_change){ 0 };
}

int worktree_read(
    struct worktree_change *ret, const char *folder, const struct harness *harness, struct err *err)
{
    struct reading reading = { .ret = ret, .harness = harness, .err = err };
    *ret = (struct worktree_change){ 0 };
    CLEANUP(fd_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 ? err_sys(err, "open the tree") : read_folder(&reading, "", fd);
    for (uint32_t i = 0; rc == 0 && i < harness->count; i++)
        if (!reading.seen[i])
            rc = err_set(err, ERR_DENIED, "%.*s is not there any more",
                (int)harness->at[i].path.size, harness->at[i].path.at);
    if (rc < 0)
        worktree_change_done(ret);
    return rc;
}
