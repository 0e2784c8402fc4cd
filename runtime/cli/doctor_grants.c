/* doctor_grants - see doctor_grants.h. */
#include "cli/doctor_grants.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "sandbox/proxy/reach.h"

#include <stdio.h>

enum { MOUNTS_MAX = 16, WALL_MS = 20000 };

static int read_reach(struct reach *ret, const struct config_grant *grant, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < grant->network_count; i++)
        rc = reach_add(ret, grant->network[i], err);
    return rc;
}

static int try_run(const struct config_grant *grant, const struct reach *reach, const char *folder,
    const struct sandbox_settings *settings, struct err *err)
{
    static const char *const argv[] = { "/usr/bin/true", NULL };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(home_list_done) char **homes = NULL;
    struct sandbox_mount mounts[MOUNTS_MAX + 1] = { { folder, folder, true, true } };
    struct sandbox_result result;
    unsigned count = 1;
    home_list(&homes, NULL);
    for (uint32_t i = 0; i < grant->mounts_count && count <= MOUNTS_MAX; i++) {
        struct str path = grant->mounts[i].path;
        const char *text = arena_string(&arena, path.at, path.size);
        mounts[count++] = (struct sandbox_mount){ text, text, grant->mounts[i].write, true };
    }
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .tier = settings->tier,
        .waived = settings->waived,
        .argv = argv,
        .cwd = folder,
        .mounts = mounts,
        .mounts_count = count,
        .homes = (const char *const *)homes,
        .network = grant->network_count > 0 ? reach : NULL,
        .limits = { .wall_ms = WALL_MS } };
    int rc = sandbox_run(&run, &result, err);
    if (rc == 0)
        sandbox_result_done(&result);
    return rc;
}

static void print(
    char *detail, size_t size, const struct config_grant *grant, const struct reach *reach)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, "network: ");
    reach_print(&text, reach);
    for (uint32_t i = 0; i < grant->mounts_count; i++) {
        buf_text(&text, i == 0 ? "; sees " : ", ");
        buf_str(&text, grant->mounts[i].path);
    }
    snprintf(detail, size, "%s", text.at);
}

int doctor_grant(char *detail, size_t size, const struct config_grant *grant,
    const struct sandbox_settings *settings, struct err *err)
{
    CLEANUP(scratch_remove) struct scratch folder = { .lock = -1 };
    struct reach reach = { .count = 0 };
    int rc = read_reach(&reach, grant, err);
    if (rc == 0)
        rc = scratch_make(&folder, "doctor", 0777, err);
    if (rc == 0)
        rc = try_run(grant, &reach, folder.path, settings, err);
    if (rc == 0)
        print(detail, size, grant, &reach);
    return rc;
}
