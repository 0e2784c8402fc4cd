/* What is of the test split is unreadable to every role and in the file itself, opens once, for an
 * approved candidate and with a reviewer's key, and comes out as it went in. */
#include "base/file.h"
#include "base/mem.h"
#include "base/seal.h"
#include "broker/live.h"
#include "broker_home.h"
#include "promote/audit.h"
#include "promote/reviewing.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define ID "abcdef0123"
#define OTHER "0123abcdef"
#define SECRET "the-word-that-nobody-reads"
#define LONG                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                            \
    "xxxxxxxxxxxxxxxx"

static struct sign_key ann, bob; /* bob is no reviewer */
static struct arena arena;

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static int begin(void **state)
{
    return homes_begin(state);
}

static int end(void **state)
{
    arena_done(&arena);
    return homes_end(state);
}

static void make_key(
    const struct home *home, const char *name, struct sign_key *key, struct sign_public *public)
{
    char path[PATH_MAX];
    struct err err;
    CLEANUP(mem_freep) char *part = mem_format("keys/%s", name);
    must(sign_create(home_path(path, home, part), public, &err), &err);
    must(sign_load(path, key, &err), &err);
}

static struct home reviewed_home(void)
{
    struct home home = home_fresh();
    struct sign_public public;
    struct err err;
    must(reviewing_init(&home, &err), &err);
    make_key(&home, "bob", &bob, &public);
    make_key(&home, "ann", &ann, &public);
    must(reviewing_add(&home, "ann", &public, 100, &err), &err);
    return home;
}

/* --- imported ones */

static struct journal_session sample(const char *group, struct journal_message messages[2])
{
    messages[0] = (struct journal_message){ 1, JOURNAL_CLAIM, false,
        STR("{\"role\":\"user\",\"content\":\"" SECRET "\"}") };
    messages[1] = (struct journal_message){ 1, JOURNAL_CLAIM, false,
        STR("{\"role\":\"assistant\",\"content\":\"" SECRET LONG "\"}") };
    return (struct journal_session){ .gateway = true,
        .principal = STR("import"),
        .format = STR("tau"),
        .source = STR("file"),
        .origin = str_of(group), /* one run of each group: not the same session twice */
        .group = str_of(group),
        .meta = STR("{\"note\":\"" SECRET "\"}"),
        .messages = messages,
        .messages_count = 2 };
}

static void add(const struct home *home, const char *group, int split)
{
    struct journal *import = home_as(home, JOURNAL_IMPORT), *mine = home_as(home, JOURNAL_MINE);
    struct journal_message messages[2];
    struct journal_session session = sample(group, messages);
    struct err err;
    uint64_t added, known;
    must(journal_add(import, &session, &err), &err);
    must(journal_flush(import, &added, &known, &err), &err);
    assert_int_equal(added, 1);
    must(journal_split(mine, str_of(group), (uint8_t)split, &err), &err);
    journal_close(import);
    journal_close(mine);
}

static int seal(const struct home *home, struct err *err)
{
    struct journal *mine = home_as(home, JOURNAL_MINE);
    int rc = journal_seal(mine, 0, err);
    journal_close(mine);
    return rc;
}

static bool file_says(const struct home *home, const char *name, const char *word)
{
    char path[PATH_MAX];
    CLEANUP(buf_done) struct buf bytes = { 0 };
    if (file_read(home_path(path, home, name), &bytes, 64 << 20, NULL) < 0)
        return false;
    return memmem(bytes.at, bytes.size, word, strlen(word)) != NULL;
}

static void nobody_reads_what_is_sealed(void **state)
{
    (void)state;
    struct home home = reviewed_home();
    struct journal_session session;
    struct err err;
    add(&home, "secret", 2);
    assert_true(
        file_says(&home, "journal.db", SECRET) || file_says(&home, "journal.db-wal", SECRET));
    assert_int_equal(seal(&home, &err), 1);
    assert_int_equal(seal(&home, &err), 0);
    for (int role = JOURNAL_MINE; role < JOURNAL_ROLES; role++) {
        struct journal *journal = home_as(&home, (enum journal_role)role);
        struct journal_entry *entries;
        uint32_t count;
        int rc = journal_read(journal, 1, &arena, &session, &err);
        if (rc != -ERR_STATE && rc != -ERR_DENIED)
            fail_msg("%s reads it: %d", journal_role_words[role], rc);
        rc = journal_entries(journal, 1, JOURNAL_ALL_TURNS, 0, &arena, &entries, &count, &err);
        if (rc != -ERR_STATE && rc != -ERR_DENIED)
            fail_msg("%s reads its trace: %d", journal_role_words[role], rc);
        journal_close(journal);
    }
    assert_false(file_says(&home, "journal.db", SECRET));
    assert_false(file_says(&home, "journal.db-wal", SECRET));
}

static void bytes_that_others_need_stay(void **state)
{
    (void)state;
    struct home home = reviewed_home();
    struct journal_session session;
    struct err err;
    add(&home, "secret", 2);
    add(&home, "open", 0);
    assert_int_equal(seal(&home, &err), 1);
    struct journal *view = home_as(&home, JOURNAL_VIEW);
    must(journal_read(view, 2, &arena, &session, &err), &err);
    assert_true(memmem(session.messages[1].bytes.at, session.messages[1].bytes.size, SECRET,
                    strlen(SECRET)) != NULL);
    journal_close(view);
    assert_int_not_equal(home_sql(&home, "UPDATE message SET bytes = x'00', blob = NULL"
                                         " WHERE session = 2"),
        SQLITE_OK);
    assert_int_not_equal(home_sql(&home, "DELETE FROM blob"), SQLITE_OK);
}

static void before_it_is_sealed_the_roles_guard_it(void **state)
{
    (void)state;
    static const struct row {
        enum journal_role role;
        bool lists, reads;
    } rows[] = {
        { JOURNAL_MINE, true, true },
        { JOURNAL_VIEW, true, true },
        { JOURNAL_TRIAL, false, false },
        { JOURNAL_DRIVE, false, false },
        { JOURNAL_PROPOSE, false, false },
        { JOURNAL_REPORT, false, false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home = reviewed_home();
        struct journal_session session, *list;
        uint32_t count;
        struct err err;
        add(&home, "secret", 2);
        struct journal *journal = home_as(&home, rows[i].role);
        must(journal_list(journal, 0, &arena, &list, &count, &err), &err);
        if ((count == 1) != rows[i].lists)
            fail_msg("%s: %u in its list", journal_role_words[rows[i].role], count);
        int rc = journal_read(journal, 1, &arena, &session, &err);
        if (rc != (rows[i].reads ? 0 : -ERR_DENIED))
            fail_msg("%s: reads with %d", journal_role_words[rows[i].role], rc);
        journal_close(journal);
    }
}

/* What a person has read is held-in; what a program reads is where it was. */
static void what_is_shown_is_held_in(void **state)
{
    (void)state;
    static const struct row {
        enum journal_role role;
        int split, want;
    } rows[] = {
        { JOURNAL_VIEW, 2, 0 },
        { JOURNAL_VIEW, 1, 0 },
        { JOURNAL_VIEW, 0, 0 },
        { JOURNAL_TRIAL, 1, 1 },
        { JOURNAL_DRIVE, 1, 1 },
        { JOURNAL_MINE, 2, 2 },
    };
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        struct home home = reviewed_home();
        const struct row *row = &rows[i / 2];
        struct journal_session session, *list;
        struct journal_entry *entries;
        uint32_t count;
        uint64_t records;
        struct digest head;
        struct err err;
        add(&home, "a", row->split);
        struct journal *journal = home_as(&home, row->role);
        if (i % 2)
            must(journal_read(journal, 1, &arena, &session, &err), &err);
        else
            must(journal_entries(journal, 1, JOURNAL_ALL_TURNS, 0, &arena, &entries, &count, &err),
                &err);
        journal_close(journal);
        journal = home_as(&home, JOURNAL_MINE);
        must(journal_list(journal, 0, &arena, &list, &count, &err), &err);
        if (list[0].split != row->want)
            fail_msg("row %zu: in %u", i / 2, list[0].split);
        must(journal_audit_verify(journal, &records, &head, &err), &err);
        journal_close(journal);
    }
}

static void without_a_reviewer_nothing_is_sealed(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct err err;
    must(reviewing_init(&home, &err), &err);
    add(&home, "secret", 2);
    assert_int_equal(seal(&home, &err), -ERR_MISSING);
    struct journal *view = home_as(&home, JOURNAL_VIEW);
    struct journal_session session;
    must(journal_read(view, 1, &arena, &session, &err), &err);
    journal_close(view);
}

/* --- opening */

static void candidate(const struct home *home, const char *id, const char *state)
{
    struct journal *drive = home_as(home, JOURNAL_DRIVE);
    struct err err;
    const struct journal_move move = { str_of(id), { 0 }, str_of(state),
        STR("{\"approval\":\"00\"}") };
    must(journal_move_candidates(drive, &move, 1, &err), &err);
    journal_close(drive);
}

/* Against their records, and put back. */
static void rows_of_the_opening_are_held(const struct home *home)
{
    static const struct row {
        const char *change, *back, *found;
    } rows[] = {
        { "UPDATE opening SET candidate = 'cccccc'", "UPDATE opening SET candidate = '" OTHER "'",
            "opening of shard 1: its row is not" },
        { "CREATE TABLE kept AS SELECT report FROM opening; UPDATE opening SET report = NULL",
            "UPDATE opening SET report = (SELECT report FROM kept); DROP TABLE kept",
            "report on shard 1: its row is gone" },
        { "CREATE TABLE kept AS SELECT * FROM opening; DROP TRIGGER opening_delete;"
          "DELETE FROM opening",
            "INSERT INTO opening SELECT * FROM kept; DROP TABLE kept",
            "opening of shard 1: its row is gone" },
    };
    struct journal *view = home_as(home, JOURNAL_VIEW);
    struct audit audit;
    struct err err;
    must(audit_check(view, home, &audit, &err), &err);
    assert_int_equal(home_sql(home, "DROP TRIGGER opening_update"), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(home_sql(home, rows[i].change), 0);
        if (audit_check(view, home, &audit, &err) != -ERR_VERIFY ||
            !strstr(err.text, rows[i].found))
            fail_msg("not found: %s (%s)", rows[i].found, err.text);
        assert_int_equal(home_sql(home, rows[i].back), 0);
    }
    must(audit_check(view, home, &audit, &err), &err);
    journal_close(view);
}

static void a_shard_opens_once_for_who_was_approved(void **state)
{
    (void)state;
    struct home home = reviewed_home();
    struct journal_shard shard, again;
    struct journal_opening *openings;
    struct digest claim;
    uint32_t count;
    struct err err;
    add(&home, "secret", 2);
    assert_int_equal(seal(&home, &err), 1);
    candidate(&home, ID, "in_review");
    candidate(&home, OTHER, "approved");
    struct journal *drive = home_as(&home, JOURNAL_DRIVE);
    struct journal *report = home_as(&home, JOURNAL_REPORT);
    assert_int_equal(journal_open_shard(drive, STR(OTHER), &arena, &shard, &err), -ERR_DENIED);
    assert_int_equal(journal_open_shard(report, STR(ID), &arena, &shard, &err), -ERR_DENIED);
    assert_int_equal(journal_open_shard(report, STR("ffffff"), &arena, &shard, &err), -ERR_MISSING);
    must(journal_open_shard(report, STR(OTHER), &arena, &shard, &err), &err);
    journal_close(report);
    home_kill_broker(&home);
    journal_close(drive);
    report = home_as(&home, JOURNAL_REPORT);
    must(journal_open_shard(report, STR(OTHER), &arena, &again, &err), &err);
    assert_int_equal(again.number, shard.number);

    must(journal_put(report, "claim", STR("{}"), &claim, &err), &err);
    assert_int_equal(
        journal_report_shard(report, shard.number, STR(ID), &claim, &err), -ERR_MISSING);
    must(journal_report_shard(report, shard.number, STR(OTHER), &claim, &err), &err);
    assert_int_equal(journal_open_shard(report, STR(OTHER), &arena, &again, &err), -ERR_STATE);
    assert_int_not_equal(journal_report_shard(report, shard.number, STR(OTHER), &claim, &err), 0);
    must(journal_openings(report, &arena, &openings, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_true(hash_equal(&openings[0].claim, &claim));
    journal_close(report);
    rows_of_the_opening_are_held(&home);

    candidate(
        &home, "aaaaaa", "active"); /* what comes into a group of an opened shard stays shut */
    struct journal_session session;
    report = home_as(&home, JOURNAL_REPORT);
    assert_int_equal(journal_open_shard(report, STR("aaaaaa"), &arena, &again, &err), -ERR_MISSING);
    assert_int_equal(journal_read(report, 1, &arena, &session, &err), -ERR_STATE);
    journal_close(report);
    uint64_t records;
    struct digest head;
    struct journal *view = home_as(&home, JOURNAL_VIEW);
    must(journal_audit_verify(view, &records, &head, &err), &err);
    journal_close(view);
}

static void it_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct home home = reviewed_home();
    struct journal_message messages[2];
    struct journal_session session, want = sample("secret", messages);
    struct journal_shard shard;
    struct seal_pair pair;
    struct err err;
    add(&home, "secret", 2);
    add(&home, "later", 2);
    assert_int_equal(seal(&home, &err), 2);
    candidate(&home, ID, "approved");
    struct journal *report = home_as(&home, JOURNAL_REPORT);
    assert_int_equal(journal_read(report, 1, &arena, &session, &err), -ERR_STATE);
    must(journal_open_shard(report, STR(ID), &arena, &shard, &err), &err);
    assert_int_equal(journal_unlock(&pair, shard.locks, &bob, &err), -ERR_DENIED);
    must(journal_unlock(&pair, shard.locks, &ann, &err), &err);
    must(journal_read(report, 1, &arena, &session, &err), &err);
    assert_int_equal(session.shard, shard.number);
    assert_false(str_equal(session.messages[0].bytes, want.messages[0].bytes));
    must(journal_unseal(&session, &pair, &arena, &err), &err);
    assert_true(str_equal(session.meta, want.meta));
    for (int i = 0; i < 2; i++)
        assert_true(str_equal(session.messages[i].bytes, want.messages[i].bytes));
    must(journal_read(report, 2, &arena, &session, &err), &err);
    ((char *)(uintptr_t)session.messages[0].bytes.at)[40] ^= 1;
    assert_int_equal(journal_unseal(&session, &pair, &arena, &err), -ERR_VERIFY);
    journal_close(report);
}

/* --- live ones */

static uint64_t live_turn(struct store *store, uint64_t session, uint32_t ordinal, bool ends)
{
    const struct digest generation = { { 7 } };
    struct err err;
    uint64_t turn, effect;
    const struct live_turn row = { session, ordinal, generation };
    must(live_turn_new(store, &row, &turn, &err), &err);
    const struct live_message said = { .session = session,
        .turn = turn,
        .seq = ordinal,
        .standing = JOURNAL_CLAIM,
        .bytes = STR("{\"role\":\"user\",\"content\":\"" SECRET "\"}") };
    must(live_message_add(store, &said, &err), &err);
    const struct live_message mended = { .session = session,
        .turn = turn,
        .seq = ordinal,
        .origin = 2,
        .bytes = STR("{\"role\":\"user\",\"content\":\"mended " SECRET "\"}") };
    must(live_message_replace(store, &mended, &err), &err);
    const struct live_effect asked = { .turn = turn,
        .kind = WIRE_MODEL,
        .generation = generation,
        .body = STR("{\"asked\":\"" SECRET "\"}") };
    must(live_effect_new(store, &asked, &effect, &err), &err);
    const struct live_result result = { .bytes = STR("{\"content\":\"" SECRET LONG "\"}"),
        .raw = STR("data: " SECRET) };
    must(live_result_add(store, effect, &result, &err), &err);
    if (ends)
        must(live_turn_end(store, turn, 1, STR("it said " SECRET), &err), &err);
    return turn;
}

static void set_split(struct store *store, uint64_t session, uint8_t split)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str group;
    bool sealed;
    struct err err;
    must(live_group(store, session, &arena, &group, &sealed, &err), &err);
    must(store_split(store, group, split, &out, &err), &err);
}

static int seal_live(struct store *store, const struct home *home, uint64_t idle_ms)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err;
    must(store_seal(store, home, idle_ms, &out, &err), &err);
    struct unpack in = unpack_begin(buf_view(&out));
    return (int)unpack_u32(&in);
}

static void a_live_one_is_sealed_when_it_rests(void **state)
{
    (void)state;
    struct home home = reviewed_home();
    char path[PATH_MAX];
    struct store *store;
    struct err err;
    uint64_t number;
    struct str group;
    bool sealed;
    const struct live_session row = { .principal = STR("local"), .protocol = STR("chat") };
    must(store_open(&store, home_path(path, &home, "journal.db"), home.id, &err), &err);
    must(store_begin(store, &err), &err);
    must(live_session_new(store, &row, &number, &err), &err);
    live_turn(store, number, 0, true);
    set_split(store, number, 2);
    assert_int_equal(seal_live(store, &home, 3600 * 1000), 0); /* it may be gone on with */
    uint64_t open = live_turn(store, number, 1, false);
    assert_int_equal(seal_live(store, &home, 0), 0);
    must(live_turn_end(store, open, 1, STR(""), &err), &err);
    assert_int_equal(seal_live(store, &home, 0), 1);
    must(live_group(store, number, &arena, &group, &sealed, &err), &err);
    assert_true(sealed);
    must(store_commit(store, &err), &err);
    store_forget(store);
    store_free(store);
    assert_false(file_says(&home, "journal.db", SECRET));
    assert_false(file_says(&home, "journal.db-wal", SECRET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_reads_what_is_sealed),
        cmocka_unit_test(bytes_that_others_need_stay),
        cmocka_unit_test(before_it_is_sealed_the_roles_guard_it),
        cmocka_unit_test(what_is_shown_is_held_in),
        cmocka_unit_test(without_a_reviewer_nothing_is_sealed),
        cmocka_unit_test(a_shard_opens_once_for_who_was_approved),
        cmocka_unit_test(it_comes_out_as_it_went_in),
        cmocka_unit_test(a_live_one_is_sealed_when_it_rests),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
