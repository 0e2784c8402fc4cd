/* compile_command - see compile_command.h. */
#include "promote/compile_command.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 1 << 16, ROOM = 12 };

const char *const compile_programs[3] = {
    [TOOL_GCC] = SANDBOX_COMPILER,
    [TOOL_TCC] = "/usr/bin/tcc",
    [TOOL_LD] = "/usr/bin/ld",
};

/* What a profile adds to the flags of a release. It goes last, so that it wins. A trial build holds
 * thousands of candidates of which nearly all are thrown away: compiling quickly is what counts,
 * and nobody reads its warnings. */
static const struct {
    const char *list;     /* a flag list of the SDK, or NULL */
    const char *flags[2]; /* as many as there are */
} profiles[] = {
    [ELF_RELEASE] = { 0 },
    [ELF_TRIAL] = { NULL, { "-O0", "-w" } },
    [ELF_ASAN] = { "asanflags.txt", { NULL } },
};

static int add(struct compile_command *command, const char *word, struct err *err)
{
    if (command->argc + ROOM > COMPILE_FLAGS_MAX)
        return err_set(err, ERR_LIMIT, "too many flags");
    command->argv[command->argc++] = word;
    return 0;
}

static const char *keep(struct compile_command *command, char *text)
{
    command->owned[command->owned_count++] = text;
    return text;
}

/* "-Wl,-z,relro" is "-z" and "relro" for the linker itself. */
static int add_for_linker(struct compile_command *command, char *word, struct err *err)
{
    static const char passed_on[] = "-Wl,";
    char *state = NULL;
    int rc = 0;
    if (strncmp(word, passed_on, sizeof passed_on - 1) == 0)
        word += sizeof passed_on - 1;
    for (word = strtok_r(word, ",", &state); rc == 0 && word; word = strtok_r(NULL, ",", &state))
        rc = add(command, word, err);
    return rc;
}

static int add_list(struct compile_command *command, enum compile_tool tool, const char *sdk,
    const char *name, struct err *err)
{
    struct buf *list = &command->lists[command->lists_count++];
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", sdk, name);
    int rc = file_read(path, list, LIST_MAX, err);
    if (rc < 0) {
        err->code = ERR_LACKS;
        return err_hint(err, "the SDK stands in share/moult/sdk beside bin/");
    }
    char *state = NULL;
    for (char *word = strtok_r(list->at, "\n", &state); word && rc >= 0;
         word = strtok_r(NULL, "\n", &state))
        rc = tool == TOOL_LD ? add_for_linker(command, word, err) : add(command, word, err);
    return rc < 0 ? err_while(err, "read %s", path) : 0;
}

const char *compile_output(const struct compile_plan *plan)
{
    return plan->preprocess ? "plugin.i" : "plugin.so";
}

static int lists_of(struct compile_command *command, enum compile_tool tool,
    const struct compile_plan *plan, struct err *err)
{
    const char *const lists[] = { tool == TOOL_GCC ? "cflags.txt" : NULL,
        tool == TOOL_TCC ? "tccflags.txt" : "ldflags.txt",
        tool == TOOL_GCC ? profiles[plan->profile].list : NULL };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(lists); i++)
        if (lists[i])
            rc = add_list(command, tool, plan->sdk, lists[i], err);
    return rc;
}

static void files_of_gcc(struct compile_command *command, const struct compile_plan *plan,
    const struct compile_places *places)
{
    for (size_t i = 0; i < COUNT_OF(profiles[0].flags) && profiles[plan->profile].flags[i]; i++)
        command->argv[command->argc++] = profiles[plan->profile].flags[i];
    const char *rest[] = {
        keep(command, mem_format("-I%s", places->sdk)),
        keep(command, mem_format("-ffile-prefix-map=%s=/work", places->work)),
        "-o",
        keep(command, mem_format("%s/%s", places->work, compile_output(plan))),
        keep(command, mem_format("%s/plugin.c", places->work)),
        plan->preprocess ? "-E" : keep(command, mem_format("%s/mem.c", places->sdk)),
    };
    for (size_t i = 0; i < COUNT_OF(rest); i++)
        command->argv[command->argc++] = rest[i];
}

static void files_of_tcc(struct compile_command *command, const struct compile_places *places)
{
    const char *rest[] = {
        keep(command, mem_format("-I%s", places->sdk)),
        keep(command, mem_format("-I%s/tcc", places->sdk)),
        "-o",
        keep(command, mem_format("%s/plugin.o", places->work)),
        keep(command, mem_format("%s/plugin.c", places->work)),
        keep(command, mem_format("%s/mem.c", places->sdk)),
    };
    for (size_t i = 0; i < COUNT_OF(rest); i++)
        command->argv[command->argc++] = rest[i];
}

static void files_of_ld(struct compile_command *command, const struct compile_plan *plan,
    const struct compile_places *places)
{
    const char *rest[] = {
        keep(command, mem_format("--version-script=%s/trial.map", places->sdk)),
        "-o",
        keep(command, mem_format("%s/%s", places->work, compile_output(plan))),
        keep(command, mem_format("%s/plugin.o", places->work)),
    };
    for (size_t i = 0; i < COUNT_OF(rest); i++)
        command->argv[command->argc++] = rest[i];
}

int compile_command(struct compile_command *ret, enum compile_tool tool,
    const struct compile_plan *plan, const struct compile_places *places, struct err *err)
{
    *ret = (struct compile_command){ .argc = 0 };
    ret->argv[ret->argc++] = compile_programs[tool];
    int rc = lists_of(ret, tool, plan, err);
    if (rc < 0)
        return rc;
    if (tool == TOOL_GCC)
        files_of_gcc(ret, plan, places);
    else if (tool == TOOL_TCC)
        files_of_tcc(ret, places);
    else
        files_of_ld(ret, plan, places);
    ret->argv[ret->argc] = NULL;
    return 0;
}

void compile_command_done(struct compile_command *command)
{
    for (unsigned i = 0; i < command->owned_count; i++)
        free(command->owned[i]);
    for (unsigned i = 0; i < command->lists_count; i++)
        buf_done(&command->lists[i]);
}
