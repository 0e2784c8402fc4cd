/* differential - see differential.h. */
#include "promote/differential.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_MS = 3000, STEPS_MAX = 4096, SIZE_MAX_MADE = 8 << 20 };

/* --- chance from a seed: SplitMix64 */

static uint64_t draw(uint64_t *state, uint64_t below)
{
    uint64_t x = (*state += 0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (x ^ (x >> 31)) % below;
}

/* --- conversations that nobody had */

struct making {
    const struct run *const *from;
    uint32_t count;
    uint64_t chance;
    struct arena *arena;
};

static char other(struct making *m, char c)
{
    if (c >= '0' && c <= '9')
        return (char)('0' + draw(&m->chance, 10));
    return c >= 'a' && c <= 'z' ? (char)('a' + draw(&m->chance, 26)) : c;
}

/* Some letters and digits are others. What is then no message is told as it was. */
static struct str misspelled(struct making *m, struct str bytes)
{
    enum { LETTERS = 4 };
    char *copy = arena_string(m->arena, bytes.at, bytes.size);
    for (int i = 0; i < LETTERS && bytes.size > 0; i++) {
        uint64_t at = draw(&m->chance, bytes.size);
        copy[at] = other(m, copy[at]);
    }
    return (struct str){ copy, bytes.size };
}

/* A message of that role from any of the runs, or the one given. */
static const struct run_message *exchanged(struct making *m, const struct run_message *message)
{
    const struct run *run = m->from[draw(&m->chance, m->count)];
    const struct run_message *found =
        run->messages_count ? &run->messages[draw(&m->chance, run->messages_count)] : message;
    return found->role == message->role ? found : message;
}

/* An error is told as it was: half of one would be a message, and the run of no use (run.h). */
static int add(struct making *m, struct run *made, const struct run_message *message)
{
    enum { AS_IT_IS = 5, EXCHANGED = 7, OF = 10 };
    struct err unused;
    uint64_t way = draw(&m->chance, OF);
    bool kept = message->role == RUN_SYSTEM || message->role == RUN_ERROR;
    if (kept || way < AS_IT_IS)
        return run_add(made, message->bytes, message->failed, &unused);
    if (way < EXCHANGED)
        message = exchanged(m, message);
    else if (run_add(made, misspelled(m, message->bytes), message->failed, &unused) == 0)
        return 0;
    return run_add(made, message->bytes, message->failed, &unused);
}

/* One of the runs; now and then some of it is told twice. NULL: it cannot be told so. */
static struct run *make(struct making *m, uint32_t number)
{
    enum { AGAIN_OF = 12, BACK = 6 };
    const struct run *of = m->from[draw(&m->chance, m->count)];
    struct run *made = run_like(of, m->arena);
    made->session = str_of(arena_format(m->arena, "made %u", number));
    for (uint32_t i = 0, again = 0; i < of->messages_count; i++) {
        if (add(m, made, &of->messages[i]) < 0)
            return NULL;
        if (again < 2 && draw(&m->chance, AGAIN_OF) == 0) {
            again++;
            i -= (uint32_t)draw(&m->chance, i < BACK ? i + 1 : BACK);
        }
    }
    run_seal(made);
    return made;
}

/* --- both arms */

struct comparing {
    const struct run **runs;
    uint32_t count;
    struct digest **seen; /* of each run, of each step */
    bool second;
    struct differential *ret;
};

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct comparing *c = with;
    uint32_t at = 0;
    while (at < c->count && c->runs[at] != run)
        at++;
    if (at == c->count || step >= run->steps_count)
        return 1;
    struct digest now = effects->digest;
    if (effects->end == EFFECTS_ABNORMAL) /* of whatever it died */
        now = (struct digest){ { 1 } };
    if (!c->second) {
        c->seen[at][step] = now;
        return 0;
    }
    c->ret->steps++;
    c->ret->parted += !hash_equal(&c->seen[at][step], &now);
    return 0;
}

static int run_arm(
    struct comparing *c, const struct replay_arm *arm, unsigned workers, struct err *err)
{
    struct replay *replay = NULL;
    int rc = replay_open(&replay, arm, workers, err);
    if (rc == 0)
        rc = replay_runs(replay, c->runs, c->count, STEP_MS, on_step, c, err);
    replay_free(replay);
    return rc;
}

static void make_runs(struct comparing *c, struct making *m)
{
    uint32_t steps = 0;
    c->runs = arena_alloc(m->arena, DIFFERENTIAL_RUNS * sizeof *c->runs);
    c->seen = arena_alloc(m->arena, DIFFERENTIAL_RUNS * sizeof *c->seen);
    for (uint32_t i = 0; i < DIFFERENTIAL_RUNS && m->count; i++) {
        struct run *made = make(m, i);
        if (!made || m->arena->used > SIZE_MAX_MADE || steps + made->steps_count > STEPS_MAX)
            continue;
        steps += made->steps_count;
        c->seen[c->count] =
            arena_alloc(m->arena, (made->steps_count + 1) * sizeof *c->seen[c->count]);
        c->runs[c->count++] = made;
    }
}

int differential_between(struct differential *ret, const struct replay_arm *old,
    const struct replay_arm *off, const struct run *const *runs, uint32_t count, unsigned workers,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct making making = {
        .from = runs, .count = count, .chance = DIFFERENTIAL_SEED, .arena = &arena
    };
    struct comparing comparing = { .ret = ret };
    *ret = (struct differential){ .why = count ? NULL : "no recorded conversation to begin with" };
    if (ret->why)
        return 0;
    make_runs(&comparing, &making);
    ret->runs = comparing.count;
    int rc = run_arm(&comparing, old, workers, err);
    comparing.second = true;
    return rc < 0 ? rc : run_arm(&comparing, off, workers, err);
}

/* Beside the active generation's other builds. */
static int with_image(struct differential *ret, struct driver *driver, struct str plugin,
    struct str image, const struct run *const *runs, uint32_t count, unsigned workers,
    struct err *err)
{
    struct driver_builds old, off;
    int rc = driver_builds(&old, driver, &driver->generation, err);
    if (rc < 0)
        return rc;
    rc = driver_builds(&off, driver, &driver->generation, err);
    if (rc == 0) {
        const struct replay_arm before = driver_arm(driver, &old, "moult-worker");
        rc = driver_builds_swap(&off, plugin, image, err);
        const struct replay_arm behind = driver_arm(driver, &off, "moult-worker");
        if (rc == 0)
            rc = differential_between(ret, &before, &behind, runs, count, workers, err);
        driver_builds_done(&off);
    }
    driver_builds_done(&old);
    return rc;
}

/* A failure of what was patched, not of this machine. */
static bool is_its_own(int rc)
{
    return rc == -ERR_INPUT || rc == -ERR_PEER || rc == -ERR_DENIED || rc == -ERR_TIMEOUT;
}

int differential_run(struct differential *ret, struct driver *driver,
    const struct harness_source *off, const struct run *const *runs, uint32_t count,
    unsigned workers, struct err *err)
{
    enum { WORKERS = 2 };
    struct compile_result built;
    int rc = driver_compile(&built, driver, off, ELF_RELEASE, err);
    if (rc < 0)
        return rc;
    if (built.stage != COMPILE_OK)
        *ret = (struct differential){ .why = "with its conditions off it does not build" };
    else
        rc = with_image(ret, driver, off->name, buf_view(&built.image), runs, count,
            workers ? workers : WORKERS, err);
    compile_result_done(&built);
    if (!is_its_own(rc))
        return rc;
    ret->why = "with its conditions off no worker runs it";
    return 0;
}
