/* evolver/promote/canary.c: a service that is scripted, on the home's own socket, in a process of
 * its own. What the driver asks of it is noted, and what becomes of the candidate is looked up. */
#include "broker_home.h"

#include "base/mem.h"
#include "broker/serve.h"
#include "promote/canary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
enum { LOOKS_MAX = 6, NOTES_MAX = 400 };

#define PASSED "\"probe\":\"passed\""
#define SHADOWED "\"shadow\":{\"steps\":16,\"same\":10,\"other\":6}"

static const struct config_canary limits = { 50, 4, 1, 1 };
static const struct config_canary no_turns = { 50, 0, 1, 1 };
static const struct config_canary no_time = { 50, 4, 0, 1 };

/* What the service answers; its looks follow one another, the last one stays. */
static const struct row {
    const char *name;
    int load, probe; /* negated ERR_ codes */
    const char *looks[LOOKS_MAX];
    const struct config_canary *limits;
    const char *from;
    /* and what is to come of it */
    int want;
    const char *stage, *notes, *says;
    uint32_t turns;
} rows[] = {
    { .name = "it holds",
        .looks = { "\"probe\":\"running\"", PASSED, SHADOWED, "\"done\":1",
            "\"done\":4,\"failed\":1" },
        .stage = "canary",
        .notes = "load probe shadow canary50/5 ",
        .turns = 4 },
    { .name = "the driver was killed before",
        .from = "canary",
        .looks = { PASSED, SHADOWED, "\"done\":9" },
        .stage = "canary",
        .notes = "load probe shadow canary50/5 ",
        .turns = 9 },
    { .name = "no turns are wanted",
        .limits = &no_turns,
        .looks = { PASSED, SHADOWED },
        .stage = "canary",
        .notes = "load probe shadow " },
    { .name = "no turns come",
        .limits = &no_time,
        .looks = { PASSED, "\"done\":0" },
        .stage = "canary",
        .notes = "load probe canary50/5 " },
    { .name = "it may not run",
        .load = -ERR_VERIFY,
        .want = -ERR_VERIFY,
        .stage = "canary",
        .notes = "load retire ",
        .says = "scripted" },
    { .name = "no worker takes it",
        .probe = -ERR_PEER,
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe retire ",
        .says = "scripted" },
    { .name = "the machine lacks something",
        .probe = -ERR_LACKS,
        .want = -ERR_LACKS,
        .stage = "canary",
        .notes = "load probe retire ",
        .says = "scripted" },
    { .name = "its probe fails",
        .looks = { "\"probe\":\"failed\",\"why\":\"it died\"" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe retire ",
        .says = "its probe failed: it died" },
    { .name = "of its probe nothing is known",
        .looks = { "\"done\":9" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe retire ",
        .says = "its probe failed" },
    { .name = "it answers no copy",
        .looks = { PASSED, "\"shadow\":{\"steps\":3,\"same\":1,\"failed\":2}" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe shadow retire ",
        .says = "did not answer 2 of 3" },
    { .name = "it crashes",
        .looks = { PASSED, SHADOWED, "\"done\":3,\"crashed\":1" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe shadow canary50/5 retire ",
        .says = "3 ended well, 0 failed, 1 crashed" },
    { .name = "too many fail",
        .looks = { PASSED, SHADOWED, "\"done\":9,\"failed\":2" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe shadow canary50/5 retire ",
        .says = "2 failed" },
    { .name = "whose turns go bad have it oftener than its share",
        .looks = { PASSED, SHADOWED, "\"done\":3,\"failed\":1,\"votes\":\"nnonnnnnnnnn\"" },
        .want = -ERR_DENIED,
        .stage = "quarantined",
        .notes = "load probe shadow canary50/5 retire ",
        .says = "11 of the 12 whose turns went bad were in its share of 50 %" },
    { .name = "turns go bad on both sides alike",
        .looks = { PASSED, SHADOWED,
            "\"done\":4,\"failed\":1,\"units\":3,\"clean\":2,\"votes\":\"noonnoonoonn\"" },
        .stage = "canary",
        .notes = "load probe shadow canary50/5 ",
        .turns = 4 },
    { .name = "the service began again",
        .looks = { PASSED, NULL },
        .want = -ERR_STATE,
        .stage = "canary",
        .notes = "load probe shadow retire ",
        .says = "does not know" },
    { .name = "it answers with no JSON",
        .looks = { PASSED, SHADOWED, "\"done\":}" },
        .want = -ERR_INPUT,
        .stage = "canary",
        .notes = "load probe shadow canary50/5 retire ",
        .says = "the service's answer" },
};

/* --- the service */

struct shared { /* between the two processes */
    char notes[NOTES_MAX];
    int64_t generation;
};
static struct shared *shared;

struct script {
    const struct row *row;
    unsigned looks;
};

static void note(const char *text)
{
    strncat(shared->notes, text, NOTES_MAX - strlen(shared->notes) - 1);
}

static void tell_look(struct script *script, struct buf *out)
{
    unsigned at = script->looks > 0 ? script->looks - 1 : 0; /* the first asks whether it runs */
    const char *now = at < LOOKS_MAX ? script->row->looks[at] : NULL;
    if (now)
        script->looks++;
    else if (at > 0 && strcmp(script->row->name, "the service began again") != 0)
        now = script->row->looks[at - 1];
    if (now)
        buf_format(out, "{\"canary\":{\"candidate\":\"" ID "\",%s}}", now);
    else
        buf_text(out, "{\"generation\":1}");
}

static int on_verb(void *with, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err)
{
    (void)client;
    struct script *script = with;
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, body, NULL, NULL);
    char text[80];
    int rc = 0;
    if (str_equal(verb, STR("status"))) {
        if (script->looks == 0) {
            script->looks = 1;
            buf_text(out, "{\"generation\":1}");
        } else
            tell_look(script, out);
        return 0;
    }
    snprintf(text, sizeof text, "%.*s ", (int)verb.size, verb.at);
    if (str_equal(verb, STR("canary")))
        snprintf(text, sizeof text, "canary%d/%d ", (int)json_int(json_get(root, "share"), -1),
            (int)json_int(json_get(root, "turns"), -1));
    note(text);
    if (str_equal(verb, STR("load")))
        rc = script->row->load;
    if (str_equal(verb, STR("probe")))
        rc = script->row->probe;
    if (str_equal(verb, STR("activate")))
        buf_format(out, "{\"generation\":%lld}", (long long)shared->generation);
    else
        buf_text(out, "{\"ok\":true}");
    return rc < 0 ? err_set(err, (enum err_code) - rc, "scripted") : 0;
}

static void serve_scripted(const struct home *home, const struct row *row, int ready)
{
    struct script script = { .row = row };
    const struct serve_service service = { .verb = on_verb, .with = &script };
    struct serving *serving;
    struct store *store;
    struct commit *commit;
    uv_loop_t loop;
    char path[PATH_MAX];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    uv_loop_init(&loop);
    if (serve_lock(home, true, NULL) < 0 ||
        store_open(&store, home_path(path, home, "journal.db"), home->id, NULL) < 0 ||
        commit_new(&commit, &loop, store, NULL) < 0 ||
        serve_attach(&serving, &loop, store, commit, home, &service, NULL) < 0 ||
        write(ready, "r", 1) != 1)
        _exit(1);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
}

static pid_t start_service(const struct home *home, const struct row *row)
{
    int ready[2];
    char byte;
    memset(shared, 0, sizeof *shared);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        serve_scripted(home, row, ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end_service(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* --- the driver */

static void begin(struct driver *driver, const struct home *home, const struct row *row)
{
    *driver = (struct driver){ .home = *home };
    driver->config.canary = row->limits ? *row->limits : limits;
    driver->journal = home_as(home, JOURNAL_DRIVE);
}

static struct candidate candidate_at(struct driver *driver, const char *state)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct candidate candidate = { .id = STR(ID), .plugin = STR("one") };
    struct err err;
    candidate.stage = state && strcmp(state, "canary") == 0 ? STAGE_CANARY : STAGE_APPROVED;
    candidate_print(&body, &candidate);
    const struct journal_move move = {
        .id = candidate.id, .to = str_of(stage_words[candidate.stage]), .body = buf_view(&body)
    };
    if (journal_move_candidates(driver->journal, &move, 1, &err) < 0)
        fail_msg("%s", err.text);
    return candidate;
}

static void check_stage(struct driver *driver, const struct row *row)
{
    struct journal_candidate *list;
    uint32_t count;
    assert_int_equal(journal_candidates(driver->journal, &driver->arena, &list, &count, NULL), 0);
    assert_int_equal(count, 1);
    if (!str_equal(list[0].state, str_of(row->stage)))
        fail_msg("%s: it is %.*s", row->name, (int)list[0].state.size, list[0].state.at);
}

static void end(struct driver *driver)
{
    journal_close(driver->journal);
    arena_done(&driver->arena);
}

static void try_row(const struct row *row)
{
    const struct home home = home_fresh();
    pid_t service = start_service(&home, row);
    struct canary_seen seen;
    struct driver driver;
    struct err err = { 0 };
    begin(&driver, &home, row);
    struct candidate candidate = candidate_at(&driver, row->from);
    int rc = canary_run(&seen, &driver, &candidate, &err);
    if (rc != row->want || (row->says && !strstr(err.text, row->says)))
        fail_msg("%s: %d %s", row->name, rc, err.text);
    if (strcmp(shared->notes, row->notes) != 0)
        fail_msg("%s: %s", row->name, shared->notes);
    assert_true(seen.service);
    if (rc == 0)
        assert_int_equal(seen.turns, row->turns);
    check_stage(&driver, row);
    end(&driver);
    end_service(service);
}

static void the_first_live_turns_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        try_row(&rows[i]);
}

static void without_a_service_nothing_is_tried(void **state)
{
    static const struct row row = { .name = "no service", .stage = "approved" };
    const struct home home = home_fresh();
    struct canary_seen seen;
    struct driver driver;
    (void)state;
    begin(&driver, &home, &row);
    struct candidate candidate = candidate_at(&driver, NULL);
    assert_int_equal(canary_run(&seen, &driver, &candidate, NULL), 0);
    assert_false(seen.service);
    assert_int_equal(candidate.stage, STAGE_APPROVED);
    check_stage(&driver, &row);
    assert_int_equal(canary_activated(&driver, 7, &candidate, NULL), 0);
    end(&driver);
}

/* It went back by itself: what the driver would build on has been quarantined. */
static void nothing_is_tried_on_what_the_service_has_left(void **state)
{
    const struct home home = home_fresh();
    pid_t service = start_service(&home, &rows[0]);
    struct admission admissions[2] = { { .number = 1 }, { .number = 2 } };
    struct canary_seen seen;
    struct driver driver;
    struct err err;
    (void)state;
    begin(&driver, &home, &rows[0]);
    struct candidate candidate = candidate_at(&driver, NULL);
    driver.admissions = admissions;
    driver.admissions_count = 2;
    assert_int_equal(canary_run(&seen, &driver, &candidate, &err), -ERR_STATE);
    assert_non_null(strstr(err.hint, "moult rollback"));
    assert_string_equal(shared->notes, "");
    assert_int_equal(candidate.stage, STAGE_APPROVED);
    end(&driver);
    end_service(service);
}

static void the_service_follows_the_admission(void **state)
{
    const struct home home = home_fresh();
    const struct candidate candidate = { .id = STR(ID) };
    pid_t service = start_service(&home, &rows[0]);
    struct driver driver;
    struct err err;
    (void)state;
    begin(&driver, &home, &rows[0]);
    shared->generation = 7;
    assert_int_equal(canary_activated(&driver, 7, &candidate, &err), 0);
    assert_string_equal(shared->notes, "activate retire ");
    shared->generation = 6;
    assert_int_equal(canary_activated(&driver, 7, NULL, &err), -ERR_STATE);
    assert_non_null(strstr(err.text, "the service is on generation 6"));
    assert_string_equal(shared->notes, "activate retire activate ");
    end(&driver);
    end_service(service);
}

static int set_up(void **state)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? -1 : homes_begin(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_live_turns_decide),
        cmocka_unit_test(without_a_service_nothing_is_tried),
        cmocka_unit_test(nothing_is_tried_on_what_the_service_has_left),
        cmocka_unit_test(the_service_follows_the_admission),
    };
    return cmocka_run_group_tests(tests, set_up, homes_end);
}
