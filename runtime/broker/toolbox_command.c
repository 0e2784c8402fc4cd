/* toolbox_command - see toolbox_command.h. */
#include "broker/toolbox_command.h"

#include "base/mem.h"

enum {
    SOCKET = 3,
    WALL_MS = 24 * 3600 * 1000, /* idle ones end long before that */
    CPU_MS = 3600 * 1000,
    OUTPUT_MAX = 32 << 20
};
#define INSIDE "/workspace"

/* Without namespaces paths are the host's. */
static const char *inside(const struct box_plan *plan)
{
    return plan->tier == SANDBOX_STRONG ? INSIDE : plan->workspace;
}

static int add_words(struct command *command, const char *const *words, struct err *err)
{
    int rc = 0;
    for (; rc == 0 && *words; words++)
        rc = command_word(command, *words, err);
    return rc;
}

static int add_number(struct command *command, const char *option, uint32_t number, struct err *err)
{
    if (number == 0)
        return 0;
    const char *const words[] = { option, arena_format(&command->arena, "%u", number), NULL };
    return add_words(command, words, err);
}

static const char *text_of(struct command *command, struct str text)
{
    return arena_string(&command->arena, text.at, text.size);
}

/* HOME and TMPDIR are where the run may write. */
static int add_env(struct command *command, const struct box_plan *plan, struct err *err)
{
    static const char *const own[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8" };
    static const char *const places[] = { "HOME", "TMPDIR" };
    const char *place = plan->tier == SANDBOX_STRONG ? "/tmp" : plan->workspace;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(own); i++)
        rc = command_env(command, own[i], err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(places); i++)
        rc = command_env(command, arena_format(&command->arena, "%s=%s", places[i], place), err);
    for (uint32_t i = 0; rc == 0 && i < plan->server->env_count; i++)
        rc = command_env(command, text_of(command, plan->server->env[i]), err);
    return rc;
}

/* Before the folders of a server's arguments: an operator who says that it may be written is heard.
 */
static int add_mounts(struct command *command, const struct config_grant *grant, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < grant->mounts_count; i++) {
        const char *path = text_of(command, grant->mounts[i].path);
        rc = command_mount(command, path, path, grant->mounts[i].write, err);
    }
    return rc;
}

/* What a model is told of the shell. */
static int add_network(struct command *command, const struct box_plan *plan, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct reach reach;
    int rc = toolbox_reach(&reach, plan->grant, "tools.shell", err);
    if (rc < 0 || plan->grant->network_count == 0)
        return rc;
    reach_print(&text, &reach);
    const char *const words[] = { "--network", text_of(command, buf_view(&text)), NULL };
    return add_words(command, words, err);
}

static int add_server(struct command *command, const struct box_plan *plan, struct err *err)
{
    const struct config_server *server = plan->server;
    const char **words = arena_alloc(&command->arena, (server->args_count + 2) * sizeof *words);
    words[0] = text_of(command, server->command);
    for (uint32_t i = 0; i < server->args_count; i++)
        words[i + 1] = text_of(command, server->args[i]);
    int rc = add_number(command, "--start-ms", plan->start_ms, err);
    if (rc == 0)
        rc = add_number(command, "--call-ms", plan->call_ms, err);
    if (rc == 0)
        rc = command_word(command, "--", err);
    if (rc == 0)
        rc = add_env(command, plan, err);
    return rc < 0 ? rc : command_server(command, words, err);
}

int toolbox_command(struct command *ret, const struct box_plan *plan, struct err *err)
{
    int rc = command_own(ret, plan->tool, err);
    if (rc == 0)
        rc = add_number(ret, "--socket", SOCKET, err);
    if (rc == 0)
        rc = command_mount(ret, plan->workspace, inside(plan), true, err);
    if (rc == 0)
        rc = add_mounts(ret, plan->grant, err);
    if (rc < 0 || plan->server)
        return rc < 0 ? rc : add_server(ret, plan, err);
    const char *const words[] = { "--builtin", "--workspace", inside(plan), NULL };
    rc = add_words(ret, words, err);
    return rc < 0 ? rc : add_network(ret, plan, err);
}

int toolbox_reach(
    struct reach *ret, const struct config_grant *grant, const char *place, struct err *err)
{
    int rc = 0;
    *ret = (struct reach){ .count = 0 };
    for (uint32_t i = 0; rc == 0 && i < grant->network_count; i++)
        if ((rc = reach_add(ret, grant->network[i], err)) < 0)
            err_where(err, "moult.json: $.%s.network[%u]", place, i);
    return rc;
}

int toolbox_command_start(struct sandbox **ret, const struct command *command,
    const struct box_plan *plan, int socket, struct err *err)
{
    struct reach reach;
    int rc = toolbox_reach(&reach, plan->grant, "network", err);
    if (rc < 0)
        return rc;
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL,
        .tier = (enum sandbox_tier)plan->tier,
        .argv = command->argv,
        .env = command->envc > 0 ? command->env : NULL,
        .cwd = inside(plan),
        .mounts = command->mounts,
        .mounts_count = command->mounts_count,
        .homes = plan->homes,
        .fds = &socket,
        .fds_count = 1,
        .hold_fd = plan->lock,
        .limits = { .wall_ms = WALL_MS, .cpu_ms = CPU_MS, .output = OUTPUT_MAX },
        .waived = plan->waived,
        .network = plan->grant->network_count > 0 ? &reach : NULL,
    };
    return sandbox_start(ret, &run, err);
}
