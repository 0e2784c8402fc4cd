/* world - see world.h. Which source answers; the recording's; the workspace. */
#include "trials/episode/world_parts.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- results of the recording */

static struct digest call_key(struct str tool, struct str args, struct arena *arena)
{
    struct run_call call = { .name = tool, .args = args };
    run_call_read(&call, arena);
    return call.key;
}

/* Each result belongs to the call that it answers: calls of one key in their order. */
static int read_recording(struct world *world, struct err *err)
{
    struct run *run;
    uint32_t first;
    struct run_cursor cursor = { 0 };
    struct run_at at;
    int rc = case_run(&run, &first, world->of, &world->arena, err);
    if (rc < 0)
        return rc;
    world->recorded =
        arena_alloc(&world->arena, (run->messages_count + 1) * sizeof *world->recorded);
    while (run_next_call(run, &cursor, &at)) {
        if (at.step < first || at.call->result < 0 || world->recorded_count == run->messages_count)
            continue;
        const struct run_message *result = &run->messages[at.call->result];
        world->recorded[world->recorded_count++] = (struct world_recorded){ at.call->key,
            { result->failed ? WIRE_FAILED : WIRE_OK, result->text }, false };
    }
    return 0;
}

static void answer_recorded(struct world *world, struct str tool, struct str args,
    struct arena *arena, struct world_answer *ret)
{
    struct digest key = call_key(tool, args, arena);
    for (uint32_t i = 0; i < world->recorded_count; i++) {
        struct world_recorded *one = &world->recorded[i];
        if (one->used || !hash_equal(&one->key, &key))
            continue;
        one->used = true;
        *ret = one->answer;
        return;
    }
    *ret = (struct world_answer){ WIRE_NO_ANSWER,
        STR("the recording has no further result of this call") };
}

/* Models ask for tools that nobody offered. What the source said to just this call is known. */
static void answer_unknown(struct world *world, struct str tool, struct str args,
    struct arena *arena, struct world_answer *ret)
{
    answer_recorded(world, tool, args, arena, ret);
    if (ret->status == WIRE_NO_ANSWER)
        ret->text = STR("the case has no tool of that name");
}

/* --- steady commands */

static struct digest told_key(struct str tool, struct str args)
{
    return hash_parts((const struct str[]){ tool, args }, 2);
}

static void tell(struct world *world, struct str tool, struct str args, struct world_answer answer)
{
    if (world->told_count == world->told_room) {
        uint32_t room = world->told_room ? 2 * world->told_room : 16;
        world->told = arena_grow(&world->arena, world->told, world->told_room * sizeof *world->told,
            room * sizeof *world->told);
        world->told_room = room;
    }
    answer.text = (struct str){ arena_string(&world->arena, answer.text.at ? answer.text.at : "",
                                    answer.text.size),
        answer.text.size };
    world->told[world->told_count++] = (struct world_told){ told_key(tool, args), answer };
}

static void tell_again(
    struct world *world, struct str tool, struct str args, struct world_answer *ret)
{
    const struct world *before = world->means.before;
    struct digest key = told_key(tool, args);
    if (world->told_count < before->told_count &&
        hash_equal(&before->told[world->told_count].call, &key))
        *ret = before->told[world->told_count++].answer;
    else
        *ret = (struct world_answer){ WIRE_NO_ANSWER, STR("the first play did not call it here") };
}

/* --- which source */

static int answer_command(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret, struct err *err)
{
    bool steady = tool->command.steady;
    if (steady && world->means.before) {
        tell_again(world, tool->name, args, ret);
        return 0;
    }
    int rc = tool->command.once ? world_once(world, tool, args, arena, ret, err)
                                : world_server_call(world, tool, args, arena, ret, err);
    if (rc == 0 && steady)
        tell(world, tool->name, args, *ret);
    return rc;
}

int world_call(struct world *world, struct str tool, struct str args, struct arena *arena,
    struct world_answer *ret, struct err *err)
{
    const struct case_tool *found = case_tool_find(world->of, tool);
    if (!found) {
        answer_unknown(world, tool, args, arena, ret);
        return 0;
    }
    switch (found->source) {
    case CASE_TOOL_RECORDED:
        answer_recorded(world, tool, args, arena, ret);
        return 0;
    case CASE_TOOL_SCRIPT:
        world_script(world, found, args, arena, ret);
        return 0;
    default:
        return answer_command(world, found, args, arena, ret, err);
    }
}

/* --- the workspace */

static bool has_commands(const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (of->tools[i].source == CASE_TOOL_COMMAND)
            return true;
    return false;
}

/* A grader that looks at the workspace finds an empty one where nothing was put into it. */
static bool is_looked_at(const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (of->grades[i].check == CASE_COMMAND || of->grades[i].check == CASE_WORKSPACE)
            return true;
    return false;
}

/* Paths of a case have no way out of the workspace (case_read). */
static int write_one(const struct world *world, const struct case_file *file, struct err *err)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/%.*s", world->workspace, (int)file->path.size, file->path.at);
    CLEANUP(mem_freep) char *folder = mem_format("%.*s", (int)(strrchr(path, '/') - path), path);
    int rc = file_mkdirs(folder, 0777, err);
    return rc < 0 ? rc : file_write(path, file->text, 0666, err);
}

static int make_workspace(struct world *world, struct err *err)
{
    const struct case_state *state = &world->of->state;
    if (state->files_count == 0 && !has_commands(world->of) && !is_looked_at(world->of))
        return 0;
    int rc = scratch_make(&world->folder, "case", 0711, err);
    if (rc < 0)
        return rc;
    world->workspace = arena_format(&world->arena, "%s/workspace", world->folder.path);
    if (mkdir(world->workspace, 0777) < 0 || chmod(world->workspace, 0777) < 0)
        return err_sys(err, "workspace of a case");
    for (uint32_t i = 0; rc == 0 && i < state->files_count; i++)
        rc = write_one(world, &state->files[i], err);
    return rc;
}

const char *world_workspace(const struct world *world)
{
    return world->workspace;
}

/* --- made and ended */

int world_open(struct world **ret, const struct trial_case *of, const struct world_means *means,
    struct err *err)
{
    struct world *world = mem_zero(1, sizeof *world);
    world->of = of;
    world->means = *means;
    world_begin_members(world);
    int rc = of->model.recorded ? read_recording(world, err) : 0;
    if (rc == 0)
        rc = make_workspace(world, err);
    if (rc < 0) {
        world_close(world);
        return rc;
    }
    *ret = world;
    return 0;
}

void world_close(struct world *world)
{
    if (!world)
        return;
    world_rest(world);
    if (world->workspace)
        scratch_remove(&world->folder);
    arena_done(&world->arena);
    free(world);
}
