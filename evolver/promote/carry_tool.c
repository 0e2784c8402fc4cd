/* carry_tool - see carry_tool.h. */
#include "promote/carry_tool.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 64, OUTPUT_MAX = 64 << 20 };

int carry_tool(struct buf *out, const struct carry_plan *plan, struct str input,
    struct carry_result *layers, struct err *err)
{
    (void)layers;
    CLEANUP(mem_freep) char *call_ms = mem_format("%u", plan->call_ms ? plan->call_ms : 60000);
    const char *argv[ARGS_MAX] = { plan->tool, "--call-ms", call_ms, "--" };
    for (unsigned i = 0; plan->command[i] && i < ARGS_MAX - 6; i++)
        argv[i + 4] = plan->command[i];
    CLEANUP(fd_closep) int in = fd_seal("calls", input, err);
    CLEANUP(fd_closep) int to = memfd_create("answers", MFD_CLOEXEC);
    if (in < 0 || to < 0)
        return err_sys(err, "memfd");
    lseek(in, 0, SEEK_SET);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, to, 1);
    pid_t pid;
    errno = posix_spawn(&pid, plan->tool, &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno != 0)
        return err_sys(err, "start %s", plan->tool);
    waitpid(pid, NULL, 0);
    lseek(to, 0, SEEK_SET);
    return read_to_end(to, out, OUTPUT_MAX, err);
}
