/* toolbox - see toolbox.h. What one box does is in toolbox_box.c; here are the workspace and its
 * lock, the list of tools, and which box a call goes to. */
#include "broker/toolbox.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/toolbox_box.h"
#include "broker/toolbox_command.h"
#include "broker/toolbox_tools.h"
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CALL_MAX = (4 << 20) - 4096, /* moult-tool's bound on a line, less what stands around */
    ARGS_DEPTH = 48,
    NAME_MAX_BYTES = 64,
    TOOLS_UID = 65534, /* of a run whose parent is root: sandbox/owner.h */
    LOCK_MS = 10000,
    LOCK_STEP_MS = 5,
    MS_NS = 1000000
};

/* An answer that needs no box; it comes from the loop all the same. */
struct reply {
    struct reply *next;
    toolbox_done done;
    void *with;
    struct str text;
};

/* Outlives the toolbox until its handle is closed. */
struct ticker {
    uv_timer_t timer;
    struct toolbox *toolbox; /* NULL: it has gone */
};

struct toolbox {
    struct toolbox_plan plan;
    char workspace[PATH_MAX], lock_path[PATH_MAX];
    char name[NAME_MAX_BYTES + 1], principal[NAME_MAX_BYTES + 1]; /* the plan's do not stay */
    char **homes;
    int lock; /* -1: not yet */
    uint64_t give_up_ns;
    struct ticker *ticker;
    struct box **boxes; /* the built-in one, then the servers in their order */
    unsigned boxes_count, boxes_known;
    struct buf *lists; /* of each box, until all are there */
    struct toolbox_tools tools;
    struct reply *replies, **replies_end;
    toolbox_ready ready; /* NULL: was called */
    void *with;
};

static void on_tick(uv_timer_t *timer);

static void tick(struct toolbox *toolbox, uint64_t ms)
{
    uv_timer_start(&toolbox->ticker->timer, on_tick, ms, 0);
}

static void is_ready(struct toolbox *toolbox, int rc, const struct err *err)
{
    toolbox_ready ready = toolbox->ready;
    toolbox->ready = NULL;
    if (ready)
        ready(toolbox->with, rc, err);
}

/* --- boxes and their tools */

static struct str name_of(const struct toolbox *toolbox, unsigned number)
{
    return number == 0 ? STR("moult") : toolbox->plan.config->servers[number - 1].name;
}

static void join_lists(struct toolbox *toolbox)
{
    for (unsigned i = 0; i < toolbox->boxes_count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct json *list = json_read(&arena, buf_view(&toolbox->lists[i]), NULL, NULL);
        toolbox_tools_add(&toolbox->tools, toolbox->plan.config, i, name_of(toolbox, i), list);
        buf_done(&toolbox->lists[i]);
    }
}

/* Whether the session goes on without that box. */
static bool does_without(const struct toolbox *toolbox, unsigned number, const struct err *err)
{
    struct str name = name_of(toolbox, number);
    if (number == 0 || !toolbox->plan.config->servers[number - 1].optional)
        return false;
    log_line(LOG_WARN, "a session goes on without mcpServers.%.*s: %s", (int)name.size, name.at,
        err->text);
    return true;
}

/* Names are given in the order of moult.json, not in the order in which servers come up. */
static void on_tools(void *with, unsigned number, const struct json *tools, const struct err *err)
{
    struct toolbox *toolbox = with;
    if (!tools && !does_without(toolbox, number, err)) {
        struct err failed = *err;
        struct str name = name_of(toolbox, number);
        if (number > 0)
            err_while(&failed, "mcpServers.%.*s", (int)name.size, name.at);
        is_ready(toolbox, -failed.code, &failed);
        return;
    }
    buf_str(&toolbox->lists[number], tools ? tools->raw : STR("[]"));
    if (++toolbox->boxes_known < toolbox->boxes_count)
        return;
    join_lists(toolbox);
    is_ready(toolbox, 0, NULL);
}

/* A failure to write this is no reason to stop: the lock itself holds. */
static void note_holders(void *with)
{
    struct toolbox *toolbox = with;
    unsigned count = 0;
    struct toolbox_holder *holders = mem_zero(toolbox->boxes_count, sizeof *holders);
    for (unsigned i = 0; i < toolbox->boxes_count; i++)
        if (toolbox->boxes[i])
            count += box_holder(toolbox->boxes[i], &holders[count]);
    toolbox_lock_note(toolbox->lock, holders, count, NULL);
    free(holders);
}

static void on_contact(void *with, unsigned number, const struct sandbox_contact *contact)
{
    struct toolbox *toolbox = with;
    const struct toolbox_plan *plan = &toolbox->plan;
    struct str by = name_of(toolbox, number);
    log_line(contact->end == CONTACT_REACHED ? LOG_INFO : LOG_WARN, "tools of %.*s: %s %s:%u",
        (int)by.size, by.at, sandbox_contact_words[contact->end], contact->host, contact->port);
    if (plan->on_contact)
        plan->on_contact(plan->contact_with, &(struct toolbox_contact){ str_of(toolbox->name),
                                                 str_of(toolbox->principal), by, contact });
}

static void start_boxes(struct toolbox *toolbox)
{
    const struct toolbox_plan *plan = &toolbox->plan;
    for (unsigned i = 0; i < toolbox->boxes_count; i++) {
        const struct config_server *server = i > 0 ? &plan->config->servers[i - 1] : NULL;
        toolbox->boxes[i] = box_new(&(struct box_plan){
            .loop = plan->loop,
            .tool = plan->tool,
            .server = server,
            .grant = server ? &server->grant : &plan->config->shell,
            .workspace = toolbox->workspace,
            .homes = (const char *const *)toolbox->homes,
            .tier = plan->config->tier,
            .waived = plan->waived,
            .start_ms = server && server->start_ms ? server->start_ms : plan->start_ms,
            .call_ms = server && server->call_ms ? server->call_ms : plan->call_ms,
            .idle_ms = plan->idle_ms,
            .lock = toolbox->lock,
            .on_tools = on_tools,
            .on_change = note_holders,
            .on_contact = on_contact,
            .with = toolbox,
            .number = i,
        });
    }
    for (unsigned i = 0; i < toolbox->boxes_count; i++)
        box_start(toolbox->boxes[i]);
}

/* --- the workspace */

static void take_lock(struct toolbox *toolbox)
{
    struct err err = { 0 };
    int rc = toolbox_lock(toolbox->lock_path, &err);
    if (rc >= 0) {
        toolbox->lock = rc;
        start_boxes(toolbox);
    } else if (rc == -ERR_STATE && clock_mono_ns() < toolbox->give_up_ns) {
        tick(toolbox, LOCK_STEP_MS);
    } else {
        is_ready(toolbox, rc, &err);
    }
}

static void give_replies(struct ticker *ticker)
{
    while (ticker->toolbox && ticker->toolbox->replies) {
        struct toolbox *toolbox = ticker->toolbox;
        struct reply *reply = toolbox->replies;
        toolbox->replies = reply->next;
        if (!toolbox->replies)
            toolbox->replies_end = &toolbox->replies;
        const struct toolbox_answer answer = { WIRE_REFUSED, reply->text };
        reply->done(reply->with, &answer);
        free(reply);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct ticker *ticker = timer->data;
    give_replies(ticker);
    if (ticker->toolbox && ticker->toolbox->lock < 0 && ticker->toolbox->ready)
        take_lock(ticker->toolbox);
}

/* Without namespaces a run of root's has another uid: the workspace is given to it, and the way
 * there must be open. With them owners are mapped, and this does no harm. */
static int give_workspace(const struct toolbox *toolbox, struct err *err)
{
    char workspaces[PATH_MAX], above[PATH_MAX];
    struct stat home;
    const char *path = toolbox->plan.home->path;
    if (toolbox->plan.config->tier != SANDBOX_CONTAINER || geteuid() != 0)
        return 0;
    snprintf(above, sizeof above, "%s", toolbox->workspace);
    *strrchr(above, '/') = 0;
    if (chmod(home_path(workspaces, toolbox->plan.home, "workspaces"), 0711) < 0 ||
        chmod(above, 0711) < 0 || chown(toolbox->workspace, TOOLS_UID, TOOLS_UID) < 0 ||
        stat(path, &home) < 0)
        return err_sys(err, "give %s to the tools", toolbox->workspace);
    if (home.st_mode & S_IXOTH)
        return 0;
    err_set(err, ERR_DENIED, "the tools of root run as nobody, who cannot come to %s", path);
    return err_hint(err, "chmod 711 %.100s, or run moult as another user", path);
}

/* Two principals may give their sessions one name. No session's name has an '@', so that neither
 * folders nor locks can meet. */
static int name_places(struct toolbox *toolbox, struct err *err)
{
    const struct home *home = toolbox->plan.home;
    struct str name = toolbox->plan.workspace, by = toolbox->plan.principal;
    bool other = by.size > 0 && !str_equal(by, STR("local"));
    if (!str_is_name(name, NAME_MAX_BYTES) || *name.at == '.' || memchr(name.at, '@', name.size))
        return err_set(err, ERR_INPUT, "a workspace's name is letters, digits, '.', '_' and '-'");
    if (other && !str_is_name(by, NAME_MAX_BYTES))
        return err_set(err, ERR_INPUT, "a principal's name is letters, digits, '.', '_', '-', '@'");
    const char *at = other ? "@" : "";
    int size = other ? (int)by.size : 0;
    CLEANUP(mem_freep)
    char *part = mem_format(
        "workspaces/%s%.*s%s%.*s", at, size, by.at, other ? "/" : "", (int)name.size, name.at);
    CLEANUP(mem_freep)
    char *lock = mem_format("run/lock.%s%.*s%s%.*s", at, size, by.at, at, (int)name.size, name.at);
    home_path(toolbox->workspace, home, part);
    home_path(toolbox->lock_path, home, lock);
    snprintf(toolbox->name, sizeof toolbox->name, "%.*s", (int)name.size, name.at);
    snprintf(toolbox->principal, sizeof toolbox->principal, "%.*s", size, by.at);
    return 0;
}

static int make_places(struct toolbox *toolbox, struct err *err)
{
    char run[PATH_MAX];
    int rc = name_places(toolbox, err);
    if (rc == 0)
        rc = file_mkdirs(home_path(run, toolbox->plan.home, "run"), 0700, err);
    if (rc == 0)
        rc = file_mkdirs(toolbox->workspace, 0700, err);
    return rc < 0 ? rc : give_workspace(toolbox, err);
}

int toolbox_check(const struct config *config, struct err *err)
{
    struct reach reach;
    int rc = toolbox_reach(&reach, &config->shell, "tools.shell", err);
    for (uint32_t i = 0; rc == 0 && i < config->servers_count; i++) {
        struct str name = config->servers[i].name;
        CLEANUP(mem_freep) char *place = mem_format("mcpServers.%.*s", (int)name.size, name.at);
        rc = toolbox_reach(&reach, &config->servers[i].grant, place, err);
    }
    return rc;
}

int toolbox_new(struct toolbox **ret, const struct toolbox_plan *plan, toolbox_ready ready,
    void *with, struct err *err)
{
    struct toolbox *toolbox = mem_zero(1, sizeof *toolbox);
    *toolbox = (struct toolbox){
        .plan = *plan,
        .ready = ready,
        .with = with,
        .lock = -1,
        .boxes_count = plan->config->servers_count + 1,
        .give_up_ns = clock_mono_ns() + (uint64_t)(plan->lock_ms ? plan->lock_ms : LOCK_MS) * MS_NS,
    };
    int rc = make_places(toolbox, err);
    if (rc < 0) {
        free(toolbox);
        return rc;
    }
    home_list(&toolbox->homes, NULL);
    toolbox->boxes = mem_zero(toolbox->boxes_count, sizeof *toolbox->boxes);
    toolbox->lists = mem_zero(toolbox->boxes_count, sizeof *toolbox->lists);
    toolbox->replies_end = &toolbox->replies;
    toolbox->ticker = mem_zero(1, sizeof *toolbox->ticker);
    uv_timer_init(plan->loop, &toolbox->ticker->timer);
    toolbox->ticker->timer.data = toolbox->ticker;
    toolbox->ticker->toolbox = toolbox;
    tick(toolbox, 0);
    *ret = toolbox;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void toolbox_free(struct toolbox *toolbox)
{
    if (!toolbox)
        return;
    toolbox->ticker->toolbox = NULL;
    uv_close((uv_handle_t *)&toolbox->ticker->timer, on_closed);
    for (unsigned i = 0; i < toolbox->boxes_count; i++)
        if (toolbox->boxes[i])
            box_kill(toolbox->boxes[i]);
    for (unsigned i = 0; i < toolbox->boxes_count; i++) {
        box_free(toolbox->boxes[i]);
        buf_done(&toolbox->lists[i]);
    }
    for (struct reply *reply = toolbox->replies; reply;) {
        struct reply *next = reply->next;
        free(reply);
        reply = next;
    }
    fd_closep(&toolbox->lock);
    home_list_done(&toolbox->homes);
    toolbox_tools_done(&toolbox->tools);
    free(toolbox->boxes);
    free(toolbox->lists);
    free(toolbox);
}

struct str toolbox_tools(const struct toolbox *toolbox)
{
    return toolbox->ready || !toolbox->tools.offered.size ? STR("[]")
                                                          : buf_view(&toolbox->tools.offered);
}

/* --- calls */

static void refuse(struct toolbox *toolbox, toolbox_done done, void *with, const char *text)
{
    size_t size = strlen(text);
    struct reply *reply = mem_zero(1, sizeof *reply + size + 1);
    memcpy(reply + 1, text, size);
    *reply = (struct reply){ .done = done, .with = with, .text = { (char *)(reply + 1), size } };
    *toolbox->replies_end = reply;
    toolbox->replies_end = &reply->next;
    tick(toolbox, 0);
}

void toolbox_call(
    struct toolbox *toolbox, struct str name, struct str args, toolbox_done done, void *with)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    char text[512], word[80];
    struct err err = { 0 };
    const struct toolbox_tool *tool = toolbox_tools_find(&toolbox->tools, name);
    if (!tool) {
        snprintf(text, sizeof text, "not carried out: there is no tool %s",
            str_printable(word, sizeof word, name, false));
        refuse(toolbox, done, with, text);
        return;
    }
    const struct json *root = json_read(
        &arena, args, &(struct json_limits){ .size_max = CALL_MAX, .depth_max = ARGS_DEPTH }, &err);
    if (root && !json_is(root, JSON_OBJECT))
        err_set(&err, ERR_INPUT, "it is no object");
    if (err.code != 0) {
        snprintf(text, sizeof text, "not carried out: the arguments are no JSON object: %s (%s)",
            err.text, err.where);
        refuse(toolbox, done, with, text);
        return;
    }
    box_call(toolbox->boxes[tool->box], tool->own, root, done, with);
}

void toolbox_cancel(struct toolbox *toolbox, void *with)
{
    struct reply **place = &toolbox->replies;
    while (*place) {
        struct reply *reply = *place;
        if (reply->with != with) {
            place = &reply->next;
            continue;
        }
        *place = reply->next;
        free(reply);
    }
    toolbox->replies_end = place;
    for (unsigned i = 0; i < toolbox->boxes_count; i++)
        if (toolbox->boxes[i])
            box_cancel(toolbox->boxes[i], with);
}
