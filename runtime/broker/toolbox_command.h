/* toolbox_command - what a box runs and sees: moult-tool, the workspace, and of the host the
 * folders that an MCP server's command names. Inside this folder only. */
#pragma once

#include "broker/toolbox_box.h"
#include "sandbox/command.h"
#include "sandbox/proxy/reach.h"

/* ERR_INPUT: a word is none; where says which. place: "tools.shell" or the like. */
int toolbox_reach(
    struct reach *ret, const struct config_grant *grant, const char *place, struct err *err);
int toolbox_command(struct command *ret, const struct box_plan *plan, struct err *err);
/* socket becomes the box's descriptor 3; the caller closes its own. */
int toolbox_command_start(struct sandbox **ret, const struct command *command,
    const struct box_plan *plan, int socket, struct err *err);
