/* terminal - see terminal.h. */
#include "talk/terminal.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, SHOWN_GROWTH = 8 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

bool terminal_present(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void terminal_watch(void)
{
    const struct sigaction action = { .sa_handler = on_interrupt }; /* reads end: no SA_RESTART */
    sigaction(SIGINT, &action, NULL);
}

bool terminal_interrupted(void)
{
    bool was = interrupted;
    interrupted = 0;
    return was;
}

enum terminal_read terminal_line(struct buf *line)
{
    char c;
    buf_clear(line);
    line->max = LINE_MAX_BYTES;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR && terminal_interrupted())
            return TERMINAL_INTERRUPTED;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
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
    interrupted |= got == TERMINAL_INTERRUPTED; /* for who looks at the turn: it is the turn's */
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
