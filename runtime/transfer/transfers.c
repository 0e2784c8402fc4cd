/* transfers - libcurl's multi interface on a libuv loop.
 *
 * libcurl's sockets stand in an epoll of our own that the loop watches: a uv_poll for each would
 * cost four more system calls a request. Limits are one timer for all, set to the earliest and set
 * again when it fires, so that bytes which come cost no timer. */
#include "transfer/transfers.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64, CONNECTIONS_KEPT = 256 };

uint64_t transfers_now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* --- what is due */

static void collect(struct transfers *transfers)
{
    int left;
    for (CURLMsg *said; (said = curl_multi_info_read(transfers->multi, &left));) {
        struct transfer *transfer;
        if (said->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->done = true;
        transfer->result = said->data.result;
        transfer_ready(transfer);
    }
}

static bool deliver(struct transfers *transfers)
{
    bool some = transfers->ready;
    while (transfers->ready) {
        struct transfer *transfer = transfers->ready;
        transfers->ready = transfer->next_ready;
        if (!transfers->ready)
            transfers->ready_end = &transfers->ready;
        transfer->is_ready = false;
        transfer_deliver(transfer);
    }
    return some;
}

static void act(struct transfers *transfers, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(transfers->multi, socket, events, &running);
}

/* Whether somebody was told something. */
static bool finish_round(struct transfers *transfers)
{
    collect(transfers);
    return deliver(transfers);
}

static int to_curl(uint32_t events)
{
    return (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
           (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct transfers *transfers = poll->data;
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(transfers->sockets, ready, EVENTS, 0);
    for (int i = 0; i < count; i++)
        act(transfers, ready[i].data.fd, to_curl(ready[i].events));
    finish_round(transfers);
}

static void on_timer(uv_timer_t *timer)
{
    struct transfers *transfers = timer->data;
    transfers->due = true;
}

/* With an idle handle the loop does not wait. */
static void on_idle(uv_idle_t *idle)
{
    uv_idle_stop(idle);
}

static void before_wait(uv_prepare_t *prepare)
{
    struct transfers *transfers = prepare->data;
    if (!transfers->due)
        return;
    transfers->due = false;
    act(transfers, CURL_SOCKET_TIMEOUT, 0);
    /* Who is told here may have to do something before the loop waits, or end it: a near peer's
     * whole answer is here at once. */
    if (finish_round(transfers) || transfers->due)
        uv_idle_start(&transfers->no_wait, on_idle);
}

static int set_timer(CURLM *multi, long ms, void *with)
{
    (void)multi;
    struct transfers *transfers = with;
    transfers->due = transfers->due || ms == 0;
    if (ms > 0)
        uv_timer_start(&transfers->timer, on_timer, (uint64_t)ms, 0);
    else
        uv_timer_stop(&transfers->timer);
    return 0;
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *with, void *known)
{
    (void)easy;
    struct transfers *transfers = with;
    struct epoll_event event = { .data.fd = socket };
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(transfers->sockets, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    epoll_ctl(transfers->sockets, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(transfers->multi, socket, transfers);
    return 0;
}

/* --- limits */

static void on_limits(uv_timer_t *timer);

void transfers_watch(struct transfers *transfers, uint32_t within_ms)
{
    uv_timer_t *timer = &transfers->limits;
    if (uv_is_active((uv_handle_t *)timer) && uv_timer_get_due_in(timer) <= within_ms)
        return;
    uv_timer_start(timer, on_limits, within_ms, 0);
}

/* The first that has passed, or NULL; *ret is then the earliest that has not. */
static struct transfer *passed(struct transfers *transfers, uint64_t now, struct deadline *ret)
{
    struct deadline earliest = { .at_ms = UINT64_MAX };
    for (struct transfer *transfer = transfers->last; transfer; transfer = transfer->after) {
        struct deadline deadline = transfer_deadline(transfer);
        if (deadline.at_ms <= now) {
            *ret = deadline;
            return transfer;
        }
        earliest = deadline.at_ms < earliest.at_ms ? deadline : earliest;
    }
    *ret = earliest;
    return NULL;
}

/* If the loop itself was late, the bytes may lie in the socket: a limit counts when the sockets
 * have been looked at behind it. */
static void on_limits(uv_timer_t *timer)
{
    struct transfers *transfers = timer->data;
    uint64_t now = transfers_now_ms();
    struct deadline deadline;
    struct transfer *late;
    while ((late = passed(transfers, now, &deadline)) && transfers->grace)
        transfer_expire(late, &deadline);
    transfers->grace = late;
    if (late)
        uv_timer_start(timer, on_limits, 1, 0);
    else if (deadline.at_ms != UINT64_MAX)
        transfers_watch(transfers, (uint32_t)(deadline.at_ms - now));
}

/* --- beginning and end */

CURL *transfers_easy(struct transfers *transfers)
{
    if (transfers->spares > 0)
        return transfers->spare[--transfers->spares];
    CURL *easy = curl_easy_init();
    if (!easy)
        abort(); /* out of memory, as everywhere */
    return easy;
}

void transfers_spare(struct transfers *transfers, CURL *easy)
{
    if (transfers->spares == SPARES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    transfers->spare[transfers->spares++] = easy;
}

static void own(struct transfers *transfers, void *handle)
{
    ((uv_handle_t *)handle)->data = transfers;
    transfers->open++;
}

static void watch(struct transfers *transfers)
{
    uv_poll_init(transfers->loop, &transfers->events, transfers->sockets);
    uv_timer_init(transfers->loop, &transfers->timer);
    uv_timer_init(transfers->loop, &transfers->limits);
    uv_prepare_init(transfers->loop, &transfers->before_wait);
    uv_idle_init(transfers->loop, &transfers->no_wait);
    own(transfers, &transfers->events);
    own(transfers, &transfers->timer);
    own(transfers, &transfers->limits);
    own(transfers, &transfers->before_wait);
    own(transfers, &transfers->no_wait);
    uv_poll_start(&transfers->events, UV_READABLE, on_events);
    uv_prepare_start(&transfers->before_wait, before_wait);
}

int transfers_new(struct transfers **ret, uv_loop_t *loop, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_LACKS, "libcurl does not start");
    int sockets = epoll_create1(EPOLL_CLOEXEC);
    if (sockets < 0) {
        curl_global_cleanup();
        return err_sys(err, "epoll for transfers");
    }
    struct transfers *transfers = mem_zero(1, sizeof *transfers);
    transfers->loop = loop;
    transfers->sockets = sockets;
    transfers->ready_end = &transfers->ready;
    transfers->multi = curl_multi_init();
    if (!transfers->multi)
        abort();
    curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
    curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
    curl_multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    watch(transfers);
    *ret = transfers;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct transfers *transfers = handle->data;
    if (--transfers->open == 0)
        free(transfers);
}

void transfers_free(struct transfers *transfers)
{
    if (!transfers)
        return;
    transfers->ending = true;
    while (transfers->last)
        transfer_cancel(transfers->last);
    while (transfers->spares > 0)
        curl_easy_cleanup(transfers->spare[--transfers->spares]);
    curl_multi_cleanup(transfers->multi);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&transfers->events, on_closed);
    uv_close((uv_handle_t *)&transfers->timer, on_closed);
    uv_close((uv_handle_t *)&transfers->limits, on_closed);
    uv_close((uv_handle_t *)&transfers->before_wait, on_closed);
    uv_close((uv_handle_t *)&transfers->no_wait, on_closed);
    close(transfers->sockets);
}
