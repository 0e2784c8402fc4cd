/* toolbox_box - one moult-tool in the tool sandbox: started when there is something to do, spoken
 * to by lines, and ended with every process in it.
 *
 * One call at a time is on its way: moult-tool would not begin the next one any earlier, and so it
 * is known of each whether it was sent. What comes out of a box is hostile: whoever is inside may
 * have taken moult-tool over. Inside this folder only. */
#pragma once

#include "broker/toolbox.h"
#include "broker/toolbox_lock.h"

struct box;
struct sandbox_contact;
struct box_plan {
    uv_loop_t *loop;
    const char *tool;
    const struct config_server *server; /* NULL: the built-in tools */
    const struct config_grant *grant;   /* what it may have beside the workspace */
    const char *workspace;              /* on the host */
    const char *const *homes;           /* NULL-terminated, or NULL */
    int tier;
    uint32_t waived, start_ms, call_ms, idle_ms;
    int lock; /* held by the box's first process */
    /* A box came up for the first time, with its tools (MCP's list, good for this call), or could
     * not: then tools is NULL and err says why. Not from within box_start. */
    void (*on_tools)(void *with, unsigned number, const struct json *tools, const struct err *err);
    void (*on_change)(void *with); /* another process holds the lock, or one less */
    /* Its programs reached a host, or were kept from it. */
    void (*on_contact)(void *with, unsigned number, const struct sandbox_contact *contact);
    void *with;
    unsigned number; /* for on_tools and on_contact */
};
/* The plan is copied, what it points to is not. */
struct box *box_new(const struct box_plan *plan);
void box_kill(struct box *box); /* begins to end it */
/* Ends it, waits for its processes, frees it. No callback of it is called any more. */
void box_free(struct box *box);
void box_start(struct box *box);
/* args: a JSON object. done comes later, once. */
void box_call(
    struct box *box, struct str tool, const struct json *args, toolbox_done done, void *with);
void box_cancel(struct box *box, void *with);
/* False: there is no process. */
bool box_holder(const struct box *box, struct toolbox_holder *ret);
