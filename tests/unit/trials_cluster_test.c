/* trials_cluster_test - which failures become clusters, how they rank, and that a batch is frozen.
 */
#include "trials/batch.h"

#include "base/mem.h"
#include "trials/rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char tools_text[] = "[{\"name\":\"give_back\",\"write\":true,\"parameters\":{\"type\":"
                                 "\"object\",\"properties\":{\"ids\":{\"type\":\"array\"}}}}]";
static const char leak[] = "{\"role\":\"assistant\",\"content\":\"{\\\"name\\\":\\\"give_back\\\","
                           "\\\"arguments\\\":{\\\"ids\\\":[]}}\"}";
static const char ask[] =
    "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\",\"function\":{\"name\":"
    "\"give_back\",\"arguments\":\"{\\\"ids\\\":\\\"[]\\\"}\"}}]}";
static const char refused[] =
    "{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"Error: no\"}";
static const char accepted[] = "{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"fine\"}";
static const char plain[] = "{\"role\":\"assistant\",\"content\":\"Hello.\"}";

static const char key[32] = "a key for this test, 32 bytes..";

/* count runs, each of a customer of its own unless one is given. */
static void mine(struct miner *miner, const char *origin, const char *group, unsigned count,
    const char *first, const char *second)
{
    for (unsigned i = 0; i < count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct run_tools *tools;
        struct run *run = run_new(&arena);
        assert_int_equal(run_tools_read(&tools, str_of(tools_text), &arena, NULL), 0);
        run->tools = tools;
        run->offered = true;
        run->session = str_of(arena_format(&arena, "%s %u", origin, i));
        run->group = str_of(group ? group : arena_format(&arena, "customer %u", i));
        run->origin = str_of(origin);
        run->split = (uint8_t)split_of((struct str){ key, sizeof(key) }, run->group, false);
        assert_int_equal(run_add(run, str_of(first), false, NULL), 0);
        if (second)
            assert_int_equal(run_add(run, str_of(second), false, NULL), 0);
        run_seal(run);
        miner_add(miner, run);
    }
}

static void ranked_by_groups_not_by_runs(void **state)
{
    (void)state;
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    mine(miner, "one", "the same customer", 40, leak, NULL);
    mine(miner, "two", NULL, 9, ask, refused);
    miner_rank(miner);
    const struct cluster *first = miner_cluster(miner, 0), *second = miner_cluster(miner, 1);
    assert_string_equal(first->id, "string_for_array");
    assert_string_equal(first->signature, "string_for_array:before_tool:*:write");
    assert_int_equal(first->groups, 9);
    assert_int_equal(first->groups, first->held_in_groups + first->held_out_groups);
    assert_string_equal(second->id, "leak_bare");
    assert_int_equal(second->cases_count, 40);
    assert_int_equal(second->groups, 1);
    assert_null(miner_cluster(miner, 2));
}

/* Each row comes before the next. */
static void one_order_for_all(void **state)
{
    (void)state;
    static const struct cluster order[] = {
        { .id = "b", .mendable = true, .principals = 3, .groups = 3 },
        { .id = "b", .mendable = true, .principals = 1, .groups = 900, .lost = 9 },
        { .id = "b", .mendable = true, .principals = 1, .groups = 20, .lost = 8 },
        { .id = "b", .mendable = true, .principals = 1, .groups = 20, .lost = 7, .trend = 2 },
        { .id = "b", .mendable = true, .principals = 1, .groups = 20, .lost = 7, .first_ms = 5 },
        { .id = "b", .mendable = true, .principals = 1, .groups = 20, .lost = 7, .first_ms = 6 },
        { .id = "c", .mendable = true, .principals = 1, .groups = 20, .lost = 7, .first_ms = 6 },
        { .id = "a", .principals = 9, .groups = 9000, .lost = 900 },
    };
    for (unsigned i = 0; i < COUNT_OF(order); i++)
        for (unsigned k = 0; k < COUNT_OF(order); k++)
            assert_true(i < k    ? rank_order(&order[i], &order[k]) < 0
                        : i == k ? rank_order(&order[i], &order[k]) == 0
                                 : rank_order(&order[i], &order[k]) > 0);
}

/* Of clients with names of their own, at a time each. */
static void take(struct miner *miner, const struct mined_failure *failure, uint64_t client,
    const char *group, uint64_t began_ms)
{
    struct mined mined = { .id = STR("x"),
        .group = str_of(group),
        .origin = STR("live"),
        .principal = client,
        .steps = true,
        .failures = (struct mined_failure *)failure,
        .failures_count = 1 };
    miner_take(miner, &mined, SPLIT_HELD_IN, began_ms);
}

static void figures_of_a_cluster(void **state)
{
    (void)state;
    enum { DAY_MS = 24 * 3600 * 1000 };
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    const struct mined_failure failure = { .row = (uint8_t)(detector_find("leak_bare") - detectors),
        .hits = 1,
        .mendable = 1,
        .lost = 4,
        .is_case = true };
    const uint64_t now = 1000ull * DAY_MS;
    take(miner, &failure, 0, "a", now - 30ull * DAY_MS);
    take(miner, &failure, 7, "b", now - 8ull * DAY_MS);
    take(miner, &failure, 7, "c", now - 6ull * DAY_MS);
    take(miner, &failure, 7, "c", now);
    miner_rank(miner);
    const struct cluster *cluster = miner_cluster(miner, 0);
    assert_int_equal(cluster->principals, 2);
    assert_int_equal(cluster->groups, 3);
    assert_int_equal(cluster->lost, 16);
    assert_int_equal(cluster->trend, 1);
    assert_int_equal(cluster->first_ms, now - 30ull * DAY_MS);
    assert_int_equal(cluster->last_ms, now);
    assert_int_equal(cluster->rank, 1);
}

static void accepted_symptoms_are_no_cluster(void **state)
{
    (void)state;
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    mine(miner, "artefact", NULL, 9, ask, accepted);
    mine(miner, "artefact", NULL, 4, ask, refused);
    miner_rank(miner);
    const struct cluster *cluster = miner_find(miner, "string_for_array");
    assert_false(cluster->mendable);
    assert_non_null(cluster->why_not);
    assert_int_equal(cluster->hits, 13);
}

static void only_origins_where_it_fails_are_cases(void **state)
{
    (void)state;
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    mine(miner, "artefact", NULL, 9, ask, accepted);
    mine(miner, "artefact", NULL, 4, ask, refused);
    mine(miner, "real", NULL, 8, ask, refused);
    miner_rank(miner);
    const struct cluster *cluster = miner_find(miner, "string_for_array");
    assert_true(cluster->mendable);
    assert_int_equal(cluster->cases_count, 8);
    assert_non_null(cluster->origins[0].why_not);
    assert_null(cluster->origins[1].why_not);
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf in = { 0 }, out = { 0 };
    struct batch held_in, held_out;
    assert_int_equal(batch_print(&in, &out, miner, cluster, NULL), 0);
    assert_int_equal(batch_read(&held_in, buf_view(&in), &arena, NULL), 0);
    assert_int_equal(batch_read(&held_out, buf_view(&out), &arena, NULL), 0);
    assert_int_equal(held_in.cases_count + held_out.cases_count, 8);
    assert_int_equal(
        held_in.neighbours_count + held_out.neighbours_count, 13); /* must stay as they are */
}

static void batch_is_frozen_and_keeps_held_out_apart(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf in = { 0 }, out = { 0 }, in2 = { 0 }, out2 = { 0 };
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    struct batch held_in, held_out;
    struct err err;
    mine(miner, "real", NULL, 20, ask, refused);
    mine(miner, "calm", NULL, 20, plain, NULL);
    miner_rank(miner);
    const struct cluster *cluster = miner_cluster(miner, 0);
    assert_int_equal(batch_print(&in, &out, miner, cluster, &err), 0);
    assert_int_equal(batch_print(&in2, &out2, miner, cluster, &err), 0);
    assert_true(str_equal(buf_view(&in), buf_view(&in2)));
    assert_int_equal(batch_read(&held_in, buf_view(&in), &arena, &err), 0);
    assert_int_equal(batch_read(&held_out, buf_view(&out), &arena, &err), 0);
    assert_true(hash_equal(&held_in.held_out, &held_out.digest));
    assert_true(hash_zero(&held_out.held_out));
    assert_int_equal(held_in.cases_count + held_out.cases_count, 20);
    assert_int_equal(held_in.neighbours_count + held_out.neighbours_count, 20);
    assert_int_equal(held_in.split, SPLIT_HELD_IN);
    for (uint32_t i = 0; i < held_out.cases_count; i++) {
        CLEANUP(buf_done) struct buf quoted = { 0 };
        json_quote(&quoted, held_out.cases[i].session);
        assert_int_equal(str_find(buf_view(&in), buf_view(&quoted)), -1);
        quoted.size = 0;
        json_quote(&quoted, held_out.cases[i].group);
        assert_int_equal(str_find(buf_view(&in), buf_view(&quoted)), -1);
    }
}

/* The journal grows for years; a batch does not. */
static void a_batch_is_bounded(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf in = { 0 }, out = { 0 };
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    struct batch held_in;
    mine(miner, "real", NULL, 3 * BATCH_CASES_MAX, ask, refused);
    mine(miner, "calm", NULL, 3 * BATCH_NEIGHBOURS_MAX, plain, NULL);
    miner_rank(miner);
    const struct cluster *cluster = miner_cluster(miner, 0);
    assert_int_equal(cluster->cases_count, 3 * BATCH_CASES_MAX);
    assert_int_equal(cluster->groups, 3 * BATCH_CASES_MAX);
    assert_int_equal(batch_print(&in, &out, miner, cluster, NULL), 0);
    assert_int_equal(batch_read(&held_in, buf_view(&in), &arena, NULL), 0);
    assert_int_equal(held_in.cases_count, BATCH_CASES_MAX);
    assert_int_equal(held_in.neighbours_count, BATCH_NEIGHBOURS_MAX);
}

/* The held-in neighbours that begin so, of `alike` runs where the symptom does no harm among many
 * others. */
static uint32_t neighbours_of(const char *origin, unsigned alike, uint32_t *ret_mined)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf in = { 0 }, out = { 0 };
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    struct batch held_in;
    uint32_t found = 0, sessions_count;
    mine(miner, "harmless", NULL, alike, ask, accepted);
    mine(miner, "calm", NULL, 3 * BATCH_NEIGHBOURS_MAX, plain, NULL); /* the newest */
    mine(miner, "real", NULL, 20, ask, refused);
    miner_rank(miner);
    assert_int_equal(batch_print(&in, &out, miner, miner_cluster(miner, 0), NULL), 0);
    assert_int_equal(batch_read(&held_in, buf_view(&in), &arena, NULL), 0);
    assert_int_equal(held_in.neighbours_count, BATCH_NEIGHBOURS_MAX);
    for (uint32_t i = 0; i < held_in.neighbours_count; i++)
        found += str_starts(held_in.neighbours[i], str_of(origin));
    const struct miner_session *sessions = miner_sessions(miner, &sessions_count);
    *ret_mined = 0;
    for (uint32_t i = 0; i < sessions_count; i++)
        *ret_mined +=
            sessions[i].split == SPLIT_HELD_IN && str_equal(sessions[i].origin, str_of(origin));
    return found;
}

/* Where not all can be there, those that a repair could harm are; but they are not all that is. */
static void neighbours_that_look_like_it_come_first(void **state)
{
    uint32_t mined;
    (void)state;
    uint32_t found = neighbours_of("harmless", 300, &mined);
    assert_in_range(mined, 100, BATCH_NEIGHBOURS_MAX / 2);
    assert_int_equal(found, mined);
    found = neighbours_of("calm", 3 * BATCH_NEIGHBOURS_MAX, &mined);
    assert_true(found > BATCH_NEIGHBOURS_MAX / 8);
}

static void strange_batches_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "[]", "{}", "{\"schema\":2}",
        "{\"schema\":1,\"cases\":[],\"neighbours\":[]}",
        "{\"schema\":1,\"detector\":\"a\",\"signature\":\"a\",\"split\":\"held-in\",\"mendable\":"
        "true,"
        "\"claims\":true,\"held_out\":null,\"cases\":[],\"neighbours\":[1]}",
        "{\"schema\":1,\"detector\":\"a\",\"signature\":\"a\",\"split\":\"public\",\"mendable\":"
        "true,"
        "\"claims\":true,\"held_out\":null,\"cases\":[],\"neighbours\":[]}" };
    for (unsigned i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct batch batch;
        struct err err = { 0 };
        assert_true(batch_read(&batch, str_of(texts[i]), &arena, &err) < 0);
        assert_true(err.text[0] != 0);
    }
}

static void a_cluster_without_held_in_case_has_no_batch(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf in = { 0 }, out = { 0 };
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    struct err err;
    char group[16] = "customer A";
    while (split_of((struct str){ key, sizeof(key) }, str_of(group), false) == SPLIT_HELD_IN)
        group[9]++;
    mine(miner, "real", group, 3, ask, refused);
    miner_rank(miner);
    assert_int_equal(batch_print(&in, &out, miner, miner_cluster(miner, 0), &err), -ERR_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranked_by_groups_not_by_runs),
        cmocka_unit_test(one_order_for_all),
        cmocka_unit_test(figures_of_a_cluster),
        cmocka_unit_test(accepted_symptoms_are_no_cluster),
        cmocka_unit_test(only_origins_where_it_fails_are_cases),
        cmocka_unit_test(batch_is_frozen_and_keeps_held_out_apart),
        cmocka_unit_test(a_batch_is_bounded),
        cmocka_unit_test(neighbours_that_look_like_it_come_first),
        cmocka_unit_test(strange_batches_are_refused),
        cmocka_unit_test(a_cluster_without_held_in_case_has_no_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
