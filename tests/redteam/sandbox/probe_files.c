/* probe_files - files that a run was not given: by path, by link, by handle, by descriptor; and
 * what it was given, used to reach further. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CALL_FCHMODAT2 = 452 };

static bool read_file(const char *path)
{
    return probe_opens(path, O_RDONLY);
}

static bool write_file(const char *path)
{
    return probe_opens(path, O_WRONLY);
}

static bool make_file(const char *path)
{
    return probe_opens(path, O_WRONLY | O_CREAT) && unlink(path) == 0;
}

static bool list_folder(const char *path)
{
    return probe_opens(path, O_RDONLY | O_DIRECTORY);
}

/* A link that the run made itself leads out. */
static bool read_by_symlink(const char *path)
{
    return symlink(path, "way-out") == 0 && probe_opens("way-out", O_RDONLY);
}

static bool read_by_hardlink(const char *path)
{
    return link(path, "way-out-too") == 0 && probe_opens("way-out-too", O_RDONLY);
}

static bool read_below(const char *start, const char *path)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "%s%s", start, path);
    return probe_opens(whole, O_RDONLY);
}

static bool read_by_dots(const char *path)
{
    return read_below("../../../../../../../../..", path);
}

static bool read_by_proc_root(const char *path)
{
    return read_below("/proc/1/root", path);
}

/* Into the workspace, from where it would be read. */
static bool move_in(const char *path)
{
    return rename(path, "moved") == 0 && rename("moved", path) == 0;
}

/* A folder that was open in whoever started the run. */
static bool read_by_inherited_folder(const char *fd_and_name)
{
    char *name;
    int folder = (int)strtol(fd_and_name, &name, 10);
    int fd = openat(folder, name + 1, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && close(fd) == 0;
}

/* Nothing of it, since all who have the file have one place in it: a worker may read, but not seek.
 */
static bool read_inherited(const char *fd)
{
    char byte;
    return read(atoi(fd), &byte, 0) == 0;
}

static bool inherited_descriptors(const char *first)
{
    bool any = false;
    for (int fd = atoi(first); fd < 1024; fd++)
        any |= fcntl(fd, F_GETFD) >= 0;
    return any;
}

/* The handle was made outside: hexadecimal digits of struct file_handle. It needs any descriptor of
 * that file system, and the workspace is on it. */
static bool read_by_handle(const char *hex)
{
    union {
        unsigned size;
        unsigned char bytes[256];
    } handle = { 0 };
    for (size_t i = 0; hex[i * 2] && i < sizeof handle.bytes; i++) {
        const char digits[3] = { hex[i * 2], hex[i * 2 + 1], 0 };
        handle.bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    int below = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return below >= 0 && syscall(SYS_open_by_handle_at, below, &handle, O_RDONLY) >= 0;
}

static bool make_handle(const char *path)
{
    struct {
        unsigned size;
        int type;
        char bytes[128];
    } to = { sizeof to.bytes, 0, { 0 } };
    int mount_id;
    return syscall(SYS_name_to_handle_at, AT_FDCWD, path, &to, &mount_id, 0) == 0;
}

static bool see_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static bool change_mode(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && chmod(path, st.st_mode & 07777) == 0;
}

static bool change_owner(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && chown(path, st.st_uid, st.st_gid) == 0;
}

static bool change_times(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0;
}

static bool change_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && truncate(path, st.st_size) == 0;
}

static bool change_attribute(const char *path)
{
    return setxattr(path, "user.moult", "x", 1, 0) == 0;
}

static bool watch_file(const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC);
    return fd >= 0 && inotify_add_watch(fd, path, IN_ACCESS) >= 0;
}

static bool file_flags(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
    return fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
}

/* What the person's next command in that folder would obey; with the folder that it is in. */
static bool plant_order(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = 0;
        mkdir(folder, 0755);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0;
}

static bool move_away(const char *path)
{
    char other[4096];
    snprintf(other, sizeof other, "%s.moved", path);
    return rename(path, other) == 0;
}

static bool remove_link(const char *path)
{
    return unlink(path) == 0;
}

/* The bits on a file of the workspace would stay for the host, with the uid of outside. */
static bool has_set_id(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & 06000);
}

static bool set_uid_by_open(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 04755);
    return fd >= 0 && has_set_id(name);
}

static bool set_uid_by_mode(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    return fd >= 0 && chmod(name, 04755) == 0 && has_set_id(name);
}

static bool set_uid_by_descriptor(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    return fd >= 0 && fchmod(fd, 06755) == 0 && has_set_id(name);
}

static bool set_uid_by_new_call(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    return fd >= 0 && syscall(CALL_FCHMODAT2, AT_FDCWD, name, 04755, 0) == 0 && has_set_id(name);
}

static bool set_uid_by_node(const char *name)
{
    return mknod(name, S_IFREG | 04755, 0) == 0 && has_set_id(name);
}

static bool set_gid_by_folder(const char *name)
{
    return mkdir(name, 02755) == 0 && has_set_id(name);
}

/* The file belongs to root and may be read by root alone; the program beside it is set-uid root. A
 * run that is root first becomes nobody. */
static bool read_by_set_uid(const char *program_and_file)
{
    char program[4096];
    const char *file = strchr(program_and_file, ':');
    if (!file)
        return false;
    snprintf(program, sizeof program, "%.*s", (int)(file - program_and_file), program_and_file);
    enum { NOBODY = 65534 };
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
            errno = 0; /* inside there is one uid */
        execl(program, program, "read", file + 1, (char *)NULL);
        _exit(REFUSED);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* It is no program, which the kernel says only of what it would have started. */
static bool run_made(const char *folder)
{
    char path[4096];
    char *const none[] = { NULL };
    snprintf(path, sizeof path, "%s/moult-made-%d", folder, (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (fd < 0 || write(fd, "none", 4) != 4 || close(fd) < 0)
        return false;
    execve(path, none, none);
    int why = errno;
    unlink(path);
    errno = why;
    return why == ENOEXEC;
}

static bool map_code(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED;
}

static bool make_device(const char *name)
{
    enum { DISK = 0x0800 };
    return mknod(name, S_IFBLK | 0600, DISK) == 0 && unlink(name) == 0;
}

static bool make_memory_device(const char *name)
{
    enum { MEMORY = 0x0101 };
    return mknod(name, S_IFCHR | 0600, MEMORY) == 0 && unlink(name) == 0;
}

/* Blocks behind a file's end count for no limit of its size. */
static bool take_blocks_ahead(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0;
}

static bool environment(const char *name)
{
    return getenv(name) != NULL;
}

const struct attempt attempts_files[] = {
    { "read", read_file },
    { "write", write_file },
    { "make", make_file },
    { "list", list_folder },
    { "read-by-symlink", read_by_symlink },
    { "read-by-hardlink", read_by_hardlink },
    { "read-by-dots", read_by_dots },
    { "read-by-proc-root", read_by_proc_root },
    { "move-in", move_in },
    { "read-by-inherited-folder", read_by_inherited_folder },
    { "read-inherited", read_inherited },
    { "descriptors", inherited_descriptors },
    { "read-by-handle", read_by_handle },
    { "make-handle", make_handle },
    { "stat", see_file },
    { "chmod", change_mode },
    { "chown", change_owner },
    { "utimes", change_times },
    { "truncate", change_size },
    { "setxattr", change_attribute },
    { "watch", watch_file },
    { "file-flags", file_flags },
    { "plant", plant_order },
    { "move-away", move_away },
    { "unlink", remove_link },
    { "set-uid-open", set_uid_by_open },
    { "set-uid-chmod", set_uid_by_mode },
    { "set-uid-fchmod", set_uid_by_descriptor },
    { "set-uid-fchmodat2", set_uid_by_new_call },
    { "set-uid-mknod", set_uid_by_node },
    { "set-gid-mkdir", set_gid_by_folder },
    { "read-by-set-uid", read_by_set_uid },
    { "run-made", run_made },
    { "map-code", map_code },
    { "blocks-ahead", take_blocks_ahead },
    { "device", make_device },
    { "memory-device", make_memory_device },
    { "environment", environment },
    { NULL, NULL },
};
