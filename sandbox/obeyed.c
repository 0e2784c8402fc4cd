/* obeyed - see obeyed.h. Only names at the top of what is mounted: to look for them in every folder
 * would cost a walk over the whole tree forty times a second. */
#include "sandbox/obeyed.h"

#include <stddef.h>

#define GIT "any git command"
#define SHELL "a shell with its hook, at cd"
#define EDITOR "an editor that opens the folder"
#define AGENT "a coding agent that is started there"

// clang-format off
const struct obeyed obeyed_names[] = {
    /* A mount of its own, so that it cannot be renamed to put another in its place. */
    { ".git", ORDER_HELD, HOST_NOTHING, GIT },
    { ".git/hooks", ORDER_MADE, HOST_NOTHING, GIT },
    { ".git/config", ORDER_KEPT, HOST_REPLACES, GIT },
    /* It leads git to another folder, and to the configuration there (gitrepository-layout(5)); no
     * git makes one in such a place. */
    { ".git/commondir", ORDER_KEPT, HOST_NOTHING, GIT },
    { ".git/config.worktree", ORDER_KEPT, HOST_WITH_CONFIG, GIT },
    /* Each has a commondir and a config.worktree. One that a run adds is a repository that it made
     * itself (docs/reference/sandbox.md). */
    { ".git/worktrees", ORDER_LEFT, HOST_NOTHING, GIT },
    { ".husky", ORDER_LEFT, HOST_NOTHING, "git, by a core.hooksPath that leads below it" },
    { ".envrc", ORDER_KEPT, HOST_NOTHING, SHELL },
    /* One that nobody trusted yet is asked about; one that is trusted may be changed. */
    { "mise.toml", ORDER_LEFT, HOST_NOTHING, SHELL },
    { ".mise.toml", ORDER_LEFT, HOST_NOTHING, SHELL },
    { ".vscode", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".idea", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".zed", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".exrc", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".nvim.lua", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".dir-locals.el", ORDER_KEPT, HOST_NOTHING, EDITOR },
    { ".mcp.json", ORDER_KEPT, HOST_NOTHING, AGENT },
    { ".claude", ORDER_KEPT, HOST_NOTHING, AGENT },
    { ".codex", ORDER_KEPT, HOST_NOTHING, AGENT },
    { ".cursor", ORDER_KEPT, HOST_NOTHING, AGENT },
    { ".gemini", ORDER_KEPT, HOST_NOTHING, AGENT },
    { ".opencode", ORDER_KEPT, HOST_NOTHING, AGENT },
    { "opencode.json", ORDER_KEPT, HOST_NOTHING, AGENT },
    { NULL, ORDER_HELD, HOST_NOTHING, NULL },
};
// clang-format on
