/* runtime/broker/crew.c: real, locked workers on a real loop. The forger of tests/data does to the
 * broker whatever machine code can do that got past every check. */
#include "broker_home.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "broker/crew.h"
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HANG_MS = 60, PATIENCE_MS = 20000, LEASE = 7, OTHER = 8 };

/* One service: a loop, a crew, a generation, and what was seen of it. */
struct scene {
    struct home home;
    uv_loop_t loop;
    uv_timer_t patience;
    struct crew *crew;
    struct crew_generation *generation;
    unsigned messages[WIRE_TYPES], effects, gone;
    uint64_t lease; /* of the last message */
    enum crew_end end;
    uint64_t at; /* lease that it was at when it ended */
    char why[200];
    bool late, answers;
    unsigned want; /* effects */
};

static void on_message(void *with, struct crew_worker *worker, const struct wire *message)
{
    struct scene *scene = with;
    scene->messages[message->type]++;
    scene->lease = message->close.lease;
    if (message->type == WIRE_EFFECT && message->effect.kind == WIRE_MODEL) {
        const struct wire result = { WIRE_RESULT,
            .result = { .lease = message->effect.lease,
                .effect = message->effect.number,
                .status = WIRE_OK,
                .bytes = STR("{\"role\":\"assistant\",\"content\":\"Fine.\"}") } };
        if (++scene->effects >= scene->want && scene->want)
            uv_stop(&scene->loop);
        if (scene->answers)
            crew_send(worker, &result);
    }
    if (message->type == WIRE_END && scene->answers)
        uv_stop(&scene->loop);
}

static void on_gone(void *with, struct crew_worker *worker, enum crew_end end, const char *why)
{
    struct scene *scene = with;
    assert_non_null(crew_generation_of(worker));
    scene->gone++;
    scene->end = end;
    scene->at = crew_at(worker);
    snprintf(scene->why, sizeof scene->why, "%s", why);
    uv_stop(&scene->loop);
}

static void on_late(uv_timer_t *handle)
{
    struct scene *scene = handle->data;
    scene->late = true;
    uv_stop(&scene->loop);
}

static void run(struct scene *scene)
{
    uv_timer_start(&scene->patience, on_late, PATIENCE_MS, 0);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&scene->patience);
    assert_false(scene->late);
}

/* --- a home with two builds in its store */

static struct digest store_build(const struct home *home, const char *from)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    char path[PATH_MAX], part[DIGEST_HEX + 32], hex[DIGEST_HEX];
    assert_int_equal(file_read(from, &image, 16 << 20, NULL), 0);
    struct digest digest = hash_of(buf_view(&image));
    assert_int_equal(file_mkdirs(home_path(path, home, "builds/sha256"), 0700, NULL), 0);
    snprintf(part, sizeof part, "builds/sha256/%s.so", hash_hex(hex, &digest));
    assert_int_equal(file_create(home_path(path, home, part), buf_view(&image), 0600, NULL), 0);
    return digest;
}

static int load(struct scene *scene, struct err *err)
{
    struct crew_build builds[2] = {
        { STR("forge"), store_build(&scene->home, MOULT_BIN_DIR "/../plugins/forge/forge.so") },
        { STR("order"), store_build(&scene->home, MOULT_BIN_DIR "/../plugins/forge/order.so") },
    };
    const struct crew_spec spec = {
        .number = 3, .pipeline = STR("order"), .builds = builds, .builds_count = 2
    };
    return crew_load(&scene->generation, scene->crew, &spec, err);
}

static void begin(struct scene *scene, uint32_t hang_ms, uint32_t sleep_ms)
{
    *scene = (struct scene){ .home = home_fresh() };
    uv_loop_init(&scene->loop);
    uv_timer_init(&scene->loop, &scene->patience);
    scene->patience.data = scene;
    const struct crew_plan plan = { .loop = &scene->loop,
        .home = &scene->home,
        .worker = MOULT_BIN_DIR "/moult-worker",
        .tier = SANDBOX_CONTAINER,
        .hang_ms = hang_ms,
        .sleep_ms = sleep_ms,
        .events = { on_message, on_gone },
        .with = scene };
    assert_int_equal(crew_new(&scene->crew, &plan, NULL), 0);
    struct err err;
    if (load(scene, &err) < 0)
        fail_msg("%s", err.text);
}

static void end(struct scene *scene)
{
    crew_free(scene->crew);
    uv_close((uv_handle_t *)&scene->patience, NULL);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static struct crew_worker *worker_of(struct scene *scene, const char *principal)
{
    struct crew_worker *worker = NULL;
    struct err err;
    int rc = crew_worker_for(&worker, scene->generation, str_of(principal), &err);
    if (rc == -ERR_LACKS)
        skip();
    if (rc < 0)
        fail_msg("%s", err.text);
    return worker;
}

static void open_lease(struct crew_worker *worker, uint64_t lease)
{
    const struct wire message = { WIRE_OPEN,
        .open = { .lease = lease, .kind = WIRE_HOSTED, .steps_max = 10 } };
    crew_send(worker, &message);
}

static void say(struct crew_worker *worker, uint64_t lease, const char *text)
{
    CLEANUP(buf_done) struct buf user = { 0 };
    buf_text(&user, "{\"role\":\"user\",\"content\":");
    json_quote(&user, str_of(text));
    buf_char(&user, '}');
    struct wire_message one = { buf_view(&user), false };
    const struct wire put = { WIRE_PUT,
        .put = { .lease = lease, .messages = &one, .messages_count = 1 } };
    const struct wire run_ = { WIRE_RUN, .run = { .lease = lease, .turn_start = true } };
    crew_send(worker, &put);
    crew_send(worker, &run_);
}

static void converse(struct crew_worker *worker, uint64_t lease, const char *text)
{
    open_lease(worker, lease);
    say(worker, lease, text);
}

/* --- what it does */

static void a_turn_runs_to_its_end(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    struct crew_worker *worker = worker_of(&scene, "local");
    scene.answers = true;
    converse(worker, LEASE, "hello");
    run(&scene);
    assert_int_equal(scene.messages[WIRE_EFFECT], 2); /* the model, what is handed out */
    assert_int_equal(scene.messages[WIRE_END], 1);
    assert_true(crew_hooks(worker) & 1u);
    assert_true(crew_layers(worker) != 0);
    assert_int_equal(crew_spec_of(crew_generation_of(worker))->number, 3);
    end(&scene);
}

static void there_is_one_worker_a_principal(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    struct crew_worker *first = worker_of(&scene, "anna");
    assert_ptr_not_equal(worker_of(&scene, "bert"), first);
    assert_ptr_equal(worker_of(&scene, "anna"), first);
    crew_stop(first);
    assert_ptr_not_equal(worker_of(&scene, "anna"), first); /* it is ending */
    run(&scene);
    assert_int_equal(scene.end, CREW_TOLD);
    end(&scene);
}

static void count(void *with, const struct crew_look *look)
{
    unsigned *seen = with;
    assert_true(look->pid > 1 && look->resident > 0 && look->cpu_us > 0);
    assert_int_equal(look->generation, 3);
    *seen += 1;
}

static void all_are_listed(void **state)
{
    struct scene scene;
    unsigned seen = 0;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    worker_of(&scene, "anna");
    worker_of(&scene, "bert");
    crew_each(scene.crew, count, &seen);
    assert_int_equal(seen, 2);
    end(&scene);
}

static void what_is_given_up_ends_with_its_last_lease(void **state)
{
    struct scene scene;
    struct crew_worker *other;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    struct crew_worker *worker = worker_of(&scene, "local");
    crew_lease(worker, 1);
    crew_unload(scene.generation);
    assert_int_equal(crew_worker_for(&other, scene.generation, STR("bert"), NULL), -ERR_STATE);
    assert_int_equal(crew_worker_for(&other, scene.generation, STR("local"), NULL), 0);
    uv_run(&scene.loop, UV_RUN_NOWAIT);
    assert_int_equal(scene.gone, 0);
    crew_lease(worker, -1);
    run(&scene);
    assert_int_equal(scene.end, CREW_TOLD);
    end(&scene);
}

/* A conversation that does not fit a socket's buffer, to a worker that is busy meanwhile. */
static void much_is_written_as_it_is_read(void **state)
{
    enum { SIZE = 3 << 20, TIMES = 4 };
    struct scene scene;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    struct crew_worker *worker = worker_of(&scene, "local");
    char *text = mem_zero(SIZE + 1, 1);
    memset(text, 'x', SIZE);
    scene.want = TIMES;
    for (uint64_t i = 0; i < TIMES; i++)
        converse(worker, LEASE + i, text);
    mem_freep(&text);
    run(&scene);
    assert_int_equal(scene.effects, TIMES);
    assert_int_equal(scene.gone, 0);
    end(&scene);
}

static void what_fits_no_frame_is_refused(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, HANG_MS * 100, HANG_MS * 100);
    struct crew_worker *worker = worker_of(&scene, "local");
    char *text = mem_zero(WIRE_BYTES_MAX, 1);
    struct wire_message many[3] = { { { text, WIRE_BYTES_MAX - 8 } },
        { { text, WIRE_BYTES_MAX - 8 } }, { { text, WIRE_BYTES_MAX - 8 } } };
    const struct wire put = { WIRE_PUT,
        .put = { .lease = LEASE, .messages = many, .messages_count = 3 } };
    assert_int_equal(crew_send(worker, &put), -ERR_LIMIT);
    mem_freep(&text);
    scene.want = 1;
    converse(worker, LEASE, "hello"); /* and harms nothing */
    run(&scene);
    end(&scene);
}

/* --- how it ends */

static void put_frame(struct buf *out, const struct wire *message)
{
    struct frame_channel channel;
    frame_init(&channel, -1);
    frame_put(&channel, message, NULL);
    for (size_t i = 0; i < channel.out.size; i++)
        buf_format(out, "%02x", (unsigned)(unsigned char)channel.out.at[i]);
    frame_done(&channel);
}

static const struct wire ready = { WIRE_READY, .ready = { .version = WIRE_VERSION } };
static const struct wire end_of_other = { WIRE_END, .end = { OTHER, WIRE_ENDED_ANSWERED } };
static const struct wire end_twice = { WIRE_END, .end = { LEASE, WIRE_ENDED_ANSWERED } };
static const struct wire effect_of_other = { WIRE_EFFECT,
    .effect = { .lease = OTHER, .number = 1, .kind = WIRE_MODEL, .origin = WIRE_FROM_EFFECT } };
static const struct wire fault_of_none = { WIRE_FAULT, .fault = { 99, ERR_STATE } };
static const struct wire event_of_other = { WIRE_EVENT, .event = { .lease = OTHER } };
static const struct wire event_of_own = { WIRE_EVENT, .event = { .lease = LEASE } };
static const struct wire open_there = { WIRE_OPEN,
    .open = { .lease = LEASE, .kind = WIRE_HOSTED } };

static const struct way {
    const char *name, *text;
    const struct wire *message; /* behind the text, in hex */
    enum crew_end want;
    const char *why;
} ways[] = {
    { "it crashes", "crash", NULL, CREW_CRASHED, "it died of signal" },
    { "it exits", "exit", NULL, CREW_CRASHED, "it ended with 7" },
    { "it loops", "loop", NULL, CREW_HUNG, "processor time without an answer" },
    { "it sleeps while it owes", "sleep", NULL, CREW_HUNG, "it slept for" },
    { "a frame over every bound", "write ffffffff", NULL, CREW_BROKE, "a frame of 4294967295" },
    { "bytes that are no message", "write 0300000042ffff", NULL, CREW_BROKE, "no message" },
    { "a type for workers", "write ", &open_there, CREW_BROKE, "no message" },
    { "ready once more", "write ", &ready, CREW_BROKE, "READY has no place here" },
    { "the end of another's turn", "write ", &end_of_other, CREW_BROKE, "nobody waits for" },
    { "an effect of another's turn", "write ", &effect_of_other, CREW_BROKE, "nobody waits for" },
    { "two answers to one question", "write ", &end_twice, CREW_BROKE, "nobody waits for" },
    { "a fault of nobody", "write ", &fault_of_none, CREW_BROKE, "nobody waits for" },
    { "testimony on another's turn", "write ", &event_of_other, CREW_BROKE, "nobody waits for" },
    { "words without end", "flood ", &event_of_own, CREW_BROKE, "words without an answer" },
};

static void end_of(const struct way *way)
{
    struct scene scene;
    CLEANUP(buf_done) struct buf text = { 0 };
    begin(&scene, HANG_MS, HANG_MS);
    struct crew_worker *worker = worker_of(&scene, "local");
    buf_text(&text, way->text);
    if (way->message)
        put_frame(&text, way->message);
    buf_char(&text, 0);
    open_lease(worker, OTHER);
    converse(worker, LEASE, text.at);
    say(worker, OTHER, "hello"); /* waits behind it, and is not to blame */
    run(&scene);
    if (scene.end != way->want || !strstr(scene.why, way->why))
        fail_msg("%s: %d, %s", way->name, scene.end, scene.why);
    assert_int_equal(scene.gone, 1);
    if (way->want != CREW_BROKE) /* what it wrote itself may pass for an answer */
        assert_int_equal(scene.at, LEASE);
    assert_ptr_not_equal(worker_of(&scene, "local"), NULL); /* another takes its place */
    end(&scene);
}

static void it_ends_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        end_of(&ways[i]);
}

/* Each limit is for its own: who works is not asleep, and who sleeps does no work. */
static void a_worker_is_judged_by_what_it_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t hang_ms, sleep_ms;
        const char *why;
    } rows[] = {
        { "loop", HANG_MS * 4, HANG_MS, "processor time without an answer" },
        { "sleep", HANG_MS * 1000, HANG_MS, "it slept for" },
        { "stop", HANG_MS * 1000, HANG_MS, "it slept for" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        begin(&scene, rows[i].hang_ms, rows[i].sleep_ms);
        struct crew_worker *worker = worker_of(&scene, "local");
        bool stop = strcmp(rows[i].text, "stop") == 0;
        if (stop)
            kill(crew_pid(worker), SIGSTOP);
        converse(worker, LEASE, stop ? "loop" : rows[i].text);
        run(&scene);
        if (scene.end != CREW_HUNG || !strstr(scene.why, rows[i].why))
            fail_msg("%s: %d, %s", rows[i].text, scene.end, scene.why);
        end(&scene);
    }
}

/* What waits for one that never reads is bounded, however patient the watchdog is. */
static void who_does_not_read_is_ended(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, HANG_MS * 1000, HANG_MS * 1000);
    struct crew_worker *worker = worker_of(&scene, "local");
    char *text = mem_zero(WIRE_BYTES_MAX, 1);
    struct wire_message one = { { text, WIRE_BYTES_MAX }, false };
    const struct wire put = { WIRE_PUT,
        .put = { .lease = OTHER, .messages = &one, .messages_count = 1 } };
    converse(worker, LEASE, "loop");
    for (int i = 0; i < 10; i++)
        assert_int_equal(crew_send(worker, &put), 0);
    mem_freep(&text);
    run(&scene);
    assert_int_equal(scene.end, CREW_BROKE);
    assert_non_null(strstr(scene.why, "does not read"));
    end(&scene);
}

/* --- what is not started */

static void a_build_that_was_changed_is_not_loaded(void **state)
{
    struct scene scene;
    struct crew_generation *other;
    char path[PATH_MAX], part[DIGEST_HEX + 32], hex[DIGEST_HEX];
    struct err err;
    (void)state;
    begin(&scene, HANG_MS, HANG_MS);
    const struct crew_spec *spec = crew_spec_of(scene.generation);
    snprintf(part, sizeof part, "builds/sha256/%s.so", hash_hex(hex, &spec->builds[0].build));
    home_path(path, &scene.home, part);
    assert_int_equal(file_write(path, STR("\177ELF something else"), 0600, NULL), 0);
    assert_int_equal(crew_load(&other, scene.crew, spec, &err), -ERR_VERIFY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(crew_load(&other, scene.crew, spec, &err), -ERR_MISSING);
    end(&scene);
}

static void builds_that_fit_no_worker_are_refused(void **state)
{
    struct scene scene;
    struct crew_generation *other;
    struct crew_worker *worker;
    struct err err;
    (void)state;
    begin(&scene, HANG_MS, HANG_MS);
    const struct crew_build build = crew_spec_of(scene.generation)->builds[0];
    struct crew_spec spec = {
        .number = 4, .pipeline = STR("order"), .builds = &build, .builds_count = 1
    }; /* without the order */
    assert_int_equal(crew_load(&other, scene.crew, &spec, &err), 0);
    int rc = crew_worker_for(&worker, other, STR("local"), &err);
    if (rc != -ERR_LACKS)
        assert_int_equal(rc, -ERR_PEER);
    spec.builds_count = 0;
    assert_int_equal(crew_load(&other, scene.crew, &spec, &err), -ERR_LIMIT);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_runs_to_its_end),
        cmocka_unit_test(there_is_one_worker_a_principal),
        cmocka_unit_test(all_are_listed),
        cmocka_unit_test(what_is_given_up_ends_with_its_last_lease),
        cmocka_unit_test(much_is_written_as_it_is_read),
        cmocka_unit_test(what_fits_no_frame_is_refused),
        cmocka_unit_test(it_ends_for),
        cmocka_unit_test(a_worker_is_judged_by_what_it_does),
        cmocka_unit_test(who_does_not_read_is_ended),
        cmocka_unit_test(a_build_that_was_changed_is_not_loaded),
        cmocka_unit_test(builds_that_fit_no_worker_are_refused),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
