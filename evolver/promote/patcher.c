/* patcher - see patcher.h. */
#include "promote/patcher.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The patcher reads a source in tens of milliseconds; what takes longer is refused. */
enum { WALL_MS = 20000, CPU_MS = 4000, MEMORY = 512 << 20 };

/* With a root of its own where that can be had; else, if the caller allows it, without: then the
 * program stands where it stands on the host. */
static int run_at(
    struct sandbox_result *ret, const char *program, int tier, struct str question, struct err *err)
{
    static const char inside[] = "/moult-patch";
    struct sandbox_mount mount = { program, inside, false, true };
    const char *argv[] = { inside, NULL };
    struct sandbox_run run = { .profile = SANDBOX_COMPILE,
        .tier = SANDBOX_STRONG,
        .argv = argv,
        .cwd = "/usr/lib", /* it writes nowhere; this is there in both tiers */
        .mounts = &mount,
        .mounts_count = 1,
        .input = question,
        .limits = { .wall_ms = WALL_MS, .cpu_ms = CPU_MS, .memory = MEMORY } };
    int rc = sandbox_run(&run, ret, err);
    if (rc == -ERR_LACKS && tier == SANDBOX_CONTAINER) {
        mount.to = argv[0] = program;
        run.tier = SANDBOX_CONTAINER;
        if (!strncmp(program, "/usr/bin/", 9)) /* an installed one stands in the profile's own */
            run.mounts_count = 0;
        rc = sandbox_run(&run, ret, err);
    }
    return rc;
}

/* Beside the running program, or where programs stand when that is none of them (a test). */
static int find(char out[PATH_MAX], const char *program, struct err *err)
{
    static const char *const places[] = { "/../bin/moult-patch", "/moult-patch" };
    char folder[PATH_MAX - 32], path[PATH_MAX];
    if (program) {
        snprintf(out, PATH_MAX, "%s", program);
        return 0;
    }
    int rc = file_program_dir(folder, sizeof(folder), err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(places); i++) {
        snprintf(path, sizeof(path), "%s%s", folder, places[i]);
        if (realpath(path, out))
            return 0;
        snprintf(out, PATH_MAX, "%s", path);
    }
    return rc;
}

int patcher_run(
    struct sandbox_result *ret, const char *program, int tier, struct str question, struct err *err)
{
    char path[PATH_MAX];
    int rc = find(path, program, err);
    if (rc < 0)
        return rc;
    if (access(path, X_OK) < 0) {
        err_set(err, ERR_LACKS, "no moult-patch at %s", path);
        return err_hint(err, "build it: ./dev build");
    }
    return run_at(ret, path, tier, question, err);
}
