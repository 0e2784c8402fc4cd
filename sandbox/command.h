/* command - a host's program with its arguments, made ready for a run: what of the host it must see
 * to work, and nothing else.
 *
 * The folder of each file that the command names by absolute path can be read, under its own name,
 * so that what the arguments say stays true inside; of a package that npm installed, the folder of
 * all of them, since it needs others. For a server of tools, whose command comes from
 * a configuration. */
#pragma once

#include "base/arena.h"
#include "sandbox/sandbox.h"

enum { COMMAND_ARGS_MAX = 64, COMMAND_ENV_MAX = 24, COMMAND_MOUNTS_MAX = 16 };

/* A zeroed struct is an empty command. argv, env and mounts are for struct sandbox_run; they point
 * to what the caller gave, or into the arena. */
struct command {
    const char *argv[COMMAND_ARGS_MAX], *env[COMMAND_ENV_MAX];
    unsigned argc, envc;
    struct sandbox_mount mounts[COMMAND_MOUNTS_MAX];
    unsigned mounts_count;
    struct arena arena;
};
void command_done(struct command *command);
/* ERR_LIMIT, each of them: no room for one more. */
int command_word(struct command *command, const char *word, struct err *err);
int command_env(struct command *command, const char *variable, struct err *err);
/* What is mounted may run: servers bring programs along, and workspaces are built in. */
int command_mount(
    struct command *command, const char *from, const char *to, bool write, struct err *err);
/* A program of ours, as the first word: it stands where it stands on the host. ERR_LACKS. */
int command_own(struct command *command, const char *path, struct err *err);
/* The program (looked for in PATH, or a path) and its arguments, NULL-terminated, and the folders
 * of the files among them. ERR_LACKS: no such program; ERR_DENIED: a whole home would be shown. */
int command_server(struct command *command, const char *const *words, struct err *err);
