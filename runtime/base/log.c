/* log - lines for operators on stderr.
 * A line is put together first and leaves in one write, so that lines of several programs on one
 * terminal do not mix. */
#include "base/log.h"

#include "base/clock.h"
#include "base/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_SIZE = 1024, SHOWN_SIZE = 2048 };

static const char *const words[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static const char *program = "moult";
static enum log_level level = LOG_WARN;

void log_init(const char *name)
{
    program = name;
    int wanted = NAME_FIND(words, str_of(getenv("MOULT_LOG")));
    level = wanted >= 0 ? (enum log_level)wanted : LOG_WARN;
}

void log_line(enum log_level of, const char *format, ...)
{
    if (of > level)
        return;
    char text[LINE_SIZE], shown[SHOWN_SIZE], when[40], line[SHOWN_SIZE + 128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_printable(shown, sizeof(shown), str_of(text), false);
    clock_rfc3339(when, sizeof(when), clock_wall_ms());
    int n =
        snprintf(line, sizeof(line), "%s %.40s %s: %s\n", when, program, NAME_OF(words, of), shown);
    /* Nothing can be done about a log that cannot be written, and nobody waits for it. */
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return;
}
