/* identity - see identity.h. */
#include "trials/identity.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "wire/frame.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FIRST_BUILD = 4, BUILD_MAX = 16 << 20, PATIENCE_S = 10, STEPS_MAX = 100000 };

struct identity {
    struct identity_plan plan;
    struct sandbox *box;
    struct frame_channel channel;
    int fd;
    uint64_t lease;
    uint32_t layers;
    struct arena arena; /* of one step */
    struct wire got;
};

/* --- starting a worker */

struct builds {
    struct wire_plugin plugins[WIRE_PLUGINS_MAX];
    int fds[WIRE_PLUGINS_MAX + 1]; /* the socket first */
    unsigned count;
    struct arena arena;
};

static void builds_done(struct builds *builds)
{
    for (unsigned i = 0; i < builds->count; i++)
        fd_closep(&builds->fds[i + 1]);
    arena_done(&builds->arena);
}

static int seal_build(struct builds *builds, const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    const char *name = strrchr(path, '/') + 1;
    size_t size = strlen(name) - 3;
    if (builds->count == WIRE_PLUGINS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d builds", WIRE_PLUGINS_MAX);
    int rc = file_read(path, &image, BUILD_MAX, err);
    int fd = rc < 0 ? rc : fd_seal("build", buf_view(&image), err);
    if (fd < 0)
        return fd;
    builds->plugins[builds->count] = (struct wire_plugin){
        .name = { arena_string(&builds->arena, name, size), size },
        .build = hash_of(buf_view(&image)),
        .fd = FIRST_BUILD + builds->count,
    };
    builds->fds[++builds->count] = fd;
    return 0;
}

static int list_builds(struct builds *builds, const char *folder, struct err *err)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.so", folder);
    glob_t files = { 0 };
    int rc = 0;
    if (glob(pattern, 0, NULL, &files) != 0)
        rc = err_set(err, ERR_MISSING, "no builds in %s", folder);
    for (size_t i = 0; rc == 0 && i < files.gl_pathc; i++)
        rc = seal_build(builds, files.gl_pathv[i], err);
    globfree(&files);
    return rc;
}

static int start(struct identity *identity, struct builds *builds, struct err *err)
{
    int pair[2];
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socket");
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    identity->fd = pair[0];
    frame_init(&identity->channel, identity->fd);
    builds->fds[0] = pair[1];
    const char *argv[] = { identity->plan.worker, NULL };
    const struct sandbox_run run = { .profile = SANDBOX_WORKER,
        .tier = (enum sandbox_tier)identity->plan.tier,
        .argv = argv,
        .fds = builds->fds,
        .fds_count = builds->count + 1 };
    int rc = sandbox_start(&identity->box, &run, err);
    close(pair[1]);
    return rc;
}

static int receive(struct identity *identity, struct err *err)
{
    int rc = frame_get(&identity->channel, &identity->arena, WIRE_FROM_WORKER, &identity->got, err);
    if (rc == 0)
        return err_set(err, ERR_PEER, "the worker ended");
    if (rc > 0 && identity->got.type == WIRE_FAULT)
        return err_set(err, ERR_PEER, "the worker refuses: %.*s",
            (int)identity->got.fault.text.size, identity->got.fault.text.at);
    return rc < 0 ? rc : 0;
}

static int load(struct identity *identity, struct builds *builds, struct err *err)
{
    const struct wire message = { WIRE_LOAD, .load = { .version = WIRE_VERSION,
                                                 .pipeline = str_of(identity->plan.pipeline),
                                                 .plugins = builds->plugins,
                                                 .plugins_count = builds->count } };
    int rc = frame_put(&identity->channel, &message, err);
    if (rc < 0 || (rc = receive(identity, err)) < 0)
        return rc;
    if (identity->got.type != WIRE_READY)
        return err_set(err, ERR_PEER, "the worker does not say that it is ready");
    identity->layers = identity->got.ready.layers;
    return 0;
}

int identity_open(struct identity **ret, const struct identity_plan *plan, struct err *err)
{
    struct identity *identity = mem_zero(1, sizeof *identity);
    struct builds builds = { .count = 0 };
    identity->plan = *plan;
    identity->fd = -1;
    identity->lease = plan->lease_base;
    int rc = list_builds(&builds, plan->builds, err);
    if (rc == 0)
        rc = start(identity, &builds, err);
    if (rc == 0)
        rc = load(identity, &builds, err);
    builds_done(&builds);
    if (rc < 0) {
        identity_close(identity);
        return rc;
    }
    *ret = identity;
    return 0;
}

void identity_close(struct identity *identity)
{
    if (!identity)
        return;
    struct sandbox_result result = { 0 };
    fd_closep(&identity->fd);
    if (identity->box && sandbox_wait(identity->box, &result, NULL) == 0)
        sandbox_result_done(&result);
    frame_done(&identity->channel);
    arena_done(&identity->arena);
    free(identity);
}

uint32_t identity_layers(const struct identity *identity)
{
    return identity->layers;
}

/* --- one step */

/* The request is the recorded context: messages 0 to `count`, in order, none rewritten. */
static bool request_same(const struct wire_effect *effect, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->count == 0 || part->from != at)
            return false;
        at += part->count;
    }
    return at == count && effect->tools.size == 0 && effect->model == 0;
}

static int put_context(
    struct identity *identity, const struct run *run, uint32_t keep, uint32_t to, struct err *err)
{
    struct wire_message *messages =
        arena_alloc(&identity->arena, (to - keep + 1) * sizeof *messages);
    for (uint32_t i = keep; i < to; i++)
        messages[i - keep] =
            (struct wire_message){ run->messages[i].bytes, run->messages[i].failed };
    const struct wire put = { WIRE_PUT, .put = { identity->lease, keep, messages, to - keep } };
    const struct wire go = { WIRE_RUN,
        .run = { .lease = identity->lease,
            .elapsed_ms = identity->plan.elapsed_ms,
            .turn_start = to > 0 && run->messages[to - 1].role == RUN_USER } };
    int rc = frame_put(&identity->channel, &put, err);
    return rc < 0 ? rc : frame_put(&identity->channel, &go, err);
}

static int answer(struct identity *identity, const struct wire_effect *effect, struct str reply,
    bool known, struct err *err)
{
    const struct wire result = { WIRE_RESULT, .result = { .lease = identity->lease,
                                                  .effect = effect->number,
                                                  .status = known ? WIRE_OK : WIRE_NO_ANSWER,
                                                  .elapsed_ms = identity->plan.elapsed_ms,
                                                  .bytes = known ? reply : (struct str){ 0 } } };
    return frame_put(&identity->channel, &result, err);
}

/* Only what a gateway session may have: one answered model request, one hand-over. */
static int take_effect(struct identity *identity, struct effects *seen, uint32_t context,
    struct str reply, unsigned *asked, bool *handed, struct err *err)
{
    const struct wire_effect *effect = &identity->got.effect;
    if (effect->lease != identity->lease)
        return err_set(err, ERR_PEER, "the worker names a lease that is not its own");
    if (effect->kind == WIRE_MODEL) {
        if ((*asked)++ == 0)
            seen->request_same = request_same(effect, context);
        else
            seen->end = EFFECTS_ASKED;
        return answer(identity, effect, reply, *asked == 1, err);
    }
    if (effect->kind != WIRE_HAND || *handed || *asked != 1)
        return err_set(err, ERR_PEER, "the worker asks for an effect that it may not have");
    *handed = true;
    seen->same = effect->same;
    return 0;
}

static int one_step(struct identity *identity, const struct run *run, uint32_t keep, uint32_t at,
    struct effects *seen, struct err *err)
{
    unsigned asked = 0;
    bool handed = false;
    *seen = (struct effects){ .end = EFFECTS_FAILED };
    int rc = put_context(identity, run, keep, at, err);
    while (rc == 0 && (rc = receive(identity, err)) == 0 && identity->got.type != WIRE_END)
        if (identity->got.type == WIRE_EFFECT)
            rc = take_effect(identity, seen, at, run->messages[at].bytes, &asked, &handed, err);
    if (rc < 0 || seen->end == EFFECTS_ASKED)
        return rc;
    uint8_t how = identity->got.end.how;
    seen->end = how == WIRE_ENDED_ANSWERED  ? EFFECTS_ANSWERED
                : how == WIRE_ENDED_HANDED  ? EFFECTS_HANDED
                : how == WIRE_ENDED_REFUSED ? EFFECTS_REFUSED
                                            : EFFECTS_FAILED;
    seen->same &= handed;
    return 0;
}

static int open_session(struct identity *identity, const struct run *run, struct err *err)
{
    CLEANUP(buf_done) struct buf tools = { 0 };
    identity->lease++;
    if (run->offered && run->tools)
        run_tools_print(&tools, run->tools);
    const struct wire open = { WIRE_OPEN, .open = { .lease = identity->lease,
                                              .kind = WIRE_GATEWAY,
                                              .seed = identity->plan.seed,
                                              .steps_max = STEPS_MAX,
                                              .tools = buf_view(&tools),
                                              .models = STR("[\"recorded\"]") } };
    return frame_put(&identity->channel, &open, err);
}

static void count_step(struct identity_result *ret, const struct effects *seen,
    const struct run_message *reply, uint32_t step, struct hash_state *hash)
{
    uint8_t want = reply->calls_count ? EFFECTS_HANDED : EFFECTS_ANSWERED;
    uint8_t facts[] = { seen->request_same, seen->same, seen->end };
    hash_add(hash, facts, sizeof facts);
    ret->steps++;
    if (seen->request_same && seen->same && seen->end == want) {
        ret->same++;
    } else if (ret->first == UINT32_MAX) {
        ret->first = step;
        snprintf(ret->why, sizeof ret->why, "request %s, reply %s, ended %s, recorded %s",
            seen->request_same ? "same" : "changed", seen->same ? "same" : "changed",
            effects_end_words[seen->end], effects_end_words[want]);
    }
}

int identity_run(
    struct identity *identity, const struct run *run, struct identity_result *ret, struct err *err)
{
    struct hash_state hash;
    uint32_t keep = 0;
    *ret = (struct identity_result){ .first = UINT32_MAX };
    hash_begin(&hash);
    int rc = open_session(identity, run, err);
    for (uint32_t i = 0; rc == 0 && i < run->steps_count; i++) {
        struct effects seen;
        arena_reset(&identity->arena);
        rc = one_step(identity, run, keep, run->steps[i], &seen, err);
        if (rc == 0)
            count_step(ret, &seen, &run->messages[run->steps[i]], i, &hash);
        keep = run->steps[i];
    }
    const struct wire close_ = { WIRE_CLOSE, .close = { identity->lease } };
    if (rc == 0)
        rc = frame_put(&identity->channel, &close_, err);
    ret->digest = hash_end(&hash);
    return rc;
}
