/* trials_recall_test - what the miner keeps of a run comes back as it was; what was mined in parts,
 * by a miner that was killed, or never, makes the same clusters; and nothing of a damaged file is
 * believed. */
#include "trials/recall.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/batch.h"
#include "wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { RUNS = 60 };

static const char *const messages[] = {
    "{\"role\":\"assistant\",\"content\":\"{\\\"name\\\":\\\"look\\\",\\\"arguments\\\":{}}\"}",
    "{\"role\":\"assistant\",\"content\":\"\"}",
    "{\"role\":\"assistant\",\"content\":\"Hello.\"}",
};

static struct run *make_run(struct arena *arena, unsigned i)
{
    struct run_tools *tools;
    struct run *run = run_new(arena);
    assert_int_equal(
        run_tools_read(
            &tools, STR("[{\"name\":\"look\",\"parameters\":{\"type\":\"object\"}}]"), arena, NULL),
        0);
    run->tools = tools;
    run->offered = true;
    run->session = str_of(arena_format(arena, "%064u", i));
    run->group = str_of(arena_format(arena, "group %u", i / 2));
    run->origin = i % 3 ? STR("one") : STR("two");
    run->principal = i % 5 ? STR("ann") : STR("local");
    run->claims = i % 7 == 0;
    assert_int_equal(run_add(run, str_of(messages[i % COUNT_OF(messages)]), false, NULL), 0);
    run_seal(run);
    return run;
}

static struct journal_session listed(unsigned i, uint64_t last)
{
    char hex[DIGEST_HEX];
    struct journal_session session = { .number = i + 1, .last = last };
    snprintf(hex, sizeof hex, "%064u", i);
    assert_int_equal(hash_unhex(&session.id, str_of(hex), NULL), 0);
    return session;
}

/* Everything that is told of the clusters, and both documents of the first. */
static void print(struct buf *out, struct miner *miner)
{
    const struct cluster *cluster;
    miner_rank(miner);
    for (unsigned i = 0; (cluster = miner_cluster(miner, i)); i++)
        buf_format(out, "%s %s %u %u %u %u %u %s\n", cluster->id, cluster->signature, cluster->hits,
            cluster->sessions, cluster->groups, cluster->cases_count, cluster->mendable,
            cluster->why_not ? cluster->why_not : "");
    for (unsigned i = 0; i < detectors_count; i++)
        buf_format(out, "%u ", miner_total(miner, i).occurrences);
    CLEANUP(buf_done) struct buf held_in = { 0 }, held_out = { 0 };
    assert_int_equal(batch_print(&held_in, &held_out, miner, miner_cluster(miner, 0), NULL), 0);
    buf_str(out, buf_view(&held_in));
    buf_str(out, buf_view(&held_out));
}

struct mining {
    char path[512];
    struct digest program;
    unsigned read; /* runs that were looked at */
};

/* One mine over the first `count` runs, where run i has grown to last(i). */
static void mine(struct mining *mining, unsigned count, uint64_t grown, struct buf *out)
{
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    struct recall recall;
    mining->read = 0;
    recall_open(&recall, mining->path, &mining->program);
    for (unsigned i = 0; i < count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct journal_session session = listed(i, i == 3 ? grown : 0);
        struct mined mined;
        uint8_t split = i / 2 % 2 ? SPLIT_HELD_IN : SPLIT_HELD_OUT;
        if (!recall_find(&recall, &session, &mined, &arena)) {
            mined_read(&mined, make_run(&arena, i));
            recall_add(&recall, &session, &mined);
            mining->read++;
        }
        miner_take(miner, &mined, split, 0);
    }
    assert_int_equal(recall_save(&recall, &mining->program, NULL), 0);
    recall_done(&recall);
    if (out)
        print(out, miner);
}

static int begin(void **state)
{
    struct mining *mining = mem_zero(1, sizeof *mining);
    char folder[] = "/tmp/recall-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(mining->path, sizeof mining->path, "%s/mined", folder);
    mining->program = hash_of(STR("this one"));
    *state = mining;
    return 0;
}

static int end(void **state)
{
    struct mining *mining = *state;
    unlink(mining->path);
    *strrchr(mining->path, '/') = '\0';
    rmdir(mining->path);
    free(mining);
    return 0;
}

static void only_what_is_new_is_read(void **state)
{
    struct mining *mining = *state;
    CLEANUP(buf_done) struct buf whole = { 0 }, again = { 0 }, parts = { 0 };
    mine(mining, RUNS, 0, &whole);
    assert_int_equal(mining->read, RUNS);
    mine(mining, RUNS, 0, &again);
    assert_int_equal(mining->read, 0);
    assert_string_equal(whole.at, again.at);
    unlink(mining->path);
    mine(mining, RUNS / 3, 0, NULL);
    mine(mining, RUNS / 2, 0, NULL);
    assert_int_equal(mining->read, RUNS / 2 - RUNS / 3);
    mine(mining, RUNS, 0, &parts);
    assert_int_equal(mining->read, RUNS / 2);
    assert_string_equal(whole.at, parts.at);
}

static void what_has_grown_is_read_again(void **state)
{
    struct mining *mining = *state;
    CLEANUP(buf_done) struct buf text = { 0 };
    mine(mining, RUNS, 0, NULL);
    for (unsigned i = 1; i <= 150; i++) {
        mine(mining, RUNS, i, NULL);
        assert_int_equal(mining->read, 1);
    }
    assert_int_equal(file_read(mining->path, &text, 1 << 20, NULL), 0);
    size_t often = text.size;
    unlink(mining->path);
    mine(mining, RUNS, 150, NULL);
    buf_clear(&text);
    assert_int_equal(file_read(mining->path, &text, 1 << 20, NULL), 0);
    assert_true(often < 3 * text.size); /* what is stale goes */
}

/* The work is one look a new run, however many were there before. */
static void the_work_grows_with_what_is_new(void **state)
{
    struct mining *mining = *state;
    for (unsigned size = 1; size <= 4; size *= 2) {
        unlink(mining->path);
        mine(mining, size * RUNS, 0, NULL);
        assert_int_equal(mining->read, size * RUNS);
        mine(mining, size * RUNS + 1, 0, NULL);
        assert_int_equal(mining->read, 1);
    }
}

/* A miner that was killed leaves any part of what it wrote. */
static void a_cut_file_is_read_up_to_there(void **state)
{
    struct mining *mining = *state;
    CLEANUP(buf_done) struct buf whole = { 0 }, file = { 0 };
    mine(mining, RUNS, 0, &whole);
    assert_int_equal(file_read(mining->path, &file, 1 << 20, NULL), 0);
    for (size_t size = 0; size < file.size; size += size < 60 ? 7 : 1013) {
        CLEANUP(buf_done) struct buf got = { 0 };
        assert_int_equal(file_write(mining->path, (struct str){ file.at, size }, 0600, NULL), 0);
        mine(mining, RUNS, 0, &got);
        assert_string_equal(whole.at, got.at);
        assert_true(mining->read > 0);
        mine(mining, RUNS, 0, NULL);
        assert_int_equal(mining->read, 0);
    }
}

static void a_damaged_file_is_not_believed(void **state)
{
    struct mining *mining = *state;
    CLEANUP(buf_done) struct buf whole = { 0 }, file = { 0 };
    mine(mining, RUNS, 0, &whole);
    assert_int_equal(file_read(mining->path, &file, 1 << 20, NULL), 0);
    for (size_t at = 0; at < file.size; at += 509) {
        CLEANUP(buf_done) struct buf got = { 0 };
        file.at[at] ^= 0x10;
        assert_int_equal(file_write(mining->path, buf_view(&file), 0600, NULL), 0);
        file.at[at] ^= 0x10;
        mine(mining, RUNS, 0, &got);
        assert_true(mining->read > 0);
        assert_string_equal(whole.at, got.at);
    }
}

static void another_program_reads_all(void **state)
{
    struct mining *mining = *state;
    mine(mining, RUNS, 0, NULL);
    mining->program = hash_of(STR("another one"));
    mine(mining, RUNS, 0, NULL);
    assert_int_equal(mining->read, RUNS);
    mine(mining, RUNS, 0, NULL);
    assert_int_equal(mining->read, 0);
}

/* The file of one home behind the journal of another. */
static void another_session_of_that_number_is_read(void **state)
{
    struct mining *mining = *state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct recall recall;
    struct mined mined;
    mine(mining, RUNS, 0, NULL);
    recall_open(&recall, mining->path, &mining->program);
    struct journal_session session = listed(5, 0);
    assert_true(recall_find(&recall, &session, &mined, &arena));
    session.id.at[0] ^= 1;
    assert_false(recall_find(&recall, &session, &mined, &arena));
    session = listed(5, 0);
    session.flags = 1;
    assert_false(recall_find(&recall, &session, &mined, &arena));
    recall_done(&recall);
}

/* Bytes that have the right checksum and are no run. */
static void strange_runs_are_refused(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf good = { 0 };
    struct mined mined;
    mined_read(&mined, make_run(&arena, 0));
    assert_true(mined.counts_count > 1 && mined.failures_count > 0);
    mined_pack(&good, &mined);
    for (size_t size = 0; size <= good.size; size++) {
        struct unpack in = unpack_begin((struct str){ good.at, size });
        assert_int_equal(mined_unpack(&mined, &in, &arena), size == good.size ? 0 : -ERR_INPUT);
    }
    for (size_t at = 0; at < good.size; at++) {
        good.at[at] = (char)~good.at[at];
        struct unpack in = unpack_begin(buf_view(&good));
        if (mined_unpack(&mined, &in, &arena) == 0)
            for (uint32_t i = 0; i < mined.failures_count; i++)
                assert_true(mined.failures[i].row < detectors_count &&
                            detectors[mined.failures[i].row].hook >= 0);
        good.at[at] = (char)~good.at[at];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_new_is_read, begin, end),
        cmocka_unit_test_setup_teardown(what_has_grown_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(the_work_grows_with_what_is_new, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_file_is_read_up_to_there, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_not_believed, begin, end),
        cmocka_unit_test_setup_teardown(another_program_reads_all, begin, end),
        cmocka_unit_test_setup_teardown(another_session_of_that_number_is_read, begin, end),
        cmocka_unit_test(strange_runs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
