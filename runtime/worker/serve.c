/* serve - the worker's side of the wire: which message does what, and when it may come.
 *
 * Many sessions by lease on one socket, one thread. A message that does not fit a session's phase
 * is answered with FAULT and changes nothing (a PUT of which one message is broken keeps what it
 * was to keep); bytes that are no message end the worker. */
#include "worker/cover.h"
#include "worker/effects.h"
#include "worker/hooks.h"
#include "worker/host.h"
#include "worker/tools.h"
#include "worker/vectors.h"

#include "base/fd.h"
#include "base/mem.h"

#include <unistd.h>

static struct session **bucket(struct worker *worker, uint64_t lease)
{
    return &worker->buckets[hash_fast(&lease, sizeof(lease), 0) % COUNT_OF(worker->buckets)];
}

static struct session *find(struct worker *worker, uint64_t lease)
{
    struct session *session = *bucket(worker, lease);
    while (session && session->lease != lease)
        session = session->next;
    return session;
}

static void session_free(struct session *session)
{
    tools_put(session->tools);
    state_done(session);
    conversation_done(&session->conversation);
    host_guarded_free(&session->turn);
    arena_done(&session->turn.arena);
    mem_freep(&session->settled);
    mem_freep(&session->cover);
    mem_freep(&session);
}

static int count_models(struct worker *worker, struct str text, uint32_t *ret, struct err *err)
{
    if (text.size == 0) {
        *ret = 1;
        return 0;
    }
    const struct json *models = json_read(&worker->inbox, text, NULL, err);
    if (!models)
        return -err->code;
    if (!json_is(models, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "the models are no JSON array");
    *ret = models->count;
    return 0;
}

static int on_open(
    struct worker *worker, struct session *old, const struct wire *message, struct err *err)
{
    const struct wire_open *open = &message->open;
    uint32_t models = 0;
    struct tools *tools = NULL;
    if (old || open->lease == 0)
        return err_set(err, ERR_STATE, "a session with this lease is open already");
    int r = count_models(worker, open->models, &models, err);
    if (r == 0)
        r = tools_get(&tools, open->tools, err);
    if (r < 0)
        return r;
    struct session *session = mem_zero(1, sizeof(*session));
    session->lease = open->lease;
    session->worker = worker;
    session->harness = &worker->harness;
    session->kind = open->kind;
    session->seed = open->seed;
    session->steps_max = open->steps_max;
    session->models_count = models;
    session->tools = tools;
    state_open(session, open->states, open->states_count);
    struct session **link = bucket(worker, open->lease);
    session->next = *link;
    *link = session;
    return 0;
}

static int on_close(
    struct worker *worker, struct session *session, const struct wire *message, struct err *err)
{
    (void)message;
    (void)err;
    struct session **link = bucket(worker, session->lease);
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    session_free(session);
    return 0;
}

static int on_put(
    struct worker *worker, struct session *session, const struct wire *message, struct err *err)
{
    (void)worker;
    const struct wire_put *put = &message->put;
    struct conversation *conversation = &session->conversation;
    if (put->keep > conversation->count)
        return err_set(err, ERR_INPUT, "keeps %u messages of %u", put->keep, conversation->count);
    if (put->messages_count > WIRE_MESSAGES_MAX - put->keep)
        return err_set(err, ERR_LIMIT, "a conversation has at most %d messages", WIRE_MESSAGES_MAX);
    conversation_cut(conversation, put->keep);
    for (uint32_t i = 0; i < put->messages_count; i++) {
        int r =
            conversation_add(conversation, put->messages[i].bytes, put->messages[i].failed, err);
        if (r < 0) {
            conversation_cut(conversation, put->keep);
            return err_while(err, "message %u", put->keep + i);
        }
    }
    return 0;
}

static int on_run(
    struct worker *worker, struct session *session, const struct wire *message, struct err *err)
{
    (void)worker;
    (void)err;
    hooks_enter(session);
    turn_begin(session);
    session->turn.started = message->run.turn_start;
    session->turn.resumed = message->run.resumed;
    session->turn.elapsed_ms = message->run.elapsed_ms;
    loop_run(session);
    return 0;
}

static int on_result(
    struct worker *worker, struct session *session, const struct wire *message, struct err *err)
{
    (void)worker;
    if (message->result.effect != session->turn.waiting)
        return err_set(err, ERR_STATE, "a result of effect %u; effect %u is waited for",
            message->result.effect, session->turn.waiting);
    hooks_enter(session);
    loop_result(session, &message->result);
    return 0;
}

static int on_vectors(
    struct worker *worker, struct session *session, const struct wire *message, struct err *err)
{
    (void)worker;
    hooks_enter(session);
    int r = vectors_judge(session, &message->vectors, err);
    cover_note(session);
    cover_forget(session); /* what candidates ran, no turn has */
    return r;
}

/* What a session must be doing for a message to be taken. */
enum when { NO_MATTER, AT_REST, WAITING };
static const struct handler {
    int (*take)(struct worker *worker, struct session *session, const struct wire *message,
        struct err *err);
    enum when when;
    bool opens; /* needs no session */
    bool runs;  /* hooks */
} handlers[WIRE_TYPES] = {
    [WIRE_OPEN] = { on_open, NO_MATTER, true, false },
    [WIRE_PUT] = { on_put, AT_REST, false, false },
    [WIRE_RUN] = { on_run, AT_REST, false, true },
    [WIRE_RESULT] = { on_result, WAITING, false, true },
    [WIRE_CLOSE] = { on_close, NO_MATTER, false, false },
    [WIRE_VECTORS] = { on_vectors, AT_REST, false, false },
};

/* Every message of a session begins with its lease. */
static uint64_t lease_of(const struct wire *message)
{
    return message->close.lease;
}
_Static_assert(offsetof(struct wire_open, lease) == 0 && offsetof(struct wire_put, lease) == 0 &&
                   offsetof(struct wire_run, lease) == 0 &&
                   offsetof(struct wire_result, lease) == 0 &&
                   offsetof(struct wire_vectors, lease) == 0,
    "lease_of reads any of them");

static int take(struct worker *worker, const struct wire *message, struct err *err)
{
    const struct handler *handler = &handlers[message->type];
    if (!handler->take)
        return err_set(err, ERR_STATE, "%s is over", wire_words[message->type]);
    struct session *session = find(worker, lease_of(message));
    if (!handler->opens && !session)
        return err_set(err, ERR_MISSING, "no session has this lease");
    bool rests = session && session->turn.stage == STAGE_IDLE;
    if (handler->when == AT_REST && !rests)
        return err_set(
            err, ERR_STATE, "a turn is in work: %s must wait", wire_words[message->type]);
    if (handler->when == WAITING && rests)
        return err_set(err, ERR_STATE, "no turn is in work");
    int r = handler->take(worker, session, message, err);
    if (handler->runs)
        cover_note(session); /* what ran is this session's: the next message is another's */
    if (message->type != WIRE_CLOSE && message->type != WIRE_OPEN)
        turn_rest(session);
    return r;
}

static bool all_look(const struct harness *harness, enum moult_hook_id hook)
{
    const struct chain *chain = &harness->chains[hook];
    for (uint32_t i = 0; i < chain->count; i++)
        if (!hooks_looks(&harness->builds[chain->places[i].build], hook))
            return false;
    return chain->count > 0;
}

static uint32_t hooks_mask(const struct harness *harness)
{
    uint32_t mask = 0;
    for (enum moult_hook_id hook = 0; hook < MOULT_HOOKS; hook++) {
        mask |= (uint32_t)(harness->chains[hook].count > 0) << hook;
        mask |= (uint32_t)all_look(harness, hook) << (hook + WIRE_LOOKS);
    }
    /* A plugin's own tool is carried out here: such a call does not leave. */
    for (uint32_t i = 0; i < harness->builds_count; i++)
        if (harness->builds[i].plugin->tools_count > 0)
            mask = (mask | 1u << MOULT_BEFORE_TOOL) & ~(1u << (MOULT_BEFORE_TOOL + WIRE_LOOKS));
    return mask;
}

static int say_ready(struct worker *worker, uint32_t layers, struct err *err)
{
    struct str names[WIRE_PLUGINS_MAX];
    const struct harness *harness = &worker->harness;
    for (uint32_t i = 0; i < harness->builds_count; i++)
        names[i] = harness->builds[i].name;
    struct wire ready = { WIRE_READY,
        .ready = { WIRE_VERSION, layers, names, harness->builds_count, hooks_mask(harness) } };
    return frame_put(worker->channel, &ready, err);
}

/* LOAD, the lock, READY: in this order and once. */
static int begin(struct worker *worker, worker_lock lock, struct err *err)
{
    struct wire message;
    int r = frame_get(worker->channel, &worker->inbox, WIRE_TO_WORKER, &message, err);
    if (r <= 0)
        return r < 0 ? r : err_set(err, ERR_PEER, "the stream ended before LOAD");
    if (message.type != WIRE_LOAD)
        return err_set(err, ERR_STATE, "%s came before LOAD", wire_words[message.type]);
    r = harness_load(&worker->harness, &message.load, err);
    for (uint32_t i = 0; i < message.load.plugins_count; i++)
        if ((int)message.load.plugins[i].fd > 2 &&
            (int)message.load.plugins[i].fd != worker->channel->fd)
            close((int)message.load.plugins[i].fd);
    uint32_t layers = 0;
    if (r == 0)
        r = lock(worker->channel->fd, &layers, err);
    return r < 0 ? r : say_ready(worker, layers, err);
}

static int serve(struct worker *worker, struct err *err)
{
    for (;;) {
        struct wire message;
        arena_reset(&worker->inbox);
        int r = frame_get(worker->channel, &worker->inbox, WIRE_TO_WORKER, &message, err);
        if (r <= 0)
            return r;
        struct err refused;
        if (take(worker, &message, &refused) < 0)
            effect_fault(worker, lease_of(&message), &refused);
    }
}

static struct worker *worker_new(struct frame_channel *channel, int socket)
{
    struct worker *worker = mem_zero(1, sizeof(*worker));
    frame_init(channel, socket);
    worker->channel = channel;
    return worker;
}

/* Says why, if it went wrong, and frees all. */
static int worker_end(struct worker *worker, int r, const struct err *err)
{
    if (r < 0) {
        effect_fault(worker, 0, err);
        frame_flush(worker->channel, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(worker->buckets); i++)
        while (worker->buckets[i])
            on_close(worker, worker->buckets[i], NULL, NULL);
    frame_done(worker->channel);
    arena_done(&worker->inbox);
    arena_done(&worker->spare);
    mem_freep(&worker);
    return r;
}

int worker_serve(int socket, worker_lock lock, struct err *err)
{
    struct frame_channel channel;
    struct worker *worker = worker_new(&channel, socket);
    int r = begin(worker, lock, err);
    if (r == 0)
        r = serve(worker, err);
    return worker_end(worker, r, err);
}

int worker_serve_mapped(int socket, struct err *err)
{
    struct frame_channel channel;
    struct worker *worker = worker_new(&channel, socket);
    return worker_end(worker, serve(worker, err), err);
}
