/* serve - see serve.h.
 *
 * Sessions that a client adds are written in one transaction that ends with FLUSH, or when the
 * client asks for something else or goes; other requests are a transaction each. Only one client
 * may have a transaction open; another's writing waits for it by ending it (what was added so far
 * is whole). */
#include "broker/serve.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/decide.h"
#include "broker/permit.h"
#include "broker/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { BACKLOG = 64, CLIENTS_MAX = 64, GROUP_MAX = 256, FIRST_CLIENT_MS = 10000 };

struct client {
    uv_pipe_t pipe;
    struct server *server;
    struct buf in;
    size_t in_at;
    bool greeted, closing;
    enum journal_role role;
    uint64_t added, known;
    struct err adding; /* the first thing that went wrong since the last FLUSH */
};

struct server {
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_signal_t signals[2];
    uv_timer_t first_client; /* who started this broker may have died */
    struct store *store;
    struct arena arena;
    bool while_used, open; /* open: a group of added sessions */
    unsigned group, clients;
};

struct sending {
    uv_write_t request;
    struct buf bytes;
};

/* --- the group of added sessions */

static int group_end(struct server *server, struct err *err)
{
    if (!server->open)
        return 0;
    server->open = false;
    server->group = 0;
    return store_commit(server->store, err);
}

static void group_drop(struct server *server)
{
    if (server->open)
        store_rollback(server->store);
    server->open = false;
    server->group = 0;
}

static int add_session(struct client *client, struct unpack *in, struct err *err)
{
    struct server *server = client->server;
    struct journal_session session;
    if (!journal_unpack_session(in, &server->arena, &session) || !unpack_end(in) ||
        (session.messages_count > 0 && !session.messages))
        return err_set(err, ERR_INPUT, "a session that is malformed");
    int rc = server->open ? 0 : store_begin(server->store, err);
    if (rc < 0)
        return rc;
    server->open = true;
    rc = store_add(server->store, &session, err);
    if (rc < 0) {
        group_drop(server);
        return rc;
    }
    client->added += rc == 1;
    client->known += rc == 0;
    return ++server->group >= GROUP_MAX ? group_end(server, err) : 0;
}

static void do_add(struct client *client, struct unpack *in)
{
    struct err err = { 0 };
    if (client->adding.code)
        return; /* nothing is taken behind a failure */
    if (permit_check(client->role, OP_ADD, &err) < 0 || add_session(client, in, &err) < 0)
        client->adding = err;
}

static int do_flush(struct client *client, struct buf *out, struct err *err)
{
    struct err adding = client->adding;
    uint64_t added = client->added, known = client->known;
    memset(&client->adding, 0, sizeof client->adding);
    client->added = client->known = 0;
    int rc = group_end(client->server, err);
    if (adding.code) {
        *err = adding;
        return -adding.code;
    }
    if (rc < 0)
        return rc;
    pack_u64(out, added);
    pack_u64(out, known);
    return 0;
}

/* --- requests */

static int malformed(struct err *err)
{
    return err_set(err, ERR_INPUT, "a request that is malformed");
}

static int do_hello(struct client *client, struct unpack *in, struct err *err)
{
    uint32_t version = unpack_u32(in);
    uint8_t role = unpack_u8(in);
    if (!unpack_end(in) || role >= JOURNAL_ROLES)
        return malformed(err);
    if (version != JOURNAL_VERSION)
        return err_set(err, ERR_STATE,
            "this broker speaks version %d of the journal's protocol, not %u", JOURNAL_VERSION,
            version);
    client->role = (enum journal_role)role;
    client->greeted = true;
    return 0;
}

static int do_put(struct client *client, struct unpack *in, struct buf *out, struct err *err)
{
    struct str kind = unpack_text(in, JOURNAL_TEXT_MAX),
               text = unpack_text(in, JOURNAL_DOCUMENT_MAX);
    if (!unpack_end(in))
        return malformed(err);
    if (!permit_writes(client->role, kind))
        return err_set(err, ERR_DENIED, "the role %s may not write that kind of document",
            journal_role_words[client->role]);
    return store_put(client->server->store, kind, text, out, err);
}

static int do_get(struct client *client, struct unpack *in, struct buf *out, struct err *err)
{
    struct str kind = unpack_text(in, JOURNAL_TEXT_MAX);
    struct digest digest = unpack_digest(in);
    if (!unpack_end(in))
        return malformed(err);
    if (!permit_reads(client->role, kind))
        return err_set(err, ERR_DENIED, "the role %s may not read that kind of document",
            journal_role_words[client->role]);
    return store_get(client->server->store, kind, &digest, out, err);
}

static int do_move_cluster(struct client *client, struct unpack *in, struct err *err)
{
    struct journal_cluster cluster = { .id = unpack_text(in, JOURNAL_TEXT_MAX),
        .signature = unpack_text(in, JOURNAL_TEXT_MAX),
        .state = unpack_text(in, JOURNAL_TEXT_MAX) };
    struct str from = unpack_text(in, JOURNAL_TEXT_MAX);
    cluster.document = unpack_digest(in);
    if (!unpack_end(in) || cluster.id.size == 0)
        return malformed(err);
    return store_move_cluster(client->server->store, &cluster, from, err);
}

static int dispatch(
    struct client *client, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct store *store = client->server->store;
    if (op >= OP_MOVE_CANDIDATES)
        return decide(store, op, in, &client->server->arena, out, err);
    if (op == OP_PUT)
        return do_put(client, in, out, err);
    if (op == OP_GET)
        return do_get(client, in, out, err);
    if (op == OP_MOVE_CLUSTER)
        return do_move_cluster(client, in, err);
    struct str text = { 0 };
    uint64_t number = 0;
    uint8_t split = 0;
    if (op == OP_FIND || op == OP_SPLIT)
        text = unpack_text(in, JOURNAL_TEXT_MAX);
    if (op == OP_SPLIT)
        split = unpack_u8(in);
    if (op == OP_LIST || op == OP_READ || op == OP_AUDIT)
        number = unpack_u64(in);
    if (!unpack_end(in))
        return malformed(err);
    switch (op) {
    case OP_LIST:
        return store_list(store, client->role, number, out, err);
    case OP_READ:
        return store_read(store, client->role, number, out, err);
    case OP_FIND:
        return store_find(store, client->role, text, out, err);
    case OP_SPLIT:
        return store_split(store, text, split, out, err);
    case OP_CLUSTERS:
        return store_clusters(store, out, err);
    case OP_AUDIT:
        return store_audit(store, number, out, err);
    default:
        return malformed(err);
    }
}

/* One request, one transaction. */
static int in_transaction(
    struct client *client, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct server *server = client->server;
    int rc = permit_check(client->role, op, err);
    if (rc < 0 || op == OP_FLUSH)
        return rc < 0 ? rc : do_flush(client, out, err);
    if ((rc = group_end(server, err)) < 0 || (rc = store_begin(server->store, err)) < 0)
        return rc;
    rc = dispatch(client, op, in, out, err);
    if (rc < 0) {
        store_rollback(server->store);
        return rc;
    }
    return store_commit(server->store, err);
}

/* --- the connection */

static void on_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct server *server = client->server;
    buf_done(&client->in);
    free(client);
    if (--server->clients == 0 && server->while_used)
        uv_stop(&server->loop);
}

static void drop(struct client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    uv_close((uv_handle_t *)&client->pipe, on_closed);
}

static void on_written(uv_write_t *request, int status)
{
    struct sending *sending = (struct sending *)request;
    struct client *client = request->handle->data;
    buf_done(&sending->bytes);
    free(sending);
    if (status < 0)
        drop(client);
}

static void reply(struct client *client, int rc, const struct err *err, const struct buf *out)
{
    struct sending *sending = mem_zero(1, sizeof *sending);
    CLEANUP(buf_done) struct buf body = { 0 };
    pack_u8(&body, (uint8_t)(rc < 0 ? -rc : 0));
    if (rc < 0) {
        pack_text(&body, str_of(err->text));
        pack_text(&body, str_of(err->hint));
    } else {
        buf_str(&body, buf_view(out));
    }
    pack_text(&sending->bytes, buf_view(&body));
    uv_buf_t piece = uv_buf_init(sending->bytes.at, (unsigned)sending->bytes.size);
    if (uv_write(&sending->request, (uv_stream_t *)&client->pipe, &piece, 1, on_written) < 0) {
        buf_done(&sending->bytes);
        free(sending);
        drop(client);
    }
}

static void handle(struct client *client, struct str frame)
{
    struct unpack in = unpack_begin(frame);
    enum journal_op op = (enum journal_op)unpack_u8(&in);
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err = { 0 };
    int rc;
    arena_reset(&client->server->arena);
    if (!client->greeted)
        rc = op == OP_HELLO ? do_hello(client, &in, &err) : malformed(&err);
    else if (op == OP_ADD)
        return do_add(client, &in);
    else
        rc = in_transaction(client, op, &in, &out, &err);
    reply(client, rc, &err, &out);
}

static void take_frames(struct client *client)
{
    while (!client->closing && client->in.size - client->in_at >= 4) {
        struct str rest = { client->in.at + client->in_at, client->in.size - client->in_at };
        struct unpack head = unpack_begin(rest);
        uint32_t size = unpack_u32(&head);
        if (size == 0 || size > JOURNAL_FRAME_MAX) {
            log_line(LOG_WARN, "a client sent a frame of %u bytes: closed", size);
            drop(client);
            return;
        }
        if (rest.size - 4 < size)
            break;
        handle(client, (struct str){ rest.at + 4, size });
        client->in_at += 4 + (size_t)size;
    }
    size_t left = client->in.size - client->in_at;
    if (client->in_at > 0) {
        memmove(client->in.at, client->in.at + client->in_at, left);
        client->in.size = left;
        client->in_at = 0;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char chunk[1 << 18];
    (void)handle;
    (void)suggested;
    *ret = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *chunk)
{
    struct client *client = stream->data;
    if (n > 0) {
        buf_add(&client->in, chunk->base, (size_t)n);
        take_frames(client);
    } else if (n < 0) {
        struct err err = { 0 };
        /* What a client added and did not flush was not acknowledged: a whole group is still right.
         */
        if (group_end(client->server, &err) < 0)
            log_line(LOG_WARN, "%s", err.text);
        drop(client);
    }
}

static bool peer_is_owner(const uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd;
    return uv_fileno((const uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status < 0)
        return;
    struct client *client = mem_zero(1, sizeof *client);
    client->server = server;
    client->pipe.data = client;
    uv_pipe_init(&server->loop, &client->pipe, 0);
    server->clients++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) < 0 || server->clients > CLIENTS_MAX ||
        !peer_is_owner(&client->pipe) ||
        uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read) < 0)
        drop(client);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    (void)number;
    uv_stop(&server->loop);
}

static void on_nobody(uv_timer_t *timer)
{
    struct server *server = timer->data;
    if (server->clients == 0)
        uv_stop(&server->loop);
}

/* --- start and end */

/* One broker a home: the lock is held as long as the process lives, whatever kills it. */
static int take_lock(const struct home *home, bool patient, struct err *err)
{
    /* One that is just ending holds it until its journal is on the disk: milliseconds, but seconds
     * where the disk is busy with something else. */
    enum { WAIT_US = 5000, WAITS = 4000 };
    char path[PATH_MAX];
    CLEANUP(fd_closep)
    int fd = open(home_path(path, home, "run/broker.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, "lock of the home");
    int rc = flock(fd, LOCK_EX | LOCK_NB);
    for (int i = 0; rc < 0 && patient && i < WAITS; i++) {
        usleep(WAIT_US);
        rc = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (rc < 0) {
        err_set(err, ERR_STATE, "a broker runs for this home already");
        return err_hint(err, "it answers on run/moult.sock; end it before another is started");
    }
    return fd_steal(&fd);
}

static int listen_on(struct server *server, const struct home *home, struct err *err)
{
    char path[PATH_MAX];
    home_path(path, home, "run/moult.sock");
    unlink(path); /* a stale one: this process holds the lock */
    mode_t old = umask(0177);
    uv_pipe_init(&server->loop, &server->listener, 0);
    server->listener.data = server;
    int rc = uv_pipe_bind(&server->listener, path);
    umask(old);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    return rc < 0 ? err_set(err, ERR_SYS, "listen on %s: %s", path, uv_strerror(rc)) : 0;
}

static void close_handle(uv_handle_t *handle, void *with)
{
    struct server *server = with;
    if (uv_is_closing(handle))
        return;
    bool own = handle == (uv_handle_t *)&server->listener || handle->type == UV_SIGNAL ||
               handle->type == UV_TIMER;
    if (own)
        uv_close(handle, NULL);
    else
        drop(handle->data);
}

static int run_loop(struct server *server, const struct serve_options *options, struct err *err)
{
    static const int numbers[] = { SIGTERM, SIGINT };
    int rc = listen_on(server, options->home, err);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&server->signals[i]);
    }
    uv_timer_init(&server->loop, &server->first_client);
    server->first_client.data = server;
    if (server->while_used)
        uv_timer_start(&server->first_client, on_nobody, FIRST_CLIENT_MS, 0);
    if (rc == 0 && options->ready_fd >= 0) {
        rc = write_all(options->ready_fd, "r", 1, err);
        close(options->ready_fd);
    }
    if (rc == 0)
        uv_run(&server->loop, UV_RUN_DEFAULT);
    if (group_end(server, err) < 0)
        rc = -err->code;
    server->while_used = false;
    uv_walk(&server->loop, close_handle, server);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    return rc;
}

int serve(const struct serve_options *options, struct err *err)
{
    struct server server = { .while_used = options->while_used };
    char path[PATH_MAX];
    CLEANUP(fd_closep) int lock = take_lock(options->home, options->while_used, err);
    if (lock < 0)
        return lock;
    int rc = store_open(
        &server.store, home_path(path, options->home, "journal.db"), options->home->id, err);
    if (rc < 0)
        return rc;
    uv_loop_init(&server.loop);
    rc = run_loop(&server, options, err);
    uv_loop_close(&server.loop);
    store_free(server.store);
    arena_done(&server.arena);
    unlink(home_path(path, options->home, "run/moult.sock"));
    return rc;
}
