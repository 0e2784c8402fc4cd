/* What a person sees of a live session, and says against it, through the real socket in the loop of
 * a service. */
#include "broker_home.h"

#include "base/json.h"
#include "base/mem.h"
#include "broker/live.h"
#include "broker/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct digest first = { { 3 } }, second = { { 4 } }, build = { { 9 } };

static struct err why;

#define GOOD(call)                                                                                 \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail_msg("%s: %s", #call, why.text);                                                   \
    } while (0)

static uint64_t ask(
    struct store *store, uint64_t turn, uint32_t step, const struct digest *by, const char *said)
{
    const struct live_effect model = { .turn = turn,
        .lease = 5,
        .kind = WIRE_MODEL,
        .origin = WIRE_FROM_EFFECT,
        .generation = *by,
        .step = step,
        .body = STR("{\"model\":\"main\"}") };
    const struct live_result result = { .bytes = str_of(said) };
    uint64_t row = 0;
    GOOD(live_effect_new(store, &model, &row, &why));
    GOOD(live_result_add(store, row, &result, &why));
    return row;
}

static void add(struct store *store, struct live_message message, const char *bytes)
{
    message.bytes = str_of(bytes);
    GOOD(live_message_add(store, &message, &why));
}

/* One turn: step 0 on one generation, step 1 on another; and a session of somebody else. */
static void write_sessions(const struct home *home)
{
    struct store *store;
    char path[PATH_MAX];
    uint64_t session = 0, turn = 0;
    GOOD(store_open(&store, home_path(path, home, "journal.db"), home->id, &why));
    GOOD(store_begin(store, &why));
    const struct live_session work = { .principal = STR("ann"), .name = STR("work") };
    GOOD(live_session_new(store, &work, &session, &why));
    const struct live_turn begun = { session, 0, first };
    GOOD(live_turn_new(store, &begun, &turn, &why));
    struct live_message message = { .session = session, .turn = turn };
    add(store, message, "{\"role\":\"user\",\n\"content\":\"hello\"}");
    message = (struct live_message){ session, turn, 1, 0, 0, WIRE_FROM_EFFECT,
        ask(store, turn, 0, &first, "{\"role\":\"assistant\",\"content\":\"a\"}"), { { 0 } },
        { 0 } };
    add(store, message, "{\"role\":\"assistant\",\"content\":\"a\"}");
    const struct wire_event event = {
        .step = 1, .hook = 5, .action = 3, .build = build, .why = STR("no\nsuch tool")
    };
    GOOD(live_event(store, turn, &second, &event, &why));
    message.seq = 2;
    message.effect = ask(store, turn, 1, &second, "{\"role\":\"assistant\",\"content\":\"b\"}");
    add(store, message, "{\"role\":\"assistant\",\"content\":\"b\"}");
    GOOD(live_delivered(store, message.effect, &why));
    GOOD(live_turn_end(store, turn, WIRE_ENDED_ANSWERED, STR(""), &why));
    struct live_session other = { .principal = STR("bob"), .name = STR("twice") };
    GOOD(live_session_new(store, &other, &session, &why));
    other.principal = STR("ann");
    GOOD(live_session_new(store, &other, &session, &why));
    GOOD(store_commit(store, &why));
    store_free(store);
}

static void a_trace_shows_the_step_of_each_generation(void **state)
{
    (void)state;
    static const struct row {
        const char *kind, *part;
        uint8_t standing;
    } rows[] = {
        { "turn", "\"generation\":\"0300", JOURNAL_FACT },
        { "message", "\"message\":{\"role\":\"user\", \"content\":\"hello\"}", JOURNAL_FACT },
        { "effect",
            "\"effect\":\"model\",\"step\":0,\"index\":0,\"attempt\":0,"
            "\"generation\":\"0300",
            JOURNAL_FACT },
        { "result", "\"status\":\"ok\",\"message\":{\"role\":\"assistant\",\"content\":\"a\"}",
            JOURNAL_FACT },
        { "message", "\"origin\":\"effect\"", JOURNAL_FACT },
        { "hook", "\"hook\":\"before_tool\",\"action\":\"deny\",\"generation\":\"0400",
            JOURNAL_TESTIMONY },
        { "effect", "\"step\":1,\"index\":0,\"attempt\":0,\"generation\":\"0400", JOURNAL_FACT },
        { "result", "\"content\":\"b\"", JOURNAL_FACT },
        { "delivered", "{}", JOURNAL_FACT },
        { "message", "\"place\":2", JOURNAL_FACT },
        { "end", "\"how\":\"answered\"", JOURNAL_FACT },
    };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    write_sessions(&home);
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    struct journal_entry *list;
    struct journal_turn *turns;
    uint64_t session = 0, before = 0;
    uint32_t count;
    GOOD(journal_lookup(journal, STR("work"), &session, &why));
    GOOD(journal_entries(journal, session, JOURNAL_ALL_TURNS, 0, &arena, &list, &count, &why));
    assert_int_equal(count, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(str_equal(list[i].kind, str_of(rows[i].kind)));
        assert_int_equal(list[i].standing, rows[i].standing);
        if (str_find(list[i].data, str_of(rows[i].part)) < 0)
            fail_msg("entry %zu: no %s in %.*s", i, rows[i].part, (int)list[i].data.size,
                list[i].data.at);
        assert_true(str_find(list[i].data, STR("\n")) < 0); /* one line */
        assert_true(json_read(&arena, list[i].data, NULL, NULL) != NULL);
        assert_true(list[i].seq > before && list[i].causation < list[i].seq);
        before = list[i].seq;
    }
    assert_int_equal(list[3].causation, list[2].seq); /* a result: its effect */
    assert_int_equal(list[4].causation, list[2].seq); /* a reply: what asked for it */
    uint64_t from = list[9].seq;
    GOOD(journal_entries(journal, session, 0, from, &arena, &list, &count, &why));
    assert_int_equal(count, 2); /* a page goes on from any seq */
    GOOD(journal_entries(journal, session, 1, 0, &arena, &list, &count, &why));
    assert_int_equal(count, 0); /* no such turn */
    GOOD(journal_turns(journal, session, &arena, &turns, &count, &why));
    assert_int_equal(count, 1);
    assert_true(turns[0].how == WIRE_ENDED_ANSWERED && turns[0].effects == 2);
    assert_true(hash_equal(&turns[0].generation, &first));
    journal_close(journal);
}

static void a_session_is_called_by_digits_or_name(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    write_sessions(&home);
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    struct journal_session *list;
    uint64_t found = 0;
    uint32_t count;
    char hex[DIGEST_HEX];
    GOOD(journal_list(journal, 0, &arena, &list, &count, &why));
    assert_int_equal(count, 3);
    assert_true(list[0].live && list[0].turns == 1 && list[0].messages_count == 3);
    hash_hex(hex, &list[0].id);
    uint64_t work = list[0].number;
    GOOD(journal_lookup(journal, (struct str){ hex, 8 }, &found, &why));
    assert_int_equal(found, work);
    assert_int_equal(journal_lookup(journal, STR("twice"), &found, &why), -ERR_STATE);
    assert_int_equal(journal_lookup(journal, STR("nobody"), &found, &why), -ERR_MISSING);
    assert_int_equal(journal_lookup(journal, STR(""), &found, &why), -ERR_MISSING);
    assert_int_equal(journal_lookup(journal, STR("000000000"), &found, &why), -ERR_MISSING);
    journal_close(journal);
}

/* More than a frame holds: an error of its own, and the connection goes on. */
static void a_session_that_no_frame_holds_is_refused(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20, COUNT = JOURNAL_FRAME_MAX / SIZE };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(mem_freep) char *bytes = mem_alloc(SIZE);
    struct home home = home_fresh();
    struct journal_session read;
    struct store *store;
    char path[PATH_MAX];
    uint64_t session = 0;
    const struct live_session large = { .principal = STR("ann") };
    memset(bytes, 'x', SIZE);
    GOOD(store_open(&store, home_path(path, &home, "journal.db"), home.id, &why));
    GOOD(store_begin(store, &why));
    GOOD(live_session_new(store, &large, &session, &why));
    struct live_message message = { .session = session, .bytes = { bytes, SIZE } };
    for (; message.seq < COUNT; message.seq++)
        GOOD(live_message_add(store, &message, &why));
    GOOD(store_commit(store, &why));
    store_free(store);
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    assert_int_equal(journal_read(journal, session, &arena, &read, &why), -ERR_LIMIT);
    assert_int_equal(journal_read(journal, session + 1, &arena, &read, &why), -ERR_MISSING);
    journal_close(journal);
}

static void a_flag_is_a_row_and_a_record(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    write_sessions(&home);
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct journal_entry *list;
    struct journal_record *records;
    uint64_t session = 0, checked = 0;
    uint32_t count;
    struct digest head;
    GOOD(journal_lookup(journal, STR("work"), &session, &why));
    GOOD(journal_flag(journal, session, 0, STR("it \"lied\""), &why));
    GOOD(journal_flag(journal, session, JOURNAL_ALL_TURNS, STR("all of it"), &why));
    assert_int_equal(journal_flag(journal, session, 7, STR("x"), &why), -ERR_MISSING);
    assert_int_equal(journal_flag(journal, session + 50, -1, STR("x"), &why), -ERR_MISSING);
    assert_int_equal(journal_flag(journal, session, 0, STR(""), &why), -ERR_INPUT);
    GOOD(journal_audit(journal, 0, &arena, &records, &count, &why));
    assert_int_equal(count, 2);
    assert_true(str_equal(records[0].kind, STR("flag")));
    assert_true(str_find(records[0].body, STR("\"turn\":0,\"why\":\"it \\\"lied\\\"\"")) > 0);
    assert_true(str_find(records[1].body, STR("\"turn\":null")) > 0);
    GOOD(journal_audit_verify(journal, &checked, &head, &why));
    GOOD(journal_entries(journal, session, 0, 0, &arena, &list, &count, &why));
    assert_true(str_equal(list[count - 1].kind, STR("flag")));
    journal_close(journal);
    journal = home_as(&home, JOURNAL_VIEW);
    assert_int_equal(journal_flag(journal, session, 0, STR("x"), &why), -ERR_DENIED);
    journal_close(journal);
    assert_int_not_equal(home_sql(&home, "DELETE FROM flag"), 0);
    assert_int_not_equal(home_sql(&home, "UPDATE flag SET why = 'x'"), 0);
}

/* --- the socket in the loop of a service */

static void without_a_service_nobody_answers(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct str answer;
    assert_int_equal(
        journal_service(journal, "status", STR("{}"), &arena, &answer, &why), -ERR_STATE);
    assert_non_null(strstr(why.hint, "moult serve"));
    journal_close(journal);
}

struct embedded {
    struct store *store;
    struct commit *commit;
    unsigned admitted;
};

static int on_verb(void *with, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err)
{
    (void)client;
    struct embedded *embedded = with;
    const struct live_session session = { .principal = STR("ann"), .name = body };
    uint64_t number;
    int rc = commit_begin(embedded->commit, err);
    if (rc == 0)
        rc = live_session_new(embedded->store, &session, &number, err);
    if (rc == 0 && str_equal(verb, STR("probe")))
        return err_set(err, ERR_VERIFY, "the probe says no");
    buf_format(out, "{\"verb\":\"%.*s\"}", (int)verb.size, verb.at);
    return rc;
}

static void on_admitted(void *with)
{
    struct embedded *embedded = with;
    embedded->admitted++;
}

static void on_end(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

/* A process that is what `moult serve` is to the journal's socket. Exits with the admissions that
 * it was told of. */
static void embed(const struct home *home, int ready)
{
    struct embedded embedded = { 0 };
    struct serving *serving = NULL;
    uv_loop_t loop;
    uv_signal_t signal;
    char path[PATH_MAX];
    struct err err;
    const struct serve_service service = { on_verb, on_admitted, NULL, &embedded };
    int lock = serve_lock(home, true, &err);
    uv_loop_init(&loop);
    uv_signal_init(&loop, &signal);
    uv_signal_start(&signal, on_end, SIGTERM);
    if (lock < 0 ||
        store_open(&embedded.store, home_path(path, home, "journal.db"), home->id, &err) < 0 ||
        commit_new(&embedded.commit, &loop, embedded.store, &err) < 0 ||
        serve_attach(&serving, &loop, embedded.store, embedded.commit, home, &service, &err) < 0 ||
        write(ready, "r", 1) != 1)
        _exit(99);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&signal, NULL);
    serve_detach(serving);
    uv_run(&loop, UV_RUN_DEFAULT);
    commit_free(embedded.commit);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0)
        _exit(98);
    store_free(embedded.store);
    _exit((int)embedded.admitted);
}

static pid_t start_embedded(const struct home *home)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        embed(home, ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void a_service_answers_by_role_and_verb(void **state)
{
    (void)state;
    static const struct row {
        const char *verb;
        enum journal_role role;
        int want;
    } rows[] = {
        { "status", JOURNAL_VIEW, 0 },
        { "status", JOURNAL_PROPOSE, -ERR_DENIED },
        { "status", JOURNAL_IMPORT, -ERR_DENIED },
        { "activate", JOURNAL_DRIVE, 0 },
        { "activate", JOURNAL_VIEW, -ERR_DENIED },
        { "load", JOURNAL_MINE, -ERR_DENIED },
        { "retire", JOURNAL_TRIAL, -ERR_DENIED },
        { "quarantine", JOURNAL_VIEW, -ERR_DENIED },
        { "quarantine", JOURNAL_DRIVE, 0 },
        { "canary", JOURNAL_PROPOSE, -ERR_DENIED },
        { "probe", JOURNAL_VIEW, -ERR_DENIED },
        { "probe", JOURNAL_DRIVE, -ERR_VERIFY },
        { "dance", JOURNAL_DRIVE, -ERR_MISSING },
        { "", JOURNAL_DRIVE, -ERR_MISSING },
    };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    pid_t pid = start_embedded(&home);
    uint32_t count;
    int status;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct journal *journal = home_as(&home, rows[i].role);
        char name[16];
        struct str answer = { 0 };
        snprintf(name, sizeof name, "s%zu", i);
        int rc = journal_service(journal, rows[i].verb, str_of(name), &arena, &answer, &why);
        if (rc != rows[i].want)
            fail_msg(
                "%s as %s: %d %s", rows[i].verb, journal_role_words[rows[i].role], rc, why.text);
        if (rc == 0)
            assert_true(str_find(answer, str_of(rows[i].verb)) > 0);
        journal_close(journal);
    }
    /* What a verb wrote is on the disk with its answer; what a failed one wrote is not. */
    struct journal_session *list;
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    GOOD(journal_list(journal, 0, &arena, &list, &count, &why));
    assert_int_equal(count, 3);
    journal_close(journal);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* An import's sessions join the loop's group; clients that are there when it ends are let go. */
static void a_service_takes_imports_and_admissions(void **state)
{
    (void)state;
    struct home home = home_fresh();
    pid_t pid = start_embedded(&home);
    struct journal *import = home_as(&home, JOURNAL_IMPORT), *drive = home_as(&home, JOURNAL_DRIVE);
    struct journal_message message = { .bytes = STR("{\"role\":\"user\",\"content\":\"x\"}") };
    struct journal_session session = {
        .group = STR("g"), .meta = STR("{}"), .messages_count = 1, .messages = &message
    };
    uint64_t added = 0, known = 0;
    char origin[16];
    int status;
    for (int i = 0; i < 300; i++) {
        snprintf(origin, sizeof origin, "o%d", i % 200);
        session.origin = str_of(origin);
        GOOD(journal_add(import, &session, &why));
    }
    GOOD(journal_flush(import, &added, &known, &why));
    assert_int_equal(added, 200);
    assert_int_equal(known, 100);
    CLEANUP(mem_freep)
    char *body = mem_format("{\"home\":\"%s\",\"number\":0,\"kind\":\"init\",\"before\":null,"
                            "\"commit\":\"0123456789012345678901234567890123456789\"}",
        home.id);
    struct digest digest;
    assert_int_equal(journal_admit(drive, STR("{}"), NULL, 0, &digest, &why), -ERR_INPUT);
    GOOD(journal_admit(drive, str_of(body), NULL, 0, &digest, &why));
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1); /* told of the one that stands */
    journal_close(import);
    journal_close(drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_shows_the_step_of_each_generation),
        cmocka_unit_test(a_session_is_called_by_digits_or_name),
        cmocka_unit_test(a_session_that_no_frame_holds_is_refused),
        cmocka_unit_test(a_flag_is_a_row_and_a_record),
        cmocka_unit_test(without_a_service_nobody_answers),
        cmocka_unit_test(a_service_answers_by_role_and_verb),
        cmocka_unit_test(a_service_takes_imports_and_admissions),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
