/* peer - see peer.h. */
#include "broker/peer.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sending {
    uv_write_t request;
    struct buf bytes;
};

/* --- its end */

static void forget(struct peer *peer)
{
    struct serving *serving = peer->serving;
    *(peer->before ? &peer->before->next : &serving->peers) = peer->next;
    if (peer->next)
        peer->next->before = peer->before;
    serving->count--;
    buf_done(&peer->in);
    free(peer);
    serving_settled(serving);
}

void peer_settled(struct peer *peer)
{
    if (peer->closed && !peer->waits && !peer->flushing)
        forget(peer);
}

static void on_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;
    peer->closed = true;
    peer_settled(peer);
}

void peer_drop(struct peer *peer)
{
    if (peer->closing)
        return;
    peer->closing = true;
    const struct serve_service *service = &peer->serving->service;
    if (service->left && !peer->serving->ending)
        service->left(service->with, peer);
    uv_close((uv_handle_t *)&peer->pipe, on_closed);
}

/* --- answers */

static void on_written(uv_write_t *request, int status)
{
    struct sending *sending = (struct sending *)request;
    struct peer *peer = request->handle->data;
    buf_done(&sending->bytes);
    free(sending);
    if (status < 0)
        peer_drop(peer);
}

void peer_reply(struct peer *peer, int rc, const struct err *err, const struct buf *out)
{
    if (peer->closing)
        return;
    struct err large;
    if (rc == 0 && out->size >= JOURNAL_FRAME_MAX) {
        rc = err_set(&large, ERR_LIMIT, "an answer of more than %d MiB", JOURNAL_FRAME_MAX >> 20);
        err = &large;
    }
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
    if (uv_write(&sending->request, (uv_stream_t *)&peer->pipe, &piece, 1, on_written) < 0) {
        buf_done(&sending->bytes);
        free(sending);
        peer_drop(peer);
    }
}

/* --- requests */

void peer_take(struct peer *peer)
{
    while (!peer->closing && !peer->flushing && peer->in.size - peer->in_at >= 4) {
        struct str rest = { peer->in.at + peer->in_at, peer->in.size - peer->in_at };
        struct unpack head = unpack_begin(rest);
        uint32_t size = unpack_u32(&head);
        if (size == 0 || size > JOURNAL_FRAME_MAX) {
            log_line(LOG_WARN, "a client sent a frame of %u bytes: closed", size);
            peer_drop(peer);
            return;
        }
        if (rest.size - 4 < size)
            break;
        peer_request(peer, (struct str){ rest.at + 4, size });
        peer->in_at += 4 + (size_t)size;
    }
    size_t left = peer->in.size - peer->in_at;
    if (peer->in_at > 0) {
        memmove(peer->in.at, peer->in.at + peer->in_at, left);
        peer->in.size = left;
        peer->in_at = 0;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char chunk[1 << 18];
    (void)handle;
    (void)suggested;
    *ret = uv_buf_init(chunk, sizeof chunk);
}

/* What it added and did not flush was not acknowledged; it stays, each session whole. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *chunk)
{
    struct peer *peer = stream->data;
    if (n > 0) {
        buf_add(&peer->in, chunk->base, (size_t)n);
        if (peer->flushing && peer->in.size > JOURNAL_FRAME_MAX)
            peer_drop(peer); /* it does not wait for its answer */
        peer_take(peer);
    } else if (n < 0) {
        peer_drop(peer);
    }
}

static bool is_owner(const uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd;
    return uv_fileno((const uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

void peer_accept(struct serving *serving)
{
    struct peer *peer = mem_zero(1, sizeof *peer);
    peer->serving = serving;
    peer->pipe.data = peer;
    peer->next = serving->peers;
    if (peer->next)
        peer->next->before = peer;
    serving->peers = peer;
    serving->count++;
    uv_pipe_init(serving->loop, &peer->pipe, 0);
    if (uv_accept((uv_stream_t *)&serving->listener, (uv_stream_t *)&peer->pipe) < 0 ||
        serving->count > PEERS_MAX || !is_owner(&peer->pipe) ||
        uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read) < 0)
        peer_drop(peer);
}
