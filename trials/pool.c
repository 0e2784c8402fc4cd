/* pool - see pool.h. */
#include "trials/pool.h"
#include "trials/pass.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS_NS = 1000000 };

struct drive {
    struct replay *replay;
    const struct pool_work *work;
    void *with;
    int busy[POOL_SEATS_MAX]; /* how much is in work there */
    struct pollfd polled[POOL_SEATS_MAX];
};

static int feed_all(struct drive *drive, struct err *err)
{
    struct replay *replay = drive->replay;
    int busy = 0;
    for (unsigned i = 0; i < replay->seats_count; i++) {
        struct seat *seat = &replay->seats[i];
        int rc = seat->box ? 0 : seat_start(seat, &replay->arm, err);
        if (rc == 0)
            rc = drive->busy[i] = drive->work->feed(drive->with, i, err);
        if (rc < 0)
            return rc;
        busy += rc;
    }
    return busy;
}

static void end_worker(struct drive *drive, unsigned i, const char *why)
{
    char own[160] = "";
    struct seat *seat = &drive->replay->seats[i];
    if (why)
        seat_stop(seat);
    else
        seat_died(seat, own, sizeof own);
    drive->work->died(drive->with, i, why ? why : own);
}

/* Writes what is to be written and waits for the first that speaks, or is late. */
static int wait_for_any(struct drive *drive, struct err *err)
{
    uint64_t due = UINT64_MAX;
    for (unsigned i = 0; i < drive->replay->seats_count; i++) {
        struct seat *seat = &drive->replay->seats[i];
        drive->polled[i] = (struct pollfd){ drive->busy[i] ? seat->fd : -1, POLLIN, 0 };
        if (!drive->busy[i])
            continue;
        if (frame_write(&seat->channel, NULL) > 0)
            drive->polled[i].events |= POLLOUT;
        uint64_t own = drive->work->due(drive->with, i);
        due = own < due ? own : due;
    }
    uint64_t now = clock_mono_ns();
    int left = due <= now ? 0 : (int)((due - now) / MS_NS) + 1;
    if (poll(drive->polled, drive->replay->seats_count, left) < 0 && errno != EINTR)
        return err_sys(err, "poll");
    return 0;
}

/* Everything that is there. 1: the stream is at its end. */
static int take_all(struct drive *drive, unsigned i, struct err *err)
{
    struct seat *seat = &drive->replay->seats[i];
    arena_reset(&seat->arena);
    int filled = frame_fill(&seat->channel, err);
    for (;;) {
        struct wire message;
        int rc = frame_next(&seat->channel, &seat->arena, WIRE_FROM_WORKER, &message, err);
        if (rc == 0)
            return filled <= 0;
        if (rc < 0)
            return err_set(err, ERR_PEER, "the worker sent what is no message");
        rc = drive->work->take(drive->with, i, &message, err);
        if (rc < 0)
            return rc;
    }
}

static int attend(struct drive *drive, unsigned i, struct err *err)
{
    int rc = drive->polled[i].revents & (POLLIN | POLLHUP | POLLERR) ? take_all(drive, i, err) : 0;
    if (rc < 0 && rc != -ERR_PEER)
        return rc;
    if (rc < 0) {
        char why[sizeof err->text];
        snprintf(why, sizeof why, "%s", err->text);
        end_worker(drive, i, why);
    } else if (rc > 0) {
        end_worker(drive, i, NULL);
    } else if (clock_mono_ns() >= drive->work->due(drive->with, i)) {
        end_worker(drive, i, "the worker did not answer in time");
    }
    return 0;
}

static int drive_on(struct drive *drive, struct err *err)
{
    for (;;) {
        int rc = feed_all(drive, err);
        if (rc <= 0)
            return rc;
        rc = wait_for_any(drive, err);
        for (unsigned i = 0; rc == 0 && i < drive->replay->seats_count; i++)
            if (drive->busy[i])
                rc = attend(drive, i, err);
        if (rc < 0)
            return rc;
    }
}

int pool_drive(struct replay *replay, const struct pool_work *work, void *with, struct err *err)
{
    struct err mine;
    struct drive drive = { .replay = replay, .work = work, .with = with };
    int rc = drive_on(&drive, err ? err : &mine);
    for (unsigned i = 0; rc < 0 && i < replay->seats_count; i++)
        seat_stop(&replay->seats[i]);
    return rc;
}

uint64_t pool_seed(const struct replay *replay, const struct run *run)
{
    return hash_fast(
        run->session.at, run->session.size, pass_seed(replay->arm.pass, replay->arm.seed));
}

struct str pool_tools(struct replay *replay, const struct run *run)
{
    if (!run->offered || !run->tools)
        return (struct str){ 0 };
    if (replay->tools.size == 0 || !hash_equal(&replay->tools_of, &run->tools->digest)) {
        buf_clear(&replay->tools);
        run_tools_print(&replay->tools, run->tools);
        replay->tools_of = run->tools->digest;
    }
    return buf_view(&replay->tools);
}

struct str pool_models(struct replay *replay, const struct run *run)
{
    buf_clear(&replay->models);
    buf_text(&replay->models, "[\"recorded\"");
    for (uint32_t i = 1; i < run->models; i++)
        buf_format(&replay->models, ",\"recorded %u\"", i);
    buf_char(&replay->models, ']');
    return buf_view(&replay->models);
}

/* --- a replay */

int replay_open(
    struct replay **ret, const struct replay_arm *arm, unsigned workers, struct err *err)
{
    if (workers == 0 || workers > POOL_SEATS_MAX)
        return err_set(err, ERR_USAGE, "%u workers; 1 to %d can be had", workers, POOL_SEATS_MAX);
    struct replay *replay = mem_zero(1, sizeof *replay);
    *replay =
        (struct replay){ .arm = *arm, .seats_count = workers, .lease = pass_lease(arm->pass) };
    replay->seats = mem_zero(workers, sizeof *replay->seats);
    int rc = 0;
    for (unsigned i = 0; i < workers; i++)
        replay->seats[i].fd = -1;
    for (unsigned i = 0; rc == 0 && i < workers; i++)
        rc = seat_start(&replay->seats[i], arm, err);
    if (rc < 0) {
        replay_free(replay);
        return rc;
    }
    *ret = replay;
    return 0;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    for (unsigned i = 0; i < replay->seats_count; i++)
        seat_done(&replay->seats[i]);
    buf_done(&replay->tools);
    buf_done(&replay->models);
    free(replay->seats);
    free(replay);
}

/* What every worker had. */
uint32_t replay_layers(const struct replay *replay)
{
    uint32_t layers = UINT32_MAX;
    for (unsigned i = 0; i < replay->seats_count; i++)
        layers &= replay->seats[i].layers;
    return layers;
}

uint32_t replay_memory(const struct replay *replay)
{
    uint32_t most = 0;
    for (unsigned i = 0; i < replay->seats_count; i++) {
        uint32_t one = seat_memory(&replay->seats[i]);
        most = one > most ? one : most;
    }
    return most;
}

struct replay_use replay_use(const struct replay *replay)
{
    struct replay_use use = { .steps = replay->steps };
    for (unsigned i = 0; i < replay->seats_count; i++) {
        use.cpu_ns += seat_cpu_ns(&replay->seats[i]);
        use.reports += replay->seats[i].reports;
    }
    return use;
}
