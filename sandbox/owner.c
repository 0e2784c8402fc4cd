/* owner - see owner.h. */
#include "sandbox/owner.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int owner_map(int source, bool write, int ns_fd)
{
    CLEANUP(fd_closep)
    int fd = (int)syscall(
        SYS_open_tree, source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr attr = { .userns_fd = (uint64_t)ns_fd };
    attr.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    attr.attr_set |= write ? 0 : MOUNT_ATTR_RDONLY;
    if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return -1;
    return fd_steal(&fd);
}
