/* world_command - tools of a case that are programs: in the tool sandbox, without a network, on the
 * case's workspace. An MCP server is held by moult-tool, which speaks lines of JSON
 * (docs/reference/tools.md); it lives as long as the world. */
#include "trials/episode/world_parts.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/command.h"
#include "trials/export.h"
#include "wire/tool_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CALL_MS = 60000,
    START_MS = 30000,
    MEMORY_MB = 1024,
    PROCESSES = 128,
    OUTPUT_MAX = 4 << 20,
    LINE_MAX_BYTES = 8 << 20,
    MS_NS = 1000000
};
#define INSIDE "/workspace"

static const char *const env_own[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
    "HOME=/tmp", "TMPDIR=/tmp" };

/* Without namespaces what is inside is the host's. */
static const char *inside(const struct world *world)
{
    return world->means.tier == SANDBOX_STRONG ? INSIDE : world->workspace;
}

static const char **words_of(const struct case_command *of, struct arena *arena)
{
    const char **words = arena_alloc(arena, (of->argv_count + 1) * sizeof *words);
    for (uint32_t i = 0; i < of->argv_count; i++)
        words[i] = arena_string(arena, of->argv[i].at, of->argv[i].size);
    return words;
}

static int add_common(struct command *command, const struct world *world, struct err *err)
{
    int rc = command_mount(command, world->workspace, inside(world), true, err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(env_own); i++)
        rc = command_env(command, env_own[i], err);
    return rc;
}

static struct sandbox_run run_of(
    const struct world *world, const struct command *command, const struct case_command *of)
{
    return (struct sandbox_run){
        .profile = SANDBOX_TOOL,
        .tier = (enum sandbox_tier)world->means.tier,
        .argv = command->argv,
        .env = command->env,
        .cwd = inside(world),
        .mounts = command->mounts,
        .mounts_count = command->mounts_count,
        .homes = world->means.homes,
        .waived = world->means.waived,
        .limits = { .processes = PROCESSES,
            .memory = (uint64_t)(of->memory_mb ? of->memory_mb : MEMORY_MB) << 20,
            .output = OUTPUT_MAX },
    };
}

static uint32_t call_ms(const struct case_command *of)
{
    return of->wall_ms ? of->wall_ms : CALL_MS;
}

/* --- a program for one call */

static void read_once(
    struct world_answer *ret, const struct sandbox_result *result, struct arena *arena)
{
    ret->status = result->limit || result->signal || result->exit_code ? WIRE_FAILED : WIRE_OK;
    if (result->limit)
        ret->text = str_of(arena_format(
            arena, "the tool came to its limit: %s", sandbox_limit_words[result->limit]));
    else if (result->signal)
        ret->text = str_of(arena_format(arena, "the tool was ended by signal %d", result->signal));
    else
        ret->text = (struct str){ arena_string(arena, result->out.at ? result->out.at : "",
                                      result->out.size),
            result->out.size };
}

int world_once(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret, struct err *err)
{
    CLEANUP(command_done) struct command command = { 0 };
    struct sandbox_result result = { 0 };
    int rc = command_server(&command, words_of(&tool->command, &command.arena), err);
    if (rc == 0)
        rc = add_common(&command, world, err);
    if (rc < 0)
        return err_while(err, "the tool %.*s", (int)tool->name.size, tool->name.at);
    struct sandbox_run run = run_of(world, &command, &tool->command);
    run.input = args;
    run.limits.wall_ms = call_ms(&tool->command);
    rc = sandbox_run(&run, &result, err);
    if (rc == 0)
        read_once(ret, &result, arena);
    sandbox_result_done(&result);
    return rc;
}

/* --- a server */

static void broke(struct world_server *server, const char *why)
{
    snprintf(server->broken, sizeof server->broken, "%s", why);
    if (server->box)
        sandbox_kill(server->box);
}

/* The next line, without its end. False: there is none within the time, or there never will be. */
static bool read_line(struct world_server *server, uint32_t ms, struct str *ret)
{
    uint64_t until = clock_mono_ns() + (uint64_t)ms * MS_NS;
    for (;;) {
        const char *end = server->in.size ? memchr(server->in.at, '\n', server->in.size) : NULL;
        if (end) {
            *ret = (struct str){ server->in.at, (size_t)(end - server->in.at) };
            return true;
        }
        uint64_t now = clock_mono_ns();
        struct pollfd fd = { server->fd, POLLIN, 0 };
        if (now >= until || server->in.size > LINE_MAX_BYTES) {
            broke(server, now >= until ? "the server did not answer in time"
                                       : "the server's answer is too long");
            return false;
        }
        if (poll(&fd, 1, (int)((until - now) / MS_NS) + 1) <= 0)
            continue;
        ssize_t n = read(server->fd, buf_reserve(&server->in, 65536), 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            broke(server, "the server has ended");
            return false;
        }
        server->in.size += (size_t)n;
    }
}

static void drop_line(struct world_server *server, struct str line)
{
    size_t gone = line.size + 1;
    memmove(server->in.at, server->in.at + gone, server->in.size - gone);
    server->in.size -= gone;
}

static int start(struct world *world, struct world_server *server, struct err *err)
{
    CLEANUP(command_done) struct command command = { 0 };
    int pair[2];
    if (!world->means.tool)
        return err_set(
            err, ERR_LACKS, "there is no program here that speaks with a server of tools");
    int rc = command_own(&command, world->means.tool, err);
    const char *ms = arena_format(&command.arena, "%u", call_ms(server->command));
    const char *const words[] = { "--socket", "3", "--call-ms", ms, "--", NULL };
    for (size_t i = 0; rc == 0 && words[i]; i++)
        rc = command_word(&command, words[i], err);
    if (rc == 0)
        rc = add_common(&command, world, err);
    if (rc == 0)
        rc = command_server(&command, words_of(server->command, &command.arena), err);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socket of a tool");
    struct sandbox_run run = run_of(world, &command, server->command);
    run.fds = &pair[1];
    run.fds_count = 1;
    rc = sandbox_start(&server->box, &run, err);
    close(pair[1]);
    server->fd = pair[0];
    return rc;
}

/* Its first line says whether there is a session. */
static void begin(struct world_server *server)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str line;
    char why[160];
    if (!read_line(server, START_MS, &line))
        return;
    if (!line_ready(line, &arena, why))
        broke(server, why);
    else
        drop_line(server, line);
}

static bool equal_commands(const struct case_command *a, const struct case_command *b)
{
    bool equal = a->argv_count == b->argv_count && a->wall_ms == b->wall_ms &&
                 a->memory_mb == b->memory_mb && a->steady == b->steady;
    for (uint32_t i = 0; equal && i < a->argv_count; i++)
        equal = str_equal(a->argv[i], b->argv[i]);
    return equal;
}

static int server_of(struct world_server **ret, struct world *world,
    const struct case_command *command, struct err *err)
{
    for (unsigned i = 0; i < world->servers_count; i++)
        if (equal_commands(world->servers[i].command, command)) {
            *ret = &world->servers[i];
            return 0;
        }
    if (world->servers_count == WORLD_SERVERS_MAX)
        return err_set(err, ERR_LIMIT, "a case has at most %d servers", WORLD_SERVERS_MAX);
    struct world_server *server = *ret = &world->servers[world->servers_count++];
    *server = (struct world_server){ .command = command, .fd = -1 };
    int rc = start(world, server, err);
    if (rc == 0)
        begin(server);
    return rc;
}

static void print_call(
    struct buf *out, struct world_server *server, struct str tool, struct str args)
{
    buf_format(out, "{\"id\":%llu,\"tool\":", (unsigned long long)++server->last_id);
    json_quote(out, tool);
    buf_text(out, ",\"arguments\":");
    buf_str(out, args);
    buf_text(out, "}\n");
}

/* The arguments on one line, as they were written: a program may tell the order of members apart,
 * and the service sends them so. What is no object a server never sees. */
static bool line_of(struct buf *out, struct str args, struct arena *arena)
{
    struct err unused;
    const struct json *value = json_read(arena, args, NULL, &unused);
    if (json_is(value, JSON_OBJECT))
        export_flat(out, value->raw);
    return out->size > 0;
}

/* Sends the call and reads what came of it. False: the server is of no more use. */
static bool exchange(struct world_server *server, struct str tool, struct str object,
    struct arena *arena, struct world_answer *ret)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    struct str said;
    print_call(&line, server, tool, object);
    if (write_all(server->fd, line.at, line.size, NULL) < 0)
        broke(server, "the server has ended");
    if (server->broken[0] || !read_line(server, call_ms(server->command) + START_MS, &said))
        return false;
    struct answer_line answer = { 0 };
    bool understood = line_answer(&answer, server->last_id, true, said, arena);
    *ret = (struct world_answer){ answer.status,
        { arena_string(arena, answer.text.at ? answer.text.at : "", answer.text.size),
            answer.text.size } };
    buf_done(&answer.text);
    drop_line(server, said);
    if (!understood)
        broke(server, "what the server said is no answer");
    else if (answer.again)
        broke(server, "the server was ended after an earlier call");
    return understood;
}

int world_server_call(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf object = { 0 };
    struct world_server *server = NULL;
    int rc = server_of(&server, world, &tool->command, err);
    if (rc < 0)
        return err_while(err, "the tool %.*s", (int)tool->name.size, tool->name.at);
    if (!line_of(&object, args, arena)) {
        *ret = (struct world_answer){ WIRE_FAILED, STR("the arguments are no JSON object") };
        return 0;
    }
    if (server->broken[0] || !exchange(server, tool->name, buf_view(&object), arena, ret))
        *ret = (struct world_answer){ WIRE_UNKNOWN_OUTCOME,
            str_of(arena_format(arena, "%s", server->broken)) };
    return 0;
}

/* --- what they know at the end */

static int ask_one(
    struct world *world, const struct case_command *command, bool *ret_known, struct err *err)
{
    struct world_server *server = NULL;
    struct world_answer answer = { .status = WIRE_NO_ANSWER };
    int rc = server_of(&server, world, command, err);
    if (rc < 0)
        return rc;
    struct err unused;
    const struct json *state = NULL;
    if (!server->broken[0] &&
        exchange(server, STR("moult_state"), STR("{}"), &world->arena, &answer) &&
        answer.status == WIRE_OK)
        state = json_read(&world->arena, answer.text, NULL, &unused);
    if (json_is(state, JSON_OBJECT))
        world_set_members(world, state);
    else
        *ret_known = false;
    return 0;
}

int world_ask(struct world *world, bool *ret_known, struct err *err)
{
    int rc = 0;
    *ret_known = true;
    for (uint32_t i = 0; rc == 0 && i < world->of->tools_count; i++) {
        const struct case_tool *tool = &world->of->tools[i];
        bool first = tool->source == CASE_TOOL_COMMAND && !tool->command.once;
        for (uint32_t k = 0; first && k < i; k++)
            first = world->of->tools[k].source != CASE_TOOL_COMMAND ||
                    !equal_commands(&world->of->tools[k].command, &tool->command);
        if (first)
            rc = ask_one(world, &tool->command, ret_known, err);
    }
    return rc;
}

void world_rest(struct world *world)
{
    for (unsigned i = 0; i < world->servers_count; i++) {
        struct world_server *server = &world->servers[i];
        struct sandbox_result result = { 0 };
        fd_closep(&server->fd);
        if (server->box) {
            sandbox_kill(server->box);
            if (sandbox_wait(server->box, &result, NULL) == 0)
                sandbox_result_done(&result);
        }
        buf_done(&server->in);
    }
    world->servers_count = 0;
}
