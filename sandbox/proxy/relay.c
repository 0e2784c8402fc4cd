/* relay - see relay.h. */
#include "sandbox/proxy/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { LANE_SIZE = 32768 };
struct lane {
    int from, to;
    uint64_t *count;
    size_t size, done;
    bool ended; /* nothing more comes */
    char bytes[LANE_SIZE];
};

static bool is_waiting(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* False: a bound, or the connection is broken. */
static bool fill(struct lane *lane, atomic_ullong *left)
{
    if (lane->ended || lane->size > 0)
        return true;
    ssize_t n = recv(lane->from, lane->bytes, sizeof lane->bytes, 0);
    if (n < 0)
        return is_waiting();
    if (n == 0) {
        lane->ended = true;
        shutdown(lane->to, SHUT_WR);
        return true;
    }
    unsigned long long had = atomic_load(left), size = (unsigned long long)n;
    do
        if (had < size)
            return false;
    while (!atomic_compare_exchange_weak(left, &had, had - size));
    *lane->count += size;
    lane->size = (size_t)n;
    lane->done = 0;
    return true;
}

static bool drain(struct lane *lane)
{
    if (lane->size == 0)
        return true;
    ssize_t n = send(lane->to, lane->bytes + lane->done, lane->size - lane->done, MSG_NOSIGNAL);
    if (n < 0)
        return is_waiting();
    lane->done += (size_t)n;
    if (lane->done == lane->size)
        lane->size = 0;
    return true;
}

/* One that nothing is wanted of is left out: poll would tell of its end again and again. */
static void want(struct pollfd *polled, const struct lane *in, const struct lane *out)
{
    polled->events =
        (short)((!in->ended && in->size == 0 ? POLLIN : 0) | (out->size ? POLLOUT : 0));
    polled->fd = polled->events ? in->from : -1;
    polled->revents = 0;
}

void relay_run(struct relay *relay)
{
    struct lane up = { relay->client, relay->server, &relay->sent, 0, 0, false, { 0 } };
    struct lane down = { relay->server, relay->client, &relay->received, 0, 0, false, { 0 } };
    struct pollfd polled[] = { { relay->client, 0, 0 }, { relay->server, 0, 0 },
        { relay->stop, POLLIN, 0 } };
    while (!(up.ended && down.ended)) {
        want(&polled[0], &up, &down);
        want(&polled[1], &down, &up);
        int n = poll(polled, 3, relay->idle_ms);
        if (n == 0 || (n < 0 && errno != EINTR) || polled[2].revents)
            return;
        if (!fill(&up, relay->left) || !drain(&up) || !fill(&down, relay->left) || !drain(&down))
            return;
    }
}
