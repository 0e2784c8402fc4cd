/* crew - which generations are loaded, and which workers there are of them.
 *
 * What a worker does and how it ends is in crew_worker.c. Queued messages go out in libuv's prepare
 * phase, just before it waits: many small ones to one worker are one system call. The watchdog's
 * timer runs only while somebody owes an answer, so that an idle service sleeps. */
#include "broker/crew_worker.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUILD_MAX = 16 << 20, WORKERS_MAX = 256, PERIOD_LEAST_MS = 5, PERIOD_MOST_MS = 250 };

/* --- generations */

static int read_build(
    struct buf *ret, const struct crew *crew, const struct crew_build *build, struct err *err)
{
    char path[PATH_MAX], part[DIGEST_HEX + 32], hex[DIGEST_HEX];
    snprintf(part, sizeof part, "builds/sha256/%s.so", hash_hex(hex, &build->build));
    home_path(path, crew->plan.home, part);
    int rc = file_read(path, ret, BUILD_MAX, err);
    if (rc < 0)
        return rc;
    struct digest have = hash_of(buf_view(ret));
    return hash_equal(&have, &build->build)
               ? 0
               : err_set(err, ERR_VERIFY, "%s does not hold what its name says", path);
}

static int seal_build(struct crew_generation *generation, const struct crew_build *build,
    struct crew_part *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    int rc = read_build(&image, generation->crew, build, err);
    if (rc < 0)
        return err_while(err, "build of %.*s", (int)build->name.size, build->name.at);
    ret->fd = fd_seal("build", buf_view(&image), err);
    if (ret->fd < 0)
        return ret->fd;
    ret->named = (struct crew_build){
        { arena_string(&generation->arena, build->name.at, build->name.size), build->name.size },
        build->build,
    };
    return 0;
}

static void generation_free(struct crew_generation *generation)
{
    struct crew_generation **link = &generation->crew->generations;
    while (*link && *link != generation)
        link = &(*link)->next;
    if (*link)
        *link = generation->next;
    for (uint32_t i = 0; i < generation->spec.builds_count; i++)
        fd_closep(&generation->parts[i].fd);
    arena_done(&generation->arena);
    mem_freep(&generation);
}

/* What crew_spec_of gives is this generation's own copy. */
static int fill_generation(
    struct crew_generation *generation, const struct crew_spec *spec, struct err *err)
{
    struct arena *arena = &generation->arena;
    struct crew_build *builds = arena_alloc(arena, spec->builds_count * sizeof *builds);
    generation->parts = arena_alloc(arena, spec->builds_count * sizeof *generation->parts);
    generation->spec = (struct crew_spec){ .number = spec->number,
        .generation = spec->generation,
        .pipeline = { arena_string(arena, spec->pipeline.at, spec->pipeline.size),
            spec->pipeline.size },
        .builds = builds };
    for (uint32_t i = 0; i < spec->builds_count; i++) {
        int rc = seal_build(generation, &spec->builds[i], &generation->parts[i], err);
        if (rc < 0)
            return rc;
        builds[i] = generation->parts[i].named;
        generation->spec.builds_count++;
    }
    return 0;
}

int crew_load(
    struct crew_generation **ret, struct crew *crew, const struct crew_spec *spec, struct err *err)
{
    if (spec->builds_count == 0 || spec->builds_count > WIRE_PLUGINS_MAX)
        return err_set(
            err, ERR_LIMIT, "%u builds; 1 to %d can be run", spec->builds_count, WIRE_PLUGINS_MAX);
    struct crew_generation *generation = mem_zero(1, sizeof *generation);
    generation->crew = crew;
    int rc = fill_generation(generation, spec, err);
    if (rc < 0) {
        generation_free(generation);
        return rc;
    }
    generation->next = crew->generations;
    crew->generations = generation;
    *ret = generation;
    return 0;
}

/* Of one that was given up nothing stays that nobody works in. */
static void rest(struct crew_worker *worker)
{
    if (worker->generation->unloaded && worker->leases == 0)
        crew_stop(worker);
}

void crew_unload(struct crew_generation *generation)
{
    generation->unloaded = true;
    if (!generation->workers) {
        generation_free(generation);
        return;
    }
    for (struct crew_worker *worker = generation->workers; worker; worker = worker->next)
        rest(worker);
}

char *crew_number(char out[CREW_NUMBER_MAX], uint64_t number, const char *candidate)
{
    if (number == UINT64_MAX)
        snprintf(out, CREW_NUMBER_MAX, "%s", candidate);
    else
        snprintf(out, CREW_NUMBER_MAX, "%" PRIu64, number);
    return out;
}

const struct crew_spec *crew_spec_of(const struct crew_generation *generation)
{
    return &generation->spec;
}

/* --- workers */

static void forget_unsent(struct crew_worker *worker)
{
    struct crew_worker **link = &worker->generation->crew->unsent;
    while (*link && *link != worker)
        link = &(*link)->next_unsent;
    if (*link)
        *link = worker->next_unsent;
}

static void unlink_worker(struct crew_worker *worker)
{
    struct crew_worker **link = &worker->generation->workers;
    while (*link != worker)
        link = &(*link)->next;
    *link = worker->next;
    worker->generation->crew->workers--;
    forget_unsent(worker);
}

/* It stays in its generation's list while its end is told: nobody can free that meanwhile. */
void crew_bury(struct crew_worker *worker)
{
    struct crew_generation *generation = worker->generation;
    const struct crew_plan *plan = &generation->crew->plan;
    plan->events.on_gone(plan->with, worker, worker->end, worker->why);
    unlink_worker(worker);
    crew_worker_free(worker);
    if (generation->unloaded && !generation->workers)
        generation_free(generation);
}

/* Who has been idle longest, or NULL. */
static struct crew_worker *longest_idle(const struct crew *crew)
{
    struct crew_worker *idle = NULL;
    for (struct crew_generation *of = crew->generations; of; of = of->next)
        for (struct crew_worker *worker = of->workers; worker; worker = worker->next)
            if (worker->leases == 0 && !worker->ending && !worker->heard &&
                (!idle || worker->used < idle->used))
                idle = worker;
    return idle;
}

static int make_room(struct crew *crew, struct err *err)
{
    if (crew->workers < WORKERS_MAX)
        return 0;
    struct crew_worker *idle = longest_idle(crew);
    if (!idle)
        return err_set(err, ERR_STATE, "%d workers, and each is at work", WORKERS_MAX);
    crew_stop(idle);
    return 0;
}

uint32_t crew_shrink(struct crew *crew, uint32_t most)
{
    uint32_t count = 0;
    for (struct crew_worker *idle; count < most && (idle = longest_idle(crew)); count++) {
        crew_stop(idle);
        crew_bury(idle);
    }
    return count;
}

int crew_worker_for(struct crew_worker **ret, struct crew_generation *generation,
    struct str principal, struct err *err)
{
    struct crew *crew = generation->crew;
    struct crew_worker *worker = generation->workers;
    while (worker && (worker->ending || !str_equal(str_of(worker->principal), principal)))
        worker = worker->next;
    if (!worker) {
        if (generation->unloaded)
            return err_set(err, ERR_STATE, "the generation is not loaded any more");
        int rc = make_room(crew, err);
        if (rc == 0)
            rc = crew_worker_start(&worker, generation, principal, err);
        if (rc < 0)
            return rc;
        worker->next = generation->workers;
        generation->workers = worker;
        crew->workers++;
    }
    worker->used = ++crew->used;
    *ret = worker;
    return 0;
}

static void queue(struct crew_worker *worker)
{
    struct crew *crew = worker->generation->crew;
    if (worker->unsent)
        return;
    worker->unsent = true;
    worker->next_unsent = crew->unsent;
    crew->unsent = worker;
}

/* Nothing waits for what a CLOSE does, so it wakes nobody: it goes with the next message, or when
 * the watch looks. */
int crew_send(struct crew_worker *worker, const struct wire *message)
{
    struct crew *crew = worker->generation->crew;
    if (worker->ending)
        return 0;
    int rc = frame_put(&worker->channel, message, NULL);
    if (rc < 0)
        return rc;
    bool rested = worker->owed.waiting == 0;
    owed_send(&worker->owed, message);
    worker->messages++;
    if (rested && worker->owed.waiting > 0) {
        worker->watch = (struct crew_watch){ 0 };
        crew_keep_watch(crew);
    }
    if (message->type == WIRE_CLOSE)
        crew_keep_watch(crew);
    else
        queue(worker);
    return 0;
}

void crew_lease(struct crew_worker *worker, int change)
{
    worker->leases = (uint32_t)((int)worker->leases + change);
    rest(worker);
}

void crew_stop(struct crew_worker *worker)
{
    crew_worker_end(worker, CREW_TOLD, "it was told to");
}

void crew_break(struct crew_worker *worker, uint64_t lease, const char *why)
{
    worker->blamed = lease;
    crew_worker_end(worker, CREW_BROKE, "%s", why);
}

pid_t crew_pid(const struct crew_worker *worker)
{
    return sandbox_pid(worker->box);
}

uint64_t crew_at(const struct crew_worker *worker)
{
    return worker->blamed ? worker->blamed : owed_first(&worker->owed);
}

struct crew_generation *crew_generation_of(const struct crew_worker *worker)
{
    return worker->generation;
}

uint32_t crew_hooks(const struct crew_worker *worker)
{
    return worker->hooks;
}

uint32_t crew_layers(const struct crew_worker *worker)
{
    return worker->layers;
}

void *crew_data(const struct crew_worker *worker)
{
    return worker->data;
}

void crew_set_data(struct crew_worker *worker, void *data)
{
    worker->data = data;
}

/* --- status */

static uint64_t resident_of(const struct crew_worker *worker)
{
    char path[64];
    CLEANUP(buf_done) struct buf text = { 0 };
    snprintf(path, sizeof path, "/proc/%d/statm", (int)sandbox_pid(worker->box));
    if (file_read(path, &text, 256, NULL) < 0 || text.size == 0)
        return 0;
    const char *second = strchr(text.at, ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void crew_each(
    const struct crew *crew, void (*each)(void *with, const struct crew_look *look), void *with)
{
    for (const struct crew_generation *of = crew->generations; of; of = of->next)
        for (const struct crew_worker *worker = of->workers; worker; worker = worker->next) {
            const struct crew_look look = { sandbox_pid(worker->box), of->spec.number,
                str_of(worker->principal), worker->leases, worker->messages, resident_of(worker),
                crew_worker_cpu_ns(worker) / 1000 };
            each(with, &look);
        }
}

/* --- the loop */

static void on_flush(uv_prepare_t *handle)
{
    struct crew *crew = handle->data;
    while (crew->unsent) {
        struct crew_worker *worker = crew->unsent;
        crew->unsent = worker->next_unsent;
        worker->unsent = false;
        crew_worker_flush(worker);
    }
}

static uint32_t period_ms(const struct crew *crew)
{
    const struct crew_plan *plan = &crew->plan;
    uint32_t period = (plan->hang_ms < plan->sleep_ms ? plan->hang_ms : plan->sleep_ms) / 4;
    if (period < PERIOD_LEAST_MS)
        return PERIOD_LEAST_MS;
    return period > PERIOD_MOST_MS ? PERIOD_MOST_MS : period;
}

static void on_watch(uv_timer_t *handle)
{
    struct crew *crew = handle->data;
    bool needed = false;
    for (struct crew_generation *of = crew->generations; of; of = of->next)
        for (struct crew_worker *worker = of->workers; worker; worker = worker->next) {
            crew_worker_watch(worker, period_ms(crew));
            if (worker->channel.out.size > 0)
                queue(worker);
            needed |= worker->ends_ms > 0 || (!worker->ending && worker->owed.waiting > 0);
        }
    crew->watching = needed;
    if (!needed)
        uv_timer_stop(handle);
}

void crew_keep_watch(struct crew *crew)
{
    if (!crew->watching)
        uv_timer_start(crew->watch, on_watch, period_ms(crew), period_ms(crew));
    crew->watching = true;
}

int crew_new(struct crew **ret, const struct crew_plan *plan, struct err *err)
{
    struct crew *crew = mem_zero(1, sizeof *crew);
    crew->plan = *plan;
    crew->flush = mem_zero(1, sizeof *crew->flush);
    crew->watch = mem_zero(1, sizeof *crew->watch);
    crew->flush->data = crew->watch->data = crew;
    int rc = uv_prepare_init(plan->loop, crew->flush);
    if (rc == 0)
        rc = uv_timer_init(plan->loop, crew->watch);
    if (rc < 0)
        return err_set(err, ERR_SYS, "the loop: %s", uv_strerror(rc));
    uv_prepare_start(crew->flush, on_flush);
    uv_unref((uv_handle_t *)crew->flush);
    *ret = crew;
    return 0;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    while (crew->generations) {
        struct crew_generation *generation = crew->generations;
        while (generation->workers) {
            struct crew_worker *worker = generation->workers;
            unlink_worker(worker);
            crew_worker_free(worker);
        }
        generation_free(generation);
    }
    uv_close((uv_handle_t *)crew->flush, free_handle);
    uv_close((uv_handle_t *)crew->watch, free_handle);
    arena_done(&crew->arena);
    mem_freep(&crew);
}
