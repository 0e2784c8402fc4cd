/* The ledger's rule on made-up histories: which shard, which groups, what level; and that no more
 * is spent of a shard than there is, whoever proposes. */
#include "base/mem.h"
#include "promote/shard_groups.h"
#include "trials/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define HOME "home"
#define A .10
#define NEAR(is, want, by)                                                                         \
    if (fabs((is) - (want)) > (by))                                                                \
    fail_msg("line %d: %.12g, not %.12g", __LINE__, (double)(is), (double)(want))

enum { ROWS_MAX = 4096, GROUPS_MAX = 4096 };
static struct {
    struct journal_look_row rows[ROWS_MAX];
    struct shard_group groups[GROUPS_MAX];
    char names[ROWS_MAX][24];
    uint32_t rows_count, groups_count;
    uint64_t sessions;
    struct policy policy;
    struct config config;
    uint32_t less; /* the candidate only takes a plugin out, of so many */
} made;

static int begin(void **state)
{
    (void)state;
    memset(&made, 0, sizeof made);
    made.policy = policy_default();
    return 0;
}

/* Groups that are seen now, of one session each. */
static void see(uint32_t failing, uint32_t others)
{
    for (uint32_t i = 0; i < failing + others; i++)
        made.groups[made.groups_count++] = (struct shard_group){
            .key = ++made.sessions, .first = made.sessions, .held_out = true, .fails = i < failing
        };
}

static struct shard_plan plan(const char *candidate, const char *proposer)
{
    const struct shard_ledger ledger = { HOME, made.rows, made.rows_count, made.groups,
        made.groups_count, &made.policy, &made.config, made.less };
    struct shard_plan ret;
    shard_plan(&ret, &ledger, str_of(candidate), str_of(proposer));
    return ret;
}

static struct journal_look_row *debit(const struct shard_plan *plan, const char *candidate)
{
    struct journal_look_row *row = &made.rows[made.rows_count];
    char *name = made.names[made.rows_count++];
    snprintf(name, sizeof made.names[0], "%s", candidate);
    *row = (struct journal_look_row){ .shard = plan->name,
        .candidate = str_of(name),
        .proposer = plan->debit.proposer,
        .look = { .k = plan->debit.k,
            .passes = plan->debit.passes,
            .own = plan->debit.own,
            .level = plan->debit.level,
            .seen = made.sessions } };
    return row;
}

/* A look by the rule, with its answer. */
static struct shard_plan look(const char *proposer, bool passed)
{
    char name[24];
    snprintf(name, sizeof name, "candidate-%u", made.rows_count);
    struct shard_plan it = plan(name, proposer);
    struct journal_look_row *row = debit(&it, name);
    row->look.ended = true;
    row->look.passed = passed;
    return it;
}

static void expect(const struct shard_plan *it, uint32_t number, uint32_t k, uint32_t passes,
    uint32_t own, double level)
{
    if (it->number != number || it->debit.k != k || it->debit.passes != passes ||
        it->debit.own != own)
        fail_msg("shard %u, look %u behind %u passes, its own %u: not %u, %u, %u, %u", it->number,
            it->debit.k, it->debit.passes, it->debit.own, number, k, passes, own);
    NEAR(it->debit.level, level, 1e-15);
}

static void each_proposer_has_its_own_count(void **state)
{
    (void)state;
    static struct config_turn list[] = { { "search", 6 }, { "llm:big", 7 },
        { "command:mine", 12 } };
    see(10, 20);
    struct shard_plan it = look("search", false); /* the default: search, and all others */
    expect(&it, 1, 1, 0, 1, stats_level(A / 2, 1, 0));
    it = look("hand", false);
    expect(&it, 1, 2, 0, 1, stats_level(A / 2, 1, 0));
    it = look("agent", false);
    expect(&it, 1, 3, 0, 2, stats_level(A / 2, 2, 0));
    it = look("search", false);
    expect(&it, 1, 4, 0, 2, stats_level(A / 2, 2, 0));
    begin(NULL);
    see(10, 20);
    made.config.proposers = list;
    made.config.proposers_count = COUNT_OF(list);
    it = look("llm:big@0123456789ab", false); /* whatever its prompts are */
    expect(&it, 1, 1, 0, 1, stats_level(A / 4, 1, 0));
    it = look("llm:big@ba9876543210", false);
    expect(&it, 1, 2, 0, 2, stats_level(A / 4, 2, 0));
    it = look("llm:bigger@0123", false); /* not in the list */
    expect(&it, 1, 3, 0, 1, stats_level(A / 4, 1, 0));
    it = look("command:mine", false);
    expect(&it, 1, 4, 0, 1, stats_level(A / 4, 1, 0));
}

/* One ledger: a removal wants no failing group and more of the others, at the level that is next,
 * and the repair behind it pays for it. */
static void a_removal_pays_like_a_repair(void **state)
{
    (void)state;
    static const uint32_t least[] = { 86, 107 }; /* docs/reference/statistics.md */
    see(10, 75);
    made.less = 1;
    for (int i = 0; i < 2; i++) {
        const struct shard_plan short_of = plan("x", "hand");
        assert_int_equal(short_of.groups_least, least[i]);
        assert_int_equal(short_of.failing_least, 0);
        assert_false(short_of.can_pass);
        assert_int_equal(short_of.groups_missing, least[i] - made.groups_count);
        see(0, short_of.groups_missing);
        assert_true(plan("x", "hand").can_pass);
        const struct shard_plan it = look("hand", false);
        expect(&it, 1, (uint32_t)i + 1, 0, (uint32_t)i + 1, stats_level(A / 2, (uint32_t)i + 1, 0));
    }
    const struct shard_plan one = plan("x", "hand");
    made.less = 8;
    const struct shard_plan of_eight = plan("x", "hand");
    assert_int_equal(of_eight.groups_least, stats_groups_not_worse(0, .05, one.debit.level / 8));
    NEAR(of_eight.debit.level, one.debit.level, 1e-15); /* the row is the look's */
    made.less = 0;
    const struct shard_plan repair = look("hand", false);
    expect(&repair, 1, 3, 0, 3, stats_level(A / 2, 3, 0));
}

/* Of a shard that never passes, half of A; and no more, however the shares change on the way. */
static void what_is_spent_stays_under_the_shard(void **state)
{
    (void)state;
    static struct config_turn list[] = { { "search", 6 }, { "a", 1 }, { "b", 1 } };
    for (int changes = 0; changes < 2; changes++) {
        double sum = 0;
        begin(NULL);
        see(60, 0);
        made.config.proposers = list;
        for (uint32_t i = 0; i < 400; i++) {
            char other[8];
            snprintf(other, sizeof other, "%c", "abc"[i % 3]);
            made.config.proposers_count = changes ? i / 4 % 4 : 3;
            struct shard_plan it = look(i % 4 ? other : "search", false);
            sum += it.number == 1 ? it.debit.level : 0;
        }
        assert_true(sum <= A / 2 + 1e-12);
        assert_true(changes || sum > A / 2 * .9);
    }
}

static void over_all_histories_the_sum_is_the_pages(void **state)
{
    (void)state;
    double sum = 0;
    for (uint32_t k = 1; k <= 30; k++)
        for (uint32_t i = 0; i < k; i++) {
            const struct journal_look row = { .k = k, .passes = i, .own = k, .level = 1 };
            sum += round(exp(lgamma(k) - lgamma(i + 1.0) - lgamma(k - i))) * shard_level(&row, A);
        }
    NEAR(sum, .66089 * A, 5e-7);
}

static void what_cannot_pass_costs_nothing(void **state)
{
    (void)state;
    uint32_t looks = 0;
    see(2, 11);
    struct shard_plan it = plan("c", "search");
    assert_false(it.can_pass);
    assert_int_equal(it.failing_missing, 1); /* 3 of 3, and 14 in all */
    assert_int_equal(it.groups_missing, 1);
    see(1, 0);
    while ((it = plan("c", "search")).can_pass && looks++ < 100)
        look("search", false);
    assert_int_equal(looks, 1); /* the second would want 4 of 4 */
    expect(&it, 1, 2, 0, 2, stats_level(A / 2, 2, 0));
    assert_int_equal(it.failing_missing, 1);
    assert_int_equal(it.groups_missing, 0);
    assert_true(plan("c", "hand").can_pass); /* has its own share */
    see(1, 0);
    it = plan("c", "search");
    assert_true(it.can_pass); /* a shard without a pass takes groups */
    assert_int_equal(it.number, 1);
    assert_int_equal(it.failing, 4);
}

static void what_is_spent_is_left_for_fresh_groups(void **state)
{
    (void)state;
    see(3, 11);
    for (int i = 0; i < 60; i++)
        look("search", false);
    assert_false(plan("c", "search").can_pass);
    see(2, 12);
    assert_false(plan("c", "search").can_pass); /* 5 are too few there, and 2 anew */
    see(1, 0);
    made.config.proposers_count = 0;
    struct shard_plan it = plan("c", "search"); /* 6 of 6 would want a level that is not there */
    expect(&it, 2, 1, 0, 1, stats_level(A / 2, 1, 0));
    assert_int_equal(it.failing, 3);
    assert_int_equal(it.groups, 15);
    assert_true(it.can_pass);
    look("search", false);
    it = plan("d", "search");
    assert_int_equal(it.number, 2); /* and the first one is left for good */
}

static void a_pass_begins_the_next_shard(void **state)
{
    (void)state;
    see(10, 20);
    look("search", false);
    look("search", true);
    struct shard_plan it = plan("c", "hand"); /* nothing is fresh: on, with the joint count */
    expect(&it, 1, 3, 1, 3, stats_level(A, 3, 1));
    see(2, 20);
    it = plan("c", "hand");
    expect(&it, 1, 3, 1, 3, stats_level(A, 3, 1));
    assert_int_equal(it.groups, 30); /* it takes no more groups */
    see(1, 0);
    it = look("hand", true);
    expect(&it, 2, 1, 0, 1, stats_level(A / 2, 1, 0));
    assert_int_equal(it.groups, 23);
    assert_int_equal(it.failing, 3);
    it = plan("c", "hand"); /* 4 of 4 would be wanted there: the first has its groups still */
    expect(&it, 1, 3, 1, 3, stats_level(A, 3, 1));
    while ((it = plan("c", "hand")).can_pass)
        look("hand", false);
    assert_int_equal(it.number, 3); /* spent, too: what comes anew is waited for */
    assert_int_equal(it.failing_missing, 3);
    assert_int_equal(it.groups_missing, 14);
}

static void groups_of_a_confirmation_are_not_fresh(void **state)
{
    (void)state;
    see(10, 20);
    struct shard_plan it = look("search", true);
    see(10, 20);
    it.name = (struct digest){ { 9 } };
    debit(&it, "candidate-0"); /* the same candidate, at a shard of a mandate */
    it = plan("c", "search");
    expect(&it, 1, 2, 1, 2, stats_level(A, 2, 1));
    see(3, 11);
    it = plan("c", "search");
    assert_int_equal(it.number, 2);
    assert_int_equal(it.groups, 14);
}

/* Killed between the row and its answer: the same look, whatever came meanwhile. */
static void a_look_is_resumed_as_it_was(void **state)
{
    (void)state;
    see(4, 12);
    const struct shard_plan was = plan("killed", "search");
    debit(&was, "killed");
    look("hand", true);
    see(40, 40);
    made.policy.held_out_groups_min = 1000;
    made.config.proposers_count = 0;
    struct shard_plan it = plan("killed", "search");
    expect(&it, 1, 1, 0, 1, was.debit.level);
    assert_int_equal(it.groups, 16);
    assert_true(it.can_pass);
    assert_int_equal(it.look.k, 1);
    made.policy.level_shard = .9; /* what it may spend stands in its row */
    NEAR(plan("killed", "search").debit.level, was.debit.level, 1e-15);
}

static void a_row_cannot_give_itself_more(void **state)
{
    (void)state;
    const struct journal_look old = { .k = 3, .passes = 1 };
    struct journal_look row = { .k = 3, .passes = 0, .own = 2, .level = 1 };
    NEAR(shard_level(&old, A), stats_level(A, 3, 1), 1e-15);
    NEAR(shard_level(&row, A), stats_level(A, 2, 0), 1e-15);
    row.level = .0001;
    NEAR(shard_level(&row, A), .0001, 1e-15);
    row = (struct journal_look){ .k = 3, .passes = 1, .own = 1, .level = 1 };
    NEAR(shard_level(&row, A), stats_level(A, 3, 1), 1e-15); /* behind a pass all count */
}

static void runs_of_other_shards_count_in_none(void **state)
{
    (void)state;
    static char ids[4][DIGEST_HEX];
    static const char *const groups[] = { "old", "old kept", "new", "held in" };
    struct shard_group at[4];
    struct shard_groups all = { at, 4, 4 };
    struct run run[4], *list[4];
    uint64_t times[4] = { 1, 2, 3, 4 };
    struct runs runs = { .at = list, .at_ms = times, .count = 4 };
    CLEANUP(id_set_done) struct id_set kept = { 0 };
    for (int i = 0; i < 4; i++) {
        const struct digest id = { { (unsigned char)(i + 1) } };
        run[i] = (struct run){ .session = str_of(hash_hex(ids[i], &id)),
            .group = str_of(groups[i]),
            .split = i == 3 ? SPLIT_HELD_IN : SPLIT_HELD_OUT };
        list[i] = &run[i];
        at[i] = (struct shard_group){
            .key = shard_group_key(str_of(groups[i])), .first = (uint64_t)i + 1, .held_out = i < 3
        };
    }
    for (int i = 1; i < 4; i++) /* by key */
        for (int k = i; k > 0 && at[k].key < at[k - 1].key; k--) {
            struct shard_group swap = at[k];
            at[k] = at[k - 1];
            at[k - 1] = swap;
        }
    assert_int_equal(id_set_add_hex(&kept, run[1].session, NULL), 0);
    id_set_seal(&kept);
    shard_groups_keep(&runs, &all, &(struct shard_plan){ .after = 2, .upto = 3 }, &kept);
    assert_int_equal(runs.count, 3);
    assert_ptr_equal(runs.at[0], &run[1]);
    assert_true(runs.at[0]->past && !runs.at[1]->past && !runs.at[2]->past);
    assert_ptr_equal(runs.at[2], &run[3]);
    assert_int_equal(runs.at_ms[1], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_proposer_has_its_own_count, begin),
        cmocka_unit_test_setup(a_removal_pays_like_a_repair, begin),
        cmocka_unit_test_setup(what_is_spent_stays_under_the_shard, begin),
        cmocka_unit_test(over_all_histories_the_sum_is_the_pages),
        cmocka_unit_test_setup(what_cannot_pass_costs_nothing, begin),
        cmocka_unit_test_setup(what_is_spent_is_left_for_fresh_groups, begin),
        cmocka_unit_test_setup(a_pass_begins_the_next_shard, begin),
        cmocka_unit_test_setup(groups_of_a_confirmation_are_not_fresh, begin),
        cmocka_unit_test_setup(a_look_is_resumed_as_it_was, begin),
        cmocka_unit_test(a_row_cannot_give_itself_more),
        cmocka_unit_test(runs_of_other_shards_count_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
