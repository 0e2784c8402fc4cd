/* doctor_mandates - see doctor_mandates.h. */
#include "cli/doctor_mandates.h"

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20 };

static void become(const char *path, const char *home, int out)
{
    int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(quiet, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(quiet, STDERR_FILENO);
    execl(path, path, "-C", home, "--json", "mandate", "list", NULL);
    _exit(127);
}

static int read_output(struct buf *out, int fd, struct err *err)
{
    char part[4096];
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0)
            return err_sys(err, "read what moult-evolve says");
        if (n == 0)
            return 0;
        if (out->size + (size_t)n > OUTPUT_MAX)
            return err_set(err, ERR_LIMIT, "moult-evolve says too much");
        buf_str(out, (struct str){ part, (size_t)n });
    }
}

static int ask(struct buf *out, const struct home *home, struct err *err)
{
    char folder[PATH_MAX], path[PATH_MAX + 16];
    int ends[2], status;
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof path, "%s/moult-evolve", folder);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(err, "a pipe");
    pid_t pid = fork();
    if (pid == 0)
        become(path, home->path, ends[1]);
    close(ends[1]);
    rc = pid < 0 ? err_sys(err, "fork") : read_output(out, ends[0], err);
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    return rc;
}

static void count(
    char *detail, size_t size, const struct json *list, struct arena *arena, bool *ret)
{
    static const char *const states[] = { "in force", "expired", "revoked", "used up",
        "policy changed", "reviewer revoked", "forged" };
    CLEANUP(buf_done) struct buf text = { 0 };
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        unsigned found = 0;
        JSON_EACH(one, list)
        found += str_equal(json_string(arena, json_get(one, "state")), str_of(states[i]));
        if (found > 0)
            buf_format(&text, "%s%u %s", text.size ? ", " : "", found, states[i]);
        *ret |= i == 0 && found > 0;
    }
    snprintf(detail, size, "%s", text.size ? text.at : "none: every candidate waits for a person");
}

int doctor_mandates(bool *ret, char *detail, size_t size, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    *ret = false;
    int rc = ask(&text, home, err);
    if (rc < 0)
        return rc;
    const struct json *root = json_read(&arena, buf_view(&text), NULL, err);
    const struct json *list = json_get(root, "mandates");
    struct str said = json_string(&arena, json_get(json_get(root, "error"), "message"));
    if (!json_is(list, JSON_ARRAY))
        return err_set(err, ERR_PEER, "moult mandate list: %.*s", (int)(said.size & 127),
            said.size ? said.at : "");
    count(detail, size, list, &arena, ret);
    return 0;
}
