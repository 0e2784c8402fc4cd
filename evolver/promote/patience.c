/* patience - see patience.h. */
#include "promote/patience.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const uint64_t ms_ns = 1000000;

int64_t patience_wait_ms(
    unsigned status, const struct door_head *head, unsigned again, uint64_t left_ms)
{
    bool busy = status == 429 || status / 100 == 5;
    bool by_provider = strcmp(head->refused, err_word(ERR_PEER)) == 0;
    uint64_t wait =
        head->retry_after_ms ? head->retry_after_ms : (uint64_t)PATIENCE_FIRST_MS << again;
    if (!busy || !by_provider || again >= PATIENCE_AGAIN_MAX || wait >= left_ms)
        return -1;
    return (int64_t)wait;
}

static void wait_ms(uint64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * ms_ns) };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static uint64_t left_ms(uint64_t until_ns)
{
    uint64_t now = clock_mono_ns();
    return now < until_ns ? (until_ns - now) / ms_ns : 0;
}

int patience_ask(struct door_way *way, struct str body, const struct patience *patience,
    unsigned *ret_status, struct buf *out, struct err *err)
{
    for (unsigned again = 0;; again++) {
        buf_clear(out);
        ++*patience->asked;
        int rc = door_way_ask(way, body, patience->until_ns, ret_status, out, err);
        int64_t wait =
            rc < 0 ? -1
                   : patience_wait_ms(*ret_status, &way->head, again, left_ms(patience->until_ns));
        if (wait < 0 || *patience->asked >= patience->most)
            return rc;
        wait_ms((uint64_t)wait);
    }
}
