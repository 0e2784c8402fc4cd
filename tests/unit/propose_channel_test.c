/* proposer.c: what one end says is what the other hears; what is cut, too large or of no known type
 * is refused. */
#include "propose/proposer.h"

#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];
static struct proposer_channel left, right;
static struct arena arena;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    left = (struct proposer_channel){ .fd = pair[0] };
    right = (struct proposer_channel){ .fd = pair[1] };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    proposer_channel_done(&left);
    proposer_channel_done(&right);
    fd_closep(&pair[0]);
    fd_closep(&pair[1]);
    arena_done(&arena);
    return 0;
}

static void messages_arrive_whole_and_in_order(void **state)
{
    (void)state;
    enum proposer_type type;
    struct str payload;
    assert_int_equal(proposer_send(&left, PROPOSER_SAY, STR("looking"), &err), 0);
    assert_int_equal(proposer_send(&left, PROPOSER_STOP, (struct str){ 0 }, &err), 0);
    fd_closep(&pair[0]);
    assert_int_equal(proposer_receive(&right, &type, &payload, &err), 1);
    assert_int_equal(type, PROPOSER_SAY);
    assert_true(str_equal(payload, STR("looking")));
    assert_int_equal(proposer_receive(&right, &type, &payload, &err), 1);
    assert_int_equal(type, PROPOSER_STOP);
    assert_int_equal(payload.size, 0);
    assert_int_equal(proposer_receive(&right, &type, &payload, &err), 0);
}

static void bad_frames_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
        int want;
    } rows[] = {
        { "a size over the bound", "\1\0\0\1\1", 5, -ERR_LIMIT },
        { "type zero", "\0\0\0\0\0", 5, -ERR_INPUT },
        { "a type that nobody knows", "\0\0\0\0\x63", 5, -ERR_INPUT },
        { "a cut head", "\0\0", 2, -ERR_PEER },
        { "a cut payload", "\5\0\0\0\1ab", 7, -ERR_PEER },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("%s\n", rows[i].name);
        set_up(state);
        enum proposer_type type;
        struct str payload;
        assert_int_equal(write_all(pair[0], rows[i].bytes, rows[i].size, NULL), 0);
        fd_closep(&pair[0]);
        assert_int_equal(proposer_receive(&right, &type, &payload, &err), rows[i].want);
        tear_down(state);
    }
}

static void a_peer_that_is_gone_is_an_error(void **state)
{
    (void)state;
    fd_closep(&pair[1]);
    assert_int_equal(proposer_send(&left, PROPOSER_SAY, STR("anybody"), &err), -ERR_SYS);
}

static void candidates_come_back_as_they_were(void **state)
{
    (void)state;
    uint32_t jobs[] = { 4, 70000 };
    uint16_t holes[] = { 1, 2, 3, 40000, 5, 6 };
    uint64_t decide[] = { 0, UINT64_MAX, 5 };
    struct proposer_judge judge = {
        .jobs = jobs,
        .jobs_count = 2,
        .holes = holes,
        .count = 3,
        .width = 2,
        .decide = decide,
        .cover = true,
    };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    proposer_judge_encode(&bytes, &judge);
    struct proposer_judge got;
    assert_int_equal(proposer_judge_decode(&got, &arena, buf_view(&bytes), &err), 0);
    assert_int_equal(got.jobs_count, 2);
    assert_memory_equal(got.jobs, jobs, sizeof(jobs));
    assert_memory_equal(got.holes, holes, sizeof(holes));
    assert_memory_equal(got.decide, decide, sizeof(decide));
    assert_true(got.cover && !got.atoms);
}

static void verdicts_come_back_as_they_were(void **state)
{
    (void)state;
    struct proposer_verdict verdicts[] = { { 1, 2, 3, 4, false }, { 5, 6, 7, 8, true } };
    struct proposer_judged judged = { 9, verdicts, 2, STR("bits"), STR("") };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    proposer_judged_encode(&bytes, &judged);
    struct proposer_judged got;
    assert_int_equal(proposer_judged_decode(&got, &arena, buf_view(&bytes), &err), 0);
    assert_int_equal(got.job, 9);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.verdicts[1].text, 6);
    assert_true(got.verdicts[1].abnormal && !got.verdicts[0].abnormal);
    assert_true(str_equal(got.atoms, STR("bits")));
}

/* A few bytes that promise millions of elements cost nothing. */
static void promised_counts_are_not_believed(void **state)
{
    (void)state;
    struct proposer_judge judge;
    struct proposer_judged judged;
    struct str jobs = STR("\0\0\1\0\0\0\0\0\0\0\0\0\0");
    struct str many = STR("\xff\xff\xff\xff");
    struct str verdicts = STR("\1\0\0\0\0\x10\0\0");
    assert_int_equal(proposer_judge_decode(&judge, &arena, jobs, &err), -ERR_INPUT);
    assert_int_equal(proposer_judge_decode(&judge, &arena, many, &err), -ERR_INPUT);
    assert_int_equal(proposer_judged_decode(&judged, &arena, verdicts, &err), -ERR_INPUT);
    assert_true(arena.used < 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_arrive_whole_and_in_order, set_up, tear_down),
        cmocka_unit_test(bad_frames_are_refused),
        cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(candidates_come_back_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(verdicts_come_back_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(promised_counts_are_not_believed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
