/* proposing_start - see proposing_start.h.
 *
 * The bundle lies in a folder of its own while the run lasts. The proposer may be another user
 * outside its sandbox, so the file is readable for all; what keeps others out is that its folder's
 * name is random and stands in a folder that nobody can list. */
#include "promote/proposing_start.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "propose/proposer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVIDENCE_FOLDER "/evidence"
enum { SPARE_S = 5, LINGER_MS = 2000 };

static int random_name(char out[33], struct err *err)
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return err_sys(err, "random name");
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

struct places { /* on the host */
    char inner[PATH_MAX], evidence[PATH_MAX + 16], scratch[PATH_MAX + 16];
};

static int make_folder(const char *path, mode_t mode, struct err *err)
{
    return mkdir(path, mode) < 0 || chmod(path, mode) < 0 ? err_sys(err, "temporary folder") : 0;
}

int proposing_folder(char ret[PATH_MAX], const struct scratch *in, struct err *err)
{
    char name[33];
    int rc = random_name(name, err);
    if (rc < 0)
        return rc;
    snprintf(ret, PATH_MAX, "%s/%s", in->path, name);
    return make_folder(ret, 0755, err);
}

static int make_places(
    struct proposing_start *start, struct places *places, struct str bundle, struct err *err)
{
    int rc = scratch_make(&start->folder, "evidence", 0711, err);
    if (rc < 0 || (rc = proposing_folder(places->inner, &start->folder, err)) < 0)
        return rc;
    snprintf(places->evidence, sizeof(places->evidence), "%s/evidence", places->inner);
    snprintf(places->scratch, sizeof(places->scratch), "%s/scratch", places->inner);
    if ((rc = make_folder(places->evidence, 0755, err)) < 0 ||
        (rc = make_folder(places->scratch, 0777, err)) < 0)
        return rc;
    CLEANUP(mem_freep) char *path = mem_format("%s/bundle.json", places->evidence);
    return file_write(path, bundle, 0444, err);
}

/* --- the sandbox */

struct birth {
    const char *program;
    const struct proposing_birth *of;
    const struct places *places;
    int socket;
};

static int birth(
    struct proposing_start *start, const struct birth *of, enum sandbox_tier tier, struct err *err)
{
    const char *option = of->of->option;
    bool strong = tier == SANDBOX_STRONG;
    const char *evidence = strong ? EVIDENCE_FOLDER : of->places->evidence;
    const char *scratch = of->places->scratch;
    CLEANUP(mem_freep) char *bundle = mem_format("%s/bundle.json", evidence);
    CLEANUP(mem_freep) char *temporary = mem_format("TMPDIR=%s", scratch);
    const char *const argv[] = { of->program, option ? option : bundle, option ? bundle : NULL,
        NULL };
    const char *const env[] = { "PATH=/usr/bin", "LC_ALL=C", temporary, NULL };
    const struct sandbox_mount mounts[] = { { of->places->evidence, evidence, false, false },
        { scratch, scratch, true, false } };
    const struct sandbox_run run = { .profile = SANDBOX_PROPOSE,
        .tier = tier,
        .argv = argv,
        .env = strong ? NULL : env,
        .cwd = strong ? NULL : scratch,
        .mounts = mounts,
        .mounts_count = strong ? 1 : 2, /* a root of its own has a scratch folder in it */
        .fds = &of->socket,
        .fds_count = 1,
        .limits = { .wall_ms = (of->of->seconds + SPARE_S) * 1000 } };
    return sandbox_start(&start->box, &run, err);
}

/* With a root of its own where that can be had; else, if the caller allows it, without. */
static int birth_any(
    struct proposing_start *start, const struct birth *of, int tier, struct err *err)
{
    int rc = birth(start, of, SANDBOX_STRONG, err);
    if (rc == -ERR_LACKS && tier == SANDBOX_CONTAINER)
        rc = birth(start, of, SANDBOX_CONTAINER, err);
    return rc;
}

static int find_program(char out[PATH_MAX], const char *program, struct err *err)
{
    int rc = 0;
    if (program)
        snprintf(out, PATH_MAX, "%s", program);
    else if ((rc = file_program_dir(out, PATH_MAX - 32, err)) == 0)
        strcat(out, "/moult-propose");
    if (rc == 0 && access(out, X_OK) < 0)
        rc = err_set(err, ERR_MISSING, "no proposer at %.200s", out);
    return rc;
}

static void clear(struct proposing_start *start)
{
    fd_closep(&start->fd);
    scratch_remove(&start->folder);
}

int proposing_start(struct proposing_start *ret, const struct proposing_birth *of, struct err *err)
{
    char path[PATH_MAX];
    struct places places;
    int pair[2];
    *ret = (struct proposing_start){ .fd = -1 };
    int rc = find_program(path, of->program, err);
    if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        rc = err_sys(err, "socketpair");
    if (rc < 0)
        return rc;
    ret->fd = pair[0];
    CLEANUP(fd_closep) int theirs = pair[1];
    const struct birth birth = { path, of, &places, theirs };
    rc = make_places(ret, &places, of->bundle, err);
    if (rc == 0)
        rc = birth_any(ret, &birth, of->tier, err);
    if (rc < 0)
        clear(ret);
    return rc;
}

int proposing_finish(
    struct proposing_start *start, bool by_itself, struct sandbox_result *ret, struct err *err)
{
    struct pollfd ended = { .fd = sandbox_pidfd(start->box), .events = POLLIN };
    fd_closep(&start->fd);
    if (!by_itself || poll(&ended, 1, LINGER_MS) == 0)
        sandbox_kill(start->box);
    int rc = sandbox_wait(start->box, ret, err);
    clear(start);
    return rc;
}
