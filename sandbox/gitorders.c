/* gitorders - see gitorders.h. What depends (includeIf, one part of a section or another) is taken
 * as if it always held: a file too many is read-only, none too few. */
#include "sandbox/gitorders.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/gitconfig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES_MAX = 64,
    BYTES_MAX = 4 << 20,
    UP_MAX = 256,
    TREES_MAX = 1024,
    NAMED_MAX = 128,
    LINK_MAX = 4096
};

enum kind {
    KIND_READ,   /* a file of configuration, from the folder of the one that names it */
    KIND_FOLDER, /* from the top of the work tree */
    KIND_COMMAND /* for a shell, at the top of the work tree */
};
/* git-config(1). A name of NULL is any name of that section. What runs only when a person names it
 * (alias, mergetool, difftool, sendemail) is the person's will. */
static const struct key {
    const char *section, *name;
    enum kind kind;
} keys[] = {
    { "include", "path", KIND_READ },
    { "includeif", "path", KIND_READ },
    { "core", "hookspath", KIND_FOLDER },
    { "init", "templatedir", KIND_FOLDER }, /* its hooks come into what is cloned or made */
    { "core", "fsmonitor", KIND_COMMAND },
    { "core", "sshcommand", KIND_COMMAND },
    { "core", "editor", KIND_COMMAND },
    { "core", "pager", KIND_COMMAND },
    { "core", "askpass", KIND_COMMAND },
    { "core", "gitproxy", KIND_COMMAND },
    { "core", "alternaterefscommand", KIND_COMMAND },
    { "sequence", "editor", KIND_COMMAND },
    { "pager", NULL, KIND_COMMAND },
    { "interactive", "difffilter", KIND_COMMAND },
    { "diff", "external", KIND_COMMAND },
    { "diff", "command", KIND_COMMAND },
    { "diff", "textconv", KIND_COMMAND },
    { "merge", "driver", KIND_COMMAND },
    { "filter", "clean", KIND_COMMAND },
    { "filter", "smudge", KIND_COMMAND },
    { "filter", "process", KIND_COMMAND },
    { "credential", "helper", KIND_COMMAND },
    { "gpg", "program", KIND_COMMAND },
    { "gpg", "defaultkeycommand", KIND_COMMAND },
    { "gc", "recentobjectshook", KIND_COMMAND },
    { "hook", "command", KIND_COMMAND },
    { "remote", "uploadpack", KIND_COMMAND },
    { "remote", "receivepack", KIND_COMMAND },
    { "submodule", "update", KIND_COMMAND },
    { "trailer", "command", KIND_COMMAND },
    { "trailer", "cmd", KIND_COMMAND },
    { "uploadpack", "packobjectshook", KIND_COMMAND },
};

struct reading {
    struct orders *orders;
    unsigned mount;
    struct stat root;   /* of the mount */
    char top[PATH_MAX]; /* of the work tree */
    struct {
        dev_t device;
        ino_t inode;
    } files[FILES_MAX];
    unsigned files_count, named;
    size_t bytes;
};

static int read_config(struct reading *reading, const char *path, struct err *err);

static bool is_root(const struct reading *reading, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == reading->root.st_dev &&
           st.st_ino == reading->root.st_ino;
}

/* Takes "." and ".." out of a path that begins with none of '/'; false where it climbs out. */
static bool make_plain(char *path)
{
    char plain[PATH_MAX] = "", *rest = NULL;
    for (char *part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        char *slash = strrchr(plain, '/');
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            if (!plain[0])
                return false;
            *(slash ? slash : plain) = 0;
            continue;
        }
        size_t size = strlen(plain);
        snprintf(plain + size, sizeof plain - size, "%s%s", size ? "/" : "", part);
    }
    strcpy(path, plain);
    return true;
}

/* Whatever it is called by: the part behind the last name of the mount's folder. */
static bool is_inside(const struct reading *reading, const char *absolute, char ret[PATH_MAX])
{
    char path[PATH_MAX];
    bool found = false;
    snprintf(path, sizeof path, "%s", absolute);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (is_root(reading, path)) {
            snprintf(ret, PATH_MAX, "%s", slash + 1);
            found = true;
        }
        *slash = '/';
    }
    if (is_root(reading, path)) {
        ret[0] = 0;
        return true;
    }
    return found && make_plain(ret);
}

/* A path of the configuration as one from the root of the host; false: it is longer than any. */
static bool make_absolute(char ret[PATH_MAX], const char *base, const char *value)
{
    const char *home = getenv("HOME");
    int size;
    if (value[0] == '~' && value[1] == '/' && home)
        size = snprintf(ret, PATH_MAX, "%s%s", home, value + 1);
    else if (value[0] == '/')
        size = snprintf(ret, PATH_MAX, "%s", value);
    else
        size = snprintf(ret, PATH_MAX, "%s/%s", base, value);
    return size < PATH_MAX;
}

static int add_inside(struct reading *reading, const char *absolute, struct err *err)
{
    char inside[PATH_MAX];
    if (!is_inside(reading, absolute, inside))
        return 0;
    if (++reading->named > NAMED_MAX)
        return err_set(err, ERR_LIMIT, "git's configuration names more than %d files", NAMED_MAX);
    if (inside[0])
        return orders_add(reading->orders, reading->mount, inside, ORDER_KEPT, err);
    err_set(err, ERR_DENIED, "git's configuration names the workspace itself as what git obeys");
    return err_hint(err, "name a folder in it: a run may write the workspace");
}

/* Of a command's words those that are files, and a program in a folder, there or not: of the others
 * nobody can say whether they are names at all. A path behind a variable counts as from the top. */
static int add_word(struct reading *reading, const char *word, bool first, struct err *err)
{
    char path[PATH_MAX], inside[PATH_MAX];
    struct stat st;
    if (!make_absolute(path, reading->top, word))
        return 0;
    if (word[0] == '/' && stat(path, &st) < 0)
        snprintf(path, sizeof path, "%.2000s%.2000s", reading->top, word);
    if (!is_inside(reading, path, inside) || !inside[0])
        return 0;
    bool file = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    return file || (first && strchr(word, '/')) ? add_inside(reading, path, err) : 0;
}

static int add_command(struct reading *reading, char *value, struct err *err)
{
    static const char between[] = " \t\n\"'`;|&()<>$={}!,";
    char *rest = NULL;
    bool first = true;
    int rc = 0;
    for (char *word = strtok_r(value, between, &rest); rc == 0 && word;
         word = strtok_r(NULL, between, &rest), first = false)
        rc = add_word(reading, word, first, err);
    return rc;
}

static const struct key *find_key(const struct gitconfig_value *value)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strcmp(keys[i].section, value->section) == 0 &&
            (!keys[i].name || strcmp(keys[i].name, value->name) == 0))
            return &keys[i];
    return NULL;
}

static int obey(
    struct reading *reading, const char *folder, struct gitconfig_value *value, struct err *err)
{
    char path[PATH_MAX];
    const struct key *key = find_key(value);
    if (!key || !value->value[0])
        return 0;
    if (value->cut)
        return err_set(err, ERR_LIMIT, "%s.%s of git's configuration is too long", value->section,
            value->name);
    if (key->kind == KIND_COMMAND)
        return add_command(reading, value->value, err);
    if (!make_absolute(path, key->kind == KIND_READ ? folder : reading->top, value->value))
        return 0;
    int rc = add_inside(reading, path, err);
    return rc < 0 || key->kind != KIND_READ ? rc : read_config(reading, path, err);
}

/* 1: it was read already. */
static int note_file(struct reading *reading, const struct stat *st, struct err *err)
{
    for (unsigned i = 0; i < reading->files_count; i++)
        if (reading->files[i].inode == st->st_ino && reading->files[i].device == st->st_dev)
            return 1;
    if (reading->files_count == FILES_MAX || st->st_size > BYTES_MAX - (off_t)reading->bytes)
        return err_set(err, ERR_LIMIT, "git's configuration is more than %d files or %d MiB",
            FILES_MAX, BYTES_MAX >> 20);
    reading->files[reading->files_count].device = st->st_dev;
    reading->files[reading->files_count++].inode = st->st_ino;
    return 0;
}

/* Looked at before it is opened: to open a device may be to use it. 0 with *ret -1: not there, or
 * not ours to read, and so not git's. */
static int open_config(int *ret, struct reading *reading, const char *path, struct err *err)
{
    char again[64];
    struct stat st;
    *ret = -1;
    CLEANUP(fd_closep) int at = open(path, O_PATH | O_CLOEXEC);
    if (at < 0 || fstat(at, &st) < 0)
        return 0;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_DENIED, "%.160s, which git reads, is no file", path);
    int rc = note_file(reading, &st, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    snprintf(again, sizeof again, "/proc/self/fd/%d", at);
    *ret = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* /proc has some that wait */
    return 0;
}

static int read_text(struct reading *reading, int fd, struct buf *ret, struct err *err)
{
    ret->max = BYTES_MAX - reading->bytes;
    for (;;) {
        char chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "read git's configuration");
        if (n == 0)
            break;
        buf_add(ret, chunk, (size_t)n);
        if (ret->over)
            return err_set(
                err, ERR_LIMIT, "git's configuration is more than %d MiB", BYTES_MAX >> 20);
    }
    reading->bytes += ret->size;
    return 0;
}

static int read_config(struct reading *reading, const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(fd_closep) int fd = -1;
    struct gitconfig_value value;
    char folder[PATH_MAX];
    int rc = open_config(&fd, reading, path, err);
    if (rc < 0 || fd < 0 || (rc = read_text(reading, fd, &text, err)) < 0)
        return rc;
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    struct gitconfig config = { .text = buf_view(&text) };
    while (rc == 0 && gitconfig_next(&config, &value))
        rc = obey(reading, folder, &value, err);
    return rc;
}

static int read_in(struct reading *reading, const char *folder, const char *name, struct err *err)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path
               ? read_config(reading, path, err)
               : 0;
}

/* The first line of a small file: where a .git that is a file leads to, or a commondir. */
static bool read_line(const char *path, char ret[LINK_MAX])
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    ssize_t n = read(fd, ret, LINK_MAX - 1);
    ret[n > 0 ? n : 0] = 0;
    ret[strcspn(ret, "\r\n")] = 0;
    return ret[0] != 0;
}

/* Of every linked worktree, too: its own may name files that stand here. */
static int read_worktrees(struct reading *reading, const char *git, struct err *err)
{
    char path[PATH_MAX];
    int rc = 0;
    unsigned count = 0;
    if (snprintf(path, sizeof path, "%s/worktrees", git) >= (int)sizeof path)
        return 0;
    DIR *trees = opendir(path);
    for (struct dirent *entry; rc == 0 && trees && (entry = readdir(trees));) {
        char name[NAME_MAX + 32];
        if (entry->d_name[0] == '.')
            continue;
        if (++count > TREES_MAX)
            rc = err_set(err, ERR_LIMIT, "more than %d linked worktrees", TREES_MAX);
        snprintf(name, sizeof name, "worktrees/%s/config.worktree", entry->d_name);
        rc = rc < 0 ? rc : read_in(reading, git, name, err);
    }
    if (trees)
        closedir(trees);
    return rc;
}

/* `git` is the .git of a work tree; in a linked one it is a file that names a folder in another. */
static int read_repository(struct reading *reading, const char *git, struct err *err)
{
    char line[LINK_MAX], folder[PATH_MAX], shared[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", git);
    if (read_line(git, line) && strncmp(line, "gitdir: ", 8) == 0 &&
        !make_absolute(folder, reading->top, line + 8))
        return 0;
    snprintf(shared, sizeof shared, "%.4000s/commondir", folder);
    if (!read_line(shared, line))
        snprintf(shared, sizeof shared, "%s", folder);
    else if (!make_absolute(shared, folder, line))
        return 0;
    int rc = read_in(reading, shared, "config", err);
    if (rc == 0)
        rc = read_in(reading, folder, "config.worktree", err);
    if (rc == 0)
        rc = read_in(reading, shared, "config.worktree", err);
    return rc < 0 ? rc : read_worktrees(reading, shared, err);
}

/* The work tree that the mount is in or is, as git finds it: upwards. */
int gitorders_find(struct orders *orders, unsigned mount, struct err *err)
{
    struct reading reading = { .orders = orders, .mount = mount };
    char name[64], git[PATH_MAX];
    int root = orders->roots[mount];
    snprintf(name, sizeof name, "/proc/self/fd/%d", root);
    ssize_t size = readlink(name, reading.top, sizeof reading.top - 1);
    if (size <= 0 || reading.top[0] != '/' || fstat(root, &reading.root) < 0)
        return 0;
    for (int depth = 0; depth < UP_MAX; depth++) {
        if (snprintf(git, sizeof git, "%s/.git", reading.top) >= (int)sizeof git)
            return 0;
        if (access(git, F_OK) == 0)
            return read_repository(&reading, git, err);
        char *slash = strrchr(reading.top, '/');
        if (slash == reading.top)
            return 0;
        *slash = 0;
    }
    return 0;
}
