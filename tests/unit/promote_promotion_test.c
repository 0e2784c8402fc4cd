/* What may become active: a table of everything that a promotion stands on, each taken away in
 * turn. The candidates are made as the pipeline makes them, but for the one thing that is wrong. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "broker/generation.h"
#include "broker_home.h"
#include "promote/builds.h"
#include "promote/cluster_move.h"
#include "promote/corpus.h"
#include "promote/enter.h"
#include "promote/promotion.h"
#include "promote/reviewing.h"
#include "promote/shard.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define PLUGIN(name)                                                                               \
    "#include \"moult.h\"\nstatic moult_action on_request(moult_turn *turn)\n{\n"                  \
    "    moult_use_model(turn, %d);\n    return MOULT_PASS;\n}\n"                                  \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = MOULT_ABI,\n"                  \
    "    .size = sizeof(struct moult_plugin), .name = \"" name "\", .summary = \"asks\",\n"        \
    "    .request = on_request };\n"
#define ORDER                                                                                      \
    "#include \"moult.h\"\nstatic const struct moult_place places[] = {\n"                         \
    "    { MOULT_REQUEST, \"one\" }, { MOULT_REQUEST, \"two\" } };\n"                              \
    "MOULT_EXPORT const struct moult_pipeline moult_pipeline = { .abi = MOULT_ABI,\n"              \
    "    .size = sizeof(struct moult_pipeline), .places = places, .places_count = 2 };\n"

static struct home home;
static struct sign_key ann, eve;
static struct sign_public ann_public, eve_public;
static struct driver driver;
static struct buf old_list; /* with the first reviewer only */
static struct canary_seen seen;

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void put_file(const char *name, const char *text)
{
    struct err err;
    CLEANUP(mem_freep) char *path = mem_format("%s/from/%s", homes_base(), name);
    CLEANUP(mem_freep) char *folder = mem_format("%.*s", (int)(strrchr(path, '/') - path), path);
    must(file_mkdirs(folder, 0700, &err), &err);
    must(file_write(path, str_of(text), 0600, &err), &err);
}

static void key_pair(const char *name, struct sign_key *key, struct sign_public *public_key)
{
    struct err err;
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", homes_base(), name);
    must(sign_create(path, public_key, &err), &err);
    must(sign_load(path, key, &err), &err);
}

static int begin(void **state)
{
    struct lineage_id commit;
    struct err err;
    char one[600], two[600], harness[PATH_MAX];
    if (homes_begin(state) < 0)
        return -1;
    snprintf(one, sizeof one, PLUGIN("one"), 0);
    snprintf(two, sizeof two, PLUGIN("two"), 0);
    put_file("plugins/one/one.c", one);
    put_file("plugins/two/two.c", two);
    put_file("pipeline/order.c", ORDER);
    key_pair("ann", &ann, &ann_public);
    key_pair("eve", &eve, &eve_public);
    home = home_fresh();
    CLEANUP(mem_freep) char *from = mem_format("%s/from", homes_base());
    must(reviewing_init(&home, &err), &err);
    must(reviewing_add(&home, "ann", &ann_public, 100, &err), &err);
    must(file_read(home_path(harness, &home, "keys/reviewers.json"), &old_list, 1 << 20, &err),
        &err);
    must(lineage_create(home_path(harness, &home, "harness"), from, 1000, &commit, &err), &err);
    must(driver_open_home(&driver, &home, &err), &err);
    return 0;
}

static int end(void **state)
{
    driver_done(&driver);
    buf_done(&old_list);
    return homes_end(state);
}

/* --- a candidate as the pipeline leaves it for a person, and what is wrong with it */

enum wrong {
    NOTHING,
    FROZEN,
    NOT_APPROVED,
    OTHER_PARENT,
    OTHER_COMMIT,
    WIDER_COMMIT,
    OTHER_PATCH,
    OTHER_BUILD,
    OTHER_REPORT,
    NO_REPORT,
    FAILED_GATE,
    NO_LOOK,
    STRANGER,
    REVOKED,
    OTHER_HOME,
    EXPIRED,
    APPROVED_OTHER,
    APPROVED_EARLIER,
    NO_APPROVAL,
    OTHER_CORPUS,
    APPROVED_OTHER_CORPUS,
};

/* Held-out groups enough for many looks. */
enum { IN = 6, OUT = 60, MADE = 4, CASES = IN + OUT + MADE + 2, SIGNATURE = IN + 40 };
/* Two neighbours of the batch: the second ran what the patch changed. */
enum { NEIGHBOURS = 2, NEAR = CASES - MADE - NEIGHBOURS, RAN };

/* A report that every rule passes: groups with the signature are fixed, nothing else changes. */
static struct report good_report(struct report_case cases[CASES], char names[CASES][DIGEST_HEX])
{
    memset(cases, 0, CASES * sizeof *cases);
    for (int i = 0; i < CASES; i++) {
        struct report_case *one = &cases[i];
        bool out = i >= IN && i < IN + OUT;
        const struct digest id = hash_parts((struct str[]){ { (const char *)&i, sizeof i } }, 1);
        hash_hex(names[i], &id);
        one->id = one->group = str_of(names[i]);
        one->split = out ? SPLIT_HELD_OUT : SPLIT_HELD_IN;
        one->signature = i < SIGNATURE;
        one->suite = i < IN              ? SUITE_BATCH
                     : i < SIGNATURE     ? SUITE_HELD_OUT
                     : i >= CASES - MADE ? SUITE_SAFETY
                                         : SUITE_REGRESSION;
        one->new_outcome = one->signature ? OUTCOME_RESOLVED : OUTCOME_SAME;
        one->old_effects.at[1] = one->new_effects.at[1] = 1;
        one->new_effects.at[0] = one->signature;
        one->step = one->signature ? 0 : UINT32_MAX;
        one->after_step = UINT32_MAX;
        one->variants = one->variants_mended = one->signature ? 3 : 0;
    }
    static struct str shown;
    static struct report_branch ran;
    shown = cases[RAN].id;
    ran = (struct report_branch){ STR("hook"), 3, 0, 1, 0, &shown, 1 };
    return (struct report){ .detector = STR("repeat"),
        .branches = 1,
        .ran = &ran,
        .ran_count = 1,
        .plugin = STR("one"),
        .tier = STR("strong"),
        .fresh_baseline = true,
        .deterministic = true,
        .run_on = true,
        .varied = true,
        .covered = true,
        .memory_old = 9000,
        .memory_new = 9000,
        .genesis = true,
        .played = true,
        .alone = 1,
        .sanitised = true,
        .claims = true,
        .cases = cases,
        .cases_count = CASES,
        .patch_lines = 1,
        .so_bytes_old = 8000,
        .so_bytes_new = 8000,
        .us_step_old = 50,
        .us_step_new = 50 };
}

static struct digest put(const char *kind, struct str text)
{
    struct digest digest;
    struct err err;
    must(journal_put(driver.journal, kind, text, &digest, &err), &err);
    return digest;
}

static struct lineage_id commit_of(const struct candidate *candidate, const char *path,
    const char *text, const struct lineage_id *on)
{
    struct lineage_id id;
    struct err err;
    must(lineage_candidate(
             driver.lineage, candidate->id.at, on, path, str_of(text), 2000, &id, &err),
        &err);
    return id;
}

static struct digest tree_of(const struct lineage_id *commit)
{
    static struct harness harness;
    struct err err;
    must(harness_read(&harness, driver.lineage, commit, &driver.arena, &err), &err);
    return harness.tree;
}

static struct digest build_of(struct str text)
{
    const struct harness_source source = { STR("one"), STR("plugins/one/one.c"), text };
    struct compile_result result;
    struct digest build;
    struct err err;
    must(driver_compile(&result, &driver, &source, ELF_RELEASE, &err), &err);
    assert_int_equal(result.stage, COMPILE_OK);
    must(builds_put(&home, buf_view(&result.image), &build, &err), &err);
    compile_result_done(&result);
    return build;
}

static struct digest id_of(int index)
{
    return hash_parts((struct str[]){ { (const char *)&index, sizeof index } }, 1);
}

/* A batch with neighbours among the replayed runs, and one that is not. */
static struct digest put_batch(void)
{
    char held_out[DIGEST_HEX], near[DIGEST_HEX], ran[DIGEST_HEX], far[DIGEST_HEX];
    const struct digest first_id = id_of(NEAR), second_id = id_of(RAN);
    const char *format =
        "{\"schema\":1,\"detector\":\"repeat\",\"signature\":\"repeat\",\"split\":\"%s\","
        "\"mendable\":true,\"claims\":true,\"held_out\":%s%s%s,\"cases\":[],\"neighbours\":[%s]}";
    CLEANUP(mem_freep)
    char *other = mem_format(format, "held-out", "null", "", "", "");
    const struct digest digest = put("held-out", str_of(other));
    CLEANUP(mem_freep)
    char *neighbours = mem_format("\"%s\",\"%s\",\"%s\"", hash_hex(near, &first_id),
        hash_hex(ran, &second_id), hash_hex(far, &digest));
    CLEANUP(mem_freep)
    char *text = mem_format(format, "held-in", "\"", hash_hex(held_out, &digest), "\"", neighbours);
    return put("batch", str_of(text));
}

static void put_patch(struct candidate *candidate, enum wrong wrong)
{
    char hex[DIGEST_HEX];
    struct digest source = candidate->source;
    source.at[0] ^= wrong == OTHER_PATCH;
    CLEANUP(mem_freep)
    char *patch = mem_format("{\"schema\":1,\"path\":\"%s\",\"parent\":\"%s\",\"source\":\"%s\"}",
        candidate->path.at, candidate->parent.at, hash_hex(hex, &source));
    candidate->patch = put("patch", str_of(patch));
}

static void put_report(struct candidate *candidate, enum wrong wrong)
{
    CLEANUP(buf_done) struct buf text = { 0 }, rules = { 0 };
    static struct report_case cases[CASES];
    static char names[CASES][DIGEST_HEX];
    struct report report = good_report(cases, names);
    const struct policy policy = policy_default();
    report.batch = candidate->batch;
    report.new_build = candidate->build;
    report.source = candidate->source;
    report.new_build.at[0] ^= wrong == OTHER_REPORT;
    report.sanitised_findings = wrong == FAILED_GATE;
    report_print(&text, &report);
    policy_print(&rules, &policy);
    candidate->report = put("report", buf_view(&text));
    candidate->policy = put("policy", buf_view(&rules));
    if (wrong == NO_REPORT)
        candidate->report = (struct digest){ { 0 } };
}

static void approve(struct candidate *candidate, enum wrong wrong)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct home of = home;
    struct err err = { 0 };
    struct approval approval = { .batch = candidate->batch,
        .patch = candidate->patch,
        .tree = candidate->tree,
        .build = candidate->build,
        .report = candidate->report,
        .policy = candidate->policy,
        .admission_before = driver_last(&driver)->digest,
        .at_ms = clock_wall_ms() };
    must(hash_unhex(&approval.candidate, candidate->id, &err), &err);
    if (wrong != NO_REPORT)
        must(corpus_grow(&candidate->corpus, NULL, &driver, candidate, &err), &err);
    candidate->corpus.at[0] ^= wrong == OTHER_CORPUS;
    approval.corpus = candidate->corpus;
    approval.corpus.at[0] ^= wrong == APPROVED_OTHER_CORPUS;
    approval.expires_ms = wrong == EXPIRED ? approval.at_ms - 1 : approval.at_ms + 100000;
    approval.policy.at[0] ^= wrong == APPROVED_OTHER;
    approval.admission_before.at[0] ^= wrong == APPROVED_EARLIER;
    of.id[0] = wrong == OTHER_HOME ? (of.id[0] == '0' ? '1' : '0') : of.id[0];
    if (wrong == REVOKED)
        must(reviewing_add(&home, "eve", &eve_public, 100, &err), &err);
    approval_sign(&envelope, &approval, &of, wrong == STRANGER || wrong == REVOKED ? &eve : &ann);
    candidate->approval = put("approval", buf_view(&envelope));
    if (wrong == REVOKED)
        must(reviewing_revoke(&home, "eve", approval.at_ms, &err), &err);
    if (wrong == NO_APPROVAL)
        candidate->approval = put("approval", STR("{}"));
}

/* Through the stages, as the driver does. */
static void move_up(struct candidate *candidate, bool approved)
{
    static const enum stage_event events[] = { ON_PATCH, ON_BUILD, ON_SCAN, ON_REPLAY, ON_GATE,
        ON_OPEN_REVIEW, ON_APPROVE };
    struct err err;
    must(candidate_add(driver.journal, &driver.arena, candidate, &err), &err);
    for (size_t i = 0; i < COUNT_OF(events) - !approved; i++)
        must(candidate_move(driver.journal, candidate, events[i], &err), &err);
}

static void look(const struct candidate *candidate)
{
    const struct digest shard = shard_name(driver.home.id, 1);
    struct journal_look look;
    struct err err;
    must(journal_look(driver.journal, &shard, candidate->id, &(struct journal_debit){ .level = 1 },
             &look, &err),
        &err);
    must(journal_look_end(driver.journal, &shard, candidate->id, true, &err), &err);
}

static struct candidate candidate_with(enum wrong wrong)
{
    static int made;
    static char text[600], other[600], hex[DIGEST_HEX];
    const char *path = "plugins/one/one.c";
    snprintf(text, sizeof text, PLUGIN("one"), ++made);
    snprintf(other, sizeof other, PLUGIN("two"), made);
    const struct digest id = hash_of(str_of(text));
    hash_hex(hex, &id);
    struct candidate candidate = { .id = str_of(arena_string(&driver.arena, hex, strlen(hex))),
        .plugin = STR("one"),
        .path = STR("plugins/one/one.c"),
        .cluster = STR("repeat"),
        .proposer = STR("hand"),
        .parent = str_of(arena_format(&driver.arena, "%s", driver.active.hex)),
        .batch = put_batch(),
        .source = hash_of(str_of(text)) };
    struct lineage_id commit = commit_of(&candidate, path, text, &driver.active);
    candidate.tree = tree_of(&commit);
    if (wrong == OTHER_COMMIT || wrong == WIDER_COMMIT)
        commit = commit_of(&candidate, "plugins/two/two.c", other, &commit);
    if (wrong == WIDER_COMMIT)
        candidate.tree = tree_of(&commit);
    candidate.commit = str_of(arena_string(&driver.arena, commit.hex, strlen(commit.hex)));
    if (wrong == OTHER_BUILD)
        snprintf(other, sizeof other, PLUGIN("one"), 99);
    candidate.build = build_of(str_of(wrong == OTHER_BUILD ? other : text));
    if (wrong == OTHER_PARENT)
        candidate.parent = candidate.commit;
    put_patch(&candidate, wrong);
    put_report(&candidate, wrong);
    if (wrong != NO_LOOK)
        look(&candidate);
    approve(&candidate, wrong);
    move_up(&candidate, wrong != NOT_APPROVED);
    return candidate;
}

static void freeze(bool frozen)
{
    struct err err;
    must(journal_freeze(driver.journal, frozen, STR("a test"), &err), &err);
}

static const struct row {
    const char *name;
    enum wrong wrong;
    int want;
    const char *says;
} rows[] = {
    { "the home is frozen", FROZEN, -ERR_DENIED, "frozen" },
    { "nobody approved it", NOT_APPROVED, -ERR_STATE, "not approved" },
    { "it was made for another generation", OTHER_PARENT, -ERR_STATE, "was made for" },
    { "the commit has more than the tree that was reviewed", OTHER_COMMIT, -ERR_VERIFY,
        "another tree" },
    { "the tree that was reviewed changes another plugin", WIDER_COMMIT, -ERR_VERIFY,
        "more than its plugin" },
    { "the patch that was reviewed is of another source", OTHER_PATCH, -ERR_VERIFY, "its patch" },
    { "the build does not come from the commit", OTHER_BUILD, -ERR_VERIFY, "does not come" },
    { "another build was replayed", OTHER_REPORT, -ERR_VERIFY, "report is of another build" },
    { "nothing was replayed", NO_REPORT, -ERR_STATE, "was not gated" },
    { "the gate does not pass what was replayed", FAILED_GATE, -ERR_DENIED, "does not pass" },
    { "there was no look at held-out groups", NO_LOOK, -ERR_VERIFY, "never had a look" },
    { "who approved is no reviewer", STRANGER, -ERR_DENIED, "no reviewer" },
    { "the reviewer was revoked afterwards", REVOKED, -ERR_DENIED, "revoked" },
    { "the approval is for another home", OTHER_HOME, -ERR_VERIFY, "another home" },
    { "the approval has expired", EXPIRED, -ERR_DENIED, "expired" },
    { "the approval is for another policy", APPROVED_OTHER, -ERR_VERIFY, "another policy" },
    { "the approval follows another admission", APPROVED_EARLIER, -ERR_VERIFY,
        "another admission-before" },
    { "the approval is none", NO_APPROVAL, -ERR_INPUT, "approval" },
    { "what it adds to the corpus is something else", OTHER_CORPUS, -ERR_VERIFY,
        "is not what was approved" },
    { "the approval is for another corpus", APPROVED_OTHER_CORPUS, -ERR_VERIFY, "another corpus" },
};

static void refused(struct candidate *candidate, int want, const char *says, const char *name)
{
    struct err err = { 0 };
    const uint32_t number = driver_last(&driver)->number;
    const struct lineage_id before = driver.active;
    int rc = promotion_run(&driver, candidate, &seen, &err);
    if (rc != want || !strstr(err.text, says))
        fail_msg("%s: %d, %s", name, rc, err.text);
    must(driver_refresh(&driver, &err), &err);
    assert_int_equal(driver_last(&driver)->number, number);
    assert_string_equal(driver.active.hex, before.hex);
}

static void nothing_less_is_promoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct candidate candidate = candidate_with(rows[i].wrong);
        if (rows[i].wrong == FROZEN)
            freeze(true);
        refused(&candidate, rows[i].want, rows[i].says, rows[i].name);
        if (rows[i].wrong == FROZEN)
            freeze(false);
    }
}

#define FLIP "DROP TRIGGER IF EXISTS look_update; UPDATE look SET passed = 1 - passed WHERE k = 1"

static void a_row_changed_by_hand_stops_promotions(void **state)
{
    (void)state;
    struct candidate candidate = candidate_with(NOTHING);
    assert_int_equal(home_sql(&home, FLIP), 0);
    refused(&candidate, -ERR_VERIFY, "answer of look", "a row changed by hand");
    assert_int_equal(home_sql(&home, FLIP), 0);
}

/* The file of the other plugin's active build. */
static char *build_file(void)
{
    char hex[DIGEST_HEX];
    const struct generation_build *build = generation_find(&driver.generation, STR("two"));
    return mem_format("%s/builds/sha256/%s.so", home.path, hash_hex(hex, &build->build));
}

static void a_build_changed_by_hand_is_not_admitted(void **state)
{
    (void)state;
    struct err err;
    CLEANUP(buf_done) struct buf image = { 0 };
    CLEANUP(mem_freep) char *path = build_file();
    struct candidate candidate = candidate_with(NOTHING);
    must(file_read(path, &image, 1 << 20, &err), &err);
    must(file_write(path, STR("\177ELF"), 0444, &err), &err);
    refused(&candidate, -ERR_VERIFY, "does not hold what its name says", "a changed build");
    assert_int_equal(unlink(path), 0);
    refused(&candidate, -ERR_MISSING, "build", "a build that is gone");
    must(file_write(path, buf_view(&image), 0444, &err), &err);
}

/* Who ran what the patch changed comes first. */
static void is_neighbour(const struct json *item, unsigned number)
{
    static const int order[NEIGHBOURS] = { RAN, NEAR };
    char hex[DIGEST_HEX];
    const struct digest id = id_of(order[number]);
    assert_true(number < NEIGHBOURS);
    assert_true(str_equal(
        json_string(&driver.arena, json_get(item, "session")), str_of(hash_hex(hex, &id))));
}

/* The corpus of an admission: what was mended, and the neighbours that stayed as they were. */
static void gathered(const struct digest *corpus, unsigned mended, unsigned neighbours)
{
    struct err err;
    struct str text;
    CLEANUP(id_set_done) struct id_set names = { 0 };
    unsigned counts[2] = { 0 };
    must(journal_get(driver.journal, "corpus", corpus, &driver.arena, &text, &err), &err);
    const struct json *root = json_read(&driver.arena, text, NULL, &err);
    assert_non_null(root);
    JSON_EACH(item, json_get(root, "cases"))
    {
        bool near = str_equal(json_string(&driver.arena, json_get(item, "why")), STR("neighbour"));
        if (near)
            is_neighbour(item, counts[1]);
        counts[near]++;
    }
    assert_int_equal(counts[0], mended);
    assert_int_equal(counts[1], neighbours);
    must(corpus_names(&names, &driver, corpus, &err), &err);
    id_set_seal(&names);
    assert_int_equal(names.count, mended + neighbours);
}

static void the_good_one_is_promoted_once(void **state)
{
    (void)state;
    struct err err;
    struct candidate waits = candidate_with(NOTHING), candidate = candidate_with(NOTHING), again;
    const struct lineage_id before = driver.active;
    must(promotion_run(&driver, &candidate, &seen, &err), &err);
    assert_int_equal(candidate.stage, STAGE_ACTIVE);
    assert_int_equal(driver_last(&driver)->number, 1);
    assert_string_not_equal(driver.active.hex, before.hex);
    gathered(&driver_last(&driver)->corpus, SIGNATURE, NEIGHBOURS);
    again = candidate;
    again.stage = STAGE_APPROVED; /* as if its row had been put back */
    refused(&again, -ERR_STATE, "was made for", "the same approval twice");
    again.parent = str_of(driver.active.hex);
    refused(&again, -ERR_VERIFY, "its patch", "the same approval twice, for another generation");
    must(candidate_find(driver.journal, &driver.arena, waits.id, &waits, &err), &err);
    assert_int_equal(waits.stage, STAGE_SUPERSEDED);
}

/* What knew nothing of the one who was revoked since. */
static void an_old_list_of_reviewers_is_seen(void **state)
{
    (void)state;
    struct err err;
    char path[PATH_MAX];
    CLEANUP(buf_done) struct buf now = { 0 };
    must(file_read(home_path(path, &home, "keys/reviewers.json"), &now, 1 << 20, &err), &err);
    struct candidate candidate = candidate_with(NOTHING);
    must(file_write(path, buf_view(&old_list), 0600, &err), &err);
    refused(&candidate, -ERR_VERIFY, "list of reviewers has number", "an old list");
    must(file_write(path, buf_view(&now), 0600, &err), &err);
}

static void git(const char *words)
{
    CLEANUP(mem_freep) char *command = mem_format("git -C %s/harness %s", home.path, words);
    assert_int_equal(system(command), 0);
}

/* Moved, or gone: as a kill or a hand left it. */
static void the_admissions_say_where_active_is(void **state)
{
    (void)state;
    struct err err;
    struct lineage_id now;
    const struct lineage_id was = driver.active;
    static const char *const moves[] = { "update-ref refs/heads/active refs/moult/generations/0",
        "update-ref -d refs/heads/active",
        "symbolic-ref refs/heads/active refs/moult/generations/0" };
    for (size_t i = 0; i < COUNT_OF(moves); i++) {
        git(moves[i]);
        must(driver_refresh(&driver, &err), &err);
        must(lineage_active(driver.lineage, &now, &err), &err);
        assert_string_equal(now.hex, was.hex);
        assert_string_equal(driver.active.hex, was.hex);
    }
}

static bool cluster_is(const char *word)
{
    struct journal_cluster *list;
    struct err err;
    uint32_t count;
    must(journal_clusters(driver.journal, &driver.arena, &list, &count, &err), &err);
    assert_int_equal(count, 1);
    return str_equal(list[0].state, str_of(word));
}

static void a_promotion_resolves_its_cluster_and_no_later_batch(void **state)
{
    (void)state;
    struct err err;
    struct journal_cluster row = { STR("repeat"), STR("repeat"), STR("in_work"),
        driver_last(&driver)->batch };
    must(journal_move_cluster(driver.journal, &row, "", &err), &err);
    must(driver_refresh(&driver, &err), &err);
    assert_true(cluster_is("resolved"));
    row.state = STR("batched");
    row.document.at[0]++;
    must(journal_move_cluster(driver.journal, &row, "resolved", &err), &err);
    must(driver_refresh(&driver, &err), &err);
    assert_true(cluster_is("batched"));
    row.state = STR("resolved");
    assert_int_equal(cluster_move(&driver, &row, ON_SEEN_AGAIN, &err), -ERR_STATE); /* it is not */
    row.state = STR("batched");
    assert_int_equal(cluster_move(&driver, &row, ON_SEEN_AGAIN, &err), -ERR_STATE);
    assert_true(cluster_is("batched"));
    must(cluster_move(&driver, &row, ON_WORK, &err), &err);
    assert_true(cluster_is("in_work"));
}

static void goes_back_to_what_was_active_and_says_to_what(void **state)
{
    (void)state;
    struct err err;
    struct candidate was;
    const struct digest first = driver.admissions[0].digest;
    const struct str one = STR("one");
    char build[DIGEST_HEX];
    hash_hex(build, &generation_find(&driver.generation, one)->build);
    assert_int_equal(promotion_rollback(&driver, STR("three"), STR(""), &err), -ERR_MISSING);
    assert_non_null(strstr(err.text, "no plugin three"));
    assert_int_equal(promotion_rollback(&driver, one, str_of(build), &err), -ERR_STATE);
    assert_non_null(strstr(err.text, "is active"));
    assert_int_equal(promotion_rollback(&driver, one, STR("abcdef0123"), &err), -ERR_MISSING);
    assert_int_equal(driver_last(&driver)->number, 1);
    freeze(true); /* stops what is new, never the way back */
    must(promotion_rollback(&driver, one, STR(""), &err), &err);
    freeze(false);
    assert_int_equal(driver_last(&driver)->number, 2);
    assert_int_equal(driver_last(&driver)->kind, ADMIT_ROLLBACK);
    assert_memory_equal(&driver_last(&driver)->returns, &first, sizeof first);
    gathered(&driver_last(&driver)->corpus, SIGNATURE, NEIGHBOURS); /* stays */
    must(candidate_find(driver.journal, &driver.arena, driver.admissions[1].candidate, &was, &err),
        &err);
    assert_int_equal(was.stage, STAGE_ROLLED_BACK);
    /* Once more is further back, and there is nothing; forward again has to be said. */
    assert_int_equal(promotion_rollback(&driver, one, STR(""), &err), -ERR_MISSING);
    assert_int_equal(promotion_rollback(&driver, STR(""), STR(""), &err), -ERR_MISSING);
    assert_non_null(strstr(err.hint, "--to"));
    assert_int_equal(driver_last(&driver)->number, 2);
}

/* A proposal is gone when its candidate is shown; and what it says of itself is not believed. */
static void a_candidate_outlives_its_proposal(void **state)
{
    (void)state;
    struct err err;
    struct arena arena = { 0 };
    struct candidate candidate, kept;
    struct proposal proposal;
    const struct digest none = { { 0 } };
    static const char text[] =
        "{\"schema\":1,\"proposer\":\"hand\",\"cluster\":\"repeat\",\"plugin\":\"one\","
        "\"path\":\"plugins/one/one.c\",\"edits\":[{\"from\":0,\"to\":1,\"text\":\"#\"}],"
        "\"contract\":{\"hypothesis\":\"\",\"blamed\":[],\"predicts\":{\"fixes\":[],\"risks\":[]},"
        "\"falsified_by\":\"\",\"cost\":{\"judged\":0,\"seconds\":0}},\"ingredients\":[],\"score\":"
        "0}";
    char *owned = arena_string(&arena, text, sizeof text - 1);
    must(proposal_read(&proposal, str_of(owned), &arena, &err), &err);
    must(enter(&candidate, &driver, &proposal, "search", &none, NULL, &err), &err);
    memset(owned, 'x', sizeof text - 1);
    arena_done(&arena);
    assert_true(str_equal(candidate.cluster, STR("repeat")));
    assert_true(str_equal(candidate.plugin, STR("one")));
    assert_true(str_equal(candidate.proposer, STR("search")));
    must(candidate_find(driver.journal, &driver.arena, candidate.id, &kept, &err), &err);
    assert_true(str_equal(kept.proposer, STR("search")));
}

/* Promotions and returns of all kinds stand behind this: the broker runs what they admitted. */
static void the_broker_runs_what_was_admitted(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct crew_spec spec;
    struct store *store;
    struct err err;
    char path[PATH_MAX];
    (void)state;
    must(store_open(&store, home_path(path, &home, "journal.db"), home.id, &err), &err);
    struct generations *generations = generations_new(store, &home);
    must(generation_active(&spec, generations, &arena, &err), &err);
    assert_int_equal(spec.number, driver_last(&driver)->number);
    assert_int_equal(spec.builds_count, driver.generation.builds_count);
    for (uint32_t i = 0; i < spec.builds_count; i++) {
        const struct generation_build *build =
            generation_find(&driver.generation, spec.builds[i].name);
        assert_non_null(build);
        assert_true(hash_equal(&build->build, &spec.builds[i].build));
    }
    generations_free(generations);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_less_is_promoted),
        cmocka_unit_test(a_row_changed_by_hand_stops_promotions),
        cmocka_unit_test(a_build_changed_by_hand_is_not_admitted),
        cmocka_unit_test(the_good_one_is_promoted_once),
        cmocka_unit_test(an_old_list_of_reviewers_is_seen),
        cmocka_unit_test(the_admissions_say_where_active_is),
        cmocka_unit_test(a_promotion_resolves_its_cluster_and_no_later_batch),
        cmocka_unit_test(a_candidate_outlives_its_proposal),
        cmocka_unit_test(goes_back_to_what_was_active_and_says_to_what),
        cmocka_unit_test(the_broker_runs_what_was_admitted),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
