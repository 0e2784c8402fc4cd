/* hosted - sessions that moult keeps: the client names one and brings only what is new.
 *
 * Whatever history its request holds is left aside, but for the messages behind the last reply:
 * moult's own conversation is the one that counts. Tools are moult's; their boxes start with the
 * session, and the turn begins when they are up. */
#include "broker/client.h"

#include "base/log.h"
#include "base/mem.h"
#include "broker/agent_tools.h"
#include "broker/model.h"
#include "broker/open_calls.h"
#include "broker/recover.h"
#include "broker/refusal.h"
#include "broker/session.h"
#include "broker/turn.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static int check_name(struct str name, struct err *err)
{
    bool good = name.size > 0 && name.size <= NAME_MAX_BYTES && name.at[0] != '.';
    for (size_t i = 0; good && i < name.size; i++)
        good = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                   name.at[i]) != NULL;
    if (good)
        return 0;
    err_set(err, ERR_INPUT, "X-Moult-Session wants 1 to %d of letters, digits, '.', '_' and '-'",
        NAME_MAX_BYTES);
    return -ERR_INPUT;
}

/* Of the request: the messages behind its last reply, those of a person. */
static int add_said(struct client *client, struct session *session, uint64_t turn, struct err *err)
{
    const struct protocol_view *view = client->view;
    uint32_t from = view->messages_count, added = 0;
    int rc = 0;
    while (from > 0 && !view->messages[from - 1].model)
        from--;
    for (; rc == 0 && from < view->messages_count; from++) {
        const struct live_message message = {
            .turn = turn, .standing = JOURNAL_FACT, .bytes = view->messages[from].chat
        };
        if (!view->messages[from].user)
            continue;
        rc = session_add(session, &message, -1, err);
        added++;
    }
    if (rc == 0 && added == 0)
        return err_set(err, ERR_INPUT, "a hosted request ends with a message of its user");
    return rc;
}

static int in_work(struct client *client, struct err *err)
{
    client->busy = true;
    err_set(err, ERR_STATE, "a turn of this session is in work");
    return err_hint(err, "wait for its answer, or use another session");
}

static bool is_resumed(const struct session *session);

/* The disk was full, and the session was dropped and read again. */
static int end_of_given_up(struct session *session, struct err *err)
{
    struct turn *turn = session->turn;
    if (!turn || turn->phase != TURN_RESTS || is_resumed(session))
        return 0;
    int rc = recover_end(session->engine, turn->row, err);
    if (rc == 0)
        turn_free(turn);
    return rc;
}

static int begin_turn(struct client *client, struct session *session, struct err *err)
{
    struct turn *turn;
    int rc = end_of_given_up(session, err);
    if (rc < 0)
        return rc;
    if (session->turn)
        return in_work(client, err);
    rc = turn_new(&turn, session, err);
    if (rc < 0)
        return rc;
    turn->starts = true;
    turn->client = client;
    client->turn = turn;
    rc = open_calls_close(session, turn->row, err);
    return rc < 0 ? rc : add_said(client, session, turn->row, err);
}

/* --- a new session waits for its tools */

struct starting {
    struct engine *engine;
    struct client *client; /* NULL: nobody has to be told */
    struct toolbox *toolbox;
    uint64_t number; /* of a session that goes on by itself */
    char *principal; /* ... and whose it is */
    bool again;      /* the machine had no room for its tools at first */
    struct str name;
    char *name_text;
    struct starting *next, **link;
};

static void starting_free(struct starting *starting)
{
    *starting->link = starting->next;
    if (starting->next)
        starting->next->link = starting->link;
    toolbox_free(starting->toolbox);
    free(starting->name_text);
    free(starting->principal);
    free(starting);
}

/* Its turn goes on as soon as its tools are there. */
static bool is_resumed(const struct session *session)
{
    for (const struct starting *it = session->engine->startings; it; it = it->next)
        if (it->number == session->number)
            return true;
    return false;
}

void hosted_end(struct engine *engine)
{
    while (engine->startings) {
        struct client *client = engine->startings->client;
        if (client && !client->exchange)
            client_free(client);
        starting_free(engine->startings);
    }
}

static struct str all_tools(struct client *client, const struct toolbox *toolbox)
{
    struct str own = toolbox_tools(toolbox), more = agent_tools(client->engine, &client->arena);
    if (more.size <= 2)
        return own;
    if (own.size <= 2)
        return more;
    char *text = arena_format(
        &client->arena, "%.*s,%.*s", (int)own.size - 1, own.at, (int)more.size - 1, more.at + 1);
    return str_of(text);
}

static int adopt(struct starting *starting, struct err *err)
{
    struct client *client = starting->client;
    struct session *session;
    const struct session_plan plan = { .principal = client->principal,
        .name = starting->name,
        .group = client->group,
        .tools = all_tools(client, starting->toolbox),
        .protocol = PROTOCOL_CHAT };
    int rc = commit_begin(starting->engine->commit, err);
    if (rc == 0)
        rc = session_named(&session, starting->engine, client->principal, starting->name, err);
    if (rc == -ERR_MISSING)
        rc = session_new(&session, starting->engine, &plan, err);
    else if (rc == 0)
        session->tools =
            (struct str){ arena_string(&session->arena, plan.tools.at, plan.tools.size),
                plan.tools.size };
    if (rc < 0)
        return rc;
    session_tools(session, STEAL(starting->toolbox));
    return begin_turn(client, session, err);
}

/* A call that brought it about has its answer all the same: the rows of the call are its record. */
static void on_contact(void *with, const struct toolbox_contact *contact)
{
    struct engine *engine = with;
    struct err err = { 0 };
    int rc = commit_begin(engine->commit, &err);
    if (rc == 0)
        rc = store_contact(engine->store, contact, &err);
    if (rc < 0)
        log_line(LOG_ERROR, "a contact of %.*s is not in the audit chain: %s",
            (int)contact->by.size, contact->by.at, err.text);
}

static int start_box(
    struct starting *starting, struct str principal, toolbox_ready ready, struct err *err)
{
    struct engine *engine = starting->engine;
    const struct toolbox_plan plan = { .loop = engine->loop,
        .home = engine->home,
        .config = engine->config,
        .tool = engine->tool,
        .workspace = starting->name,
        .principal = principal,
        .waived = engine->waived,
        .on_contact = on_contact,
        .contact_with = engine };
    return toolbox_new(&starting->toolbox, &plan, ready, starting, err);
}

/* Behind what rests there may be room. 0: on their way once more. */
static int start_again(
    struct starting *starting, struct str principal, toolbox_ready ready, const struct err *why)
{
    struct err err;
    if (starting->again || !err_full(why) || !engine_make_room(starting->engine))
        return -ERR_STATE;
    starting->again = true;
    toolbox_free(STEAL(starting->toolbox));
    return start_box(starting, principal, ready, &err);
}

static void begin(struct client *client, struct starting *starting, struct err *err)
{
    int rc = adopt(starting, err);
    if (rc == 0)
        client_run(client);
    else if (client->turn)
        client_broken(client->turn, err);
    else
        refusal(client, err);
}

/* Who asked may have gone meanwhile: the turn is begun all the same. */
static void on_tools(void *with, int rc, const struct err *why)
{
    struct starting *starting = with;
    struct client *client = starting->client;
    struct err err = { 0 };
    if (why)
        err = *why;
    if (rc < 0 && start_again(starting, client->principal, on_tools, &err) == 0)
        return;
    client->starting = NULL;
    if (rc == 0)
        begin(client, starting, &err);
    else
        refusal(client, &err);
    starting_free(starting);
    if (!client->exchange)
        client_free(client);
}

static struct starting *starting_new(struct engine *engine, struct str name)
{
    struct starting *starting = mem_zero(1, sizeof *starting);
    starting->engine = engine;
    starting->name_text = mem_format("%.*s", (int)name.size, name.at);
    starting->name = str_of(starting->name_text);
    starting->next = engine->startings;
    starting->link = &engine->startings;
    if (starting->next)
        starting->next->link = &starting->next;
    engine->startings = starting;
    return starting;
}

/* Who else opens the session holds its workspace: two of them would wait for each other. */
static bool is_starting(const struct client *client, struct str name)
{
    for (const struct starting *it = client->engine->startings; it; it = it->next)
        if (it->client && str_equal(it->name, name) &&
            str_equal(it->client->principal, client->principal))
            return true;
    return false;
}

static int start_tools(struct client *client, struct str name, struct err *err)
{
    if (is_starting(client, name))
        return in_work(client, err);
    struct starting *starting = starting_new(client->engine, name);
    starting->client = client;
    client->starting = starting;
    int rc = start_box(starting, client->principal, on_tools, err);
    if (rc < 0) {
        client->starting = NULL;
        starting_free(starting);
        return rc;
    }
    return 1;
}

/* --- a turn that a broker before this one began */

static int go_on(struct starting *starting, struct err *err)
{
    struct session *session;
    int rc = session_get(&session, starting->engine, starting->number, err);
    if (rc < 0 || !session->turn)
        return rc;
    session_tools(session, STEAL(starting->toolbox));
    session->turn->settled = session->turn->recalls = true;
    model_list(session->turn, (struct str){ 0 });
    return turn_run(session->turn, err);
}

/* It ends, and its session is free for the next one. */
static void give_up(struct engine *engine, uint64_t number, const struct err *why)
{
    struct session *session;
    struct err err;
    if (session_get(&session, engine, number, &err) == 0 && session->turn)
        client_broken(session->turn, why);
}

static void on_tools_again(void *with, int rc, const struct err *why)
{
    struct starting *starting = with;
    struct err err = { 0 };
    if (why)
        err = *why;
    if (rc < 0 && start_again(starting, str_of(starting->principal), on_tools_again, &err) == 0)
        return;
    if (rc == 0)
        rc = go_on(starting, &err);
    if (rc < 0)
        give_up(starting->engine, starting->number, &err);
    starting_free(starting);
}

int hosted_resume(struct engine *engine, uint64_t number, struct err *err)
{
    struct session *session;
    int rc = session_get(&session, engine, number, err);
    if (rc < 0 || !session->turn)
        return rc;
    struct starting *starting = starting_new(engine, session->name);
    starting->number = number;
    starting->principal = mem_format("%.*s", (int)session->principal.size, session->principal.at);
    rc = start_box(starting, session->principal, on_tools_again, err);
    if (rc < 0) {
        give_up(engine, number, err);
        starting_free(starting);
    }
    return rc;
}

void hosted_forget(struct client *client)
{
    if (client->starting)
        client->starting->client = NULL;
    client->starting = NULL;
}

int hosted_cancel(struct engine *engine, struct str principal, struct str name, struct err *err)
{
    struct session *session;
    struct err why;
    int rc = session_named(&session, engine, principal, name, err);
    if (rc < 0)
        return rc;
    struct turn *turn = session->turn;
    if (!turn)
        return err_set(err, ERR_MISSING, "no turn of this session is in work");
    err_set(&why, ERR_STATE, "the turn was cancelled");
    if (turn->client) {
        refusal(turn->client, &why);
        turn->client->turn = NULL;
    }
    turn_abandon(turn, why.text);
    return commit_now(engine->commit, err);
}

int hosted_place(struct client *client, struct str name, struct err *err)
{
    struct session *session;
    int rc = check_name(name, err);
    if (rc < 0)
        return rc;
    rc = session_named(&session, client->engine, client->principal, name, err);
    if (rc < 0 && rc != -ERR_MISSING)
        return rc;
    if (rc == 0 && (session->toolbox || is_resumed(session)))
        return begin_turn(client, session, err);
    return start_tools(client, name, err);
}
