/* verb_progress - how far a long command is, for a person who waits at a terminal: done, how fast,
 * how long still. One line that is written over itself; a pipe never sees it, and neither does who
 * is answered within a second. */
#include "wire/verb.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { MS_NS = 1000000, SECOND_MS = 1000, REDRAW_MS = 100, RATE_SCALE = 10, MINUTE_S = 60 };
enum { HOUR_S = 3600, LEFT_MAX_S = 100 * HOUR_S };

static uint64_t began_ms, drawn_ms;
static bool drawn;

static uint64_t now_ms(void)
{
    return clock_mono_ns() / MS_NS;
}

bool verb_progress_seen(void)
{
    return isatty(STDERR_FILENO);
}

/* "40 s", "3 min 20 s", "2 h 5 min". */
static void add_left(char *out, size_t size, uint64_t left_s)
{
    if (left_s < MINUTE_S)
        snprintf(out, size, ", %" PRIu64 " s left", left_s);
    else if (left_s < HOUR_S)
        snprintf(out, size, ", %" PRIu64 " min %" PRIu64 " s left", left_s / MINUTE_S,
            left_s % MINUTE_S);
    else
        snprintf(out, size, ", %" PRIu64 " h %" PRIu64 " min left", left_s / HOUR_S,
            left_s % HOUR_S / MINUTE_S);
}

char *verb_progress_line(
    char *out, size_t size, uint64_t done, uint64_t all, const char *what, uint64_t elapsed_ms)
{
    char of[32] = "", left[48] = "";
    double rate = elapsed_ms ? (double)done * SECOND_MS / (double)elapsed_ms : 0;
    if (all >= done && all > 0)
        snprintf(of, sizeof of, " of %" PRIu64, all);
    if (all > done && rate > 0 && (double)(all - done) / rate < LEFT_MAX_S)
        add_left(left, sizeof left, (uint64_t)((double)(all - done) / rate + 1));
    snprintf(out, size, "%" PRIu64 "%s %s, %.*f a second%s", done, of, what, rate < RATE_SCALE,
        rate, left);
    return out;
}

void verb_progress_of(uint64_t done, uint64_t all, const char *what)
{
    char line[160];
    uint64_t now = now_ms();
    if (began_ms == 0 || done == 0)
        began_ms = now;
    if (now - began_ms < SECOND_MS || now - drawn_ms < REDRAW_MS || !verb_progress_seen())
        return;
    fprintf(stderr, "\r\033[K%s",
        verb_progress_line(line, sizeof line, done, all, what, now - began_ms));
    drawn_ms = now;
    drawn = true;
}

void verb_progress_clear(void)
{
    if (drawn)
        fputs("\r\033[K", stderr);
    drawn = false;
    drawn_ms = 0;
}
