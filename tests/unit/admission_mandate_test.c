/* A mandate lets the home admit what its table allows, and each row of the table refuses something
 * that no other row does. */
#include "made_build.h"

#include "admission/attest.h"
#include "admission/hooks.h"
#include "admission/may_admit.h"
#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define BIT(hook) (1u << (hook))
#define DAY_MS (24ull * 3600 * 1000)
enum { NOW = 1000000 };

static char base[] = "/tmp/moult-mandate-test.XXXXXX";
static struct home home;
static struct sign_key home_key, ann, eve;
static struct reviewers reviewers;

static int begin(void **state)
{
    struct sign_public unused;
    char path[PATH_MAX];
    (void)state;
    if (!mkdtemp(base) || setenv("XDG_CONFIG_HOME", base, 1) < 0)
        return -1;
    CLEANUP(mem_freep) char *dir = mem_format("%s/home", base);
    if (home_create(&home, dir, NULL) < 0 ||
        file_mkdirs(home_path(path, &home, "keys"), 0700, NULL) < 0 ||
        sign_create(home_path(path, &home, REVIEWERS_KEY), &unused, NULL) < 0 ||
        sign_load(path, &home_key, NULL) < 0)
        return -1;
    CLEANUP(mem_freep) char *a = mem_format("%s/ann", base), *e = mem_format("%s/eve", base);
    if (sign_create(a, &reviewers.list[0].key, NULL) < 0 || sign_load(a, &ann, NULL) < 0 ||
        sign_create(e, &unused, NULL) < 0 || sign_load(e, &eve, NULL) < 0)
        return -1;
    snprintf(reviewers.list[0].name, sizeof reviewers.list[0].name, "ann");
    reviewers.count = 1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static struct digest mark(const char *text)
{
    return hash_of(str_of(text));
}

static struct mandate sample(void)
{
    return (struct mandate){ .policy = mark("policy"),
        .admission_before = mark("before"),
        .plugins = { "replies", "history" },
        .plugins_count = 2,
        .admissions = 2,
        .from_ms = NOW,
        .expires_ms = NOW + DAY_MS };
}

/* --- what is signed */

static int open_signed(const struct mandate *mandate, const struct home *of,
    const struct sign_key *key, uint64_t at_ms, struct mandate *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    mandate_sign(&envelope, mandate, of, key);
    return mandate_open(ret, buf_view(&envelope), &home, &reviewers, 0, at_ms, err);
}

static void what_was_signed_is_read(void **state)
{
    struct mandate mandate = sample(), have;
    struct err err = { 0 };
    (void)state;
    if (open_signed(&mandate, &home, &ann, NOW, &have, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(have.by, "ann");
    assert_true(mandate_names(&have, STR("history")));
    assert_false(mandate_names(&have, STR("histor")));
    assert_int_equal(have.admissions, 2);
    assert_true(have.from_ms == NOW && have.expires_ms == NOW + DAY_MS && !have.unattended);
    assert_true(hash_equal(&have.policy, &mandate.policy));
    assert_true(hash_equal(&have.admission_before, &mandate.admission_before));
}

static void what_is_not_a_mandate(void **state)
{
    struct mandate good = sample(), bad, have;
    struct home other = home;
    struct err err = { 0 };
    (void)state;
    other.id[0] ^= 1;
    assert_int_equal(open_signed(&good, &home, &eve, NOW, &have, &err), -ERR_DENIED);
    assert_int_equal(open_signed(&good, &other, &ann, NOW, &have, &err), -ERR_VERIFY);
    reviewers.list[0].revoked_ms = NOW;
    assert_int_equal(open_signed(&good, &home, &ann, NOW - 1, &have, &err), 0);
    assert_int_equal(open_signed(&good, &home, &ann, NOW, &have, &err), -ERR_DENIED);
    assert_int_equal(open_signed(&good, &home, &ann, 0, &have, &err), 0); /* to show it */
    reviewers.list[0].revoked_ms = 0;
    bad = good, bad.plugins_count = 0;
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    bad = good, bad.admissions = MANDATE_ADMISSIONS_MAX + 1;
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    bad = good, bad.admissions = 0;
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    bad = good, bad.expires_ms = NOW + MANDATE_DAYS_MAX * DAY_MS + 1;
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    bad = good, bad.expires_ms = NOW;
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    bad = good, snprintf(bad.plugins[0], sizeof bad.plugins[0], "../x");
    assert_int_equal(open_signed(&bad, &home, &ann, NOW, &have, &err), -ERR_INPUT);
    /* An approval of the same reviewer's is none. */
    CLEANUP(buf_done) struct buf envelope = { 0 };
    const struct attest statement = { .kind = ATTEST_APPROVAL };
    attest_sign(&envelope, &statement, STR("{}"), &ann);
    assert_int_equal(
        mandate_open(&have, buf_view(&envelope), &home, &reviewers, 0, NOW, &err), -ERR_INPUT);
}

static struct confirmation confirmed(void)
{
    return (struct confirmation){ .candidate = mark("candidate"),
        .batch = mark("batch"),
        .build = mark("build"),
        .report = mark("report"),
        .policy = mark("policy"),
        .mandate = mark("mandate"),
        .fresh = mark("fresh"),
        .verdict = mark("verdict"),
        .admission_before = mark("before"),
        .shard = 1,
        .look = 1,
        .groups = 42,
        .failing = 7,
        .fixed = 7,
        .level = mandate_level(1, 1),
        .at_ms = NOW };
}

static void the_home_confirms(void **state)
{
    struct confirmation it = confirmed(), have, want;
    struct err err = { 0 };
    (void)state;
    CLEANUP(buf_done) struct buf own = { 0 }, other = { 0 };
    confirmation_sign(&own, &it, &home, &home_key);
    if (confirmation_open(&have, buf_view(&own), &home, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(confirmation_links(&have, &it, &err), 0);
    assert_true(have.groups == 42 && have.worse == 0 && have.fixed == 7 && have.level == it.level);
    assert_true(!have.claims && !have.waived && have.shard == 1 && have.look == 1);
    /* A reviewer's word is not the home's, and each link counts. */
    confirmation_sign(&other, &it, &home, &ann);
    assert_int_equal(confirmation_open(&have, buf_view(&other), &home, &err), -ERR_VERIFY);
    assert_int_equal(confirmation_open(&have, buf_view(&own), &home, &err), 0);
    struct digest *links[] = { &want.candidate, &want.batch, &want.build, &want.report,
        &want.policy, &want.mandate, &want.admission_before };
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        want = it;
        *links[i] = mark("another");
        if (confirmation_links(&have, &want, &err) != -ERR_VERIFY)
            fail_msg("link %zu", i);
    }
}

/* --- the table */

static struct mandate given;
static struct confirmation said;

static struct may_admit asked(void)
{
    given = sample();
    said = confirmed();
    return (struct may_admit){ .mandate = &given,
        .at_ms = NOW + 1,
        .plugin = STR("replies"),
        .path = STR("plugins/replies/replies.c"),
        .hooks_before = BIT(MOULT_REPLY),
        .hooks_now = BIT(MOULT_REPLY),
        .policy = mark("policy"),
        .confirmation = &said };
}

#define CHANGE(name, statement)                                                                    \
    static void name(struct may_admit *it)                                                         \
    {                                                                                              \
        (void)it;                                                                                  \
        statement;                                                                                 \
    }
// clang-format off
CHANGE(other_plugin, it->plugin = STR("results"))
CHANGE(pipeline, it->path = STR("pipeline/order.c"))
CHANGE(routes, it->hooks_now |= BIT(MOULT_REQUEST))
CHANGE(routed, it->hooks_before |= BIT(MOULT_MODEL_ERROR))
CHANGE(refuses, it->hooks_now |= BIT(MOULT_BEFORE_TOOL))
CHANGE(first, it->hooks_now |= BIT(MOULT_TURN_START))
CHANGE(leaves, it->hooks_now |= BIT(MOULT_ANSWER))
CHANGE(tools, it->hooks_now |= HOOKS_TOOLS)
CHANGE(router, snprintf(given.plugins[0], 65, "my_router"); it->plugin = STR("my_router"))
CHANGE(guard, snprintf(given.plugins[0], 65, "loop_guard"); it->plugin = STR("loop_guard"))
CHANGE(other_policy, it->policy = mark("another"))
CHANGE(before, it->at_ms = NOW - 1)
CHANGE(after, it->at_ms = NOW + DAY_MS)
CHANGE(ended, it->ended_ms = NOW + 1)
CHANGE(used, it->past.used = 2; said.shard = 3; said.level = mandate_level(3, 1); said.groups = 80; said.failing = said.fixed = 12)
CHANGE(taken, it->past.taken_back = true)
CHANGE(claims, said.claims = true)
CHANGE(waived, said.waived = true)
CHANGE(too_much, said.level = mandate_level(1, 1) * 1.01)
CHANGE(no_shard, said.shard = 0; said.level = 0)
CHANGE(old_shard, it->past.used = 1)
CHANGE(worse, said.worse = 1; said.groups = 200)
CHANGE(few, said.groups = 41)
CHANGE(unfixed, said.fixed = 6)
CHANGE(later, said.at_ms = NOW + 2)
// clang-format on

static const struct row {
    const char *what;
    void (*change)(struct may_admit *it);
    const char *rule; /* NULL: it may be admitted */
} rows[] = {
    { "what the mandate is for", NULL, NULL },
    { "a plugin that it does not name", other_plugin, "scope" },
    { "the order of hooks", pipeline, "kept_for_people" },
    { "a build that would route", routes, "kept_for_people" },
    { "a build that routed until now", routed, "kept_for_people" },
    { "a hook that refuses calls", refuses, "kept_for_people" },
    { "a hook that refuses messages", first, "kept_for_people" },
    { "a hook that sees what leaves", leaves, "kept_for_people" },
    { "tools of its own", tools, "kept_for_people" },
    { "a router by name", router, "kept_for_people" },
    { "a guard by name", guard, "kept_for_people" },
    { "another policy of the gate", other_policy, "policy" },
    { "before it was given", before, "begun" },
    { "at its end", after, "expired" },
    { "ended by a person", ended, "revoked" },
    { "one admission too many", used, "used_up" },
    { "taken back", taken, "taken_back" },
    { "claims", claims, "claims" },
    { "a sandbox with a layer less", waived, "sandbox" },
    { "a look that spent more", too_much, "shard" },
    { "a look at no shard", no_shard, "shard" },
    { "a look at a shard that has had its pass", old_shard, "shard" },
    { "one group worse of many", worse, "worse" },
    { "41 groups", few, "worse" },
    { "6 fixed", unfixed, "fixed" },
    { "confirmed afterwards", later, "confirmed" },
};

static void each_row_refuses(void **state)
{
    bool seen[32] = { false };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct may_admit it = asked();
        if (rows[i].change)
            rows[i].change(&it);
        const struct may_admit_rule *rule = may_admit(&it);
        if (!rule != !rows[i].rule || (rule && strcmp(rule->name, rows[i].rule) != 0))
            fail_msg("%s: %s", rows[i].what, rule ? rule->name : "admitted");
        if (rule)
            seen[rule - may_admit_rules] = true;
    }
    for (unsigned i = 0; i < may_admit_rules_count; i++)
        if (!seen[i])
            fail_msg("nothing shows what %s refuses", may_admit_rules[i].name);
}

static void without_a_confirmation_its_rules_wait(void **state)
{
    struct may_admit it = asked();
    (void)state;
    it.confirmation = NULL;
    assert_null(may_admit(&it));
    it.past.taken_back = true;
    assert_string_equal(may_admit(&it)->name, "taken_back");
}

/* --- what was admitted before */

static void a_return_ends_it_for_that_plugin(void **state)
{
    struct digest own = mark("mandate"), other = mark("other");
    struct admission promoted = {
        .kind = ADMIT_PROMOTION, .plugin = STR("replies"), .mandate = own
    };
    struct admission back = { .kind = ADMIT_ROLLBACK, .plugin = STR("replies") };
    struct mandate_past past = { 0 }, history = { 0 };
    (void)state;
    mandate_past_add(&past, &back, &own, STR("replies")); /* before it: of another's admission */
    assert_false(past.taken_back);
    mandate_past_add(&past, &promoted, &own, STR("replies"));
    mandate_past_add(&history, &promoted, &own, STR("history"));
    assert_true(past.used == 1 && history.used == 1 && !past.taken_back);
    mandate_past_add(&history, &back, &own, STR("history"));
    assert_false(history.taken_back);
    mandate_past_add(&past, &back, &own, STR("replies"));
    assert_true(past.taken_back);
    /* All of it goes back. */
    past = (struct mandate_past){ 0 };
    back.plugin = (struct str){ 0 };
    mandate_past_add(&past, &promoted, &own, STR("replies"));
    mandate_past_add(&past, &back, &own, STR("replies"));
    assert_true(past.taken_back);
    /* Another mandate's is not this one's. */
    past = (struct mandate_past){ 0 };
    mandate_past_add(&past, &promoted, &other, STR("replies"));
    mandate_past_add(&past, &back, &other, STR("history"));
    assert_true(past.used == 0);
}

/* Over every shard and every look: less than .05. */
static void what_all_looks_spend(void **state)
{
    double all = 0;
    (void)state;
    for (uint32_t shard = 1; shard < 2000; shard++)
        for (uint32_t look = 1; look < 2000; look++)
            all += mandate_level(shard, look);
    assert_true(all < .05 && all > .0499);
    assert_true(
        mandate_level(1, 1) == .0125 && mandate_level(0, 1) == 0 && mandate_level(1, 0) == 0);
}

/* --- hooks */

static void hooks_are_read_from_the_bytes(void **state)
{
    uint32_t hooks;
    struct err err = { 0 };
    (void)state;
    for (unsigned i = 0; i <= MOULT_HOOKS; i++) {
        const struct made_build one = made_build(BIT(i), 0);
        assert_int_equal(hooks_of(&hooks, made_text(&one), &err), 0);
        assert_int_equal(hooks, i == MOULT_HOOKS ? HOOKS_TOOLS : BIT(i));
    }
    struct made_build made = made_build(BIT(MOULT_REPLY) | BIT(MOULT_TURN_END), 0);
    assert_int_equal(hooks_of(&hooks, made_text(&made), &err), 0);
    assert_int_equal(hooks, BIT(MOULT_REPLY) | BIT(MOULT_TURN_END));
    /* An address that the file itself has there. */
    memset(&made.plugin.request, 1, sizeof made.plugin.request);
    assert_int_equal(hooks_of(&hooks, made_text(&made), &err), 0);
    assert_true(hooks & BIT(MOULT_REQUEST));
    /* What is cut short, or says what it has not, is refused or read within its bounds. */
    const size_t used = offsetof(struct made_build, relocations[2]);
    for (size_t size = 0; size < used; size++) {
        CLEANUP(mem_freep) char *part = mem_zero(1, size + 1);
        memcpy(part, &made, size);
        if (hooks_of(&hooks, (struct str){ part, size }, &err) == 0)
            fail_msg("%zu of %zu bytes are a build", size, used);
    }
    made.symbols[1].st_size = 8;
    assert_int_equal(hooks_of(&hooks, made_text(&made), &err), -ERR_INPUT);
    made = made_build(BIT(MOULT_REPLY), 0);
    made.dynamic[3].d_un.d_ptr = UINT64_MAX - 4;
    assert_int_equal(hooks_of(&hooks, made_text(&made), &err), -ERR_INPUT);
    made = made_build(BIT(MOULT_REPLY), 0);
    made.strings[1] = 'M';
    assert_int_equal(hooks_of(&hooks, made_text(&made), &err), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read),
        cmocka_unit_test(what_is_not_a_mandate),
        cmocka_unit_test(the_home_confirms),
        cmocka_unit_test(each_row_refuses),
        cmocka_unit_test(without_a_confirmation_its_rules_wait),
        cmocka_unit_test(a_return_ends_it_for_that_plugin),
        cmocka_unit_test(what_all_looks_spend),
        cmocka_unit_test(hooks_are_read_from_the_bytes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
