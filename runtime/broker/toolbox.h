/* toolbox - the tools of one hosted session: moult-tool processes in the tool sandbox, one for the
 * built-in file tools and the shell, one for each MCP server of moult.json.
 *
 * All on the loop. A box is started when it is first needed and ends with the session or when it
 * has been idle. The workspace is workspaces/NAME of the home (of another principal than its
 * owner: workspaces/@PRINCIPAL/NAME); the init of the run holds a lock on it until its last process
 * is gone, and a toolbox that finds it taken waits for it. */
#pragma once

#include "wire/config.h"
#include "wire/effect.h"

#include <uv.h>

struct toolbox;
struct sandbox_contact;
/* What a program of a box asked of the network that it is granted. */
struct toolbox_contact {
    struct str workspace, principal; /* of the toolbox */
    struct str by;                   /* "moult": the built-in tools; or the server's name */
    const struct sandbox_contact *contact;
};
struct toolbox_plan {
    uv_loop_t *loop;
    const struct home *home; /* like config and tool: stays as long as the toolbox */
    const struct config *config;
    const char *tool;     /* path of moult-tool */
    struct str workspace; /* name: [A-Za-z0-9._-], not beginning with a dot */
    struct str principal; /* whose it is; empty or "local": the home's owner */
    uint32_t waived;
    /* 0: the defaults. Until a box has listed its tools (30 s); for one call (an MCP server's 60 s,
     * the built-in tools' 630 s, the shell has its own); without a call (30 min); for the workspace
     * to become free (10 s). */
    uint32_t start_ms, call_ms, idle_ms, lock_ms;
    /* Once for each kind of contact of a box, at the end of the call behind it; NULL is fine. */
    void (*on_contact)(void *with, const struct toolbox_contact *contact);
    void *contact_with;
};
/* Whether the words of all network grants can be read. ERR_INPUT with where. */
int toolbox_check(const struct config *config, struct err *err);
/* All boxes are up and their tools are known, or why not: a server that does not come up, or
 * ERR_STATE: another run's processes are on the workspace (after lock_ms). Once, from the loop;
 * the toolbox is then still to be freed. */
typedef void (*toolbox_ready)(void *with, int rc, const struct err *err);
int toolbox_new(struct toolbox **ret, const struct toolbox_plan *plan, toolbox_ready ready,
    void *with, struct err *err);
/* Every process of it has ended when this returns; no callback comes any more. The loop must run
 * once more behind it, so that its handles close. NULL is fine. */
void toolbox_free(struct toolbox *toolbox);
/* What the model is offered: a JSON array in the OpenAI chat form; tools that are denied are not in
 * it. MCP tools are named SERVER__TOOL where a name would stand twice. */
struct str toolbox_tools(const struct toolbox *toolbox);

struct toolbox_answer {
    uint8_t status; /* enum wire_status: OK, REFUSED (no such tool, bad arguments: it was not run),
                       FAILED (the tool says so), UNKNOWN_OUTCOME (it may have run) */
    struct str text;
};
typedef void (*toolbox_done)(void *with, const struct toolbox_answer *answer);
/* One call; several may be on their way. done comes later, once, also when the box dies. */
void toolbox_call(
    struct toolbox *toolbox, struct str name, struct str args, toolbox_done done, void *with);
/* No answer is wanted any more for the calls with this `with`: the box that works on one is ended
 * if nothing else is on its way. */
void toolbox_cancel(struct toolbox *toolbox, void *with);

/* By the first pattern of moult.json's `tools` that fits (exact name before globs, in order);
 * without one: reading tools are allowed, everything else asks. */
enum tool_permission toolbox_permission(const struct config *config, struct str name);
/* The same for a tool that is on by a setting of its own: without a pattern that fits, allowed. */
enum tool_permission toolbox_permission_of_set(const struct config *config, struct str name);
/* The operator's word that a second run does no harm. */
bool toolbox_idempotent(const struct config *config, struct str name);
