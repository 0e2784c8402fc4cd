/* said - see said.h. */
#include "sandbox/said.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* It is the child's own memory, byte for byte: a code that is none, or a text without an end, would
 * be believed. */
static int take_error(const void *bytes, struct err *err)
{
    struct err said;
    memcpy(&said, bytes, sizeof said);
    said.text[sizeof said.text - 1] = said.where[sizeof said.where - 1] = 0;
    said.hint[sizeof said.hint - 1] = 0;
    if (said.code <= ERR_NONE || said.code >= ERR_CODES)
        return err_set(err, ERR_PEER, "the child told an error that is none");
    if (err)
        *err = said;
    return -said.code;
}

int said_at_birth(const void *bytes, size_t size, const char *program, struct err *err)
{
    int error;
    if (size == 0)
        return 0;
    if (size == sizeof(struct err))
        return take_error(bytes, err);
    if (size != sizeof error)
        return err_set(err, ERR_PEER, "the child died before it could start the program");
    memcpy(&error, bytes, sizeof error);
    errno = error;
    return err_sys(err, "start %s", program);
}

/* proc(5): "pid (name) state ppid ..."; the name may hold blanks and brackets. */
bool said_task(struct said_task *ret, const char *text)
{
    const char *behind = strrchr(text, ')');
    unsigned long faults, user, system, child_user, child_system, threads, rss;
    unsigned long long started;
    int parent;
    char state;
    if (!behind || !behind[1] ||
        sscanf(behind + 2,
            "%c %d %*d %*d %*d %*d %*u %lu %*u %*u %*u %lu %lu %lu %lu %*d %*d %lu %*d "
            "%llu %*u %lu",
            &state, &parent, &faults, &user, &system, &child_user, &child_system, &threads,
            &started, &rss) != 10)
        return false;
    *ret = (struct said_task){ parent, user + system, child_user + child_system, faults, rss,
        started, (unsigned)threads, state };
    return true;
}

/* "VmPTE:      44 kB". A name with a line end in it is written without one. */
bool said_tables(uint64_t *ret, const char *text)
{
    const char *line = strstr(text, "\nVmPTE:");
    unsigned long long kib;
    if (!line || sscanf(line + 7, "%llu kB", &kib) != 1 || kib > UINT64_MAX >> 10)
        return false;
    *ret = (uint64_t)kib << 10;
    return true;
}
