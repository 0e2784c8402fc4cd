/* command - see command.h. */
#include "sandbox/command.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void command_done(struct command *command)
{
    arena_done(&command->arena);
    *command = (struct command){ 0 };
}

int command_word(struct command *command, const char *word, struct err *err)
{
    if (command->argc == COMMAND_ARGS_MAX - 1)
        return err_set(err, ERR_LIMIT, "a tool server with too many arguments");
    command->argv[command->argc++] = word;
    return 0;
}

int command_env(struct command *command, const char *variable, struct err *err)
{
    if (command->envc == COMMAND_ENV_MAX - 1)
        return err_set(err, ERR_LIMIT, "too many variables for a tool server");
    command->env[command->envc++] = variable;
    return 0;
}

int command_mount(
    struct command *command, const char *from, const char *to, bool write, struct err *err)
{
    for (unsigned i = 0; i < command->mounts_count; i++)
        if (strcmp(command->mounts[i].to, to) == 0)
            return 0;
    if (command->mounts_count == COMMAND_MOUNTS_MAX)
        return err_set(err, ERR_LIMIT, "a tool server that names files in too many folders");
    command->mounts[command->mounts_count++] = (struct sandbox_mount){ from, to, write, true };
    return 0;
}

static bool is_program(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0;
}

int command_own(struct command *command, const char *path, struct err *err)
{
    if (!is_program(path)) {
        err_set(err, ERR_LACKS, "no program %s", path);
        return err_hint(err, "build it: ./dev build");
    }
    int rc = command_word(command, path, err);
    return rc < 0 ? rc : command_mount(command, path, path, false, err);
}

/* The program by its whole path, as the shell would find it. */
static const char *find_program(const char *name, struct arena *arena)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return is_program(name) ? name : NULL;
    while (path && *path) {
        size_t size = strcspn(path, ":");
        const char *one = arena_format(arena, "%.*s/%s", (int)size, path, name);
        if (*path == '/' && is_program(one))
            return one;
        path += size + (path[size] == ':');
    }
    return NULL;
}

/* A server that stands directly in a person's home would bring all of it along. */
static bool holds_too_much(const char *folder)
{
    const char *home = getenv("HOME");
    return !strchr(folder + (*folder == '/'), '/') || (home && strcmp(folder, home) == 0);
}

/* A package of npm's finds what it needs beside itself: there is no end to which that is. */
static void cut_to_folder(char *path, bool is_folder)
{
    static const char packages[] = "/node_modules/";
    char *installed = strstr(path, packages);
    if (installed)
        installed[sizeof packages - 2] = '\0';
    else if (!is_folder)
        *strrchr(path, '/') = '\0';
}

/* What an argument names by absolute path, if there is such a thing, can be read inside, under the
 * name that it has without symbolic links. */
static int add_argument(struct command *command, const char *argument, struct err *err)
{
    char path[PATH_MAX];
    struct stat stat_of;
    bool named = *argument == '/' && realpath(argument, path) && stat(path, &stat_of) == 0 &&
                 strncmp(path, "/usr/", 5) != 0;
    if (!named)
        return command_word(command, argument, err);
    int rc = command_word(command, arena_string(&command->arena, path, strlen(path)), err);
    if (rc < 0)
        return rc;
    cut_to_folder(path, S_ISDIR(stat_of.st_mode));
    if (holds_too_much(path)) {
        err_set(err, ERR_DENIED, "the tool server would see all of %s", *path ? path : "/");
        return err_hint(err, "put it into a folder of its own: %s", argument);
    }
    const char *folder = arena_string(&command->arena, path, strlen(path));
    return command_mount(command, folder, folder, false, err);
}

int command_server(struct command *command, const char *const *words, struct err *err)
{
    const char *program = find_program(words[0], &command->arena);
    if (!program) {
        err_set(err, ERR_LACKS, "no program %s, the tool server", words[0]);
        return err_hint(err, "install it, or change mcpServers in moult.json");
    }
    int rc = add_argument(command, program, err);
    for (unsigned i = 1; rc == 0 && words[i]; i++)
        rc = add_argument(command, words[i], err);
    return rc;
}
