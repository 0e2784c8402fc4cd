/* What is decided, through the real broker: moves and admissions by compare-and-swap, all or none.
 */
#include "base/file.h"
#include "base/mem.h"
#include "broker_home.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define A "aaaaaaaa"
#define B "bbbbbbbb"
#define COMMIT "0123456789012345678901234567890123456789"

static struct journal_move move(const char *id, const char *from, const char *to)
{
    return (struct journal_move){ str_of(id), str_of(from), str_of(to), STR("{\"why\":\"x\"}") };
}

static void make(struct journal *journal, const char *id, const char *state)
{
    struct journal_move new = move(id, "", state);
    struct err err;
    if (journal_move_candidates(journal, &new, 1, &err) < 0)
        fail_msg("%s", err.text);
}

/* The state of a candidate now, "" when there is none. */
static const char *state_of(struct journal *journal, const char *id)
{
    static char state[64];
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_candidate *list;
    struct err err;
    uint32_t count;
    state[0] = 0;
    assert_int_equal(journal_candidates(journal, &arena, &list, &count, &err), 0);
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(list[i].id, str_of(id)))
            snprintf(state, sizeof state, "%.*s", (int)list[i].state.size, list[i].state.at);
    return state;
}

static uint64_t records(struct journal *journal)
{
    struct digest head;
    struct err err;
    uint64_t count;
    if (journal_audit_verify(journal, &count, &head, &err) < 0)
        fail_msg("%s", err.text);
    return count;
}

struct admission {
    const char *home, *kind, *before, *commit;
    long number;
};

static struct str body_of(const struct admission *admission)
{
    static char text[600];
    snprintf(text, sizeof text,
        "{\"home\":\"%s\",\"number\":%ld,\"kind\":\"%s\",\"commit\":\"%s\",\"before\":%s%s%s}",
        admission->home, admission->number, admission->kind, admission->commit,
        admission->before ? "\"" : "", admission->before ? admission->before : "null",
        admission->before ? "\"" : "");
    return str_of(text);
}

/* Admission 0; hex of its digest. */
static const char *init(struct journal *journal, const struct home *home)
{
    static char hex[DIGEST_HEX];
    struct digest digest;
    struct err err;
    const struct admission first = { home->id, "init", NULL, COMMIT, 0 };
    if (journal_admit(journal, body_of(&first), NULL, 0, &digest, &err) < 0)
        fail_msg("%s", err.text);
    return hash_hex(hex, &digest);
}

static void candidates_move_by_compare_and_swap(void **state)
{
    (void)state;
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct journal_candidate *list;
    struct err err;
    uint32_t count;
    make(journal, B, "proposed");
    make(journal, A, "proposed");
    struct journal_move next = move(A, "proposed", "patched"), late = next;
    next.body = STR("{\"commit\":\"1\"}");
    assert_int_equal(journal_move_candidates(journal, &next, 1, &err), 0);
    assert_int_equal(journal_move_candidates(journal, &late, 1, &err), -ERR_STATE);
    assert_non_null(strstr(err.text, A));
    assert_non_null(strstr(err.text, "patched"));
    assert_int_equal(journal_candidates(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(str_equal(list[0].id, STR(B)));
    assert_true(str_equal(list[1].body, next.body));
    assert_int_equal(records(journal), 3);
    journal_close(journal);
}

static void many_candidates_come_in_pages(void **state)
{
    (void)state;
    enum { MANY = JOURNAL_PAGE + 44 };
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct journal_candidate *list;
    struct err err;
    uint32_t count;
    for (int i = 0; i < MANY; i += JOURNAL_MOVES_MAX) {
        struct journal_move moves[JOURNAL_MOVES_MAX];
        char ids[JOURNAL_MOVES_MAX][16];
        int n = 0;
        for (; n < JOURNAL_MOVES_MAX && i + n < MANY; n++) {
            snprintf(ids[n], sizeof ids[n], "%08x", i + n);
            moves[n] = move(ids[n], "", "proposed");
        }
        assert_int_equal(journal_move_candidates(journal, moves, (uint32_t)n, &err), 0);
    }
    assert_int_equal(journal_candidates(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, MANY);
    assert_true(str_equal(list[MANY - 1].id, STR("0000012b")));
    journal_close(journal);
}

static void several_moves_are_all_or_none(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct err err;
    make(journal, A, "approved");
    make(journal, B, "active");
    uint64_t before = records(journal);
    struct journal_move moves[] = { move(A, "approved", "active"), move(B, "gone", "superseded") };
    assert_int_equal(journal_move_candidates(journal, moves, 2, &err), -ERR_STATE);
    assert_non_null(strstr(err.text, B));
    assert_string_equal(state_of(journal, A), "approved");
    assert_int_equal(records(journal), before);
    moves[1].from = STR("active");
    assert_int_equal(journal_move_candidates(journal, moves, 2, &err), 0);
    assert_string_equal(state_of(journal, A), "active");
    assert_string_equal(state_of(journal, B), "superseded");
    assert_int_equal(records(journal), before + 2);
    journal_close(journal);
}

static void a_malformed_move_is_refused(void **state)
{
    (void)state;
    static char long_body[JOURNAL_BODY_MAX + 2];
    memset(long_body, ' ', sizeof long_body - 1);
    long_body[0] = '{';
    long_body[sizeof long_body - 2] = '}';
    const struct row {
        const char *name, *id, *from, *to, *body;
        int want;
    } rows[] = {
        { "an id that is not hex", "nothexno", "", "proposed", "{}", -ERR_INPUT },
        { "an id in capitals", "AAAAAAAA", "", "proposed", "{}", -ERR_INPUT },
        { "a short id", "abcde", "", "proposed", "{}", -ERR_INPUT },
        { "no id", "", "", "proposed", "{}", -ERR_INPUT },
        { "no state", A, "", "", "{}", -ERR_INPUT },
        { "a state that is a quote", A, "", "a\"b", "{}", -ERR_INPUT },
        { "a state in the past that is a quote", A, "a\"b", "proposed", "{}", -ERR_INPUT },
        { "a long state", A, "", "abcdefghijklmnopqrstuvwxyzabcdefghijk", "{}", -ERR_LIMIT },
        { "no body", A, "", "proposed", "", -ERR_INPUT },
        { "a body that is no object", A, "", "proposed", "[]", -ERR_INPUT },
        { "two bodies", A, "", "proposed", "{}{}", -ERR_INPUT },
        { "blanks around the body", A, "", "proposed", "{} ", -ERR_INPUT },
        { "a key twice", A, "", "proposed", "{\"a\":1,\"a\":2}", -ERR_INPUT },
        { "a body over the limit", A, "", "proposed", long_body, -ERR_LIMIT },
    };
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct journal_move one = { str_of(rows[i].id), str_of(rows[i].from), str_of(rows[i].to),
            str_of(rows[i].body) };
        struct err err;
        int rc = journal_move_candidates(journal, &one, 1, &err);
        if (rc != rows[i].want)
            fail_msg("%s: %d", rows[i].name, rc);
    }
    struct err err;
    assert_int_equal(journal_move_candidates(journal, NULL, 0, &err), -ERR_INPUT);
    assert_int_equal(journal_move_candidates(journal, NULL, 65, &err), -ERR_LIMIT);
    assert_int_equal(records(journal), 0);
    journal_close(journal);
}

static void an_admission_follows_the_last(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    const char *other = "0000000000000000000000000000000000000000000000000000000000000000";
    struct digest digest;
    struct err err;
    const struct admission early = { home.id, "promotion", NULL, COMMIT, 0 },
                           ahead = { home.id, "init", NULL, COMMIT, 1 },
                           forged = { home.id, "init", other, COMMIT, 0 };
    assert_int_equal(journal_admit(journal, body_of(&early), NULL, 0, &digest, &err), -ERR_STATE);
    assert_int_equal(journal_admit(journal, body_of(&ahead), NULL, 0, &digest, &err), -ERR_STATE);
    assert_int_equal(journal_admit(journal, body_of(&forged), NULL, 0, &digest, &err), -ERR_STATE);
    const char *before = init(journal, &home);
    const struct row {
        const char *name;
        struct admission admission;
        int want;
    } rows[] = {
        { "a second init", { home.id, "init", before, COMMIT, 1 }, -ERR_STATE },
        { "the same number again", { home.id, "promotion", before, COMMIT, 0 }, -ERR_STATE },
        { "a number left out", { home.id, "promotion", before, COMMIT, 2 }, -ERR_STATE },
        { "a negative number", { home.id, "promotion", before, COMMIT, -1 }, -ERR_STATE },
        { "no admission before", { home.id, "promotion", NULL, COMMIT, 1 }, -ERR_STATE },
        { "another one before", { home.id, "promotion", other, COMMIT, 1 }, -ERR_STATE },
        { "another home", { "00000000000000000000000000000000", "promotion", before, COMMIT, 1 },
            -ERR_DENIED },
        { "a kind that is not known", { home.id, "gift", before, COMMIT, 1 }, -ERR_INPUT },
        { "no commit", { home.id, "promotion", before, "", 1 }, -ERR_INPUT },
        { "a commit that is none", { home.id, "promotion", before, "refs/heads/x", 1 },
            -ERR_INPUT },
        { "the next one", { home.id, "promotion", before, COMMIT, 1 }, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = journal_admit(journal, body_of(&rows[i].admission), NULL, 0, &digest, &err);
        if (rc != rows[i].want)
            fail_msg("%s: %d", rows[i].name, rc);
    }
    assert_int_equal(records(journal), 2);
    journal_close(journal);
}

static void an_admission_and_its_moves_are_all_or_none(void **state)
{
    (void)state;
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct journal_admission *list;
    struct digest digest;
    struct err err;
    uint32_t count;
    const struct admission next = { home.id, "promotion", init(journal, &home), COMMIT, 1 };
    make(journal, A, "approved");
    make(journal, B, "active");
    struct journal_move moves[] = { move(A, "approved", "active"),
        move(B, "canary", "superseded") };
    assert_int_equal(journal_admit(journal, body_of(&next), moves, 2, &digest, &err), -ERR_STATE);
    assert_int_equal(journal_admissions(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_string_equal(state_of(journal, A), "approved");
    moves[1].from = STR("active");
    assert_int_equal(journal_admit(journal, body_of(&next), moves, 2, &digest, &err), 0);
    assert_int_equal(journal_admissions(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(list[1].number, 1);
    assert_true(hash_equal(&list[1].digest, &digest));
    struct digest own = hash_of(list[1].body);
    assert_true(hash_equal(&own, &digest));
    assert_true(str_equal(list[1].body, body_of(&next)));
    assert_string_equal(state_of(journal, B), "superseded");
    journal_close(journal);
}

static void only_the_driver_decides(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *drive = home_as(&home, JOURNAL_DRIVE);
    init(drive, &home);
    make(drive, A, "proposed");
    for (int role = 0; role < JOURNAL_ROLES; role++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct journal *journal = home_as(&home, (enum journal_role)role);
        struct journal_move next = move(A, "proposed", "proposed");
        struct journal_candidate *candidates;
        struct journal_admission *admissions;
        struct digest digest;
        struct err err;
        uint32_t count;
        bool reads = role != JOURNAL_IMPORT && role != JOURNAL_PROPOSE && role != JOURNAL_REPORT;
        int rc = journal_move_candidates(journal, &next, 1, &err);
        assert_int_equal(rc, role == JOURNAL_DRIVE ? 0 : -ERR_DENIED);
        rc = journal_admit(journal, STR("{}"), NULL, 0, &digest, &err);
        assert_int_equal(rc, role == JOURNAL_DRIVE ? -ERR_INPUT : -ERR_DENIED);
        const struct digest none = { { 0 } };
        struct journal_look look;
        struct journal_look_row *looks;
        struct journal_checkpoint *checkpoints;
        bool frozen, drives = role == JOURNAL_DRIVE;
        rc = journal_look(journal, &none, STR(A), &(struct journal_debit){ 0 }, &look, &err);
        assert_int_equal(rc, drives ? 0 : -ERR_DENIED);
        rc = journal_look_end(journal, &none, STR(A), true, &err);
        assert_int_equal(rc, drives ? 0 : -ERR_DENIED);
        rc = journal_freeze(journal, false, STR("x"), &err);
        assert_int_equal(rc, drives ? 0 : -ERR_DENIED);
        rc = journal_checkpoint(journal, 1, &none, STR("{}"), &err);
        assert_int_equal(rc, drives ? -ERR_VERIFY : -ERR_DENIED);
        rc = journal_looks(journal, &arena, &looks, &count, &err);
        assert_int_equal(rc, reads ? 0 : -ERR_DENIED);
        rc = journal_frozen(journal, &frozen, &err);
        assert_int_equal(rc, reads ? 0 : -ERR_DENIED);
        rc = journal_checkpoints(journal, &arena, &checkpoints, &count, &err);
        assert_int_equal(rc, reads ? 0 : -ERR_DENIED);
        rc = journal_candidates(journal, &arena, &candidates, &count, &err);
        assert_int_equal(rc, reads ? 0 : -ERR_DENIED);
        rc = journal_admissions(journal, &arena, &admissions, &count, &err);
        assert_int_equal(rc, reads ? 0 : -ERR_DENIED);
        journal_close(journal);
    }
    journal_close(drive);
}

/* Two drivers push the same candidate along the same states; each state is won once. */
static void of_two_who_swap_one_wins(void **state)
{
    (void)state;
    enum { STEPS = 26, RACERS = 2 };
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    pid_t racers[RACERS];
    int won = 0;
    make(journal, A, "state_a");
    for (int r = 0; r < RACERS; r++) {
        if ((racers[r] = fork()) != 0)
            continue;
        struct journal *own = home_as(&home, JOURNAL_DRIVE);
        int wins = 0;
        for (int i = 0; i < STEPS - 1; i++) {
            char from[] = "state_a", to[] = "state_a";
            from[6] = (char)('a' + i);
            to[6] = (char)('b' + i);
            struct journal_move next = move(A, from, to);
            wins += journal_move_candidates(own, &next, 1, NULL) == 0;
        }
        _exit(wins);
    }
    for (int r = 0; r < RACERS; r++) {
        int status;
        assert_int_equal(waitpid(racers[r], &status, 0), racers[r]);
        assert_true(WIFEXITED(status));
        won += WEXITSTATUS(status);
    }
    assert_int_equal(won, STEPS - 1);
    assert_string_equal(state_of(journal, A), "state_z");
    assert_int_equal(records(journal), STEPS);
    journal_close(journal);
}

/* What was worked out before the row is in it, and stays; who worked from an older ledger is told.
 */
static void a_look_is_paid_before_it_is_made(void **state)
{
    (void)state;
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    const struct digest shard = { { 1 } };
    struct journal_debit debit = { STR("search"), 1, 0, 1, .1 / 3 };
    struct journal_look look;
    struct journal_look_row *list;
    struct err err;
    uint32_t count;
    assert_int_equal(journal_look(journal, &shard, STR(A), &debit, &look, &err), 0);
    assert_true(look.k == 1 && look.own == 1 && look.level == .1 / 3);
    debit.level = .5;
    assert_int_equal(journal_look(journal, &shard, STR(A), &debit, &look, &err), 0);
    assert_true(look.level == .1 / 3);
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), -ERR_STATE);
    debit.k = 2;
    debit.passes = 1;
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), -ERR_STATE);
    debit.passes = 0;
    debit.level = 1.5;
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), -ERR_INPUT);
    debit.level = 0. / 0.;
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), -ERR_INPUT);
    debit.level = .5;
    debit.own = 3;
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), -ERR_INPUT);
    debit.own = 2;
    assert_int_equal(journal_look(journal, &shard, STR(B), &debit, &look, &err), 0);
    assert_int_equal(journal_looks(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(str_equal(list[0].proposer, STR("search")) && list[0].look.level == .1 / 3);
    journal_close(journal);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET passed = 1, level = .9"), 0);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET passed = 1, seen = 9"), 0);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET passed = 1, own = 1"), 0);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET passed = 1, proposer = 'x'"), 0);
}

static void a_look_is_counted_once(void **state)
{
    (void)state;
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    const struct digest shard = { { 1 } }, other = { { 2 } };
    struct journal_look look;
    struct journal_look_row *list;
    struct err err;
    uint32_t count;
    assert_int_equal(journal_look_end(journal, &shard, STR(A), true, &err), -ERR_MISSING);
    assert_int_equal(
        journal_look(journal, &shard, STR(A), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_true(look.k == 1 && look.passes == 0 && !look.ended);
    assert_int_equal(
        journal_look(journal, &shard, STR(A), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_int_equal(look.k, 1);
    assert_int_equal(journal_look_end(journal, &shard, STR(A), true, &err), 0);
    assert_int_equal(journal_look_end(journal, &shard, STR(A), true, &err), 0);
    assert_int_equal(journal_look_end(journal, &shard, STR(A), false, &err), -ERR_STATE);
    assert_int_equal(
        journal_look(journal, &shard, STR(B), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_true(look.k == 2 && look.passes == 1);
    assert_int_equal(journal_look_end(journal, &shard, STR(B), false, &err), 0);
    assert_int_equal(
        journal_look(journal, &shard, STR("cccccc"), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_true(look.k == 3 && look.passes == 1);
    assert_int_equal(
        journal_look(journal, &other, STR(A), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_true(look.k == 1 && look.passes == 0);
    assert_int_equal(
        journal_look(journal, &shard, STR(A), &(struct journal_debit){ 0 }, &look, &err), 0);
    assert_true(look.k == 1 && look.passes == 0 && look.ended && look.passed);
    assert_int_equal(
        journal_look(journal, &shard, STR("no id"), &(struct journal_debit){ 0 }, &look, &err),
        -ERR_INPUT);
    assert_int_equal(journal_looks(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 4);
    assert_true(str_equal(list[1].candidate, STR(B)));
    assert_true(hash_equal(&list[3].shard, &other));
    assert_int_equal(records(journal), 6);
    journal_close(journal);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET passed = 0"), 0);
    assert_int_not_equal(home_sql(&home, "UPDATE look SET k = 1 WHERE k = 3"), 0);
    assert_int_not_equal(home_sql(&home, "DELETE FROM look"), 0);
}

static void a_frozen_home_goes_back_only(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct digest digest;
    struct err err;
    bool frozen = true;
    assert_int_equal(journal_frozen(journal, &frozen, &err), 0);
    assert_false(frozen);
    const char *before = init(journal, &home);
    make(journal, A, "approved");
    struct journal_move move_on = move(A, "approved", "active");
    struct admission next = { home.id, "promotion", before, COMMIT, 1 };
    assert_int_equal(journal_freeze(journal, true, STR(""), &err), -ERR_INPUT);
    assert_int_equal(journal_freeze(journal, true, STR("two\nlines"), &err), -ERR_INPUT);
    assert_int_equal(journal_freeze(journal, true, STR("a \"holiday\""), &err), 0);
    assert_int_equal(journal_frozen(journal, &frozen, &err), 0);
    assert_true(frozen);
    assert_int_equal(
        journal_admit(journal, body_of(&next), &move_on, 1, &digest, &err), -ERR_DENIED);
    assert_string_equal(state_of(journal, A), "approved");
    next.kind = "rollback";
    assert_int_equal(journal_admit(journal, body_of(&next), NULL, 0, &digest, &err), 0);
    assert_int_equal(journal_freeze(journal, false, STR("back"), &err), 0);
    char hex[DIGEST_HEX];
    next = (struct admission){ home.id, "promotion", hash_hex(hex, &digest), COMMIT, 2 };
    assert_int_equal(journal_admit(journal, body_of(&next), &move_on, 1, &digest, &err), 0);
    assert_int_equal(records(journal), 7);
    journal_close(journal);
}

static void a_checkpoint_is_of_the_chain(void **state)
{
    (void)state;
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct journal_checkpoint *list;
    struct digest head, wrong = { { 1 } };
    struct err err;
    uint64_t count_records;
    uint32_t count;
    make(journal, A, "proposed");
    make(journal, B, "proposed");
    assert_int_equal(journal_audit_verify(journal, &count_records, &head, &err), 0);
    assert_int_equal(journal_checkpoint(journal, 2, &wrong, STR("{}"), &err), -ERR_VERIFY);
    assert_int_equal(journal_checkpoint(journal, 1, &head, STR("{}"), &err), -ERR_VERIFY);
    assert_int_equal(journal_checkpoint(journal, 3, &head, STR("{}"), &err), -ERR_VERIFY);
    assert_int_equal(journal_checkpoint(journal, 2, &head, STR("signed"), &err), -ERR_INPUT);
    assert_int_equal(journal_checkpoint(journal, 2, &head, STR("{}"), &err), 0);
    assert_int_equal(journal_checkpoint(journal, 2, &head, STR("{\"a\":1}"), &err), 0);
    assert_int_equal(journal_checkpoints(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(list[0].record == 2 && hash_equal(&list[0].head, &head));
    assert_true(str_equal(list[0].envelope, STR("{}")));
    journal_close(journal);
}

/* Who may read and write documents of each kind. */
static void documents_have_their_readers_and_writers(void **state)
{
    (void)state;
    static const struct row {
        const char *kind;
        bool proposer_reads, trial_writes, miner_writes;
    } rows[] = {
        { "batch", true, false, true },
        { "held-out", false, false, true },
        { "cluster", true, false, true },
        { "report", false, true, false },
        { "proposal", true, false, false },
        { "evidence", true, false, false },
        { "patch", true, false, false },
        { "source", true, false, false },
        { "diagnostics", true, false, false },
        { "verdict", false, false, false },
        { "policy", false, false, false },
        { "approval", false, false, false },
        { "statement", false, false, false },
        { "generation", false, false, false },
    };
    struct home home = home_fresh();
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *drive = home_as(&home, JOURNAL_DRIVE), *mine = home_as(&home, JOURNAL_MINE),
                   *trial = home_as(&home, JOURNAL_TRIAL),
                   *propose = home_as(&home, JOURNAL_PROPOSE), *view = home_as(&home, JOURNAL_VIEW);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *kind = rows[i].kind;
        struct digest digest;
        struct str text;
        struct err err;
        const int good[] = {
            journal_put(drive, kind, STR("{\"a\":1}"), &digest, &err) == 0,
            journal_put(trial, kind, STR("{}"), &digest, &err) ==
                (rows[i].trial_writes ? 0 : -ERR_DENIED),
            journal_put(mine, kind, STR("{}"), &digest, &err) ==
                (rows[i].miner_writes ? 0 : -ERR_DENIED),
            journal_put(view, kind, STR("{}"), &digest, &err) == -ERR_DENIED,
            journal_put(propose, kind, STR("{}"), &digest, &err) == -ERR_DENIED,
            journal_put(drive, kind, STR("{\"a\":1}"), &digest, &err) == 0,
            journal_get(view, kind, &digest, &arena, &text, &err) == 0,
            journal_get(trial, kind, &digest, &arena, &text, &err) == 0,
            journal_get(propose, kind, &digest, &arena, &text, &err) ==
                (rows[i].proposer_reads ? 0 : -ERR_DENIED),
        };
        for (size_t g = 0; g < COUNT_OF(good); g++)
            if (!good[g])
                fail_msg("%s: rule %zu", kind, g);
    }
    journal_close(drive);
    journal_close(mine);
    journal_close(trial);
    journal_close(propose);
    journal_close(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_move_by_compare_and_swap),
        cmocka_unit_test(many_candidates_come_in_pages),
        cmocka_unit_test(several_moves_are_all_or_none),
        cmocka_unit_test(a_malformed_move_is_refused),
        cmocka_unit_test(an_admission_follows_the_last),
        cmocka_unit_test(an_admission_and_its_moves_are_all_or_none),
        cmocka_unit_test(only_the_driver_decides),
        cmocka_unit_test(of_two_who_swap_one_wins),
        cmocka_unit_test(a_look_is_paid_before_it_is_made),
        cmocka_unit_test(a_look_is_counted_once),
        cmocka_unit_test(a_frozen_home_goes_back_only),
        cmocka_unit_test(a_checkpoint_is_of_the_chain),
        cmocka_unit_test(documents_have_their_readers_and_writers),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
