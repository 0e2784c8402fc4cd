/* terminal - see terminal.h. */
#include "talk/terminal.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, SHOWN_GROWTH = 8 };

/* Readable from ^C until somebody asked: it may come just before the wait for a line begins. */
static int pressed = -1;

static void on_interrupt(int number)
{
    int was = errno;
    (void)number;
    eventfd_write(pressed, 1); /* full of earlier ones it is readable all the same */
    errno = was;
}

bool terminal_present(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void terminal_watch(void)
{
    const struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };
    if (pressed < 0)
        pressed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pressed >= 0)
        sigaction(SIGINT, &action, NULL);
}

bool terminal_interrupted(void)
{
    eventfd_t count;
    return pressed >= 0 && eventfd_read(pressed, &count) == 0;
}

/* Until standard input has something, or its end. False where ^C came first. */
static bool wait_for_input(void)
{
    struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { pressed, POLLIN, 0 } };
    do {
        if (terminal_interrupted())
            return false;
    } while (poll(fds, 2, -1) < 0 || !fds[0].revents);
    return true;
}

enum terminal_read terminal_line(struct buf *line)
{
    char c;
    buf_clear(line);
    line->max = LINE_MAX_BYTES;
    for (;;) {
        if (!wait_for_input())
            return TERMINAL_INTERRUPTED;
        if (read(STDIN_FILENO, &c, 1) <= 0)
            return line->size ? TERMINAL_LINE : TERMINAL_END;
        if (c == '\n')
            return TERMINAL_LINE;
        buf_char(line, c);
    }
}

static char *shown(struct str text, bool keep_lines)
{
    size_t room = text.size * SHOWN_GROWTH + 1;
    return str_printable(mem_alloc(room), room, text, keep_lines);
}

bool terminal_yes(struct str question, struct str detail)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    CLEANUP(mem_freep) char *what = shown(question, false);
    CLEANUP(mem_freep) char *how = shown(detail, true);
    fprintf(stderr, "%s\n%s%sallow? [y/N] ", what, how, detail.size ? "\n" : "");
    enum terminal_read got = terminal_line(&line);
    if (got == TERMINAL_INTERRUPTED)
        eventfd_write(pressed, 1); /* for who looks at the turn: it is the turn's */
    if (got != TERMINAL_LINE)
        return false;
    struct str said = str_trim(buf_view(&line));
    return str_equal(said, STR("y")) || str_equal(said, STR("yes"));
}

void terminal_print(struct str text)
{
    if (!isatty(STDOUT_FILENO)) {
        write_all(STDOUT_FILENO, text.at, text.size, NULL);
        return;
    }
    CLEANUP(mem_freep) char *clean = shown(text, true);
    write_all(STDOUT_FILENO, clean, strlen(clean), NULL);
}
